/* SPDX-License-Identifier: Apache-2.0 */
#include "model_fixture.h"

#include "overlay/line.h"
#include "overlay/link.h"

static void check_url(const char *url, bool expected)
{
    if (ph_link_is_valid(url) != expected) {
        fail_msg("%s is %s", url, expected ? "refused" : "accepted");
    }
}

static void knows_where_buying_may_go(void **state)
{
    (void)state;
    check_url("https://shop.vn/mua?id={sku}&tu={channel}#gio", true);
    check_url("http://shop.vn", true);
    check_url("HTTPS://shop.vn:8443/a|b^c", true);
    check_url("https://shop.vn/mận-hậu", true);
    check_url("https://{channel}.shop.vn/", true);
    check_url("https://192.0.2.1/x@y", true);
    check_url("", false);
    check_url("shop.vn", false);
    check_url("//shop.vn", false);
    check_url("/mua", false);
    check_url("https://", false);
    check_url("https:///mua", false);
    check_url("https://?x", false);
    check_url("https://:80/", false);
    check_url("https://bank.vn@evil.vn/", false);
    check_url("javascript:alert(1)", false);
    check_url("data:text/html,x", false);
    check_url("zalo://chat", false);
    check_url("https://shop.vn/a b", false);
    check_url("https://shop.vn/\"x\"", false);
    check_url("https://shop.vn/<x>", false);
    check_url("https://shop.vn/a\\b", false);
    check_url("https://shop.vn/{gia}", false);
    check_url("https://shop.vn/{sku", false);
    check_url("https://shop.vn/a\nb", false);
    check_url("https://shop.vn/\x7f", false);
    check_url("https://shop.vn/\xc3", false);
}

static void fills_placeholders_in(void **state)
{
    char out[64];

    (void)state;
    assert_int_equal(ph_link_fill(out, sizeof(out), "https://a/{channel}/{sku}/{sku}", "A1", "cho"),
                     19);
    assert_string_equal(out, "https://a/cho/A1/A1");
    assert_int_equal(ph_link_fill(out, sizeof(out), "{skux}{sk}", "A1", "cho"), 10);
    assert_string_equal(out, "{skux}{sk}");
    assert_int_equal(ph_link_fill(out, sizeof(out), "", "A1", "cho"), 0);
    assert_string_equal(out, "");
}

static void tells_how_long_it_would_be(void **state)
{
    char out[8];

    (void)state;
    assert_int_equal(ph_link_fill(NULL, 0, "ab{sku}", "12345", "cho"), 7);
    assert_int_equal(ph_link_fill(out, sizeof(out), "ab{sku}", "12345", "cho"), 7);
    assert_string_equal(out, "ab12345");
    assert_int_equal(ph_link_fill(out, sizeof(out), "abc{sku}", "12345", "cho"), 8);
    assert_int_equal(out[7], '\0');
}

static void check_image(const char *image, bool expected)
{
    if (ph_link_is_image(image, CHANNEL) != expected) {
        fail_msg("%s is %s", image, expected ? "refused" : "accepted");
    }
}

static void knows_where_pictures_may_be(void **state)
{
    (void)state;
    check_image("https://cdn.vn/man.jpg", true);
    check_image("/api/v1/channels/cho/images/0123456789abcdef0123456789abcdef.jpg", true);
    check_image("/api/v1/channels/cho/images/0123456789abcdef0123456789abcdef.png", true);
    check_image("/api/v1/channels/cho/images/0123456789abcdef0123456789abcdef.webp", true);
    check_image("http://cdn.vn/man.jpg", false);
    check_image("https://cdn.vn/{sku}.jpg", false);
    check_image("//cdn.vn/man.jpg", false);
    check_image("/man.jpg", false);
    check_image("/api/v1/channels/khac/images/0123456789abcdef0123456789abcdef.jpg", false);
    check_image("/api/v1/channels/cho2/images/0123456789abcdef0123456789abcdef.jpg", false);
    check_image("/api/v1/channels/cho/images/0123456789ABCDEF0123456789abcdef.jpg", false);
    check_image("/api/v1/channels/cho/images/0123456789abcdef.jpg", false);
    check_image("/api/v1/channels/cho/images/0123456789abcdef0123456789abcdef0.jpg", false);
    check_image("/api/v1/channels/cho/images/0123456789abcdef0123456789abcdef.svg", false);
    check_image("/api/v1/channels/cho/images/0123456789abcdef0123456789abcdef.jpg?x", false);
    check_image("/api/v1/channels/cho/images/../0123456789abcdef0123456789abcdef.jpg", false);
}

static void check_line(const char *text, int expected)
{
    size_t chars;
    bool is_valid = ph_line_is_valid(text, &chars);

    if (is_valid != (expected >= 0) || (is_valid && chars != (size_t)expected)) {
        fail_msg("\"%s\": %d, %zu characters instead of %d", text, is_valid, chars, expected);
    }
}

static void counts_the_characters_of_a_line(void **state)
{
    (void)state;
    check_line("", 0);
    check_line("Mận hậu", 7);
    check_line("Ma\u0323\u0302n", 5); /* decomposed: a base letter and two marks */
    check_line("🛒🇻🇳", 3);
    check_line("a\u00a0b", 3);
    check_line("a\nb", -1);
    check_line("a\tb", -1);
    check_line("a\x7f", -1);
    check_line("a\xc2\x85", -1);
    check_line("a\xc2\x9f", -1);
    check_line("a\u2028", -1);
    check_line("a\u2029", -1);
    check_line("a\u2027", 2);
    check_line("a\xff", -1);
    check_line("a\xe1\xba", -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_where_buying_may_go),
        cmocka_unit_test(fills_placeholders_in),
        cmocka_unit_test(tells_how_long_it_would_be),
        cmocka_unit_test(knows_where_pictures_may_be),
        cmocka_unit_test(counts_the_characters_of_a_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
