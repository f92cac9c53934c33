/* SPDX-License-Identifier: Apache-2.0 */
#include "model_fixture.h"

/* "A1 B2" */
static void assert_order(const struct ph_overlay_state *shelf, const char *expected)
{
    char order[512] = "";
    size_t used = 0;

    for (size_t i = 0; i < shelf->count; i++) {
        used += (size_t)snprintf(order + used, sizeof(order) - used, "%s%s", i > 0 ? " " : "",
                                 shelf->products[i]->sku);
    }
    assert_string_equal(order, expected);
}

static void new_products_come_behind_the_others(void **state)
{
    struct ph_overlay_state *shelf = make_shelf();

    (void)state;
    assert_order(shelf, "A1 B2");
    assert_int_equal(shelf->products[0]->position, 1);
    assert_int_equal(shelf->products[1]->position, 2);
    assert_int_equal(shelf->products[0]->sold, 0);
    put(&shelf, "A0", "{\"title\":\"Chè\",\"price\":1}");
    assert_order(shelf, "A1 B2 A0");
    put(&shelf, "Z9", "{\"title\":\"Gạo\",\"price\":1,\"position\":0}");
    assert_order(shelf, "Z9 A1 B2 A0");
    put(&shelf, "B1", "{\"title\":\"Măng\",\"price\":1,\"position\":2}");
    assert_order(shelf, "Z9 A1 B1 B2 A0");
    ph_overlay_state_unref(&shelf);
}

static void there_is_no_place_behind_the_last(void **state)
{
    struct ph_overlay_state *shelf = ph_overlay_state_create();

    (void)state;
    put(&shelf, "M", "{\"title\":\"x\",\"price\":1,\"position\":1000000000}");
    put(&shelf, "N", "{\"title\":\"x\",\"price\":1}");
    put(&shelf, "L", "{\"title\":\"x\",\"price\":1}");
    assert_int_equal(ph_overlay_state_find(shelf, "N")->position, PH_COUNT_MAX);
    assert_order(shelf, "L M N");
    ph_overlay_state_unref(&shelf);
}

static void put_replaces_all_but_place_and_sold(void **state)
{
    struct ph_overlay_state *shelf = make_shelf();
    const struct ph_product *plums;

    (void)state;
    patch(&shelf, "A1", "{\"stock_delta\":-2,\"position\":5,\"badge\":\"Mới\"}");
    put(&shelf, "A1", "{\"title\":\"Mận\",\"price\":40000}");
    plums = ph_overlay_state_find(shelf, "A1");
    assert_string_equal(plums->title, "Mận");
    assert_string_equal(plums->badge, "");
    assert_string_equal(plums->unit, "");
    assert_int_equal(plums->stock, PH_NO_NUMBER);
    assert_int_equal(plums->sold, 2);
    assert_int_equal(plums->position, 5);
    assert_order(shelf, "B2 A1");
    put(&shelf, "A1", "{\"title\":\"Mận\",\"price\":40000,\"sold\":0,\"position\":1}");
    assert_int_equal(ph_overlay_state_find(shelf, "A1")->sold, 0);
    assert_order(shelf, "A1 B2");
    ph_overlay_state_unref(&shelf);
}

static void what_is_put_as_it_was_stays_the_same(void **state)
{
    struct ph_overlay_state *shelf = make_shelf();
    struct ph_overlay_state *before = ph_overlay_state_ref(shelf);

    (void)state;
    put(&shelf, "A1",
        "{\"title\":\"Mận hậu Mộc Châu\",\"price\":45000,\"unit\":\"kg\",\"stock\":12}");
    assert_ptr_equal(shelf->products[0], before->products[0]);
    patch(&shelf, "A1", "{}");
    patch(&shelf, "A1", "{\"price\":45000,\"badge\":null,\"stock_delta\":0}");
    assert_ptr_equal(shelf->products[0], before->products[0]);
    assert_int_equal(shelf->seq, before->seq + 3);
    assert_int_equal(shelf->rev, before->rev);
    patch(&shelf, "A1", "{\"price\":45001}");
    assert_ptr_not_equal(shelf->products[0], before->products[0]);
    assert_ptr_equal(shelf->products[1], before->products[1]);
    assert_int_equal(before->products[0]->price, 45000);
    ph_overlay_state_unref(&before);
    ph_overlay_state_unref(&shelf);
}

static void a_shelf_has_room_for_two_hundred(void **state)
{
    struct ph_overlay_state *shelf = ph_overlay_state_create();
    struct ph_faults faults = {0};

    (void)state;
    for (int i = 0; i < PH_SHELF_PRODUCTS_MAX; i++) {
        char sku[16];
        snprintf(sku, sizeof(sku), "S%d", i);
        put(&shelf, sku, "{\"title\":\"x\",\"price\":1}");
    }
    assert_int_equal(try_put(&shelf, "T", "{\"title\":\"x\",\"price\":1}", &faults), PH_EEXISTS);
    assert_fault(&faults, "", "has 200 products already");
    assert_int_equal(shelf->count, PH_SHELF_PRODUCTS_MAX);
    put(&shelf, "S7", "{\"title\":\"y\",\"price\":1}");
    discard(&shelf, "S7");
    put(&shelf, "T", "{\"title\":\"x\",\"price\":1}");
    assert_string_equal(shelf->products[PH_SHELF_PRODUCTS_MAX - 1]->sku, "T");
    ph_overlay_state_unref(&shelf);
}

static void a_patch_changes_what_it_names(void **state)
{
    static const struct {
        const char *json;
        struct ph_product like;
    } rows[] = {
        {"{\"title\":\"T\"}", {.title = "T"}},
        {"{\"unit\":\"T\"}", {.unit = "T"}},
        {"{\"image\":\"https://t/\"}", {.image = "https://t/"}},
        {"{\"url\":\"https://t/\"}", {.url = "https://t/"}},
        {"{\"badge\":\"T\"}", {.badge = "T"}},
        {"{\"origin\":\"T\"}", {.origin = "T"}},
        {"{\"currency\":\"EUR\"}", {.currency = "EUR"}},
        {"{\"price\":7}", {.price = 7}},
        {"{\"original_price\":50000}", {.original_price = 50000}},
        {"{\"stock\":7}", {.stock = 7}},
        {"{\"sold\":7}", {.sold = 7}},
        {"{\"position\":7}", {.position = 7}},
        {"{\"hidden\":true}", {.is_hidden = true}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ph_overlay_state *shelf = make_shelf();
        struct ph_product *before = ph_product_create(ph_overlay_state_find(shelf, "A1"));
        const struct ph_product *after;
        struct ph_product like = {
            .sku = before->sku,
            .title = rows[i].like.title != NULL ? rows[i].like.title : before->title,
            .unit = rows[i].like.unit != NULL ? rows[i].like.unit : before->unit,
            .image = rows[i].like.image != NULL ? rows[i].like.image : before->image,
            .url = rows[i].like.url != NULL ? rows[i].like.url : before->url,
            .badge = rows[i].like.badge != NULL ? rows[i].like.badge : before->badge,
            .origin = rows[i].like.origin != NULL ? rows[i].like.origin : before->origin,
            .price = rows[i].like.price != 0 ? rows[i].like.price : before->price,
            .original_price = rows[i].like.original_price != 0 ? rows[i].like.original_price
                                                               : before->original_price,
            .stock = rows[i].like.stock != 0 ? rows[i].like.stock : before->stock,
            .sold = rows[i].like.sold != 0 ? rows[i].like.sold : before->sold,
            .position = rows[i].like.position != 0 ? rows[i].like.position : before->position,
            .is_hidden = rows[i].like.is_hidden,
        };
        memcpy(like.currency,
               rows[i].like.currency[0] != '\0' ? rows[i].like.currency : before->currency, 4);
        patch(&shelf, "A1", rows[i].json);
        after = ph_overlay_state_find(shelf, "A1");
        if (!ph_product_is_same(after, &like)) {
            fail_msg("%s changes something else", rows[i].json);
        }
        ph_product_unref(&before);
        ph_overlay_state_unref(&shelf);
    }
}

static void null_unsets(void **state)
{
    struct ph_overlay_state *shelf = ph_overlay_state_create();
    const struct ph_product *plain;

    (void)state;
    put(&shelf, "A",
        "{\"title\":\"x\",\"price\":1,\"original_price\":2,\"currency\":\"EUR\",\"unit\":\"kg\","
        "\"image\":\"https://a/\",\"url\":\"https://a/\",\"stock\":1,\"sold\":1,\"position\":1,"
        "\"badge\":\"b\",\"origin\":\"o\",\"hidden\":true}");
    put(&shelf, "B", "{\"title\":\"y\",\"price\":1}");
    patch(&shelf, "A",
          "{\"original_price\":null,\"currency\":null,\"unit\":null,\"image\":null,\"url\":null,"
          "\"stock\":null,\"sold\":null,\"position\":null,\"badge\":null,\"origin\":null,"
          "\"hidden\":null}");
    plain = ph_overlay_state_find(shelf, "A");
    assert_int_equal(plain->original_price, PH_NO_NUMBER);
    assert_string_equal(plain->currency, "VND");
    assert_string_equal(plain->unit, "");
    assert_string_equal(plain->image, "");
    assert_string_equal(plain->url, "");
    assert_int_equal(plain->stock, PH_NO_NUMBER);
    assert_int_equal(plain->sold, 0);
    assert_int_equal(plain->position, 3);
    assert_string_equal(plain->badge, "");
    assert_string_equal(plain->origin, "");
    assert_false(plain->is_hidden);
    assert_order(shelf, "B A");
    ph_overlay_state_unref(&shelf);
}

static void assert_count(const struct ph_overlay_state *shelf, int64_t stock, int64_t sold)
{
    assert_int_equal(ph_overlay_state_find(shelf, "A1")->stock, stock);
    assert_int_equal(ph_overlay_state_find(shelf, "A1")->sold, sold);
}

static void what_leaves_the_stock_is_sold(void **state)
{
    struct ph_overlay_state *shelf = make_shelf();

    (void)state;
    patch(&shelf, "A1", "{\"stock_delta\":-5}");
    assert_count(shelf, 7, 5);
    patch(&shelf, "A1", "{\"stock_delta\":2}");
    assert_count(shelf, 9, 3);
    patch(&shelf, "A1", "{\"stock_delta\":20}");
    assert_count(shelf, 29, 0);
    patch(&shelf, "A1", "{\"stock_delta\":-29}");
    assert_count(shelf, 0, 29);
    assert_true(ph_product_is_sold_out(ph_overlay_state_find(shelf, "A1")));
    patch(&shelf, "A1", "{\"stock_delta\":1,\"sold\":100}");
    assert_count(shelf, 1, 100);
    patch(&shelf, "A1", "{\"stock\":5}");
    assert_count(shelf, 5, 100);
    ph_overlay_state_unref(&shelf);
}

static void counters_stay_in_their_range(void **state)
{
    struct ph_overlay_state *shelf = make_shelf();
    struct ph_faults faults = {0};

    (void)state;
    patch(&shelf, "A1", "{\"stock\":1000000000,\"sold\":1000000000}");
    patch(&shelf, "A1", "{\"stock_delta\":-1000000000}");
    assert_count(shelf, 0, PH_COUNT_MAX);
    patch(&shelf, "A1", "{\"stock\":1000000000}");
    assert_int_equal(try_patch(&shelf, "A1", "{\"stock_delta\":1}", &faults), PH_EEXISTS);
    assert_fault(&faults, "/stock_delta", "would be more than 1000000000");
    ph_overlay_state_unref(&shelf);
}

static void more_than_there_is_cannot_be_sold(void **state)
{
    struct ph_overlay_state *shelf = make_shelf();
    struct ph_overlay_state *before = shelf;
    struct ph_faults faults = {0};

    (void)state;
    assert_int_equal(try_patch(&shelf, "A1", "{\"stock_delta\":-13,\"price\":1}", &faults),
                     PH_EEXISTS);
    assert_fault(&faults, "/stock_delta", "only 12 are left");
    assert_ptr_equal(shelf, before);
    faults.count = 0;
    assert_int_equal(try_patch(&shelf, "B2", "{\"stock_delta\":-1}", &faults), PH_EEXISTS);
    assert_fault(&faults, "/stock_delta", "the stock is not counted");
    assert_int_equal(shelf->products[0]->price, 45000);
    ph_overlay_state_unref(&shelf);
}

static void the_price_before_is_no_lower(void **state)
{
    struct ph_overlay_state *shelf = make_shelf();
    struct ph_faults faults = {0};

    (void)state;
    assert_int_equal(try_patch(&shelf, "A1", "{\"original_price\":44999}", &faults), PH_EINVAL);
    assert_fault(&faults, "/original_price", "must not be below the price, 45000");
    patch(&shelf, "A1", "{\"original_price\":45000}");
    faults.count = 0;
    assert_int_equal(try_patch(&shelf, "A1", "{\"price\":45001}", &faults), PH_EINVAL);
    assert_fault(&faults, "/price", "must not be above original_price, 45000");
    patch(&shelf, "A1", "{\"price\":45001,\"original_price\":null}");
    ph_overlay_state_unref(&shelf);
}

static void what_is_not_there_is_not_found(void **state)
{
    struct ph_overlay_state *shelf = make_shelf();
    struct ph_faults faults = {0};

    (void)state;
    assert_int_equal(try_patch(&shelf, "C3", "{}", &faults), PH_ENOTFOUND);
    assert_fault(&faults, "", "there is no product C3");
    faults.count = 0;
    assert_int_equal(try_plain(&shelf, PH_CHANGE_DELETE_PRODUCT, "C3", &faults), PH_ENOTFOUND);
    assert_fault(&faults, "", "there is no product C3");
    ph_overlay_state_unref(&shelf);
}

static void deletes_one(void **state)
{
    struct ph_overlay_state *shelf = make_shelf();
    struct ph_overlay_state *before = ph_overlay_state_ref(shelf);

    (void)state;
    put(&shelf, "C3", "{\"title\":\"x\",\"price\":1}");
    discard(&shelf, "A1");
    assert_order(shelf, "B2 C3");
    discard(&shelf, "C3");
    discard(&shelf, "B2");
    assert_int_equal(shelf->count, 0);
    assert_int_equal(shelf->rev, shelf->seq);
    assert_order(before, "A1 B2");
    ph_overlay_state_unref(&before);
    ph_overlay_state_unref(&shelf);
}

static void an_import_replaces_the_shelf(void **state)
{
    struct ph_overlay_state *shelf = make_shelf();
    struct ph_product *honey;

    (void)state;
    patch(&shelf, "A1", "{\"stock_delta\":-5}");
    patch(&shelf, "B2", "{\"sold\":3}");
    honey = ph_product_ref(shelf->products[1]);
    import(&shelf, "[{\"sku\":\"C3\",\"title\":\"Gạo\",\"price\":1},"
                   "{\"sku\":\"B2\",\"title\":\"Mật ong bạc hà\",\"price\":180000,"
                   "\"unit\":\"chai\"},"
                   "{\"sku\":\"D4\",\"title\":\"Chè\",\"price\":1,\"sold\":9}]");
    assert_order(shelf, "C3 B2 D4");
    assert_int_equal(shelf->products[0]->position, 1);
    assert_int_equal(shelf->products[2]->position, 3);
    assert_int_equal(shelf->products[0]->sold, 0);
    assert_int_equal(shelf->products[1]->sold, 3);
    assert_int_equal(shelf->products[2]->sold, 9);
    assert_ptr_equal(shelf->products[1], honey);
    ph_product_unref(&honey);
    import(&shelf, "[]");
    assert_int_equal(shelf->count, 0);
    ph_overlay_state_unref(&shelf);
}

static void the_same_import_changes_nothing(void **state)
{
    static const char file[] = "[{\"sku\":\"B\",\"title\":\"x\",\"price\":1,\"stock\":4},"
                               "{\"sku\":\"A\",\"title\":\"y\",\"price\":2,\"position\":1}]";
    struct ph_overlay_state *shelf = ph_overlay_state_create();
    int64_t rev;

    (void)state;
    import(&shelf, file);
    assert_order(shelf, "A B");
    rev = shelf->rev;
    import(&shelf, file);
    assert_int_equal(shelf->rev, rev);
    assert_int_equal(shelf->seq, 2);
    ph_overlay_state_unref(&shelf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_products_come_behind_the_others),
        cmocka_unit_test(there_is_no_place_behind_the_last),
        cmocka_unit_test(put_replaces_all_but_place_and_sold),
        cmocka_unit_test(what_is_put_as_it_was_stays_the_same),
        cmocka_unit_test(a_shelf_has_room_for_two_hundred),
        cmocka_unit_test(a_patch_changes_what_it_names),
        cmocka_unit_test(null_unsets),
        cmocka_unit_test(what_leaves_the_stock_is_sold),
        cmocka_unit_test(counters_stay_in_their_range),
        cmocka_unit_test(more_than_there_is_cannot_be_sold),
        cmocka_unit_test(the_price_before_is_no_lower),
        cmocka_unit_test(what_is_not_there_is_not_found),
        cmocka_unit_test(deletes_one),
        cmocka_unit_test(an_import_replaces_the_shelf),
        cmocka_unit_test(the_same_import_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
