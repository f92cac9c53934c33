/* SPDX-License-Identifier: Apache-2.0 */
#include "model_fixture.h"

#include "overlay/message.h"
#include "overlay/message_json.h"

#include <stdlib.h>

/* Takes `text` over. */
static void check(char *text, const char *expected)
{
    if (strcmp(text, expected) != 0) {
        fail_msg("%s\ninstead of\n%s", text, expected);
    }
    free(text);
}

#define HEAD "{\"v\":\"phien.overlay/1\","
#define PLUMS                                                                                      \
    "\"sku\":\"A1\",\"title\":\"Mận hậu Mộc Châu\",\"price\":45000,\"currency\":\"VND\","   \
    "\"unit\":\"kg\",\"stock\":12,\"sold\":0"
#define HONEY                                                                                      \
    "\"sku\":\"B2\",\"title\":\"Mật ong bạc hà\",\"price\":180000,\"currency\":\"VND\","      \
    "\"unit\":\"chai\",\"sold\":0"

static char *write_product(const struct ph_product *product)
{
    json_t *json = ph_message_json_own_product(product);
    char *text = ph_message_json_write(json);

    json_decref(json);
    return text;
}

static void an_empty_state_has_its_words(void **unused)
{
    struct ph_overlay_state *state = ph_overlay_state_create();

    (void)unused;
    check(ph_message_card(state, CHANNEL), HEAD "\"seq\":0,\"card\":null}");
    check(ph_message_shelf(state, CHANNEL), HEAD "\"seq\":0,\"rev\":0,\"shelf\":[]}");
    check(ph_message_overlay(state, CHANNEL),
          HEAD "\"seq\":0,\"rev\":0,\"card\":null,\"shelf\":[]}");
    check(ph_message_shelf_all(state), HEAD "\"seq\":0,\"rev\":0,\"shelf\":[]}");
    ph_overlay_state_unref(&state);
}

static void says_card_and_shelf(void **unused)
{
    struct ph_overlay_state *state = make_shelf();

    (void)unused;
    show(&state, "{\"sku\":\"A1\"}");
    check(ph_message_card(state, CHANNEL),
          HEAD "\"seq\":3,\"card\":{" PLUMS ",\"shown_at\":\"2026-08-04T10:00:00.000Z\"}}");
    check(ph_message_shelf(state, CHANNEL),
          HEAD "\"seq\":2,\"rev\":2,\"shelf\":[{" PLUMS "},{" HONEY "}]}");
    check(ph_message_overlay(state, CHANNEL),
          HEAD "\"seq\":3,\"rev\":2,\"card\":{" PLUMS
               ",\"shown_at\":\"2026-08-04T10:00:00.000Z\"},\"shelf\":[{" PLUMS "},{" HONEY "}]}");
    hide(&state);
    check(ph_message_card(state, CHANNEL), HEAD "\"seq\":4,\"card\":null}");
    check(ph_message_shelf(state, CHANNEL),
          HEAD "\"seq\":2,\"rev\":2,\"shelf\":[{" PLUMS "},{" HONEY "}]}");
    put(&state, "C3", "{\"title\":\"x\",\"price\":1}");
    check(ph_message_card(state, CHANNEL), HEAD "\"seq\":4,\"card\":null}");
    ph_overlay_state_unref(&state);
}

static void says_every_member_in_its_order(void **unused)
{
    struct ph_overlay_state *state = ph_overlay_state_create();

    (void)unused;
    put(&state, "A1",
        "{\"origin\":\"Mộc Châu\",\"badge\":\"Mới\",\"position\":7,\"sold\":3,\"stock\":0,"
        "\"url\":\"https://a.vn/{channel}?id={sku}\","
        "\"image\":\"/api/v1/channels/cho/images/0123456789abcdef0123456789abcdef.jpg\","
        "\"unit\":\"kg\",\"currency\":\"VND\",\"original_price\":60000,\"price\":45000,"
        "\"title\":\"Mận \\\"hậu\\\" \\\\\"}");
    show(&state, "{\"sku\":\"A1\",\"duration_s\":60,\"note\":\"Hôm nay\",\"flash_price\":39000,"
                 "\"ends_at\":\"2026-08-04T17:00:30.5+07:00\"}");
    check(ph_message_card(state, CHANNEL),
          HEAD "\"seq\":2,\"card\":{\"sku\":\"A1\",\"title\":\"Mận \\\"hậu\\\" \\\\\","
               "\"price\":45000,\"original_price\":60000,\"currency\":\"VND\",\"unit\":\"kg\","
               "\"image\":\"/api/v1/channels/cho/images/0123456789abcdef0123456789abcdef.jpg\","
               "\"url\":\"https://a.vn/cho?id=A1\",\"stock\":0,\"sold\":3,\"badge\":\"Mới\","
               "\"origin\":\"Mộc Châu\",\"flash_price\":39000,"
               "\"ends_at\":\"2026-08-04T10:00:30.500Z\",\"note\":\"Hôm nay\","
               "\"shown_at\":\"2026-08-04T10:00:00.000Z\","
               "\"hides_at\":\"2026-08-04T10:01:00.000Z\"}}");
    ph_overlay_state_unref(&state);
}

static void viewers_see_nothing_hidden(void **unused)
{
    struct ph_overlay_state *state = make_shelf();

    (void)unused;
    patch(&state, "A1", "{\"hidden\":true,\"url\":\"https://a.vn/{sku}\"}");
    check(ph_message_shelf(state, CHANNEL), HEAD "\"seq\":3,\"rev\":3,\"shelf\":[{" HONEY "}]}");
    check(ph_message_shelf_all(state), HEAD
          "\"seq\":3,\"rev\":3,\"shelf\":[{\"sku\":\"A1\",\"title\":\"Mận hậu Mộc Châu\","
          "\"price\":45000,\"currency\":\"VND\",\"unit\":\"kg\",\"url\":\"https://a.vn/{sku}\","
          "\"stock\":12,\"sold\":0,\"position\":1,\"hidden\":true},{" HONEY ",\"position\":2}]}");
    check(write_product(state->products[1]), "{" HONEY ",\"position\":2}");
    ph_overlay_state_unref(&state);
}

/* What a seller reads out can be sent back as it is. */
static void what_is_read_out_is_read_in(void **unused)
{
    struct ph_overlay_state *state = make_shelf();
    struct ph_overlay_state *before;
    char *text;

    (void)unused;
    patch(&state, "A1",
          "{\"hidden\":true,\"url\":\"https://a.vn/{sku}\",\"original_price\":50000,"
          "\"sold\":7,\"badge\":\"\\\"Mới\\\"\",\"position\":9}");
    before = ph_overlay_state_ref(state);
    for (size_t i = 0; i < before->count; i++) {
        text = write_product(before->products[i]);
        put(&state, before->products[i]->sku, text);
        free(text);
    }
    assert_int_equal(state->rev, before->rev);
    ph_overlay_state_unref(&before);
    ph_overlay_state_unref(&state);
}

static void says_one_products_count(void **unused)
{
    struct ph_overlay_state *state = make_shelf();

    (void)unused;
    patch(&state, "A1", "{\"stock_delta\":-8}");
    check(ph_message_stock(state, ph_overlay_state_find(state, "A1")),
          HEAD "\"seq\":3,\"sku\":\"A1\",\"stock\":4,\"sold\":8}");
    check(ph_message_stock(state, ph_overlay_state_find(state, "B2")),
          HEAD "\"seq\":3,\"sku\":\"B2\",\"sold\":0}");
    ph_overlay_state_unref(&state);
}

/* As a database that somebody else has written to may hold it. */
static void half_an_address_is_none(void **unused)
{
    struct ph_overlay_state *state = make_shelf();
    char url[600];
    struct ph_change change = {.kind = PH_CHANGE_PUT_PRODUCT, .if_rev = -1, .sku = "A1"};
    struct ph_faults faults = {0};
    char *text;

    (void)unused;
    memset(url, 'x', sizeof(url));
    memcpy(url, "https://", 8);
    url[sizeof(url) - 1] = '\0';
    change.product = ph_product_create(&(struct ph_product){
        .sku = "A1", .title = "x", .url = url, .currency = "VND", .original_price = -1});
    assert_int_equal(apply(&state, &change, &faults), PH_OK);
    text = ph_message_shelf(state, CHANNEL);
    assert_null(strstr(text, "url"));
    free(text);
    ph_overlay_state_unref(&state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_state_has_its_words),
        cmocka_unit_test(says_card_and_shelf),
        cmocka_unit_test(says_every_member_in_its_order),
        cmocka_unit_test(viewers_see_nothing_hidden),
        cmocka_unit_test(what_is_read_out_is_read_in),
        cmocka_unit_test(says_one_products_count),
        cmocka_unit_test(half_an_address_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
