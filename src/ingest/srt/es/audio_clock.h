/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_ES_AUDIO_CLOCK_H
#define PHIEN_INGEST_SRT_ES_AUDIO_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * When each frame of audio is due: a PES packet has one timestamp for all that begin in it. The
 * others follow by counting samples, so that rounding to 1/90000 s never adds up.
 */
struct ph_audio_clock {
    bool is_set;
    int64_t anchor;  /* the newest timestamp, 90 kHz */
    int64_t samples; /* played since */
    int rate;
};

/* The next frame is due at `pts`. */
void ph_audio_clock_set(struct ph_audio_clock *clock, int64_t pts);

/* Until it is set again, nobody knows when a frame is due. */
void ph_audio_clock_stop(struct ph_audio_clock *clock);

/*
 * Moves on by a frame of `samples` at `rate`: when it is due, and the exact time to the next one,
 * in 1/90000 s. False: nobody knows.
 */
bool ph_audio_clock_next(struct ph_audio_clock *clock, int rate, int samples, int64_t *pts,
                         int64_t *duration);

#endif
