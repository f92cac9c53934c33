/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/core/text.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

static void knows_the_length_of_a_character(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } rows[] = {
        {"", 0},
        {"a", 1},
        {"\x7f", 1},
        {"\u00f4", 2},
        {"\u1ee3", 3},
        {"\U0001f6d2", 4},
        {"\x80", 0},             /* goes on from nothing */
        {"\xc3", 0},             /* cut */
        {"\xe1\xbb", 0},         /* cut */
        {"\xf0\x9f\x9b", 0},     /* cut */
        {"\xc3z", 0},            /* another character in its middle */
        {"\xc0\xaf", 0},         /* overlong */
        {"\xe0\x9f\xbf", 0},     /* overlong */
        {"\xf0\x8f\xbf\xbf", 0}, /* overlong */
        {"\xed\xa0\x80", 0},     /* a surrogate */
        {"\xf4\x90\x80\x80", 0}, /* above U+10FFFF */
        {"\xff", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t len = ph_text_utf8_length(rows[i].text);
        if (len != rows[i].len) {
            fail_msg("row %zu: %zu instead of %zu", i, len, rows[i].len);
        }
    }
}

static void check_copy(const char *text, size_t size, const char *expected)
{
    char out[64];

    memset(out, '#', sizeof(out));
    ph_text_copy(out, size, text);
    assert_string_equal(out, expected);
    for (size_t i = size; i < sizeof(out); i++) {
        assert_int_equal(out[i], '#');
    }
}

static void copies_whole_characters(void **state)
{
    (void)state;
    check_copy("ch\u1ee3", 6, "ch\u1ee3");
    check_copy("ch\u1ee3", 5, "ch");
    check_copy("ch\u1ee3", 3, "ch");
    check_copy("ch\u1ee3", 1, "");
    check_copy("", 1, "");
}

static void replaces_what_is_not_utf8(void **state)
{
    (void)state;
    check_copy("a\xff\xc3z", 64, "a??z");
    check_copy("\xe1\xbb", 64, "??");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_length_of_a_character),
        cmocka_unit_test(copies_whole_characters),
        cmocka_unit_test(replaces_what_is_not_utf8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
