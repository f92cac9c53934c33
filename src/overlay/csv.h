/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_CSV_H
#define PHIEN_OVERLAY_CSV_H

#include <phien/core/err.h>

#include <stddef.h>

/*
 * Rows of a table (RFC 4180), with lines that end in CRLF, LF or CR. Works in place: cells are
 * freed of their quotes where they lie, and end with a NUL.
 */
struct ph_csv {
    char *at;
    char *end;
    char separator;
};

enum { PH_CSV_CELLS_MAX = 32 };

struct ph_csv_row {
    char *cells[PH_CSV_CELLS_MAX];
    size_t count;
};

/*
 * `text` has room for one byte behind `len`. A byte order mark is left out; the separator is the
 * one of comma, semicolon and tab that the first line has most of.
 */
void ph_csv_init(struct ph_csv *csv, char *text, size_t len);

/*
 * PH_ECLOSED: there was no other row. PH_EPROTO: a quote that is not closed, or something between
 * it and the separator. PH_ELIMIT: more cells than there may be.
 */
PH_MUST_CHECK int ph_csv_read(struct ph_csv *csv, struct ph_csv_row *row);

#endif
