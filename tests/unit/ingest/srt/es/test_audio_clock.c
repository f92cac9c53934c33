/* SPDX-License-Identifier: Apache-2.0 */
#include "audio_fixture.h"

#include <ingest/srt/es/audio_clock.h>

static void nobody_knows_before_it_is_set(void **state)
{
    struct ph_audio_clock clock = {0};
    int64_t pts;
    int64_t duration;

    (void)state;
    assert_false(ph_audio_clock_next(&clock, 48000, 1024, &pts, &duration));
    ph_audio_clock_set(&clock, 5);
    assert_true(ph_audio_clock_next(&clock, 48000, 1024, &pts, &duration));
    ph_audio_clock_stop(&clock);
    assert_false(ph_audio_clock_next(&clock, 48000, 1024, &pts, &duration));
}

/* A day of AAC on one timestamp: never more than half a tick off, and without holes. */
static void rounding_does_not_add_up(void **state)
{
    static const int rates[] = {48000, 44100, 32000, 22050, 11025, 7350};

    (void)state;
    for (size_t r = 0; r < PH_ARRAY_SIZE(rates); r++) {
        struct ph_audio_clock clock = {0};
        int64_t end = 12345;
        ph_audio_clock_set(&clock, end);
        for (int64_t i = 0; i < 86400LL * rates[r] / 1024; i++) {
            int64_t pts;
            int64_t duration;
            assert_true(ph_audio_clock_next(&clock, rates[r], 1024, &pts, &duration));
            assert_int_equal(pts, end);
            int64_t error = (pts - 12345) * rates[r] - i * 1024 * 90000;
            assert_in_range(error + rates[r] / 2, 0, rates[r]);
            end = pts + duration;
        }
    }
}

/* What was played at the old rate stays played. */
static void the_rate_may_change(void **state)
{
    struct ph_audio_clock clock = {0};
    int64_t pts;
    int64_t duration;

    (void)state;
    ph_audio_clock_set(&clock, 1000);
    assert_true(ph_audio_clock_next(&clock, 48000, 1024, &pts, &duration));
    assert_true(ph_audio_clock_next(&clock, 44100, 1024, &pts, &duration));
    assert_int_equal(pts, 1000 + 1920);
    assert_int_equal(duration, 2090);
    assert_true(ph_audio_clock_next(&clock, 44100, 1024, &pts, &duration));
    assert_int_equal(pts, 1000 + 1920 + 2090);
}

static void nonsense_is_no_time(void **state)
{
    static const int64_t times[] = {INT64_MAX, INT64_MIN, INT64_MAX / 2, -(INT64_MAX / 2)};
    int64_t pts;
    int64_t duration;

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(times); i++) {
        struct ph_audio_clock clock = {0};
        ph_audio_clock_set(&clock, times[i]);
        assert_false(ph_audio_clock_next(&clock, 48000, 1024, &pts, &duration));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_knows_before_it_is_set),
        cmocka_unit_test(rounding_does_not_add_up),
        cmocka_unit_test(the_rate_may_change),
        cmocka_unit_test(nonsense_is_no_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
