/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QR codes (ISO/IEC 18004) from libqrencode, drawn as text and as SVG; as PNG in qr_png.c.
 */
#include "qr.h"

#include <phien/core/mem.h>

#include <errno.h>
#include <qrencode.h>
#include <stdlib.h>

/* What the standard asks for; scanners lose the code on a dark terminal without it. */
enum { QUIET_ZONE = 4 };

struct ph_qr {
    QRcode *code;
};

int ph_qr_create(struct ph_qr **out, const char *text, bool is_sturdy)
{
    QRcode *code = QRcode_encodeString8bit(text, 0, is_sturdy ? QR_ECLEVEL_M : QR_ECLEVEL_L);

    if (code == NULL) {
        return errno == ERANGE ? PH_ELIMIT : errno == ENOMEM ? PH_ENOMEM : PH_EINVAL;
    }
    *out = ph_new(struct ph_qr);
    (*out)->code = code;
    return PH_OK;
}

void ph_qr_destroy(struct ph_qr **qr)
{
    if (*qr != NULL) {
        QRcode_free((*qr)->code);
        free(*qr);
        *qr = NULL;
    }
}

unsigned ph_qr_size(const struct ph_qr *qr)
{
    return (unsigned)qr->code->width + 2 * QUIET_ZONE;
}

bool ph_qr_is_dark(const struct ph_qr *qr, unsigned x, unsigned y)
{
    unsigned width = (unsigned)qr->code->width;

    if (x < QUIET_ZONE || y < QUIET_ZONE || x >= width + QUIET_ZONE || y >= width + QUIET_ZONE) {
        return false;
    }
    return (qr->code->data[(y - QUIET_ZONE) * width + x - QUIET_ZONE] & 1) != 0;
}

/*
 * Colours 16 and 231 are black and white in the fixed part of the 256; the first sixteen are the
 * theme's, and its "white" may be any grey.
 */
void ph_qr_write_text(const struct ph_qr *qr, bool has_colour, struct ph_writer *out)
{
    static const char *const blocks[2][2] = {{" ", "\u2584"}, {"\u2580", "\u2588"}};
    unsigned size = ph_qr_size(qr);

    for (unsigned y = 0; y < size; y += 2) {
        ph_write_text(out, has_colour ? "\x1b[38;5;16;48;5;231m" : "");
        for (unsigned x = 0; x < size; x++) {
            bool is_lower_dark = y + 1 < size && ph_qr_is_dark(qr, x, y + 1);
            ph_write_text(out, blocks[ph_qr_is_dark(qr, x, y)][is_lower_dark]);
        }
        ph_write_text(out, has_colour ? "\x1b[0m\n" : "\n");
    }
}

/* A path of one-module-high boxes, one for each run of dark modules in a row. */
static void write_svg_runs(const struct ph_qr *qr, unsigned y, struct ph_writer *out)
{
    unsigned size = ph_qr_size(qr);

    for (unsigned x = 0; x < size; x++) {
        unsigned begin = x;
        while (x < size && ph_qr_is_dark(qr, x, y)) {
            x++;
        }
        if (x > begin) {
            ph_write_format(out, "M%u %uh%uv1h-%uz", begin, y, x - begin, x - begin);
        }
    }
}

void ph_qr_write_svg(const struct ph_qr *qr, struct ph_writer *out)
{
    unsigned size = ph_qr_size(qr);

    ph_write_format(out,
                    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %u %u\" "
                    "shape-rendering=\"crispEdges\">\n"
                    "<rect width=\"%u\" height=\"%u\" fill=\"#fff\"/>\n<path d=\"",
                    size, size, size, size);
    for (unsigned y = 0; y < size; y++) {
        write_svg_runs(qr, y, out);
    }
    ph_write_text(out, "\"/>\n</svg>\n");
}
