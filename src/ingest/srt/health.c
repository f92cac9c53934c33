/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packet that the network lost is asked for again, and may be lost again: a link is sound when
 * its latency has room for about four round trips. Seconds with trouble are taken together, so
 * that an operator reads when it began and when it was over, not every second of it.
 */
#include "health.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    ROUND_TRIPS = 4,
    LATENCY_MIN_MS = 120, /* what SRT itself begins with */
    /* One long round trip is a hiccup. The first figures are no measurement yet, either: libsrt
     * starts from a round trip of 100 ms. */
    BAD_FIGURES = 5,
};

#define WARN_INTERVAL (30 * PH_USEC_PER_S)

/* So long it must have been well before it counts as over. */
#define OVER_AFTER (15 * PH_USEC_PER_S)

void ph_srt_health_init(struct ph_srt_health *health)
{
    *health = (struct ph_srt_health){0};
}

static enum ph_srt_notice note(struct ph_srt_ailment *ailment, bool is_bad, ph_usec now)
{
    if (is_bad) {
        ailment->is_on = true;
        ailment->seen_at = now;
        if (!ailment->was_told || now - ailment->told_at >= WARN_INTERVAL) {
            ailment->was_told = true;
            ailment->told_at = now;
            return PH_SRT_NOTICE_WARN;
        }
    } else if (ailment->is_on && now - ailment->seen_at >= OVER_AFTER) {
        ailment->is_on = false;
        return PH_SRT_NOTICE_OVER;
    }
    return PH_SRT_NOTICE_NONE;
}

void ph_srt_health_feed(struct ph_srt_health *health, const struct ph_srt_figures *figures,
                        ph_usec now, enum ph_srt_notice notices[static PH_SRT_TROUBLE_COUNT])
{
    const int64_t *value = figures->value;
    struct ph_srt_ailment *latency = &health->ailments[PH_SRT_TROUBLE_LATENCY];
    /* Without packets nothing has been measured, and the round trip is libsrt's first guess. */
    bool is_short = value[PH_LINK_STAT_RECEIVED] > 0 &&
                    value[PH_LINK_STAT_LATENCY_MS] < ROUND_TRIPS * value[PH_LINK_STAT_RTT_MS];
    bool is_lossy = value[PH_LINK_STAT_DROPPED] > health->dropped;

    latency->bad = is_short ? latency->bad + 1 : 0;
    health->dropped = value[PH_LINK_STAT_DROPPED];
    notices[PH_SRT_TROUBLE_LATENCY] = note(latency, latency->bad >= BAD_FIGURES, now);
    notices[PH_SRT_TROUBLE_LOSS] = note(&health->ailments[PH_SRT_TROUBLE_LOSS], is_lossy, now);
}

const char *ph_srt_trouble_name(enum ph_srt_trouble trouble)
{
    return trouble == PH_SRT_TROUBLE_LATENCY ? "latency" : "loss";
}

/* What is easy to type: a multiple of 50. */
static int64_t advise_latency_ms(int64_t rtt_ms)
{
    int64_t ms = ROUND_TRIPS * rtt_ms;

    ms = ms > LATENCY_MIN_MS ? ms : LATENCY_MIN_MS;
    return (ms + 49) / 50 * 50;
}

void ph_srt_health_hint(enum ph_srt_trouble trouble, const struct ph_srt_figures *figures,
                        char *out, size_t size)
{
    int64_t rtt_ms = figures->value[PH_LINK_STAT_RTT_MS];
    int64_t latency_ms = figures->value[PH_LINK_STAT_LATENCY_MS];

    if (trouble == PH_SRT_TROUBLE_LATENCY) {
        snprintf(out, size, "set the app's SRT latency to at least %" PRId64 " ms",
                 advise_latency_ms(rtt_ms));
    } else {
        snprintf(out, size,
                 "viewers see this: raise the app's SRT latency (now %" PRId64
                 " ms) or lower its bit rate",
                 latency_ms);
    }
}
