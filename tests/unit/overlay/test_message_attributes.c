/* SPDX-License-Identifier: Apache-2.0 */
#include "model_fixture.h"

#include "overlay/message_text.h"

#include <stdlib.h>

static void assert_attributes(const struct ph_overlay_state *state, const char *expected)
{
    char *attributes = ph_message_attributes(state, CHANNEL);

    assert_non_null(attributes);
    assert_string_equal(attributes, expected);
    free(attributes);
}

static void says_what_the_card_says(void **unused)
{
    struct ph_overlay_state *state = make_shelf();

    (void)unused;
    assert_null(ph_message_attributes(state, CHANNEL));
    show(&state, "{\"sku\":\"B2\"}");
    assert_attributes(state, ",X-SKU=\"B2\",X-TITLE=\"Mật ong bạc hà\",X-PRICE=180000,"
                             "X-CURRENCY=\"VND\",X-UNIT=\"chai\"");
    patch(&state, "B2",
          "{\"url\":\"https://a.vn/{channel}/{sku}\",\"image\":\"https://a.vn/1.jpg\","
          "\"original_price\":200000,\"unit\":null,\"badge\":\"Mới\"}");
    show(&state, "{\"sku\":\"B2\",\"flash_price\":150000,\"note\":\"rẻ\","
                 "\"ends_at\":\"2026-08-04T17:00:30+07:00\"}");
    assert_attributes(state, ",X-SKU=\"B2\",X-TITLE=\"Mật ong bạc hà\",X-PRICE=180000,"
                             "X-ORIGINAL-PRICE=200000,X-FLASH-PRICE=150000,X-CURRENCY=\"VND\","
                             "X-ENDS-AT=\"2026-08-04T10:00:30.000Z\","
                             "X-URL=\"https://a.vn/cho/B2\",X-IMAGE=\"https://a.vn/1.jpg\"");
    hide(&state);
    assert_null(ph_message_attributes(state, CHANNEL));
    ph_overlay_state_unref(&state);
}

/* Each sale would end the range and begin another. */
static void counting_changes_nothing(void **unused)
{
    struct ph_overlay_state *state = make_shelf();
    char *before;

    (void)unused;
    show(&state, "{\"sku\":\"A1\"}");
    before = ph_message_attributes(state, CHANNEL);
    patch(&state, "A1", "{\"stock_delta\":-12}");
    show(&state, "{\"sku\":\"A1\",\"note\":\"hết rồi\"}");
    assert_attributes(state, before);
    free(before);
    ph_overlay_state_unref(&state);
}

/* RFC 8216bis, section 4.2: a quoted string holds no quote, CR or LF. */
static void quotes_become_typographic(void **unused)
{
    struct ph_overlay_state *state = make_shelf();
    struct ph_change change = {.kind = PH_CHANGE_PUT_PRODUCT, .if_rev = -1, .sku = "A1"};
    struct ph_faults faults = {0};

    (void)unused;
    put(&state, "A1", "{\"title\":\"TV 32\\\" \\\\ a,b=c\",\"price\":1}");
    show(&state, "{\"sku\":\"A1\"}");
    assert_attributes(state,
                      ",X-SKU=\"A1\",X-TITLE=\"TV 32” \\ a,b=c\",X-PRICE=1,X-CURRENCY=\"VND\"");
    change.product = ph_product_create(&(struct ph_product){
        .sku = "A1", .title = "a\r\nb\x7f", .currency = "VND", .original_price = -1});
    assert_int_equal(apply(&state, &change, &faults), PH_OK);
    assert_attributes(state, ",X-SKU=\"A1\",X-TITLE=\"a  b \",X-PRICE=0,X-CURRENCY=\"VND\"");
    ph_overlay_state_unref(&state);
}

/* `count` times `character`. */
static const char *repeat(char *out, size_t size, const char *character, size_t count)
{
    size_t used = 0;

    for (size_t i = 0; i < count; i++) {
        used += (size_t)snprintf(out + used, size - used, "%s", character);
    }
    return out;
}

static void put_long(struct ph_overlay_state **state, size_t title, size_t url, size_t image)
{
    char json[4608];
    char text[4][1024];

    snprintf(json, sizeof(json),
             "{\"title\":\"%s\",\"price\":1000000000000,\"original_price\":1000000000000,"
             "\"unit\":\"%s\",\"url\":\"https://a.vn/%s\",\"image\":\"https://a.vn/%s\"}",
             repeat(text[0], sizeof(text[0]), "🛒", title),
             repeat(text[3], sizeof(text[3]), "🛒", PH_UNIT_CHARS_MAX),
             repeat(text[1], sizeof(text[1]), "u", url - 13),
             repeat(text[2], sizeof(text[2]), "i", image - 13));
    put(state, "A123456789012345678901234567890123456789012345678901234567890123", json);
}

static void the_longest_goes_without_picture_and_address(void **unused)
{
    static const struct {
        size_t title;
        size_t url;
        size_t image;
        bool has_url;
        bool has_image;
    } rows[] = {
        {10, 100, 100, true, true},   {120, 100, 100, true, true},   {120, 100, 512, true, false},
        {120, 380, 380, true, false}, {120, 512, 512, false, false}, {120, 512, 13, false, false},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ph_overlay_state *state = ph_overlay_state_create();
        char *text;
        put_long(&state, rows[i].title, rows[i].url, rows[i].image);
        show(&state,
             "{\"sku\":\"A123456789012345678901234567890123456789012345678901234567890123\","
             "\"flash_price\":999999999999,\"ends_at\":\"2026-08-04T10:00:30Z\"}");
        text = ph_message_attributes(state, CHANNEL);
        if (strlen(text) > PH_MESSAGE_ATTRIBUTES_BYTES_MAX ||
            (strstr(text, "X-URL=") != NULL) != rows[i].has_url ||
            (strstr(text, "X-IMAGE=") != NULL) != rows[i].has_image) {
            fail_msg("row %zu: %zu bytes: %s", i, strlen(text), text);
        }
        assert_non_null(strstr(text, "X-TITLE="));
        assert_non_null(strstr(text, "X-ENDS-AT="));
        free(text);
        ph_overlay_state_unref(&state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_the_card_says),
        cmocka_unit_test(counting_changes_nothing),
        cmocka_unit_test(quotes_become_typographic),
        cmocka_unit_test(the_longest_goes_without_picture_and_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
