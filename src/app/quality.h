/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_APP_QUALITY_H
#define PHIEN_APP_QUALITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The traffic light of a channel: one word for somebody who sells and has no time for figures. It
 * looks at what is now, and at what was lost in the last ten seconds. Plain value; no clock: it is
 * handed a sample every second.
 */
enum { PH_QUALITY_SECONDS = 10 };

struct ph_quality_sample {
    bool is_on_air;
    bool has_video;
    int64_t packets; /* since the session began */
    int64_t dropped; /* since the session began: access units and packets given up */
    int64_t bitrate_bps;
    double fps;
    int64_t rtt_ms; /* of a link that measures it; else 0, and the latency */
    int64_t latency_ms;
};

struct ph_quality {
    int64_t dropped[PH_QUALITY_SECONDS]; /* as it was in each of the last seconds */
    size_t count;                        /* of seconds on air */
    int64_t packets;                     /* as it was in the last second */
    unsigned still_s;                    /* seconds in which nothing came */
};

/* Once a second. */
void ph_quality_add(struct ph_quality *quality, const struct ph_quality_sample *sample);

/* "good", "fair", "poor", "off". */
const char *ph_quality_judge(const struct ph_quality *quality,
                             const struct ph_quality_sample *sample);

#endif
