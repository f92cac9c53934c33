/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include <phien/core/secret.h>

#include <stdlib.h>
#include <string.h>

static bool equals(const char *secret, const char *said)
{
    return ph_secret_equal(secret, said, strlen(said));
}

static void equal_secrets_are_equal(void **state)
{
    (void)state;
    assert_true(equals("k", "k"));
    assert_true(equals("s3cret-key", "s3cret-key"));
    /* What was said has no NUL at its end, and may lie amid other bytes. */
    assert_true(ph_secret_equal("s3cret", "s3cret-key&x=y", 6));
    assert_true(equals("\xc3\xa9\xff", "\xc3\xa9\xff"));
}

static void different_secrets_differ(void **state)
{
    (void)state;
    static const char *const others[] = {"",           "s",          "s3cret-ke",  "s3cret-key ",
                                         "S3cret-key", "s3cret-kez", "t3cret-key", "yek-terc3s"};

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_false(equals("s3cret-key", others[i]));
    }
    /* Repetitions of the secret, which the comparison wraps around, and prefixes of it. */
    assert_false(equals("abab", "ab"));
    assert_false(equals("ab", "abab"));
    assert_false(equals("a", "aaaaaaaa"));
    assert_false(ph_secret_equal("ab", "ab\0", 3));
    assert_false(ph_secret_equal("ab", "ab\0ab", 5));
}

static void every_byte_counts(void **state)
{
    (void)state;
    char secret[] = "0123456789abcdef";

    for (size_t i = 0; i < 16; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            char said[sizeof(secret)];
            memcpy(said, secret, sizeof(said));
            said[i] = (char)(said[i] ^ (1u << bit));
            assert_false(ph_secret_equal(secret, said, 16));
        }
    }
}

static void empty_secret_equals_nothing(void **state)
{
    (void)state;
    assert_false(equals("", ""));
    assert_false(equals("", "a"));
    assert_false(ph_secret_equal("", NULL, 0));
    assert_false(ph_secret_equal("a", NULL, 0));
}

/* What was said is read as far as it goes and no further, whatever the secret's length. */
static void said_is_not_read_past_its_end(void **state)
{
    (void)state;
    char *said = malloc(3);

    assert_non_null(said);
    memcpy(said, "abc", 3);
    assert_false(ph_secret_equal("abcdefghijklmnop", said, 3));
    assert_true(ph_secret_equal("abc", said, 3));
    free(said);
}

static void random_hex_has_its_length_and_digits(void **state)
{
    (void)state;
    static const size_t lens[] = {0, 1, 16, 63, 64, 65, 200};

    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        char *out = malloc(lens[i] + 1);
        assert_non_null(out);
        ph_secret_random_hex(out, lens[i]);
        assert_int_equal(strlen(out), lens[i]);
        assert_int_equal(strspn(out, "0123456789abcdef"), lens[i]);
        free(out);
    }
}

static void random_hex_differs_and_uses_all_digits(void **state)
{
    (void)state;
    char a[513];
    char b[513];

    ph_secret_random_hex(a, 512);
    ph_secret_random_hex(b, 512);
    assert_string_not_equal(a, b);
    /* That one of 16 digits is missing among 512 has a chance of 1 to 10^13. */
    for (const char *digit = "0123456789abcdef"; *digit != '\0'; digit++) {
        assert_non_null(strchr(a, *digit));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_secrets_are_equal),
        cmocka_unit_test(different_secrets_differ),
        cmocka_unit_test(every_byte_counts),
        cmocka_unit_test(empty_secret_equals_nothing),
        cmocka_unit_test(said_is_not_read_past_its_end),
        cmocka_unit_test(random_hex_has_its_length_and_digits),
        cmocka_unit_test(random_hex_differs_and_uses_all_digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
