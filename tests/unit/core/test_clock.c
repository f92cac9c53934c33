/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include <phien/core/clock.h>
#include <phien/core/mem.h>

#include <string.h>
#include <time.h>

static void monotonic_clock_never_goes_back(void **state)
{
    (void)state;
    ph_usec before = ph_clock_mono();

    assert_true(before > 0);
    for (unsigned i = 0; i < 1000; i++) {
        ph_usec now = ph_clock_mono();
        assert_true(now >= before);
        before = now;
    }
}

static void wall_clock_is_the_system_s(void **state)
{
    (void)state;
    ph_usec before = (ph_usec)time(NULL) * PH_USEC_PER_S;
    ph_usec wall = ph_clock_wall();

    /* time(2) lags behind by up to a tick. */
    assert_true(wall >= before && wall < before + 10 * PH_USEC_PER_S);
}

static void now_is_both_clocks(void **state)
{
    (void)state;
    ph_usec mono = ph_clock_mono();
    ph_usec wall = ph_clock_wall();
    struct ph_now now = ph_clock_now();

    assert_true(now.mono >= mono && now.mono < mono + 10 * PH_USEC_PER_S);
    assert_true(now.wall >= wall - PH_USEC_PER_S && now.wall < wall + 10 * PH_USEC_PER_S);
}

static void wall_times_are_formatted_in_utc(void **state)
{
    (void)state;
    static const struct {
        ph_usec wall;
        const char *expected;
    } times[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {999, "1970-01-01T00:00:00.000Z"},
        {1000, "1970-01-01T00:00:00.001Z"},
        {999999, "1970-01-01T00:00:00.999Z"},
        {1785837600000000, "2026-08-04T10:00:00.000Z"},
        {1785837600123999, "2026-08-04T10:00:00.123Z"},
        {1709251199999000, "2024-02-29T23:59:59.999Z"},
        {253402300799999999, "9999-12-31T23:59:59.999Z"},
        /* An operator's clock can stand anywhere, and before 1970 the fraction still counts up. */
        {-1, "1969-12-31T23:59:59.999Z"},
        {-1000000, "1969-12-31T23:59:59.000Z"},
        {-1500000, "1969-12-31T23:59:58.500Z"},
    };

    for (size_t i = 0; i < PH_ARRAY_SIZE(times); i++) {
        char out[32];
        ph_clock_format_utc(times[i].wall, out);
        assert_string_equal(out, times[i].expected);
    }
}

static void any_time_fits(void **state)
{
    (void)state;
    static const ph_usec times[] = {INT64_MIN, INT64_MAX, PH_USEC_NEVER};

    for (size_t i = 0; i < PH_ARRAY_SIZE(times); i++) {
        char out[32];
        memset(out, 'x', sizeof(out));
        ph_clock_format_utc(times[i], out);
        const char *end = memchr(out, '\0', sizeof(out));
        assert_non_null(end);
        assert_int_equal(end[-1], 'Z');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(monotonic_clock_never_goes_back),
        cmocka_unit_test(wall_clock_is_the_system_s),
        cmocka_unit_test(now_is_both_clocks),
        cmocka_unit_test(wall_times_are_formatted_in_utc),
        cmocka_unit_test(any_time_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
