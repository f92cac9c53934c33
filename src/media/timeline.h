/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_MEDIA_TIMELINE_H
#define PHIEN_MEDIA_TIMELINE_H

#include "cadence.h"
#include "grid.h"

#include <phien/core/clock.h>
#include <phien/media/track.h>

/*
 * A channel's one timeline: where each session's packets come to lie on it.
 *
 * Zero is ten seconds before the channel's first session, so that nothing is ever negative. A
 * session is put where the wall clock is when its first packet arrives, and not before the end
 * of what was sent already; from then on its own timestamps are trusted, never arrival times.
 * Audio and video share one offset. Only when a session's timestamps jump is it placed anew.
 *
 * Session time and offsets are in ticks of 90 kHz, results in the track's time base.
 */
#define PH_TIMELINE_HZ 90000
#define PH_TIMELINE_TIME_BASE ((AVRational){1, PH_TIMELINE_HZ})

/* Session time beyond this is malformed: 800 years. All sums of such values fit 64 bits. */
#define PH_TIMELINE_MAX (INT64_C(1) << 51)

/* One track's place on the timeline. */
struct ph_lane {
    AVRational time_base;
    int frame_samples;
    bool has_last_out; /* of this or of an earlier session */
    int64_t last_out;  /* dts, in time_base */
    int64_t duration;  /* of the packet at last_out */

    /* Of this session alone. */
    bool has_last_in;
    int64_t last_in;     /* dts as the session said it, 90 kHz */
    ph_usec last_mono;   /* when that was */
    int64_t offset;      /* from session time to the timeline */
    int64_t dts_delay;   /* video: what is taken off each dts so that none lies behind its pts */
    struct ph_grid grid; /* audio */
    struct ph_cadence cadence;
};

struct ph_timeline {
    bool has_zero;
    ph_usec zero_mono;
    ph_usec wall; /* the date of zero, as the last anchor knew it */
    bool is_anchored;
    int64_t offset;    /* of the session, until a jump gives the lanes another one */
    int64_t anchor_in; /* dts of the session's first packet */
    ph_usec last_mono; /* the last packet of any track */
    struct ph_lane lanes[PH_TRACK_KINDS];
};

/* What became of a packet's timestamps. */
enum ph_timeline_step {
    PH_TIMELINE_NONE,
    PH_TIMELINE_GOES_ON,
    PH_TIMELINE_REALIGNED, /* this track jumped while the other did not: put back beside it */
    PH_TIMELINE_FOLLOWED,  /* now it has jumped as the other had: a discontinuity is due */
    PH_TIMELINE_JUMPED,    /* the whole session jumped: a discontinuity is due */
};

struct ph_timestamps {
    int64_t pts;
    int64_t dts;
    int64_t duration;
    enum ph_timeline_step step;
    int64_t jump_ms; /* how far the source leapt, when it did */
};

void ph_timeline_init(struct ph_timeline *timeline);

/* A new session: what the one before said of its clock is forgotten. */
void ph_timeline_begin(struct ph_timeline *timeline);

/* The session's first packet: its dts in session time, and when it arrived. */
void ph_timeline_anchor(struct ph_timeline *timeline, int64_t dts, struct ph_now arrival);

/* The packets of track->kind are of this track from now on. */
void ph_timeline_set_track(struct ph_timeline *timeline, const struct ph_track *track);

/*
 * Packets of the track are known to be missing before the next one: how far it leaps is a hole,
 * however small.
 */
void ph_timeline_expect_hole(struct ph_timeline *timeline, enum ph_track_kind kind);

/*
 * Places a packet: `pts` and `dts` in session time, `samples` of audio or 0 when unknown.
 * PH_EPROTO: it cannot be placed. In each track dts strictly increases, pts >= dts >= 0.
 */
PH_MUST_CHECK int ph_timeline_place(struct ph_timeline *timeline, enum ph_track_kind kind,
                                    int64_t pts, int64_t dts, int samples, ph_usec mono,
                                    struct ph_timestamps *out);

/* Corrects the date of zero, after a jump: what lies at `ticks` (90 kHz) is of now. */
void ph_timeline_redate(struct ph_timeline *timeline, int64_t ticks, ph_usec wall);

#endif
