/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_TIMELINE_SOURCE_H
#define PHIEN_TESTS_TIMELINE_SOURCE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <media/timeline.h>
#include <stdlib.h>
#include <string.h>

/*
 * A publisher that knows the true time of each frame and stamps it as RTMP does, in rounded
 * milliseconds. What comes out of the timeline is compared with the truth: `error` is where a
 * frame came to lie minus where it belongs, so audio and video are in step as long as both
 * errors are the same.
 */
struct source {
    struct ph_timeline timeline;
    double start;        /* mono and true time of the first frame, in seconds */
    double video_period; /* seconds; 0: no video */
    int audio_rate;      /* 0: no audio */
    double audio_drift;  /* how much slower the audio clock is: 200e-6 */
    bool is_truncating;  /* milliseconds are cut instead of rounded */
    int64_t (*adjust_ms)(void *arg, enum ph_track_kind kind, double t); /* may be NULL */
    bool (*is_missing)(enum ph_track_kind kind, double t);              /* may be NULL */
    void *arg;
    enum ph_track_kind only; /* NONE: both */

    double t; /* true time now, since start */
    int64_t frames[PH_TRACK_KINDS];
    struct ph_timestamps last[PH_TRACK_KINDS];
    bool has_last[PH_TRACK_KINDS];
    double error[PH_TRACK_KINDS];
    double worst_sync;  /* seconds, since source_forget */
    double worst_gap;   /* between one packet's end and the next, of audio */
    int64_t worst_step; /* the largest deviation of an audio duration from 1024 */
    int steps[PH_TIMELINE_JUMPED + 1];
};

static inline struct ph_track test_video_track(void)
{
    return (struct ph_track){.kind = PH_TRACK_VIDEO, .time_base = {1, 90000}, .frame_rate = {0, 1}};
}

static inline struct ph_track test_audio_track(int rate)
{
    return (struct ph_track){.kind = PH_TRACK_AUDIO,
                             .time_base = {1, rate},
                             .frame_rate = {0, 1},
                             .frame_samples = 1024};
}

static inline ph_usec us_of(double seconds)
{
    return (ph_usec)llround(seconds * 1e6);
}

/* Settings are in `s` already; `base_ms` is what the publisher's clock says at the start. */
static inline void source_begin(struct source *s, int64_t base_ms)
{
    struct ph_track video = test_video_track();
    struct ph_now now = {us_of(s->start), us_of(s->start + 1e9)};

    if (s->audio_rate > 0) {
        struct ph_track audio = test_audio_track(s->audio_rate);
        ph_timeline_set_track(&s->timeline, &audio);
    }
    ph_timeline_set_track(&s->timeline, &video);
    ph_timeline_begin(&s->timeline);
    ph_timeline_anchor(&s->timeline, base_ms * 90, now);
}

static inline void source_init(struct source *s)
{
    memset(s, 0, sizeof(*s));
    s->start = 1000;
    s->video_period = 0.040;
    s->audio_rate = 44100;
    ph_timeline_init(&s->timeline);
}

static inline double seconds_of(const struct ph_timeline *timeline, enum ph_track_kind kind,
                                int64_t ticks)
{
    return (double)ticks * av_q2d(timeline->lanes[kind].time_base);
}

static inline void source_check(struct source *s, enum ph_track_kind kind,
                                const struct ph_timestamps *at, double t)
{
    const struct ph_timestamps *last = &s->last[kind];

    assert_true(at->dts >= 0);
    assert_true(at->pts >= at->dts);
    assert_true(at->duration > 0);
    if (s->has_last[kind]) {
        if (at->dts <= last->dts) {
            fail_msg("kind %d: dts %lld after %lld at %.3f s", (int)kind, (long long)at->dts,
                     (long long)last->dts, t);
        }
        if (kind == PH_TRACK_AUDIO) {
            double gap = seconds_of(&s->timeline, kind, at->dts - last->dts - last->duration);
            s->worst_gap = fmax(s->worst_gap, fabs(gap));
            s->worst_step = llabs(at->duration - 1024) > s->worst_step ? llabs(at->duration - 1024)
                                                                       : s->worst_step;
        }
    }
    s->error[kind] = seconds_of(&s->timeline, kind, at->pts) - t;
    s->last[kind] = *at;
    s->has_last[kind] = true;
    s->steps[at->step]++;
    if (s->has_last[PH_TRACK_VIDEO] && s->has_last[PH_TRACK_AUDIO]) {
        double sync = fabs(s->error[PH_TRACK_AUDIO] - s->error[PH_TRACK_VIDEO]);
        s->worst_sync = fmax(s->worst_sync, sync);
    }
}

static inline void source_put(struct source *s, enum ph_track_kind kind, double t, int64_t base_ms)
{
    struct ph_timestamps at;
    double ms = s->is_truncating ? floor(t * 1000 + 1e-6) : floor(t * 1000 + 0.5);
    int64_t stamp = base_ms + (int64_t)ms;

    if (s->is_missing != NULL && s->is_missing(kind, t)) {
        return;
    }
    if (s->adjust_ms != NULL) {
        stamp += s->adjust_ms(s->arg, kind, t);
    }
    assert_int_equal(ph_timeline_place(&s->timeline, kind, stamp * 90, stamp * 90,
                                       kind == PH_TRACK_AUDIO ? 1024 : 0, us_of(s->start + t), &at),
                     0);
    source_check(s, kind, &at, t);
}

static inline double next_of(const struct source *s, enum ph_track_kind kind)
{
    if (kind == PH_TRACK_VIDEO) {
        return s->video_period > 0 ? (double)s->frames[kind] * s->video_period : INFINITY;
    }
    return s->audio_rate > 0 ? (double)s->frames[kind] * 1024 / s->audio_rate * (1 + s->audio_drift)
                             : INFINITY;
}

/* Publishes until true time `until` (seconds since the start). */
static inline void source_run(struct source *s, int64_t base_ms, double until)
{
    for (;;) {
        double video = next_of(s, PH_TRACK_VIDEO);
        double audio = next_of(s, PH_TRACK_AUDIO);
        enum ph_track_kind kind = video <= audio ? PH_TRACK_VIDEO : PH_TRACK_AUDIO;
        double t = fmin(video, audio);
        if (t >= until) {
            return;
        }
        s->frames[kind]++;
        s->t = t;
        source_put(s, kind, t, base_ms);
    }
}

/* What was measured so far does not count any more. */
static inline void source_forget(struct source *s)
{
    s->worst_sync = 0;
    s->worst_gap = 0;
    s->worst_step = 0;
    memset(s->steps, 0, sizeof(s->steps));
}

static inline void assert_under(double value, double limit, const char *what)
{
    if (!(value < limit)) {
        fail_msg("%s is %.6f, wanted under %.6f", what, value, limit);
    }
}

#endif
