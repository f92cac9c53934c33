/* SPDX-License-Identifier: Apache-2.0 */
/* Tables as spreadsheets write them: RFC 4180, and the separators of countries with decimal commas.
 */
#include "csv.h"

#include <stdbool.h>
#include <string.h>

/* How often `c` stands in the first line, outside quotes. */
static size_t count_in_head(const struct ph_csv *csv, char c)
{
    bool is_quoted = false;
    size_t count = 0;

    for (const char *at = csv->at; at < csv->end; at++) {
        is_quoted ^= *at == '"';
        if (!is_quoted && (*at == '\n' || *at == '\r')) {
            break;
        }
        count += !is_quoted && *at == c;
    }
    return count;
}

void ph_csv_init(struct ph_csv *csv, char *text, size_t len)
{
    bool has_mark = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;
    size_t most = 0;

    csv->at = text + (has_mark ? 3 : 0);
    csv->end = text + len;
    csv->separator = ',';
    for (const char *c = ",;\t"; *c != '\0'; c++) {
        size_t count = count_in_head(csv, *c);
        if (count > most) {
            most = count;
            csv->separator = *c;
        }
    }
}

static bool ends_cell(const struct ph_csv *csv)
{
    return csv->at == csv->end || *csv->at == csv->separator || *csv->at == '\n' ||
           *csv->at == '\r';
}

/* From behind the opening quote to behind the closing one; two stand for one (rule 7). */
static int unquote(struct ph_csv *csv, char **end)
{
    char *out = csv->at;

    while (csv->at < csv->end) {
        if (*csv->at == '"') {
            csv->at++;
            if (csv->at == csv->end || *csv->at != '"') {
                *end = out;
                return ends_cell(csv) ? PH_OK : PH_EPROTO;
            }
        }
        *out++ = *csv->at++;
    }
    return PH_EPROTO;
}

/* A quote inside a cell that does not begin with one is a character like others: TV 32" */
static int read_cell(struct ph_csv *csv, char **cell, char **end)
{
    if (csv->at < csv->end && *csv->at == '"') {
        *cell = ++csv->at;
        return unquote(csv, end);
    }
    *cell = csv->at;
    while (!ends_cell(csv)) {
        csv->at++;
    }
    *end = csv->at;
    return PH_OK;
}

static void skip_line_end(struct ph_csv *csv)
{
    bool is_cr = csv->at < csv->end && *csv->at == '\r';

    csv->at += csv->at < csv->end ? 1 : 0;
    if (is_cr && csv->at < csv->end && *csv->at == '\n') {
        csv->at++;
    }
}

int ph_csv_read(struct ph_csv *csv, struct ph_csv_row *row)
{
    bool is_last = false;

    row->count = 0;
    if (csv->at == csv->end) {
        return PH_ECLOSED;
    }
    while (!is_last) {
        char *end;
        int err;
        if (row->count == PH_CSV_CELLS_MAX) {
            return PH_ELIMIT;
        }
        err = read_cell(csv, &row->cells[row->count++], &end);
        if (err != PH_OK) {
            return err;
        }
        is_last = csv->at == csv->end || *csv->at != csv->separator;
        if (is_last) {
            skip_line_end(csv);
        } else {
            csv->at++;
        }
        /* Only now, since it may be the very byte that was looked at. */
        *end = '\0';
    }
    return PH_OK;
}
