/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/media/unwrap.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define TWO_31 (INT64_C(1) << 31)
#define TWO_32 (INT64_C(1) << 32)
#define TWO_33 (INT64_C(1) << 33)

static void the_first_value_stands_as_it_is(void **state)
{
    struct ph_unwrap unwrap;

    (void)state;
    ph_unwrap_init(&unwrap, 32);
    assert_int_equal(ph_unwrap_next(&unwrap, 0xfffffff0), 0xfffffff0);
    ph_unwrap_init(&unwrap, 33);
    assert_int_equal(ph_unwrap_next(&unwrap, (uint64_t)(TWO_33 - 1)), TWO_33 - 1);
    ph_unwrap_init(&unwrap, 32);
    assert_int_equal(ph_unwrap_next(&unwrap, UINT64_MAX), TWO_32 - 1); /* only its 32 bits count */
}

/* Counts through `laps` wraps of a counter of `wire_bits` and back again. */
static void count_through(unsigned bits, unsigned wire_bits, int laps)
{
    struct ph_unwrap unwrap;
    int64_t period = INT64_C(1) << wire_bits;
    int64_t step = period / 64;
    uint64_t mask = (uint64_t)period - 1;

    ph_unwrap_init(&unwrap, bits);
    for (int64_t t = 0; t < laps * period; t += step) {
        assert_int_equal(ph_unwrap_next(&unwrap, (uint64_t)t & mask), t);
    }
    for (int64_t t = laps * period - step; t >= 0; t -= step) {
        assert_int_equal(ph_unwrap_next(&unwrap, (uint64_t)t & mask), t);
    }
}

static void every_width_of_counter_is_followed(void **state)
{
    (void)state;
    count_through(32, 32, 5);
    count_through(32, 31, 5); /* encoders with a signed counter */
    count_through(33, 33, 5);
}

static void small_steps_back_stay_small_over_a_wrap(void **state)
{
    struct ph_unwrap unwrap;

    (void)state;
    ph_unwrap_init(&unwrap, 32);
    assert_int_equal(ph_unwrap_next(&unwrap, 0xffffffff), TWO_32 - 1);
    assert_int_equal(ph_unwrap_next(&unwrap, 20), TWO_32 + 20);
    assert_int_equal(ph_unwrap_next(&unwrap, 0xfffffffa), TWO_32 - 6);
    assert_int_equal(ph_unwrap_next(&unwrap, 0), TWO_32);
}

static void below_zero_is_not_a_wrap(void **state)
{
    struct ph_unwrap unwrap;

    (void)state;
    ph_unwrap_init(&unwrap, 33);
    assert_int_equal(ph_unwrap_next(&unwrap, 5), 5);
    assert_int_equal(ph_unwrap_next(&unwrap, (uint64_t)(TWO_33 - 5)), -5);
    assert_int_equal(ph_unwrap_next(&unwrap, 10), 10);
}

static void the_31_bit_wrap_of_a_24_day_session(void **state)
{
    struct ph_unwrap unwrap;

    (void)state;
    ph_unwrap_init(&unwrap, 32);
    assert_int_equal(ph_unwrap_next(&unwrap, 0x7fffffff - 10), TWO_31 - 11);
    assert_int_equal(ph_unwrap_next(&unwrap, 23), TWO_31 + 23);
    assert_int_equal(ph_unwrap_next(&unwrap, 56), TWO_31 + 56);
    /* An hour's jump afterwards is still an hour's. */
    assert_int_equal(ph_unwrap_next(&unwrap, 56 + 3600000), TWO_31 + 56 + 3600000);
}

static void no_sequence_overflows(void **state)
{
    struct ph_unwrap unwrap;

    (void)state;
    ph_unwrap_init(&unwrap, 33);
    (void)ph_unwrap_next(&unwrap, 0);
    unwrap.last = INT64_MAX - 5;
    int64_t next = ph_unwrap_next(&unwrap, ((uint64_t)INT64_MAX + 100) & (TWO_33 - 1));
    assert_true(next >= 0 && next < TWO_33);
    ph_unwrap_init(&unwrap, 32);
    (void)ph_unwrap_next(&unwrap, 0);
    for (uint64_t i = 1; i < 100000; i++) {
        (void)ph_unwrap_next(&unwrap, i * 0x3fffffff);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_value_stands_as_it_is),
        cmocka_unit_test(every_width_of_counter_is_followed),
        cmocka_unit_test(small_steps_back_stay_small_over_a_wrap),
        cmocka_unit_test(below_zero_is_not_a_wrap),
        cmocka_unit_test(the_31_bit_wrap_of_a_24_day_session),
        cmocka_unit_test(no_sequence_overflows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
