/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of the three formats some bytes are, by their headers: JPEG (ITU-T T.81 Annex B), PNG
 * (ISO/IEC 15948 §11.2.2), WebP (RFC 9649 §2). A first few magic bytes are not enough, since they
 * begin files that a browser would take for something else: the header must be one throughout.
 */
#include "image.h"

#include <phien/core/bytes.h>

#include <string.h>

enum { SIDE_MAX = 8192 };

struct size {
    unsigned width;
    unsigned height;
};

/* ---- JPEG ---- */

enum {
    JPEG_START = 0xFFD8,
    JPEG_RST0 = 0xD0, /* then SOI and EOI, none of which has a length */
    JPEG_SOS = 0xDA,  /* the picture itself */
    JPEG_SOF0 = 0xC0, /* baseline; extended and progressive follow: all that browsers show */
    JPEG_SOF2 = 0xC2,
};

/* The next marker's second byte, behind any fill bytes (B.1.1.2); 0: there is none. */
static uint8_t read_marker(struct ph_reader *r)
{
    uint8_t byte = ph_read_u8(r);

    if (byte != 0xFF) {
        return 0;
    }
    while (byte == 0xFF) {
        byte = ph_read_u8(r);
    }
    return r->failed ? 0 : byte;
}

/* Markers that have no length, and those behind which there are no more headers. */
static bool ends_headers(uint8_t marker)
{
    return marker <= 0x01 || (marker >= JPEG_RST0 && marker <= JPEG_SOS);
}

/* B.2.2: Lf, P, Y, X, Nf, and three bytes for each of Nf components. */
static bool read_frame_header(struct ph_reader *r, struct size *size)
{
    unsigned len = ph_read_u16(r);
    unsigned bits = ph_read_u8(r);

    size->height = ph_read_u16(r);
    size->width = ph_read_u16(r);
    unsigned components = ph_read_u8(r);
    ph_read_skip(r, (size_t)3 * components);
    return !r->failed && bits == 8 && components >= 1 && components <= 4 &&
           len == 8 + 3 * components;
}

static bool sniff_jpeg(struct ph_reader r, struct size *size)
{
    /* Alone of all markers this one has no fill bytes before it: by it a browser knows a JPEG. */
    if (ph_read_u16(&r) != JPEG_START) {
        return false;
    }
    for (;;) {
        uint8_t marker = read_marker(&r);
        if (marker >= JPEG_SOF0 && marker <= JPEG_SOF2) {
            return read_frame_header(&r, size);
        }
        if (ends_headers(marker)) {
            return false;
        }
        unsigned len = ph_read_u16(&r);
        if (len < 2) {
            return false;
        }
        ph_read_skip(&r, len - 2);
    }
}

/* ---- PNG ---- */

/* Table 11.1: which depths go with which colour types. */
static bool is_png_colour(unsigned depth, unsigned colour)
{
    switch (colour) {
    case 0: /* grey */
        return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
    case 3: /* palette */
        return depth == 1 || depth == 2 || depth == 4 || depth == 8;
    case 2: /* RGB */
    case 4: /* grey, alpha */
    case 6: /* RGB, alpha */
        return depth == 8 || depth == 16;
    default:
        return false;
    }
}

static bool sniff_png(struct ph_reader r, struct size *size)
{
    static const uint8_t start[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n',
                                    0,    0,   0,   13,  'I',  'H',  'D',  'R'};
    const uint8_t *magic = ph_read_bytes(&r, sizeof(start));

    if (magic == NULL || memcmp(magic, start, sizeof(start)) != 0) {
        return false;
    }
    size->width = ph_read_u32(&r);
    size->height = ph_read_u32(&r);
    unsigned depth = ph_read_u8(&r);
    unsigned colour = ph_read_u8(&r);
    unsigned compression = ph_read_u8(&r);
    unsigned filter = ph_read_u8(&r);
    unsigned interlace = ph_read_u8(&r);
    ph_read_skip(&r, 4); /* CRC */
    return !r.failed && is_png_colour(depth, colour) && compression == 0 && filter == 0 &&
           interlace <= 1;
}

/* ---- WebP ---- */

static bool take_tag(struct ph_reader *r, const char tag[static 4])
{
    const uint8_t *bytes = ph_read_bytes(r, 4);

    return bytes != NULL && memcmp(bytes, tag, 4) == 0;
}

static unsigned read_u16le(struct ph_reader *r)
{
    unsigned low = ph_read_u8(r);

    return low | (unsigned)ph_read_u8(r) << 8;
}

static unsigned read_u24le(struct ph_reader *r)
{
    unsigned low = read_u16le(r);

    return low | (unsigned)ph_read_u8(r) << 16;
}

/* RFC 6386 §9.1: a key frame's tag, its start code, 14 bits of either side above which is scale. */
static bool read_vp8(struct ph_reader *r, struct size *size)
{
    unsigned tag = read_u24le(r);
    unsigned start_code = ph_read_u24(r);

    size->width = read_u16le(r) & 0x3FFF;
    size->height = read_u16le(r) & 0x3FFF;
    return (tag & 1) == 0 && start_code == 0x9D012A;
}

/* RFC 9649 §3.4: a signature, 14 bits of either side less one, alpha, three bits of version. */
static bool read_vp8l(struct ph_reader *r, struct size *size)
{
    uint8_t signature = ph_read_u8(r);
    uint32_t bits = ph_read_u32le(r);

    size->width = (bits & 0x3FFF) + 1;
    size->height = (bits >> 14 & 0x3FFF) + 1;
    return signature == 0x2F && bits >> 29 == 0;
}

/* RFC 9649 §2.7: flags, and 24 bits of either side of the canvas less one. */
static bool read_vp8x(struct ph_reader *r, struct size *size)
{
    ph_read_skip(r, 4);
    size->width = read_u24le(r) + 1;
    size->height = read_u24le(r) + 1;
    return true;
}

static bool sniff_webp(struct ph_reader r, struct size *size)
{
    static const struct {
        char tag[4];
        bool (*read)(struct ph_reader *r, struct size *size);
    } chunks[] = {
        {{'V', 'P', '8', ' '}, read_vp8},
        {{'V', 'P', '8', 'L'}, read_vp8l},
        {{'V', 'P', '8', 'X'}, read_vp8x},
    };

    if (!take_tag(&r, "RIFF") || ph_read_u32le(&r) > ph_reader_left(&r) || !take_tag(&r, "WEBP")) {
        return false;
    }
    const uint8_t *tag = ph_read_bytes(&r, 4);
    struct ph_reader chunk;
    size_t len = ph_read_u32le(&r);
    ph_reader_init(&chunk, r.pos, len < ph_reader_left(&r) ? len : ph_reader_left(&r));
    for (size_t i = 0; tag != NULL && i < 3; i++) {
        if (memcmp(tag, chunks[i].tag, 4) == 0) {
            return chunks[i].read(&chunk, size) && !chunk.failed && !r.failed;
        }
    }
    return false;
}

/* ---- all ---- */

enum ph_image_type ph_image_sniff(const uint8_t *data, size_t len, unsigned *width,
                                  unsigned *height)
{
    static bool (*const sniffers[])(struct ph_reader r, struct size * size) = {
        [PH_IMAGE_JPEG] = sniff_jpeg,
        [PH_IMAGE_PNG] = sniff_png,
        [PH_IMAGE_WEBP] = sniff_webp,
    };
    struct ph_reader r;

    ph_reader_init(&r, data, len);
    for (enum ph_image_type type = PH_IMAGE_JPEG; type <= PH_IMAGE_WEBP; type++) {
        struct size size = {0};
        if (sniffers[type](r, &size)) {
            bool fits = size.width >= 1 && size.width <= SIDE_MAX && size.height >= 1 &&
                        size.height <= SIDE_MAX;
            *width = fits ? size.width : 0;
            *height = fits ? size.height : 0;
            return fits ? type : PH_IMAGE_NONE;
        }
    }
    *width = 0;
    *height = 0;
    return PH_IMAGE_NONE;
}
