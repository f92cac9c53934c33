/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_HEALTH_H
#define PHIEN_INGEST_SRT_HEALTH_H

#include <phien/core/clock.h>
#include <phien/core/link_stats.h>

/*
 * What a link's figures mean to the people at both ends of it: when to warn, and what to do.
 * Figures and time from outside.
 */
struct ph_srt_figures {
    int64_t value[PH_LINK_STAT_COUNT];
};

enum ph_srt_trouble {
    PH_SRT_TROUBLE_LATENCY, /* too short for the round trip: what is lost cannot come again */
    PH_SRT_TROUBLE_LOSS,    /* packets were given up */
    PH_SRT_TROUBLE_COUNT,
};

enum ph_srt_notice {
    PH_SRT_NOTICE_NONE,
    PH_SRT_NOTICE_WARN, /* at most once in 30 s for each trouble */
    PH_SRT_NOTICE_OVER, /* what was warned of has ended */
};

struct ph_srt_ailment {
    bool is_on;
    bool was_told;
    unsigned bad; /* figures in a row that show it */
    ph_usec told_at;
    ph_usec seen_at;
};

struct ph_srt_health {
    struct ph_srt_ailment ailments[PH_SRT_TROUBLE_COUNT];
    int64_t dropped;
};

void ph_srt_health_init(struct ph_srt_health *health);

/* Once a second. `notices` has one for each trouble. */
void ph_srt_health_feed(struct ph_srt_health *health, const struct ph_srt_figures *figures,
                        ph_usec now, enum ph_srt_notice notices[static PH_SRT_TROUBLE_COUNT]);

/* "latency": the trouble in a log line. */
const char *ph_srt_trouble_name(enum ph_srt_trouble trouble);

/* What is to be done about it. */
void ph_srt_health_hint(enum ph_srt_trouble trouble, const struct ph_srt_figures *figures,
                        char *out, size_t size);

#endif
