/* SPDX-License-Identifier: Apache-2.0 */
/* Part of audio.c: time. */
#include "audio_clock.h"

#include <libavutil/mathematics.h>

enum { HZ = 90000 };

/* Times of thirty thousand years are nonsense, and could overflow. */
#define TIME_MAX ((int64_t)1 << 56)

void ph_audio_clock_set(struct ph_audio_clock *clock, int64_t pts)
{
    clock->is_set = pts >= -TIME_MAX && pts <= TIME_MAX;
    clock->anchor = pts;
    clock->samples = 0;
}

void ph_audio_clock_stop(struct ph_audio_clock *clock)
{
    clock->is_set = false;
}

static int64_t get_time(const struct ph_audio_clock *clock)
{
    return clock->anchor + (clock->samples > 0 ? av_rescale(clock->samples, HZ, clock->rate) : 0);
}

bool ph_audio_clock_next(struct ph_audio_clock *clock, int rate, int samples, int64_t *pts,
                         int64_t *duration)
{
    if (!clock->is_set) {
        return false;
    }
    *pts = get_time(clock);
    if (clock->rate != rate) {
        ph_audio_clock_set(clock, *pts);
        clock->rate = rate;
    }
    clock->samples += samples;
    *duration = get_time(clock) - *pts;
    return true;
}
