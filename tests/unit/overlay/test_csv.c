/* SPDX-License-Identifier: Apache-2.0 */
#include "model_fixture.h"

#include "overlay/csv.h"

#include <stdlib.h>

/* All rows as text: cells in [], rows in lines, and how it ended. */
static void check_bytes(const char *text, size_t len, const char *expected)
{
    char *copy = malloc(len + 1); /* so that the sanitizer sees what is read or written behind */
    char out[4096] = "";
    size_t used = 0;
    struct ph_csv_row row;
    struct ph_csv csv;
    int err;

    assert_non_null(copy);
    memcpy(copy, text, len);
    ph_csv_init(&csv, copy, len);
    while ((err = ph_csv_read(&csv, &row)) == PH_OK) {
        for (size_t i = 0; i < row.count; i++) {
            used += (size_t)snprintf(out + used, sizeof(out) - used, "[%s]", row.cells[i]);
        }
        used += (size_t)snprintf(out + used, sizeof(out) - used, "\n");
    }
    snprintf(out + used, sizeof(out) - used, "%s", ph_err_name(err));
    free(copy);
    assert_string_equal(out, expected);
}

static void check(const char *text, const char *expected)
{
    check_bytes(text, strlen(text), expected);
}

static void reads_rows_and_cells(void **state)
{
    (void)state;
    check("", "ECLOSED");
    check("a", "[a]\nECLOSED");
    check("a,b\n1,2\n", "[a][b]\n[1][2]\nECLOSED");
    check("a,b\r\n1,2\r\n", "[a][b]\n[1][2]\nECLOSED");
    check("a,b\r1,2", "[a][b]\n[1][2]\nECLOSED");
    check("a,b\n\n1,2", "[a][b]\n[]\n[1][2]\nECLOSED");
    check("a,b,\n,,2", "[a][b][]\n[][][2]\nECLOSED");
    check("a,b\n1,", "[a][b]\n[1][]\nECLOSED");
    check("a\n ", "[a]\n[ ]\nECLOSED");
}

static void frees_cells_of_their_quotes(void **state)
{
    (void)state;
    check("\"a\",\"b\"\n\"1\",\"2\"", "[a][b]\n[1][2]\nECLOSED");
    check("\"a,b\",\"c\nd\"\n", "[a,b][c\nd]\nECLOSED");
    check("\"a\r\nb\",c\r\n1,2", "[a\r\nb][c]\n[1][2]\nECLOSED");
    check("\"TV 32\"\"\",x\n", "[TV 32\"][x]\nECLOSED");
    check("\"\"\"\"\"\",\"\"\n", "[\"\"][]\nECLOSED");
    check("TV 32\",x\n", "[TV 32\"][x]\nECLOSED");
    check("a,\"b\"", "[a][b]\nECLOSED");
}

static void finds_the_separator_in_the_first_line(void **state)
{
    (void)state;
    check("a;b\n1,5;2\n", "[a][b]\n[1,5][2]\nECLOSED");
    check("a\tb\n1,5\t2;3\n", "[a][b]\n[1,5][2;3]\nECLOSED");
    check("\"a,b,c\";d;e\n1;2;3", "[a,b,c][d][e]\n[1][2][3]\nECLOSED");
    check("a\n1;2", "[a]\n[1;2]\nECLOSED");
    check("a,b\n1;2;3;4,5", "[a][b]\n[1;2;3;4][5]\nECLOSED");
}

static void leaves_the_byte_order_mark_out(void **state)
{
    (void)state;
    check("\xef\xbb\xbfsku,title\n", "[sku][title]\nECLOSED");
    check("\xef\xbb\xbf", "ECLOSED");
    check("\xef\xbb", "[\xef\xbb]\nECLOSED");
    check("\xef\xbb\xbf\"a\",b", "[a][b]\nECLOSED");
}

static void refuses_broken_quotes(void **state)
{
    (void)state;
    check("\"a", "EPROTO");
    check("\"", "EPROTO");
    check("\"a\"\"", "EPROTO");
    check("\"a\"b,c", "EPROTO");
    check("\"a\" ,c", "EPROTO");
    check("a\n\"b,c\nd,e\n", "[a]\nEPROTO");
}

static void a_row_has_only_so_many_cells(void **state)
{
    char text[2 * PH_CSV_CELLS_MAX + 2];
    struct ph_csv_row row;
    struct ph_csv csv;

    (void)state;
    memset(text, ',', sizeof(text));
    ph_csv_init(&csv, text, PH_CSV_CELLS_MAX - 1);
    assert_int_equal(ph_csv_read(&csv, &row), PH_OK);
    assert_int_equal(row.count, PH_CSV_CELLS_MAX);
    memset(text, ',', sizeof(text));
    ph_csv_init(&csv, text, PH_CSV_CELLS_MAX);
    assert_int_equal(ph_csv_read(&csv, &row), PH_ELIMIT);
}

/* Cut anywhere, a table is read without a byte behind its end. */
static void may_end_anywhere(void **state)
{
    static const char text[] = "\xef\xbb\xbf\"s\"\"ku\";t\r\n\"A\r\n\";\"x\"\";\"\r\nB;2\n";

    (void)state;
    for (size_t len = 0; len < sizeof(text); len++) {
        char *copy = malloc(len + 1);
        struct ph_csv_row row;
        struct ph_csv csv;
        size_t rows = 0;
        assert_non_null(copy);
        memcpy(copy, text, len);
        ph_csv_init(&csv, copy, len);
        while (ph_csv_read(&csv, &row) == PH_OK) {
            rows++;
        }
        assert_in_range(rows, 0, 4);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_rows_and_cells),
        cmocka_unit_test(frees_cells_of_their_quotes),
        cmocka_unit_test(finds_the_separator_in_the_first_line),
        cmocka_unit_test(leaves_the_byte_order_mark_out),
        cmocka_unit_test(refuses_broken_quotes),
        cmocka_unit_test(a_row_has_only_so_many_cells),
        cmocka_unit_test(may_end_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
