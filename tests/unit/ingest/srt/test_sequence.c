/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/srt/sequence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LAST INT32_MAX

static void the_first_number_may_be_any(void **state)
{
    static const int32_t firsts[] = {0, 1, 560488852, LAST};

    (void)state;
    for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
        struct ph_srt_sequence sequence = {0};
        assert_int_equal(ph_srt_sequence_feed(&sequence, firsts[i]), 0);
    }
}

static void what_is_missing_is_counted(void **state)
{
    struct ph_srt_sequence sequence = {0};

    (void)state;
    assert_int_equal(ph_srt_sequence_feed(&sequence, 100), 0);
    assert_int_equal(ph_srt_sequence_feed(&sequence, 101), 0);
    assert_int_equal(ph_srt_sequence_feed(&sequence, 103), 1);
    assert_int_equal(ph_srt_sequence_feed(&sequence, 104), 0);
    assert_int_equal(ph_srt_sequence_feed(&sequence, 493), 388);
    assert_int_equal(ph_srt_sequence_feed(&sequence, 494), 0);
}

static void numbers_wrap_after_31_bits(void **state)
{
    struct ph_srt_sequence sequence = {0};

    (void)state;
    assert_int_equal(ph_srt_sequence_feed(&sequence, LAST - 1), 0);
    assert_int_equal(ph_srt_sequence_feed(&sequence, LAST), 0);
    assert_int_equal(ph_srt_sequence_feed(&sequence, 0), 0);
    assert_int_equal(ph_srt_sequence_feed(&sequence, 1), 0);

    sequence = (struct ph_srt_sequence){0};
    assert_int_equal(ph_srt_sequence_feed(&sequence, LAST - 2), 0);
    assert_int_equal(ph_srt_sequence_feed(&sequence, 3), 5);
    assert_int_equal(ph_srt_sequence_feed(&sequence, 4), 0);
}

static void what_comes_again_is_no_hole(void **state)
{
    struct ph_srt_sequence sequence = {0};

    (void)state;
    assert_int_equal(ph_srt_sequence_feed(&sequence, 5), 0);
    assert_int_equal(ph_srt_sequence_feed(&sequence, 6), 0);
    assert_int_equal(ph_srt_sequence_feed(&sequence, 5), 0);
    assert_int_equal(ph_srt_sequence_feed(&sequence, 7), 0);
    assert_int_equal(ph_srt_sequence_feed(&sequence, 9), 1);
}

static void no_number_is_too_strange(void **state)
{
    struct ph_srt_sequence sequence = {0};

    (void)state;
    assert_int_equal(ph_srt_sequence_feed(&sequence, -1), 0); /* is taken for the last */
    assert_int_equal(ph_srt_sequence_feed(&sequence, 0), 0);
    assert_int_equal(ph_srt_sequence_feed(&sequence, INT32_MIN), 0);
    assert_int_equal(ph_srt_sequence_feed(&sequence, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_number_may_be_any),
        cmocka_unit_test(what_is_missing_is_counted),
        cmocka_unit_test(numbers_wrap_after_31_bits),
        cmocka_unit_test(what_comes_again_is_no_hole),
        cmocka_unit_test(no_number_is_too_strange),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
