/* SPDX-License-Identifier: Apache-2.0 */
/* A whole shelf from a spreadsheet: one line a product, written by people for people. */
#include "body.h"
#include "cell.h"
#include "csv.h"
#include "state.h"

#include <phien/core/mem.h>
#include <phien/core/text.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the columns are; neither: the column has no name. */
struct column {
    const char *name;
    const struct ph_member *member;
    bool is_sku;
};

struct table {
    struct ph_csv csv;
    struct column columns[PH_CSV_CELLS_MAX];
    size_t count;
    size_t row; /* of the last that was read; the head is 0 */
    const char *channel;
    struct ph_faults *faults;
};

static char *trim(char *text)
{
    size_t len;

    text += strspn(text, " ");
    for (len = strlen(text); len > 0 && text[len - 1] == ' '; len--) {
    }
    text[len] = '\0';
    return text;
}

static void say(struct table *table, const char *column, const char *detail)
{
    char base[32];

    snprintf(base, sizeof(base), "/%zu", table->row);
    if (column != NULL) {
        ph_faults_add_member(table->faults, base, column, detail);
    } else {
        ph_faults_add(table->faults, base, "%s", detail);
    }
}

/* PH_ECLOSED behind the last; a broken row is said, and nothing can be read behind it. */
static int read_row(struct table *table, struct ph_csv_row *row)
{
    int err = ph_csv_read(&table->csv, row);

    if (err == PH_EPROTO) {
        say(table, NULL, "has a quote that is not closed, or text behind one: write \"\" for \"");
    } else if (err == PH_ELIMIT) {
        say(table, NULL, "has too many columns");
    }
    for (size_t i = 0; err == PH_OK && i < row->count; i++) {
        row->cells[i] = trim(row->cells[i]);
    }
    return err;
}

static bool has_column(const struct table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->columns[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void add_column(struct table *table, char *name)
{
    struct column column = {.name = name};

    for (char *c = name; *c != '\0'; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    column.member = ph_member_find(name);
    column.is_sku = strcmp(name, "sku") == 0;
    if (name[0] != '\0' && column.member == NULL && !column.is_sku) {
        say(table, name,
            "is no column: sku title price original_price currency unit image url stock sold "
            "position badge origin hidden are");
    } else if (name[0] != '\0' && has_column(table, name)) {
        say(table, name, "is there twice");
    }
    table->columns[table->count++] = column;
}

/* Whether there is a head by which rows can be read. */
static bool read_head(struct table *table)
{
    static const char *const required[] = {"sku", "title", "price"};
    size_t before = table->faults->count;
    struct ph_csv_row row;
    int err = read_row(table, &row);

    if (err == PH_ECLOSED) {
        ph_faults_add(table->faults, "", "is empty: the first line must name the columns");
    }
    if (err != PH_OK) {
        return false;
    }
    for (size_t i = 0; i < row.count; i++) {
        add_column(table, row.cells[i]);
    }
    for (size_t i = 0; i < PH_ARRAY_SIZE(required); i++) {
        if (!has_column(table, required[i])) {
            say(table, required[i], "is missing: the first line must name this column");
        }
    }
    return table->faults->count == before;
}

static const char *cell_of(const struct table *table, const struct ph_csv_row *row, size_t i)
{
    return i < row->count && i < table->count ? row->cells[i] : "";
}

/* The currency first: the prices are read by it. */
static void read_cells(const struct table *table, struct ph_draft *draft,
                       const struct ph_csv_row *row)
{
    for (int is_currency = 1; is_currency >= 0; is_currency--) {
        for (size_t i = 0; i < table->count; i++) {
            const struct ph_member *member = table->columns[i].member;
            const char *cell = cell_of(table, row, i);
            if (member != NULL && cell[0] != '\0' &&
                (member->kind == PH_MEMBER_CURRENCY) == is_currency) {
                ph_cell_read(draft, member, cell);
            }
        }
    }
    for (size_t i = 0; i < table->count; i++) {
        if (table->columns[i].is_sku) {
            ph_draft_set_sku(draft, cell_of(table, row, i));
        }
    }
}

static bool is_blank(const struct ph_csv_row *row)
{
    for (size_t i = 0; i < row->count; i++) {
        if (row->cells[i][0] != '\0') {
            return false;
        }
    }
    return true;
}

static void read_product(struct table *table, const struct ph_csv_row *row, struct ph_change *out)
{
    struct ph_draft draft;
    char base[32];

    for (size_t i = 0; i < row->count; i++) {
        if (row->cells[i][0] != '\0' && (i >= table->count || table->columns[i].name[0] == '\0')) {
            say(table, NULL, "has more cells than the first line has names");
        }
    }
    snprintf(base, sizeof(base), "/%zu", table->row);
    ph_draft_init(&draft, base, table->channel, "", table->faults);
    read_cells(table, &draft, row);
    ph_draft_add_to(&draft, out);
}

static void read_rows(struct table *table, struct ph_change *out)
{
    struct ph_csv_row row;
    size_t count = 0;

    out->products = ph_new_array(struct ph_product *, PH_SHELF_PRODUCTS_MAX);
    for (table->row = 1; read_row(table, &row) == PH_OK; table->row++) {
        if (is_blank(&row)) {
            continue;
        }
        if (count++ == PH_SHELF_PRODUCTS_MAX) {
            say(table, NULL, "is one product more than a shelf can have, 200");
            break;
        }
        read_product(table, &row, out);
    }
}

/* Checked as a whole, since a file of another encoding is wrong in all its lines. */
static int check_utf8(const char *text, size_t len, struct ph_faults *faults)
{
    size_t line = 1;

    for (size_t i = 0; i < len;) {
        size_t n = ph_text_utf8_length(text + i);
        if (n == 0) {
            ph_faults_add(faults, "", "is not UTF-8 in line %zu: save it as \"CSV UTF-8\"", line);
            return PH_EPROTO;
        }
        line += text[i] == '\n';
        i += n;
    }
    return PH_OK;
}

int ph_change_read_csv(struct ph_change *out, const char *channel, const void *body, size_t len,
                       struct ph_faults *faults)
{
    struct table table = {.channel = channel, .faults = faults};
    char *text;
    int err;

    ph_change_init(out, PH_CHANGE_NONE);
    err = ph_body_check_length(len, PH_IMPORT_BYTES_MAX, faults);
    if (err != PH_OK) {
        return err;
    }
    text = ph_alloc(len + 1);
    if (len > 0) {
        memcpy(text, body, len);
    }
    err = check_utf8(text, len, faults);
    if (err == PH_OK) {
        ph_change_init(out, PH_CHANGE_IMPORT);
        ph_csv_init(&table.csv, text, len);
        if (read_head(&table)) {
            read_rows(&table, out);
        }
        err = ph_change_end(out, faults);
    }
    free(text);
    return err;
}
