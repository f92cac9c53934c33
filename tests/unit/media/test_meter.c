/* SPDX-License-Identifier: Apache-2.0 */
#include <media/meter.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void nothing_is_known_before_a_second_is_over(void **state)
{
    struct ph_meter meter = {0};

    (void)state;
    assert_true(ph_meter_rate(&meter) == 0);
    ph_meter_add(&meter, 100 * PH_USEC_PER_S, 5);
    ph_meter_add(&meter, 100 * PH_USEC_PER_S + 999999, 5);
    assert_true(ph_meter_rate(&meter) == 0);
    ph_meter_add(&meter, 101 * PH_USEC_PER_S, 1000);
    assert_true(ph_meter_rate(&meter) == 10);
}

static void the_last_five_whole_seconds_count(void **state)
{
    struct ph_meter meter = {0};

    (void)state;
    for (ph_usec s = 0; s < 20; s++) {
        ph_meter_add(&meter, s * PH_USEC_PER_S, s);
    }
    assert_true(ph_meter_rate(&meter) == (14 + 15 + 16 + 17 + 18) / 5.0);
}

static void silence_counts_as_nothing(void **state)
{
    struct ph_meter meter = {0};

    (void)state;
    for (ph_usec s = 0; s < 10; s++) {
        ph_meter_add(&meter, s * PH_USEC_PER_S, 10);
    }
    ph_meter_add(&meter, 12 * PH_USEC_PER_S, 10);
    assert_true(ph_meter_rate(&meter) == 30 / 5.0); /* of seconds 7 to 11 */
    ph_meter_add(&meter, 1000 * PH_USEC_PER_S, 10);
    assert_true(ph_meter_rate(&meter) == 0);
    ph_meter_add(&meter, 1001 * PH_USEC_PER_S, 10);
    assert_true(ph_meter_rate(&meter) == 2);
}

static void an_earlier_second_counts_to_the_newest(void **state)
{
    struct ph_meter meter = {0};

    (void)state;
    ph_meter_add(&meter, 10 * PH_USEC_PER_S, 1);
    ph_meter_add(&meter, 3 * PH_USEC_PER_S, 1);
    ph_meter_add(&meter, 11 * PH_USEC_PER_S, 1);
    assert_true(ph_meter_rate(&meter) == 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_known_before_a_second_is_over),
        cmocka_unit_test(the_last_five_whole_seconds_count),
        cmocka_unit_test(silence_counts_as_nothing),
        cmocka_unit_test(an_earlier_second_counts_to_the_newest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
