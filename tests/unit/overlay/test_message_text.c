/* SPDX-License-Identifier: Apache-2.0 */
#include "model_fixture.h"

#include "overlay/message.h"
#include "overlay/message_text.h"

#include <stdlib.h>

static void check_price(int64_t amount, const char *currency, const char *expected)
{
    char out[48];

    ph_message_format_price(amount, currency, out, sizeof(out));
    assert_string_equal(out, expected);
}

static void prices_are_written_as_people_do(void **unused)
{
    (void)unused;
    check_price(45000, "VND", "45.000 ₫");
    check_price(0, "VND", "0 ₫");
    check_price(999, "VND", "999 ₫");
    check_price(1000, "VND", "1.000 ₫");
    check_price(1250000, "VND", "1.250.000 ₫");
    check_price(PH_PRICE_MAX, "VND", "1.000.000.000.000 ₫");
    check_price(1250, "EUR", "12,50 €");
    check_price(5, "EUR", "0,05 €");
    check_price(123456789, "EUR", "1.234.567,89 €");
    check_price(320, "USD", "USD 3.20");
    check_price(123456, "USD", "USD 1,234.56");
    check_price(1200, "JPY", "JPY 1,200");
    check_price(1250, "BHD", "BHD 1.250");
    check_price(1000000, "LAK", "10.000,00 ₭");
    check_price(PH_PRICE_MAX, "XYZ", "XYZ 10,000,000,000.00");
}

/* Room for more than a price can need, and no byte behind it is touched when it is not there. */
static void a_price_is_cut_where_the_room_ends(void **unused)
{
    char out[8];

    (void)unused;
    memset(out, '#', sizeof(out));
    ph_message_format_price(45000, "VND", out, 5);
    assert_string_equal(out, "45.0");
    assert_int_equal(out[5], '#');
}

static void assert_caption(const struct ph_overlay_state *state, const char *expected)
{
    char *caption = ph_message_caption(state);

    assert_non_null(caption);
    assert_string_equal(caption, expected);
    free(caption);
}

static void a_caption_says_what_a_card_does(void **unused)
{
    struct ph_overlay_state *state = make_shelf();

    (void)unused;
    assert_null(ph_message_caption(state));
    show(&state, "{\"sku\":\"A1\"}");
    assert_caption(state, "Mận hậu Mộc Châu\n45.000 ₫/kg · còn 12");
    patch(&state, "A1", "{\"stock\":0}");
    assert_caption(state, "Mận hậu Mộc Châu\n45.000 ₫/kg · hết hàng");
    patch(&state, "A1", "{\"stock\":null,\"unit\":null}");
    assert_caption(state, "Mận hậu Mộc Châu\n45.000 ₫");
    show(&state, "{\"sku\":\"A1\",\"flash_price\":39000}");
    assert_caption(state, "Mận hậu Mộc Châu\nGiá chớp nhoáng 39.000 ₫ (45.000 ₫)");
    patch(&state, "A1", "{\"unit\":\"kg\",\"stock\":3}");
    assert_caption(state, "Mận hậu Mộc Châu\nGiá chớp nhoáng 39.000 ₫/kg (45.000 ₫) · còn 3");
    show(&state, "{\"sku\":\"A1\",\"note\":\"Chỉ hôm nay\"}");
    assert_caption(state, "Mận hậu Mộc Châu\n45.000 ₫/kg · còn 3\nChỉ hôm nay");
    hide(&state);
    assert_null(ph_message_caption(state));
    ph_overlay_state_unref(&state);
}

static void captions_have_three_lines_at_most(void **unused)
{
    struct ph_overlay_state *state = make_shelf();
    char *caption;
    size_t lines = 1;

    (void)unused;
    show(&state, "{\"sku\":\"A1\",\"note\":\"x\",\"flash_price\":1,\"duration_s\":60}");
    caption = ph_message_caption(state);
    for (const char *c = caption; *c != '\0'; c++) {
        lines += *c == '\n';
    }
    assert_int_equal(lines, 3);
    free(caption);
    ph_overlay_state_unref(&state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prices_are_written_as_people_do),
        cmocka_unit_test(a_price_is_cut_where_the_room_ends),
        cmocka_unit_test(a_caption_says_what_a_card_does),
        cmocka_unit_test(captions_have_three_lines_at_most),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
