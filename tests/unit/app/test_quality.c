/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/quality.h"

/* A phone in town: all is well. */
static struct ph_quality_sample well(void)
{
    return (struct ph_quality_sample){.is_on_air = true,
                                      .has_video = true,
                                      .packets = 1,
                                      .bitrate_bps = 2000 * 1000,
                                      .fps = 30,
                                      .rtt_ms = 40,
                                      .latency_ms = 1000};
}

/* Lets seconds pass in which packets come. */
static void pass(struct ph_quality *quality, struct ph_quality_sample *sample, unsigned seconds)
{
    while (seconds-- > 0) {
        sample->packets += 75;
        ph_quality_add(quality, sample);
    }
}

static void assert_is(const struct ph_quality *quality, const struct ph_quality_sample *sample,
                      const char *wanted)
{
    assert_string_equal(ph_quality_judge(quality, sample), wanted);
}

static void off_air_is_off(void **state)
{
    struct ph_quality quality = {0};
    struct ph_quality_sample sample = {0};

    (void)state;
    assert_is(&quality, &sample, "off");
    sample = well();
    pass(&quality, &sample, 5);
    assert_is(&quality, &sample, "good");
    sample.is_on_air = false;
    assert_is(&quality, &sample, "off");
}

static void figures_decide_once_they_have_settled(void **state)
{
    static const struct {
        int64_t bitrate_bps;
        double fps;
        const char *wanted;
    } rows[] = {
        {2000000, 30, "good"}, {400000, 15, "good"}, {399999, 15, "fair"},   {400000, 14.9, "fair"},
        {150000, 10, "fair"},  {149999, 30, "poor"}, {2000000, 9.9, "poor"}, {0, 0, "poor"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ph_quality quality = {0};
        struct ph_quality_sample sample = well();
        sample.bitrate_bps = rows[i].bitrate_bps;
        sample.fps = rows[i].fps;
        pass(&quality, &sample, 2);
        assert_is(&quality, &sample, "good");
        pass(&quality, &sample, 1);
        assert_is(&quality, &sample, rows[i].wanted);
        sample.has_video = false;
        assert_is(&quality, &sample, "good");
    }
}

static void round_trips_are_held_against_the_latency(void **state)
{
    struct ph_quality quality = {0};
    struct ph_quality_sample sample = well();

    (void)state;
    pass(&quality, &sample, 5);
    sample.rtt_ms = 125;
    assert_is(&quality, &sample, "good");
    sample.rtt_ms = 126;
    assert_is(&quality, &sample, "fair");
    sample.rtt_ms = 251;
    assert_is(&quality, &sample, "poor");
    sample.latency_ms = 0; /* no link that measures */
    assert_is(&quality, &sample, "good");
}

static void a_loss_is_remembered_for_ten_seconds(void **state)
{
    struct ph_quality quality = {0};
    struct ph_quality_sample sample = well();

    (void)state;
    sample.dropped = 5; /* before it went on air */
    pass(&quality, &sample, 20);
    assert_is(&quality, &sample, "good");
    sample.dropped++;
    assert_is(&quality, &sample, "poor");
    pass(&quality, &sample, 9);
    assert_is(&quality, &sample, "poor");
    pass(&quality, &sample, 1);
    assert_is(&quality, &sample, "good");
}

static void a_new_session_begins_anew(void **state)
{
    struct ph_quality quality = {0};
    struct ph_quality_sample sample = well();

    (void)state;
    pass(&quality, &sample, 20);
    sample.dropped = 100;
    assert_is(&quality, &sample, "poor");
    sample.is_on_air = false;
    ph_quality_add(&quality, &sample);
    sample = well();
    sample.dropped = 300;
    pass(&quality, &sample, 1);
    assert_is(&quality, &sample, "good");
}

static void silence_is_poor(void **state)
{
    struct ph_quality quality = {0};
    struct ph_quality_sample sample = well();

    (void)state;
    pass(&quality, &sample, 5);
    ph_quality_add(&quality, &sample);
    assert_is(&quality, &sample, "good");
    ph_quality_add(&quality, &sample);
    assert_is(&quality, &sample, "poor");
    pass(&quality, &sample, 1);
    assert_is(&quality, &sample, "good");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(off_air_is_off),
        cmocka_unit_test(figures_decide_once_they_have_settled),
        cmocka_unit_test(round_trips_are_held_against_the_latency),
        cmocka_unit_test(a_loss_is_remembered_for_ten_seconds),
        cmocka_unit_test(a_new_session_begins_anew),
        cmocka_unit_test(silence_is_poor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
