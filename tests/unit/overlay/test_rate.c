/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "overlay/rate.h"

#define MS PH_USEC_PER_MS
#define START (INT64_C(12345) * PH_USEC_PER_S)

/* How many are given at `now`. */
static unsigned drain(struct ph_rate *rate, ph_usec now)
{
    unsigned count = 0;

    while (count < 1000000 && ph_rate_take(rate, now)) {
        count++;
    }
    return count;
}

static void a_burst_is_twice_the_rate(void **state)
{
    struct ph_rate rate;

    (void)state;
    ph_rate_init(&rate, 10, START);
    assert_int_equal(drain(&rate, START), 20);
    assert_int_equal(drain(&rate, START + 99 * MS), 0);
    assert_int_equal(drain(&rate, START + 100 * MS), 1);
    assert_int_equal(drain(&rate, START + 600 * MS), 5);
    assert_int_equal(drain(&rate, START + 3600 * PH_USEC_PER_S), 20);
}

static void over_time_it_is_the_rate(void **state)
{
    struct ph_rate rate;
    unsigned count = 0;

    (void)state;
    ph_rate_init(&rate, 7, START);
    count += drain(&rate, START);
    for (ph_usec now = START; now <= START + 60 * PH_USEC_PER_S; now += 13 * MS) {
        count += drain(&rate, now);
    }
    assert_in_range(count, 14 + 60 * 7 - 1, 14 + 60 * 7);
}

static void one_a_second_waits_a_second(void **state)
{
    struct ph_rate rate;

    (void)state;
    ph_rate_init(&rate, 1, START);
    assert_int_equal(drain(&rate, START), 2);
    assert_false(ph_rate_take(&rate, START + 999 * MS));
    assert_true(ph_rate_take(&rate, START + 1000 * MS));
    assert_false(ph_rate_take(&rate, START + 1001 * MS));
}

static void the_largest_rate_does_not_overflow(void **state)
{
    struct ph_rate rate;

    (void)state;
    ph_rate_init(&rate, 100000, START);
    assert_int_equal(drain(&rate, START), 200000);
    assert_int_equal(drain(&rate, START + (INT64_C(1) << 60)), 200000);
}

static void nought_is_no_limit(void **state)
{
    struct ph_rate rate;

    (void)state;
    ph_rate_init(&rate, 0, START);
    assert_int_equal(drain(&rate, START), 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_is_twice_the_rate),
        cmocka_unit_test(over_time_it_is_the_rate),
        cmocka_unit_test(one_a_second_waits_a_second),
        cmocka_unit_test(the_largest_rate_does_not_overflow),
        cmocka_unit_test(nought_is_no_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
