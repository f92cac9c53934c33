/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/srt/health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A link, second by second, and what was said of it. */
struct link {
    struct ph_srt_health health;
    struct ph_srt_figures figures;
    ph_usec now;
    enum ph_srt_notice notices[PH_SRT_TROUBLE_COUNT]; /* of the last second */
    unsigned said[PH_SRT_TROUBLE_COUNT][3];           /* how often */
};

static struct link begin(int64_t rtt_ms, int64_t latency_ms)
{
    struct link link = {.now = 1000 * PH_USEC_PER_S};

    ph_srt_health_init(&link.health);
    link.figures.value[PH_LINK_STAT_RTT_MS] = rtt_ms;
    link.figures.value[PH_LINK_STAT_LATENCY_MS] = latency_ms;
    link.figures.value[PH_LINK_STAT_RECEIVED] = 1;
    return link;
}

static void pass_seconds(struct link *link, unsigned seconds)
{
    for (unsigned i = 0; i < seconds; i++) {
        link->now += PH_USEC_PER_S;
        ph_srt_health_feed(&link->health, &link->figures, link->now, link->notices);
        for (size_t t = 0; t < PH_SRT_TROUBLE_COUNT; t++) {
            link->said[t][link->notices[t]]++;
        }
    }
}

static void drop(struct link *link, int64_t packets)
{
    link->figures.value[PH_LINK_STAT_DROPPED] += packets;
}

static unsigned warnings(const struct link *link, enum ph_srt_trouble trouble)
{
    return link->said[trouble][PH_SRT_NOTICE_WARN];
}

static unsigned ends(const struct link *link, enum ph_srt_trouble trouble)
{
    return link->said[trouble][PH_SRT_NOTICE_OVER];
}

static void of_a_good_link_nothing_is_said(void **state)
{
    struct link link = begin(100, 400); /* four round trips are just enough */

    (void)state;
    link.figures.value[PH_LINK_STAT_LOST] = 5000; /* and all of it came again */
    pass_seconds(&link, 3600);
    for (size_t t = 0; t < PH_SRT_TROUBLE_COUNT; t++) {
        assert_int_equal(link.said[t][PH_SRT_NOTICE_NONE], 3600);
    }
}

static void too_short_a_latency_is_warned_of(void **state)
{
    struct link link = begin(101, 400);

    (void)state;
    pass_seconds(&link, 4);
    assert_int_equal(warnings(&link, PH_SRT_TROUBLE_LATENCY), 0);
    pass_seconds(&link, 1);
    assert_int_equal(warnings(&link, PH_SRT_TROUBLE_LATENCY), 1);
    assert_int_equal(warnings(&link, PH_SRT_TROUBLE_LOSS), 0);
}

static void of_a_link_without_packets_nothing_is_said(void **state)
{
    struct link link = begin(100, 120);

    (void)state;
    link.figures.value[PH_LINK_STAT_RECEIVED] = 0;
    pass_seconds(&link, 60);
    assert_int_equal(warnings(&link, PH_SRT_TROUBLE_LATENCY), 0);
}

static void a_hiccup_of_the_round_trip_is_not(void **state)
{
    struct link link = begin(50, 400);

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        link.figures.value[PH_LINK_STAT_RTT_MS] = i % 5 == 4 ? 50 : 300;
        pass_seconds(&link, 1);
    }
    assert_int_equal(warnings(&link, PH_SRT_TROUBLE_LATENCY), 0);
}

static void a_warning_is_repeated_every_30_s(void **state)
{
    struct link link = begin(300, 400);

    (void)state;
    pass_seconds(&link, 5 + 29);
    assert_int_equal(warnings(&link, PH_SRT_TROUBLE_LATENCY), 1);
    pass_seconds(&link, 1);
    assert_int_equal(warnings(&link, PH_SRT_TROUBLE_LATENCY), 2);
    pass_seconds(&link, 300);
    assert_int_equal(warnings(&link, PH_SRT_TROUBLE_LATENCY), 12);
    assert_int_equal(ends(&link, PH_SRT_TROUBLE_LATENCY), 0);
}

static void its_end_is_told_once(void **state)
{
    struct link link = begin(300, 400);

    (void)state;
    pass_seconds(&link, 10);
    link.figures.value[PH_LINK_STAT_RTT_MS] = 40;
    pass_seconds(&link, 14);
    assert_int_equal(ends(&link, PH_SRT_TROUBLE_LATENCY), 0);
    pass_seconds(&link, 1);
    assert_int_equal(ends(&link, PH_SRT_TROUBLE_LATENCY), 1);
    pass_seconds(&link, 600);
    assert_int_equal(ends(&link, PH_SRT_TROUBLE_LATENCY), 1);
    assert_int_equal(warnings(&link, PH_SRT_TROUBLE_LATENCY), 1);
}

static void what_was_given_up_is_warned_of_at_once(void **state)
{
    struct link link = begin(20, 400);

    (void)state;
    pass_seconds(&link, 10);
    drop(&link, 1);
    pass_seconds(&link, 1);
    assert_int_equal(link.notices[PH_SRT_TROUBLE_LOSS], PH_SRT_NOTICE_WARN);
    pass_seconds(&link, 1); /* the total stays where it is */
    assert_int_equal(link.notices[PH_SRT_TROUBLE_LOSS], PH_SRT_NOTICE_NONE);
    pass_seconds(&link, 14);
    assert_int_equal(link.notices[PH_SRT_TROUBLE_LOSS], PH_SRT_NOTICE_OVER);
}

/* Troubles that come and go are one line in 30 s, too. */
static void what_flickers_does_not_flood_the_log(void **state)
{
    struct link link = begin(20, 400);

    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        drop(&link, i % 3 == 0);
        pass_seconds(&link, 1);
    }
    assert_int_equal(warnings(&link, PH_SRT_TROUBLE_LOSS), 10);
    assert_int_equal(ends(&link, PH_SRT_TROUBLE_LOSS), 0);
}

static void the_hint_has_the_number_to_type(void **state)
{
    static const struct {
        int64_t rtt_ms;
        const char *number;
    } cases[] = {{0, " 150 ms"},  {30, " 150 ms"},  {50, " 200 ms"},
                 {51, " 250 ms"}, {101, " 450 ms"}, {500, " 2000 ms"}};
    char hint[160];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct link link = begin(cases[i].rtt_ms, 120);
        ph_srt_health_hint(PH_SRT_TROUBLE_LATENCY, &link.figures, hint, sizeof(hint));
        if (strstr(hint, cases[i].number) == NULL) {
            fail_msg("%d ms: %s", (int)cases[i].rtt_ms, hint);
        }
    }
    struct link link = begin(20, 370);
    ph_srt_health_hint(PH_SRT_TROUBLE_LOSS, &link.figures, hint, sizeof(hint));
    assert_non_null(strstr(hint, "now 370 ms"));
    assert_string_equal(ph_srt_trouble_name(PH_SRT_TROUBLE_LATENCY), "latency");
    assert_string_equal(ph_srt_trouble_name(PH_SRT_TROUBLE_LOSS), "loss");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_good_link_nothing_is_said),
        cmocka_unit_test(too_short_a_latency_is_warned_of),
        cmocka_unit_test(of_a_link_without_packets_nothing_is_said),
        cmocka_unit_test(a_hiccup_of_the_round_trip_is_not),
        cmocka_unit_test(a_warning_is_repeated_every_30_s),
        cmocka_unit_test(its_end_is_told_once),
        cmocka_unit_test(what_was_given_up_is_warned_of_at_once),
        cmocka_unit_test(what_flickers_does_not_flood_the_log),
        cmocka_unit_test(the_hint_has_the_number_to_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
