/* SPDX-License-Identifier: Apache-2.0 */
#include "model_fixture.h"

#include <stdlib.h>

static int read_csv(struct ph_change *change, const char *csv, struct ph_faults *faults)
{
    memset(faults, 0, sizeof(*faults));
    return ph_change_read_csv(change, CHANNEL, csv, strlen(csv), faults);
}

static void must_read(struct ph_change *change, const char *csv)
{
    struct ph_faults faults;
    int err = read_csv(change, csv, &faults);

    assert_no_faults(&faults);
    assert_int_equal(err, PH_OK);
    assert_int_equal(change->kind, PH_CHANGE_IMPORT);
    assert_int_equal(change->if_rev, -1);
}

static void reads_a_table_in_any_order_of_columns(void **state)
{
    struct ph_change change;

    (void)state;
    must_read(&change, "price,SKU, Title ,unit\r\n45.000,A1,Mận hậu,kg\r\n"
                       "\"180,000\",B2,\"Mật ong, bạc hà\",\r\n");
    assert_int_equal(change.product_count, 2);
    assert_string_equal(change.products[0]->sku, "A1");
    assert_string_equal(change.products[0]->title, "Mận hậu");
    assert_string_equal(change.products[0]->unit, "kg");
    assert_int_equal(change.products[0]->price, 45000);
    assert_int_equal(change.products[0]->position, PH_NO_NUMBER);
    assert_string_equal(change.products[1]->title, "Mật ong, bạc hà");
    assert_string_equal(change.products[1]->unit, "");
    assert_int_equal(change.products[1]->price, 180000);
    ph_change_fini(&change);
}

static void reads_every_column(void **state)
{
    struct ph_change change;
    const struct ph_product *product;

    (void)state;
    must_read(&change,
              "\xef\xbb\xbfsku;title;price;original_price;currency;unit;image;url;stock;sold;"
              "position;badge;origin;hidden\n"
              "A1;\"Mận \"\"hậu\"\"\";1.250,00 €;1300,00;EUR;kg;https://a.vn/1.jpg;"
              "https://a.vn/{sku};1.200;3;7;Mới;Mộc Châu;có\n");
    product = change.products[0];
    assert_string_equal(product->title, "Mận \"hậu\"");
    assert_int_equal(product->price, 125000);
    assert_int_equal(product->original_price, 130000);
    assert_string_equal(product->currency, "EUR");
    assert_string_equal(product->unit, "kg");
    assert_string_equal(product->image, "https://a.vn/1.jpg");
    assert_string_equal(product->url, "https://a.vn/{sku}");
    assert_int_equal(product->stock, 1200);
    assert_int_equal(product->sold, 3);
    assert_int_equal(product->position, 7);
    assert_string_equal(product->badge, "Mới");
    assert_string_equal(product->origin, "Mộc Châu");
    assert_true(product->is_hidden);
    ph_change_fini(&change);
}

/* Whether the currency's column comes before the price's or after it. */
static void prices_are_read_by_their_currency(void **state)
{
    struct ph_change change;

    (void)state;
    must_read(&change, "sku,title,price,currency\nA,x,12.50,USD\nB,x,45.000,\nC,x,1.250,BHD\n");
    assert_int_equal(change.products[0]->price, 1250);
    assert_int_equal(change.products[1]->price, 45000);
    assert_string_equal(change.products[1]->currency, "VND");
    assert_int_equal(change.products[2]->price, 1250);
    ph_change_fini(&change);
}

static void blank_rows_are_counted_and_skipped(void **state)
{
    struct ph_faults faults;
    struct ph_change change;

    (void)state;
    must_read(&change, "sku,title,price\n\nA,x,1\n , ,\n,,\nB,x,2\n\n");
    assert_int_equal(change.product_count, 2);
    assert_string_equal(change.products[1]->sku, "B");
    ph_change_fini(&change);
    assert_int_equal(read_csv(&change, "sku,title,price\n\nA,x,1\n,,\nB,x,\n", &faults), PH_EINVAL);
    assert_fault(&faults, "/4/price", "is required");
    assert_int_equal(faults.count, 1);
}

static void a_head_alone_is_an_empty_shelf(void **state)
{
    struct ph_change change;

    (void)state;
    must_read(&change, "sku,title,price");
    assert_int_equal(change.product_count, 0);
    ph_change_fini(&change);
}

static void reads_what_is_hidden(void **state)
{
    static const struct {
        const char *cell;
        int hidden;
    } rows[] = {{"true", 1},  {"TRUE", 1}, {"1", 1},  {"yes", 1},   {"có", 1}, {"", 0},
                {"false", 0}, {"0", 0},    {"No", 0}, {"không", 0}, {"x", -1}, {"2", -1}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ph_faults faults;
        struct ph_change change;
        char csv[128];
        snprintf(csv, sizeof(csv), "sku,title,price,hidden\nA,x,1,%s\n", rows[i].cell);
        assert_int_equal(read_csv(&change, csv, &faults), rows[i].hidden < 0 ? PH_EINVAL : PH_OK);
        if (rows[i].hidden >= 0) {
            assert_int_equal(change.products[0]->is_hidden, rows[i].hidden);
        } else {
            assert_fault(&faults, "/1/hidden", "must be true or false");
        }
        ph_change_fini(&change);
    }
}

static void says_what_to_write_instead(void **state)
{
    static const struct {
        const char *csv;
        const char *pointer;
        const char *part;
    } rows[] = {
        {"", "", "is empty: the first line must name the columns"},
        {"sku,title\nA,x\n", "/0/price", "is missing"},
        {"sku,title,price,gia\n", "/0/gia", "is no column: sku title price"},
        {"sku,title,price,Title\n", "/0/title", "is there twice"},
        {"sku,title,price\nA,x,45.0\n", "/1/price", "write it as 45000 or 45.000"},
        {"sku,title,price\nA,x,45k\n", "/1/price", "write it as 45000 or 45.000"},
        {"sku,title,price\nA,x,2000000000000\n", "/1/price", "from 0 to 1000000000000"},
        {"sku,title,price,currency\nA,x,12,EUR\n", "/1/price", "as 12.50 or 12,50"},
        {"sku,title,price,currency\nA,x,12.50,BHD\n", "/1/price", "three decimals"},
        {"sku,title,price,original_price\nA,x,2,1\n", "/1/original_price", "must not be below"},
        {"sku,title,price,original_price\nA,x,2,gấp\n", "/1/original_price", "is not clear"},
        {"sku,title,price,stock\nA,x,1,ít\n", "/1/stock", "must be a whole number"},
        {"sku,title,price,stock\nA,x,1,-1\n", "/1/stock", "must be a whole number"},
        {"sku,title,price,url\nA,x,1,a.vn\n", "/1/url", "http:// or https://"},
        {"sku,title,price\nA,x,1\nA,x,1\n", "/2/sku", "is that of another product"},
        {"sku,title,price\n,x,1\n", "/1/sku", "1 to 64 of the letters"},
        {"sku,title,price\nA,\"a\nb\",1\n", "/1/title", "in one line"},
        {"sku,title,price\nA,x,1,2\n", "/1", "more cells than the first line"},
        {"sku,title,price,\nA,x,1,2\n", "/1", "more cells than the first line"},
        {"sku,title,price\nA,x,1\nB,\"x,1\n", "/2", "has a quote that is not closed"},
        {"sku,title,price\nA,\"x\"y,1\n", "/1", "has a quote that is not closed, or text behind"},
        {"sku,title,price\nA,x,1,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\n", "/1", "too many columns"},
        {"\"sku", "/0", "has a quote that is not closed"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ph_faults faults;
        struct ph_change change;
        if (read_csv(&change, rows[i].csv, &faults) != PH_EINVAL) {
            fail_msg("row %zu is read: %s", i, rows[i].csv);
        }
        assert_fault(&faults, rows[i].pointer, rows[i].part);
        if (faults.count != 1) {
            fail_msg("row %zu has other faults too:\n%s", i, all_faults(&faults));
        }
        assert_int_equal(change.kind, PH_CHANGE_NONE);
        assert_null(change.products);
    }
}

static void every_fault_is_told_at_once(void **state)
{
    struct ph_faults faults;
    struct ph_change change;

    (void)state;
    assert_int_equal(
        read_csv(&change, "sku,title,price,stock\nA,,x,y\nA B,x,1,1\nC,x,1,1\nC,x,,1\n", &faults),
        PH_EINVAL);
    assert_fault(&faults, "/1/price", "is not clear");
    assert_fault(&faults, "/1/stock", "must be a whole number");
    assert_fault(&faults, "/1/title", "is required");
    assert_fault(&faults, "/2/sku", "1 to 64");
    assert_fault(&faults, "/4/price", "is required");
    assert_fault(&faults, "/4/sku", "is that of another product");
    assert_int_equal(faults.count, 6);
    assert_int_equal(read_csv(&change, "title,gia\nx,1\n", &faults), PH_EINVAL);
    assert_int_equal(faults.count, 3);
}

/* Spreadsheets' other encodings: UTF-16, Windows-1258. */
static void refuses_other_encodings(void **state)
{
    static const char utf16[] = "\xff\xfes\0k\0u\0";
    static const char nul[] = "sku,title,price\nA,x\0,1\n";
    struct ph_faults faults = {0};
    struct ph_change change;

    (void)state;
    assert_int_equal(ph_change_read_csv(&change, CHANNEL, utf16, sizeof(utf16) - 1, &faults),
                     PH_EPROTO);
    assert_fault(&faults, "", "is not UTF-8 in line 1: save it as \"CSV UTF-8\"");
    assert_int_equal(read_csv(&change, "sku,title,price\nA,x,1\nB,M\xe2n,1\n", &faults), PH_EPROTO);
    assert_fault(&faults, "", "in line 3");
    faults.count = 0;
    assert_int_equal(ph_change_read_csv(&change, CHANNEL, nul, sizeof(nul) - 1, &faults),
                     PH_EPROTO);
    assert_fault(&faults, "", "in line 2");
    assert_int_equal(change.kind, PH_CHANGE_NONE);
}

static void a_table_has_its_limits(void **state)
{
    static char csv[PH_IMPORT_BYTES_MAX + 1];
    struct ph_faults faults = {0};
    struct ph_change change;
    size_t used = (size_t)snprintf(csv, sizeof(csv), "sku,title,price\n");

    (void)state;
    for (int i = 0; i < PH_SHELF_PRODUCTS_MAX; i++) {
        used += (size_t)snprintf(csv + used, sizeof(csv) - used, "S%d,x,1\n", i);
    }
    must_read(&change, csv);
    assert_int_equal(change.product_count, PH_SHELF_PRODUCTS_MAX);
    ph_change_fini(&change);
    snprintf(csv + used, sizeof(csv) - used, "T,x,1\nU,x,x\n");
    assert_int_equal(read_csv(&change, csv, &faults), PH_EINVAL);
    assert_fault(&faults, "/201", "is one product more than a shelf can have");
    assert_int_equal(faults.count, 1);

    faults.count = 0;
    memset(csv, '\n', sizeof(csv));
    assert_int_equal(ph_change_read_csv(&change, CHANNEL, csv, sizeof(csv), &faults), PH_ELIMIT);
    assert_fault(&faults, "", "is longer than 1048576 bytes");
}

/* Cut anywhere: it is read or refused, and nothing behind its end is looked at. */
static void may_end_anywhere(void **state)
{
    static const char whole[] = "\xef\xbb\xbfsku;title;price\r\nA1;\"Mận \"\"hậu\"\"\";45.000\r\n";

    (void)state;
    for (size_t len = 0; len < sizeof(whole); len++) {
        struct ph_faults faults = {0};
        struct ph_change change;
        char *copy = malloc(len > 0 ? len : 1);
        int err;
        assert_non_null(copy);
        memcpy(copy, whole, len);
        err = ph_change_read_csv(&change, CHANNEL, copy, len, &faults);
        assert_true((err == PH_OK) == (faults.count == 0));
        ph_change_fini(&change);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_table_in_any_order_of_columns),
        cmocka_unit_test(reads_every_column),
        cmocka_unit_test(prices_are_read_by_their_currency),
        cmocka_unit_test(blank_rows_are_counted_and_skipped),
        cmocka_unit_test(a_head_alone_is_an_empty_shelf),
        cmocka_unit_test(reads_what_is_hidden),
        cmocka_unit_test(says_what_to_write_instead),
        cmocka_unit_test(every_fault_is_told_at_once),
        cmocka_unit_test(refuses_other_encodings),
        cmocka_unit_test(a_table_has_its_limits),
        cmocka_unit_test(may_end_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
