/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_APP_QR_H
#define PHIEN_APP_QR_H

#include <phien/core/bytes.h>

#include <stdbool.h>

/* A QR code: a square of dark and light modules with its quiet zone, and the forms it is shown in.
 */
struct ph_qr;

/*
 * For text of up to some 2300 bytes (PH_ELIMIT). A `sturdy` one is larger, and can still be read
 * when 15 % of it are spoilt, as paper may be; else 7 %.
 */
PH_MUST_CHECK int ph_qr_create(struct ph_qr **out, const char *text, bool is_sturdy);
void ph_qr_destroy(struct ph_qr **qr);

/* Modules along an edge, the quiet zone of four on each side included. */
unsigned ph_qr_size(const struct ph_qr *qr);
bool ph_qr_is_dark(const struct ph_qr *qr, unsigned x, unsigned y);

/*
 * Lines of UTF-8, two modules one above the other in a character. With colour it is black on white
 * whatever the terminal's colours are, without it is for black ink on white paper.
 */
void ph_qr_write_text(const struct ph_qr *qr, bool has_colour, struct ph_writer *out);

void ph_qr_write_svg(const struct ph_qr *qr, struct ph_writer *out);

/* PH_EMEDIA: libavcodec has no PNG encoder or fails. */
PH_MUST_CHECK int ph_qr_write_png(const struct ph_qr *qr, struct ph_writer *out);

#endif
