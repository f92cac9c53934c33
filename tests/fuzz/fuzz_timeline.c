/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timestamps from any bytes. Each step is six bytes: what happens (1), how the clock moves (1),
 * and by how much the session's timestamps do (4). Whatever they are, each track's dts strictly
 * increases and pts >= dts >= 0.
 */
#include "media/timeline.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int rates[] = {44100, 48000, 8000, 192000};

static void set_tracks(struct ph_timeline *timeline, unsigned choice)
{
    struct ph_track video = {.kind = PH_TRACK_VIDEO, .time_base = {1, 90000}, .frame_rate = {0, 1}};
    struct ph_track audio = {.kind = PH_TRACK_AUDIO,
                             .time_base = {1, rates[choice % 4]},
                             .frame_rate = {0, 1},
                             .frame_samples = choice & 4 ? 1024 : 0};

    ph_timeline_set_track(timeline, &video);
    ph_timeline_set_track(timeline, &audio);
}

static void check(const struct ph_timeline *timeline, enum ph_track_kind kind,
                  const struct ph_timestamps *at, struct ph_timestamps *last, AVRational *base)
{
    AVRational unit = timeline->lanes[kind].time_base;

    PH_ASSERT(at->dts >= 0 && at->pts >= at->dts && at->duration > 0);
    PH_ASSERT(base->den == 0 || av_compare_ts(at->dts, unit, last->dts, *base) > 0);
    *last = *at;
    *base = unit;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ph_timeline timeline;
    struct ph_timestamps last[PH_TRACK_KINDS] = {{0}};
    AVRational bases[PH_TRACK_KINDS] = {{0, 0}};
    struct ph_now now = {0, 0};
    int64_t stamp = 0;

    ph_timeline_init(&timeline);
    for (size_t i = 0; i + 6 <= size; i += 6) {
        unsigned what = data[i];
        int32_t step;
        struct ph_timestamps at;
        memcpy(&step, data + i + 2, sizeof(step));
        now.mono += (ph_usec)data[i + 1] * data[i + 1] * 1000;
        now.wall = now.mono;
        stamp += what & 1 ? (int64_t)step * 4096 : step % 4096;
        if (i == 0 || what >= 250) {
            ph_timeline_begin(&timeline);
            set_tracks(&timeline, what);
            ph_timeline_anchor(&timeline, stamp, now);
        } else if (what >= 245) {
            set_tracks(&timeline, what);
        }
        enum ph_track_kind kind = what & 2 ? PH_TRACK_VIDEO : PH_TRACK_AUDIO;
        int64_t pts = stamp + (what & 4 ? step % 65536 : 0);
        int samples = what & 8 ? 0 : 960;
        if (ph_timeline_place(&timeline, kind, pts, stamp, samples, now.mono, &at) == 0) {
            check(&timeline, kind, &at, &last[kind], &bases[kind]);
        }
    }
    return 0;
}
