/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_RATE_H
#define PHIEN_OVERLAY_RATE_H

#include <phien/core/clock.h>

#include <stdbool.h>

/*
 * A token bucket: so many a second, and twice that at once after a pause. Plain value; nothing to
 * free. The time is handed in.
 */
struct ph_rate {
    unsigned per_s; /* 0: no limit */
    ph_usec tokens; /* in microseconds of filling times per_s */
    ph_usec at;     /* when they were counted */
};

void ph_rate_init(struct ph_rate *rate, unsigned per_s, ph_usec now);

/* Takes one. False: there is none, and will be within a second. */
bool ph_rate_take(struct ph_rate *rate, ph_usec now);

#endif
