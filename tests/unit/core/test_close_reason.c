/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include <phien/core/close_reason.h>

#include "death.h"

#include <string.h>

static enum ph_close_reason reason_of(int i)
{
    return (enum ph_close_reason)i;
}

/* Names are in logs and metrics, where a label of two meanings would be counted as one. */
static void names_are_words_and_differ(void **state)
{
    (void)state;
    for (int i = PH_CLOSE_NONE; i < PH_CLOSE_COUNT; i++) {
        const char *name = ph_close_reason_name(reason_of(i));
        assert_true(strlen(name) > 2);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
        for (int j = PH_CLOSE_NONE; j < i; j++) {
            assert_string_not_equal(name, ph_close_reason_name(reason_of(j)));
        }
    }
}

static void texts_are_sentences_and_differ(void **state)
{
    (void)state;
    for (int i = PH_CLOSE_NONE; i < PH_CLOSE_COUNT; i++) {
        const char *text = ph_close_reason_text(reason_of(i));
        assert_non_null(strchr(text, ' '));
        for (int j = PH_CLOSE_NONE; j < i; j++) {
            assert_string_not_equal(text, ph_close_reason_text(reason_of(j)));
        }
    }
}

static void rows_are_the_tables(void **state)
{
    (void)state;
    assert_int_equal(PH_CLOSE_NONE, 0);
    assert_string_equal(ph_close_reason_name(PH_CLOSE_NONE), "none");
    assert_string_equal(ph_close_reason_name(PH_CLOSE_TAKEOVER), "takeover");
    assert_string_equal(ph_close_reason_text(PH_CLOSE_NETWORK), "the connection broke");
    assert_string_equal(ph_close_reason_name(PH_CLOSE_SLOW_READER), "slow_reader");
}

/* What a healthy server sees every day is no error; what an operator should look at is one. */
static void ordinary_ends_are_no_errors(void **state)
{
    (void)state;
    static const enum ph_close_reason ordinary[] = {
        PH_CLOSE_NONE,     PH_CLOSE_UNPUBLISH, PH_CLOSE_PEER_CLOSED,
        PH_CLOSE_TAKEOVER, PH_CLOSE_SHUTDOWN,
    };

    for (size_t i = 0; i < sizeof(ordinary) / sizeof(ordinary[0]); i++) {
        assert_false(ph_close_reason_is_error(ordinary[i]));
    }
    assert_true(ph_close_reason_is_error(PH_CLOSE_NETWORK));
    assert_true(ph_close_reason_is_error(PH_CLOSE_BAD_KEY));
    assert_true(ph_close_reason_is_error(PH_CLOSE_SLOW_READER));
}

static void ask_for_name(int arg)
{
    (void)ph_close_reason_name(reason_of(arg));
}

static void reasons_outside_the_table_are_a_bug(void **state)
{
    (void)state;
    char said[512];

    assert_true(dies(ask_for_name, PH_CLOSE_COUNT, said, sizeof(said)));
    assert_true(dies(ask_for_name, -1, said, sizeof(said)));
    assert_false(dies(ask_for_name, PH_CLOSE_COUNT - 1, said, sizeof(said)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_words_and_differ),
        cmocka_unit_test(texts_are_sentences_and_differ),
        cmocka_unit_test(rows_are_the_tables),
        cmocka_unit_test(ordinary_ends_are_no_errors),
        cmocka_unit_test(reasons_outside_the_table_are_a_bug),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
