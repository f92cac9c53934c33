/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_PACE_H
#define PHIEN_PACKAGE_PACE_H

#include <phien/core/clock.h>

#include <stdbool.h>

/*
 * How long a frame of a track lasts, measured on its decoding times: the mean of the newest
 * distances that lie near their median. The median alone would be 33 or 34 ms where publishers
 * round to milliseconds; the mean alone would follow every frame that got lost.
 */
enum { PH_PACE_DELTAS = 32 };

struct ph_pace {
    ph_usec deltas[PH_PACE_DELTAS]; /* a ring */
    unsigned count;                 /* distances in the ring */
    unsigned next;
    ph_usec hint; /* what headers or the packet itself say; 0: nothing */
    ph_usec last_dts;
    bool has_last;
    ph_usec frame; /* 0: unknown */
};

/* `hint` counts while there are too few frames to measure, unless they contradict it. */
void ph_pace_init(struct ph_pace *pace, ph_usec hint);

/* The next frame's decoding time. */
void ph_pace_feed(struct ph_pace *pace, ph_usec dts);

/* The next frame does not follow the last one: a pause, a discontinuity. */
void ph_pace_break(struct ph_pace *pace);

/* A frame's expected duration; 0 while nothing is known. */
static inline ph_usec ph_pace_frame(const struct ph_pace *pace)
{
    return pace->frame;
}

/* Whether the duration is measured well, or measured somehow and as the headers say. */
bool ph_pace_is_sure(const struct ph_pace *pace);

#endif
