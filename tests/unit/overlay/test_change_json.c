/* SPDX-License-Identifier: Apache-2.0 */
#include "model_fixture.h"

#include <stdlib.h>

static int read_put(struct ph_change *change, const char *json, struct ph_faults *faults)
{
    memset(faults, 0, sizeof(*faults));
    return ph_change_read_put(change, CHANNEL, "A1", json, strlen(json), faults);
}

static int read_patch(struct ph_change *change, const char *json, struct ph_faults *faults)
{
    memset(faults, 0, sizeof(*faults));
    return ph_change_read_patch(change, CHANNEL, "A1", json, strlen(json), faults);
}

static int read_import(struct ph_change *change, const char *json, struct ph_faults *faults)
{
    memset(faults, 0, sizeof(*faults));
    return ph_change_read_import(change, CHANNEL, json, strlen(json), faults);
}

static void check_nothing_held(const struct ph_change *change)
{
    assert_int_equal(change->kind, PH_CHANGE_NONE);
    assert_null(change->product);
    assert_null(change->products);
    assert_null(change->card);
    assert_int_equal(change->product_count, 0);
}

/* One fault, of this member, and nothing is made of the body. */
static void refuses_put(const char *json, const char *pointer, const char *part)
{
    struct ph_faults faults;
    struct ph_change change;

    assert_int_equal(read_put(&change, json, &faults), PH_EINVAL);
    assert_fault(&faults, pointer, part);
    if (faults.count != 1) {
        fail_msg("%s has other faults too:\n%s", json, all_faults(&faults));
    }
    check_nothing_held(&change);
}

static void a_product_needs_its_title_and_its_price(void **state)
{
    struct ph_faults faults;
    struct ph_change change;

    (void)state;
    assert_int_equal(read_put(&change, "{\"title\":\"Mận\",\"price\":45000}", &faults), PH_OK);
    assert_int_equal(change.kind, PH_CHANGE_PUT_PRODUCT);
    assert_int_equal(change.if_rev, -1);
    assert_string_equal(change.sku, "A1");
    assert_string_equal(change.product->sku, "A1");
    assert_string_equal(change.product->title, "Mận");
    assert_string_equal(change.product->currency, "VND");
    assert_int_equal(change.product->price, 45000);
    assert_int_equal(change.product->original_price, PH_NO_NUMBER);
    assert_int_equal(change.product->stock, PH_NO_NUMBER);
    assert_int_equal(change.product->sold, PH_NO_NUMBER);
    assert_int_equal(change.product->position, PH_NO_NUMBER);
    assert_false(change.product->is_hidden);
    ph_change_fini(&change);

    assert_int_equal(read_put(&change, "{}", &faults), PH_EINVAL);
    assert_int_equal(faults.count, 2);
    assert_fault(&faults, "/title", "is required: must be a text of 1 to 120 characters");
    assert_fault(&faults, "/price", "is required: must be a whole number of đồng");
}

static void reads_every_member(void **state)
{
    struct ph_faults faults;
    struct ph_change change;

    (void)state;
    assert_int_equal(read_put(&change,
                              "{\"sku\":\"A1\",\"title\":\"Mận hậu\",\"price\":1250,"
                              "\"original_price\":1300,\"currency\":\"EUR\",\"unit\":\"kg\","
                              "\"image\":\"https://a.vn/1.jpg\",\"url\":\"https://a.vn/{sku}\","
                              "\"stock\":0,\"sold\":3,\"position\":7,\"badge\":\"Mới\","
                              "\"origin\":\"Mộc Châu\",\"hidden\":true}",
                              &faults),
                     PH_OK);
    assert_string_equal(change.product->title, "Mận hậu");
    assert_int_equal(change.product->price, 1250);
    assert_int_equal(change.product->original_price, 1300);
    assert_string_equal(change.product->currency, "EUR");
    assert_string_equal(change.product->unit, "kg");
    assert_string_equal(change.product->image, "https://a.vn/1.jpg");
    assert_string_equal(change.product->url, "https://a.vn/{sku}");
    assert_int_equal(change.product->stock, 0);
    assert_int_equal(change.product->sold, 3);
    assert_int_equal(change.product->position, 7);
    assert_string_equal(change.product->badge, "Mới");
    assert_string_equal(change.product->origin, "Mộc Châu");
    assert_true(change.product->is_hidden);
    ph_change_fini(&change);
}

static void null_is_as_if_left_out(void **state)
{
    struct ph_faults faults;
    struct ph_change change;

    (void)state;
    assert_int_equal(read_put(&change,
                              "{\"title\":\"Mận\",\"price\":1,\"original_price\":null,"
                              "\"currency\":null,\"unit\":null,\"stock\":null,\"hidden\":null}",
                              &faults),
                     PH_OK);
    assert_string_equal(change.product->currency, "VND");
    assert_string_equal(change.product->unit, "");
    assert_int_equal(change.product->stock, PH_NO_NUMBER);
    ph_change_fini(&change);
    refuses_put("{\"title\":null,\"price\":1}", "/title", "is required");
}

/* "{"title":"Mận","price":45000,MEMBER}" */
static void refuses_member(const char *member, const char *pointer, const char *part)
{
    char json[1024];

    snprintf(json, sizeof(json), "{\"title\":\"Mận\",\"price\":45000,%s}", member);
    refuses_put(json, pointer, part);
}

static void says_what_to_write_instead(void **state)
{
    (void)state;
    refuses_put("{\"title\":\"Mận\",\"price\":\"45000\"}", "/price", "must be a whole number");
    refuses_put("{\"title\":\"Mận\",\"price\":45000.5}", "/price", "whole number of đồng");
    refuses_put("{\"title\":\"Mận\",\"price\":-1}", "/price", "from 0 to 1000000000000");
    refuses_put("{\"title\":\"Mận\",\"price\":1000000000001}", "/price", "to 1000000000000");
    refuses_put("{\"title\":\"\",\"price\":1}", "/title", "1 to 120 characters in one line");
    refuses_put("{\"title\":\"  \",\"price\":1}", "/title", "1 to 120 characters");
    refuses_put("{\"title\":\"a\\nb\",\"price\":1}", "/title", "in one line");
    refuses_put("{\"title\":12,\"price\":1}", "/title", "must be a text");
    refuses_member("\"stock\":-1", "/stock", "from 0 to 1000000000");
    refuses_member("\"sold\":1000000001", "/sold", "from 0 to 1000000000");
    refuses_member("\"position\":true", "/position", "must be a whole number");
    refuses_member("\"hidden\":1", "/hidden", "must be true or false");
    refuses_member("\"hidden\":\"true\"", "/hidden", "must be true or false");
    refuses_member("\"currency\":\"vnd\"", "/currency", "three capital letters, such as VND");
    refuses_member("\"unit\":{}", "/unit", "at most 24 characters");
    refuses_member("\"badge\":[]", "/badge", "at most 24 characters");
    refuses_member("\"origin\":\"\\u0007\"", "/origin", "at most 60 characters in one line");
    refuses_member("\"url\":\"javascript:alert(1)\"", "/url", "http:// or https://");
    refuses_member("\"image\":\"http://a.vn/1.jpg\"", "/image", "must be an https:// address");
    refuses_member(
        "\"image\":\"/api/v1/channels/khac/images/0123456789abcdef0123456789abcdef.jpg\"", "/image",
        "to this channel");
    refuses_member("\"sku\":\"B2\"", "/sku", "must be the one in the path");
    refuses_member("\"sku\":7", "/sku", "1 to 64 of the letters");
    refuses_member("\"original_price\":44999", "/original_price", "must not be below the price");
    refuses_member("\"stock_delta\":1", "/stock_delta", "is no member");
    refuses_member("\"giá/~\":1", "/giá~1~0", "is no member: sku title price original_price");
}

static void every_fault_is_told_at_once(void **state)
{
    struct ph_faults faults;
    struct ph_change change;

    (void)state;
    assert_int_equal(read_put(&change,
                              "{\"title\":\"\",\"price\":-1,\"original_price\":\"x\",\"currency\":"
                              "\"đồng\",\"stock\":1.5,\"hidden\":0,\"url\":\"x\",\"image\":\"x\","
                              "\"gia\":1}",
                              &faults),
                     PH_EINVAL);
    assert_int_equal(faults.count, 9);
    assert_string_equal(faults.items[0].pointer, "/title");
    assert_string_equal(faults.items[8].pointer, "/gia");
    check_nothing_held(&change);
}

/* Texts of `count` times `character`. */
static int put_text(const char *member, const char *character, size_t count)
{
    char json[4096];
    struct ph_faults faults;
    struct ph_change change;
    size_t used = (size_t)snprintf(json, sizeof(json), "{\"price\":1,%s\"%s\":\"",
                                   strcmp(member, "title") == 0 ? "" : "\"title\":\"x\",", member);
    int err;

    for (size_t i = 0; i < count; i++) {
        used += (size_t)snprintf(json + used, sizeof(json) - used, "%s", character);
    }
    snprintf(json + used, sizeof(json) - used, "\"}");
    err = read_put(&change, json, &faults);
    ph_change_fini(&change);
    return err;
}

static void lengths_are_in_characters(void **state)
{
    static const struct {
        const char *member;
        size_t max;
    } rows[] = {{"title", PH_TITLE_CHARS_MAX},
                {"unit", PH_UNIT_CHARS_MAX},
                {"badge", PH_BADGE_CHARS_MAX},
                {"origin", PH_ORIGIN_CHARS_MAX}};
    static const char *const characters[] = {"a", "ậ", "🛒", "\\\"", "\\u1ead", "\\ud83d\\uded2"};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t k = 0; k < sizeof(characters) / sizeof(characters[0]); k++) {
            assert_int_equal(put_text(rows[i].member, characters[k], rows[i].max), PH_OK);
            assert_int_equal(put_text(rows[i].member, characters[k], rows[i].max + 1), PH_EINVAL);
        }
    }
}

static int put_url(const char *begin, size_t len)
{
    char json[2048];
    struct ph_faults faults;
    struct ph_change change;
    size_t used =
        (size_t)snprintf(json, sizeof(json), "{\"price\":1,\"title\":\"x\",\"url\":\"%s", begin);
    int err;

    memset(json + used, 'x', len - strlen(begin));
    snprintf(json + used + len - strlen(begin), 3, "\"}");
    err = read_put(&change, json, &faults);
    ph_change_fini(&change);
    return err;
}

/* {sku} is A1: three bytes less. */
static void an_address_is_short_enough_when_it_is_filled_in(void **state)
{
    struct ph_faults faults = {0};
    struct ph_change change;
    char json[1024];
    size_t used;

    (void)state;
    assert_int_equal(put_url("https://a.vn/", PH_URL_BYTES_MAX), PH_OK);
    assert_int_equal(put_url("https://a.vn/", PH_URL_BYTES_MAX + 1), PH_EINVAL);
    assert_int_equal(put_url("https://a.vn/{sku}", PH_URL_BYTES_MAX), PH_OK);
    assert_int_equal(put_url("https://a.vn/{sku}", PH_URL_BYTES_MAX + 1), PH_EINVAL);

    used = (size_t)snprintf(json, sizeof(json), "{\"url\":\"https://a.vn/");
    for (size_t i = 0; i < 90; i++) {
        used += (size_t)snprintf(json + used, sizeof(json) - used, "{sku}");
    }
    snprintf(json + used, sizeof(json) - used, "\"}");
    assert_int_equal(
        ph_change_read_patch(&change, CHANNEL, "MAN-HAU-1", json, strlen(json), &faults),
        PH_EINVAL);
    assert_fault(&faults, "/url", "filled in");
}

static void refuses_what_is_not_json(void **state)
{
    static const struct {
        const char *json;
        const char *part;
    } rows[] = {
        {"", "is not JSON"},
        {"mận", "is not JSON: line 1"},
        {"{\"title\":\"Mận\"", "is not JSON"},
        {"{\"title\":\"Mận\",}", "is not JSON"},
        {"{} {}", "is not JSON"},
        {"{\"title\":\"\xff\"}", "is not JSON"},
        {"{\"title\":\"a\\u0000b\"}", "is not JSON"},
        {"{\"title\":\"\\ud83d\"}", "is not JSON"},
        {"{\"price\":1,\"price\":2}", "is not JSON"},
        {"{\"price\":99999999999999999999}", "is not JSON"},
        {"{\"price\":NaN}", "is not JSON"},
        {"[]", "must be a JSON object"},
        {"45000", "is not JSON"},
        {"{\"a\":[[[[[[[[1]]]]]]]]}", "more than 8 levels"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ph_faults faults;
        struct ph_change change;
        if (read_put(&change, rows[i].json, &faults) != PH_EPROTO) {
            fail_msg("%s is read", rows[i].json);
        }
        assert_int_equal(faults.count, 1);
        assert_fault(&faults, "", rows[i].part);
        check_nothing_held(&change);
        assert_int_equal(read_patch(&change, rows[i].json, &faults), PH_EPROTO);
        check_nothing_held(&change);
    }
}

static void brackets_in_texts_are_no_levels(void **state)
{
    struct ph_faults faults;
    struct ph_change change;

    (void)state;
    assert_int_equal(
        read_put(&change, "{\"title\":\"\\\\\\\"[[[[[[[[[[{{{{{{{{{,\",\"price\":1}", &faults),
        PH_OK);
    assert_string_equal(change.product->title, "\\\"[[[[[[[[[[{{{{{{{{{,");
    ph_change_fini(&change);
    assert_int_equal(read_put(&change, "{\"a\":[[[[[[[1]]]]]]]}", &faults), PH_EINVAL);
}

static void a_body_has_a_limit(void **state)
{
    static char body[PH_IMPORT_BYTES_MAX + 1];
    struct ph_faults faults = {0};
    struct ph_change change;

    (void)state;
    memset(body, ' ', sizeof(body));
    assert_int_equal(
        ph_change_read_put(&change, CHANNEL, "A1", body, PH_BODY_BYTES_MAX + 1, &faults),
        PH_ELIMIT);
    assert_fault(&faults, "", "is longer than 16384 bytes");
    check_nothing_held(&change);
    faults.count = 0;
    memset(body, ' ', sizeof(body));
    memcpy(body, "{\"title\":\"x\",\"price\":1}", 23);
    assert_int_equal(ph_change_read_put(&change, CHANNEL, "A1", body, PH_BODY_BYTES_MAX, &faults),
                     PH_OK);
    ph_change_fini(&change);

    memset(body, ' ', sizeof(body));
    memcpy(body, "[]", 2);
    assert_int_equal(ph_change_read_import(&change, CHANNEL, body, PH_IMPORT_BYTES_MAX, &faults),
                     PH_OK);
    ph_change_fini(&change);
    assert_int_equal(
        ph_change_read_import(&change, CHANNEL, body, PH_IMPORT_BYTES_MAX + 1, &faults), PH_ELIMIT);
}

/* A megabyte of brackets would be fifty of heap. */
static void a_body_has_only_so_many_values(void **state)
{
    static char body[PH_IMPORT_BYTES_MAX];
    struct ph_faults faults = {0};
    struct ph_change change;

    (void)state;
    for (size_t i = 0; i + 3 <= sizeof(body); i += 3) {
        memcpy(body + i, i == 0 ? "[[]" : ",[]", 3);
    }
    assert_int_equal(ph_change_read_import(&change, CHANNEL, body, sizeof(body), &faults),
                     PH_EPROTO);
    assert_fault(&faults, "", "20000 values");
}

static void a_patch_says_only_what_changes(void **state)
{
    struct ph_faults faults;
    struct ph_change change;

    (void)state;
    assert_int_equal(
        read_patch(&change, "{\"price\":39000,\"badge\":null,\"hidden\":false}", &faults), PH_OK);
    assert_int_equal(change.kind, PH_CHANGE_PATCH_PRODUCT);
    assert_int_equal(change.if_rev, -1);
    assert_string_equal(change.sku, "A1");
    assert_int_equal(change.fields, PH_FIELD_PRICE | PH_FIELD_BADGE | PH_FIELD_HIDDEN);
    assert_int_equal(change.product->price, 39000);
    assert_string_equal(change.product->badge, "");
    ph_change_fini(&change);

    assert_int_equal(read_patch(&change, "{}", &faults), PH_OK);
    assert_int_equal(change.fields, 0);
    ph_change_fini(&change);
}

static void what_is_required_cannot_be_unset(void **state)
{
    struct ph_faults faults;
    struct ph_change change;

    (void)state;
    assert_int_equal(read_patch(&change, "{\"title\":null,\"price\":null}", &faults), PH_EINVAL);
    assert_int_equal(faults.count, 2);
    assert_fault(&faults, "/title", "is required");
    assert_fault(&faults, "/price", "is required");
    check_nothing_held(&change);
}

static void a_patch_counts_the_stock(void **state)
{
    static const char *const wrong[] = {
        "{\"stock_delta\":\"-1\"}",
        "{\"stock_delta\":-1.5}",
        "{\"stock_delta\":null}",
        "{\"stock_delta\":-1000000001}",
        "{\"stock_delta\":1000000001}",
        "{\"stock_delta\":-1,\"stock\":5}",
        "{\"stock_delta\":0,\"stock\":null}",
    };
    struct ph_faults faults;
    struct ph_change change;

    (void)state;
    assert_int_equal(read_patch(&change, "{\"stock_delta\":-2}", &faults), PH_OK);
    assert_int_equal(change.stock_delta, -2);
    assert_int_equal(change.fields, 0);
    ph_change_fini(&change);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (read_patch(&change, wrong[i], &faults) != PH_EINVAL) {
            fail_msg("%s is read", wrong[i]);
        }
        assert_int_equal(faults.count, 1);
        assert_string_equal(faults.items[0].pointer, "/stock_delta");
    }
}

static void the_path_needs_a_sku(void **state)
{
    static const char json[] = "{\"title\":\"Mận\",\"price\":1}";
    struct ph_faults faults = {0};
    struct ph_change change;

    (void)state;
    assert_int_equal(ph_change_read_put(&change, CHANNEL, "mận", json, strlen(json), &faults),
                     PH_EINVAL);
    assert_fault(&faults, "/sku", "1 to 64 of the letters");
    check_nothing_held(&change);
}

static void imports_a_shelf(void **state)
{
    static const char *const bodies[] = {
        "{\"products\":[{\"sku\":\"A1\",\"title\":\"Mận\",\"price\":1},"
        "{\"sku\":\"B2\",\"title\":\"Mật ong\",\"price\":2,\"position\":9}]}",
        "[{\"title\":\"Mận\",\"price\":1,\"sku\":\"A1\"},"
        "{\"sku\":\"B2\",\"title\":\"Mật ong\",\"price\":2,\"position\":9}]",
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ph_faults faults;
        struct ph_change change;
        assert_int_equal(read_import(&change, bodies[i], &faults), PH_OK);
        assert_int_equal(change.kind, PH_CHANGE_IMPORT);
        assert_int_equal(change.if_rev, -1);
        assert_int_equal(change.product_count, 2);
        assert_string_equal(change.products[0]->sku, "A1");
        assert_int_equal(change.products[0]->position, PH_NO_NUMBER);
        assert_string_equal(change.products[1]->title, "Mật ong");
        assert_int_equal(change.products[1]->position, 9);
        ph_change_fini(&change);
    }
}

static void an_import_tells_of_each_product(void **state)
{
    struct ph_faults faults;
    struct ph_change change;

    (void)state;
    assert_int_equal(read_import(&change,
                                 "{\"products\":[{\"sku\":\"A1\",\"title\":\"x\",\"price\":1},"
                                 "{\"title\":\"x\",\"price\":1},{\"sku\":\"A1\",\"title\":\"x\","
                                 "\"price\":\"1\"},7,{\"sku\":\"a b\",\"gia\":1}],\"more\":1}",
                                 &faults),
                     PH_EINVAL);
    assert_fault(&faults, "/more", "products is the only one");
    assert_fault(&faults, "/products/1/sku", "is required");
    assert_fault(&faults, "/products/2/price", "must be a whole number");
    assert_fault(&faults, "/products/2/sku", "is that of another product before it");
    assert_fault(&faults, "/products/3", "must be a product");
    assert_fault(&faults, "/products/4/sku", "1 to 64 of the letters");
    assert_fault(&faults, "/products/4/gia", "is no member");
    assert_fault(&faults, "/products/4/title", "is required");
    assert_fault(&faults, "/products/4/price", "is required");
    assert_int_equal(faults.count, 9);
    check_nothing_held(&change);

    assert_int_equal(read_import(&change, "[{\"sku\":\"A1\",\"title\":\"x\"}]", &faults),
                     PH_EINVAL);
    assert_fault(&faults, "/0/price", "is required");
}

static void an_import_needs_a_list(void **state)
{
    struct ph_faults faults;
    struct ph_change change;

    (void)state;
    assert_int_equal(read_import(&change, "{}", &faults), PH_EINVAL);
    assert_fault(&faults, "/products", "must be the list of all products");
    assert_int_equal(read_import(&change, "{\"products\":{}}", &faults), PH_EINVAL);
    assert_fault(&faults, "/products", "must be the list");
    assert_int_equal(read_import(&change, "{\"products\":null}", &faults), PH_EINVAL);
    assert_int_equal(read_import(&change, "sku,title", &faults), PH_EPROTO);
    assert_int_equal(read_import(&change, "[]", &faults), PH_OK);
    assert_int_equal(change.product_count, 0);
    ph_change_fini(&change);
}

static void a_shelf_has_two_hundred_products(void **state)
{
    static char json[32 * 1024];

    (void)state;
    for (size_t count = PH_SHELF_PRODUCTS_MAX; count <= PH_SHELF_PRODUCTS_MAX + 1; count++) {
        struct ph_faults faults;
        struct ph_change change;
        size_t used = 0;
        for (size_t i = 0; i < count; i++) {
            used += (size_t)snprintf(json + used, sizeof(json) - used,
                                     "%c{\"sku\":\"S%zu\",\"title\":\"x\",\"price\":1}",
                                     i == 0 ? '[' : ',', i);
        }
        snprintf(json + used, sizeof(json) - used, "]");
        if (count <= PH_SHELF_PRODUCTS_MAX) {
            assert_int_equal(read_import(&change, json, &faults), PH_OK);
            assert_int_equal(change.product_count, count);
            ph_change_fini(&change);
        } else {
            assert_int_equal(read_import(&change, json, &faults), PH_EINVAL);
            assert_fault(&faults, "", "has 201 products, and a shelf at most 200");
            assert_int_equal(faults.count, 1);
        }
    }
}

/* Cut anywhere it is no JSON, and nothing behind its end is read. */
static void may_end_anywhere(void **state)
{
    static const char whole[] = "{\"title\":\"M\\u1ead\\\"n [\",\"price\":45000,\"stock\":null}";

    (void)state;
    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        struct ph_faults faults = {0};
        struct ph_change change;
        char *copy = malloc(len > 0 ? len : 1);
        assert_non_null(copy);
        memcpy(copy, whole, len);
        assert_int_equal(ph_change_read_put(&change, CHANNEL, "A1", copy, len, &faults), PH_EPROTO);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_product_needs_its_title_and_its_price),
        cmocka_unit_test(reads_every_member),
        cmocka_unit_test(null_is_as_if_left_out),
        cmocka_unit_test(says_what_to_write_instead),
        cmocka_unit_test(every_fault_is_told_at_once),
        cmocka_unit_test(lengths_are_in_characters),
        cmocka_unit_test(an_address_is_short_enough_when_it_is_filled_in),
        cmocka_unit_test(refuses_what_is_not_json),
        cmocka_unit_test(brackets_in_texts_are_no_levels),
        cmocka_unit_test(a_body_has_a_limit),
        cmocka_unit_test(a_body_has_only_so_many_values),
        cmocka_unit_test(a_patch_says_only_what_changes),
        cmocka_unit_test(what_is_required_cannot_be_unset),
        cmocka_unit_test(a_patch_counts_the_stock),
        cmocka_unit_test(the_path_needs_a_sku),
        cmocka_unit_test(imports_a_shelf),
        cmocka_unit_test(an_import_tells_of_each_product),
        cmocka_unit_test(an_import_needs_a_list),
        cmocka_unit_test(a_shelf_has_two_hundred_products),
        cmocka_unit_test(may_end_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
