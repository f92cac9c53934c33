/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between a session and the packager: timestamps of whatever clock the publisher has become
 * positions on the channel's timeline. Each track is a lane; the lanes of a session share an
 * offset until one of them jumps.
 */
#include "timeline.h"

#include <libavutil/mathematics.h>
#include <stdlib.h>

enum {
    MARGIN_US = 10 * 1000000, /* timeline before the first session */
    SILENCE_US = 1000000,     /* a track without packets for this long says nothing of the clock */
    JUMP_FORWARD = 5 * PH_TIMELINE_HZ,
    /*
     * A clock that is set back by less than a second is rare, but bumping every frame over such
     * a step by a tick would freeze the picture; encoders' jitter stays far below this.
     */
    JUMP_BACK = PH_TIMELINE_HZ / 4,
    /* Tracks are interleaved at least this closely, bursts included. */
    NEAR = 5 * PH_TIMELINE_HZ / 2,
    OVERLAP_MAX = PH_TIMELINE_HZ,
    PTS_AHEAD_MAX = 5 * PH_TIMELINE_HZ, /* composition times beyond are nonsense */
    DTS_DELAY_MAX = PH_TIMELINE_HZ,
    USUAL_FRAME = PH_TIMELINE_HZ / 30,
    USUAL_SAMPLES = 1024,
};

static int64_t max64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t ticks_from_us(ph_usec us)
{
    return av_rescale(us, PH_TIMELINE_HZ, PH_USEC_PER_S);
}

static ph_usec us_from_ticks(int64_t ticks)
{
    return av_rescale(ticks, PH_USEC_PER_S, PH_TIMELINE_HZ);
}

void ph_timeline_init(struct ph_timeline *timeline)
{
    *timeline = (struct ph_timeline){0};
    for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
        timeline->lanes[kind].time_base = PH_TIMELINE_TIME_BASE;
        ph_cadence_init(&timeline->lanes[kind].cadence, USUAL_FRAME);
    }
}

void ph_timeline_begin(struct ph_timeline *timeline)
{
    timeline->is_anchored = false;
    for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
        struct ph_lane *lane = &timeline->lanes[kind];
        lane->has_last_in = false;
        lane->dts_delay = 0;
        ph_grid_reset(&lane->grid);
        ph_cadence_init(&lane->cadence, lane->cadence.usual);
    }
}

void ph_timeline_anchor(struct ph_timeline *timeline, int64_t dts, struct ph_now arrival)
{
    if (!timeline->has_zero) {
        timeline->has_zero = true;
        timeline->zero_mono = arrival.mono - MARGIN_US;
    }
    int64_t position = ticks_from_us(arrival.mono - timeline->zero_mono);
    timeline->is_anchored = true;
    timeline->anchor_in = dts;
    timeline->offset = position - dts;
    timeline->last_mono = arrival.mono;
    ph_timeline_redate(timeline, position, arrival.wall);
}

void ph_timeline_redate(struct ph_timeline *timeline, int64_t ticks, ph_usec wall)
{
    timeline->wall = wall - us_from_ticks(ticks);
}

void ph_timeline_set_track(struct ph_timeline *timeline, const struct ph_track *track)
{
    struct ph_lane *lane = &timeline->lanes[track->kind];
    AVRational rate = track->frame_rate;

    if (av_cmp_q(lane->time_base, track->time_base) != 0) {
        lane->last_out =
            av_rescale_q_rnd(lane->last_out, lane->time_base, track->time_base, AV_ROUND_UP);
        lane->duration =
            av_rescale_q_rnd(lane->duration, lane->time_base, track->time_base, AV_ROUND_UP);
        lane->time_base = track->time_base;
        ph_cadence_init(&lane->cadence, 0);
    }
    if (lane->grid.rate != track->time_base.den) {
        ph_grid_init(&lane->grid, track->time_base.den);
    }
    lane->frame_samples = track->frame_samples;
    if (track->kind == PH_TRACK_AUDIO) {
        lane->cadence.usual = track->frame_samples > 0 ? track->frame_samples : USUAL_SAMPLES;
    } else {
        lane->cadence.usual =
            rate.num > 0 ? av_rescale(PH_TIMELINE_HZ, rate.den, rate.num) : USUAL_FRAME;
    }
}

static int64_t to_ticks(const struct ph_lane *lane, int64_t value)
{
    return av_rescale_q_rnd(value, lane->time_base, PH_TIMELINE_TIME_BASE, AV_ROUND_UP);
}

/* Where the lane's next packet may begin, as a position before dts_delay is taken off. */
static int64_t lane_end(const struct ph_lane *lane)
{
    return lane->has_last_out ? to_ticks(lane, lane->last_out + lane->duration) + lane->dts_delay
                              : 0;
}

static bool is_alive(const struct ph_lane *lane, ph_usec mono)
{
    return lane->has_last_in && mono - lane->last_mono <= SILENCE_US;
}

/*
 * Moves the session forward when `dts` would otherwise come to lie before `floor`: both lanes by
 * the same, so that audio and video stay together.
 */
static void raise_to(struct ph_timeline *timeline, struct ph_lane *lane, struct ph_lane *other,
                     int64_t dts, int64_t floor)
{
    int64_t missing = floor - (dts + lane->offset);

    if (missing <= 0) {
        return;
    }
    if (other->has_last_in && other->offset == lane->offset) {
        other->offset += missing;
        ph_grid_reset(&other->grid);
    }
    if (timeline->offset == lane->offset) {
        timeline->offset += missing;
        timeline->wall -= us_from_ticks(missing); /* dates stay those of the arrival */
    }
    lane->offset += missing;
    ph_grid_reset(&lane->grid);
}

/* The lane's first packet of the session. */
static void enter(struct ph_timeline *timeline, struct ph_lane *lane, struct ph_lane *other,
                  int64_t dts, ph_usec mono, struct ph_timestamps *out)
{
    bool has_other = other->has_last_in;
    int64_t reference = has_other ? other->last_in : timeline->anchor_in;
    ph_usec since = has_other ? other->last_mono : timeline->last_mono;
    int64_t distance = dts - reference;
    int64_t elapsed = ticks_from_us(max64(mono - since, 0));

    lane->offset = has_other ? other->offset : timeline->offset;
    if (distance < -JUMP_FORWARD || distance > JUMP_FORWARD + elapsed) {
        /* A track with a clock of its own, or a leap while the session was waiting. */
        int64_t position = has_other ? to_ticks(other, other->last_out) + elapsed
                                     : ticks_from_us(mono - timeline->zero_mono);
        lane->offset = position - dts;
        out->step = PH_TIMELINE_REALIGNED;
        out->jump_ms = distance / (PH_TIMELINE_HZ / 1000);
        if (!has_other) {
            timeline->offset = lane->offset;
        }
    }
    raise_to(timeline, lane, other, dts,
             has_other ? lane_end(lane) : max64(lane_end(lane), lane_end(other)));
}

/*
 * Whether the other track's clock explains a leap: it jumped there before, or it went on while
 * this track was silent. That never takes a track back.
 */
static bool is_explained(const struct ph_lane *lane, const struct ph_lane *other, int64_t dts)
{
    int64_t distance = dts - other->last_in;
    bool has_same_clock = lane->offset == other->offset;

    return other->has_last_in && distance >= -NEAR && distance <= NEAR &&
           dts + other->offset >= lane_end(lane) - OVERLAP_MAX &&
           (!has_same_clock || dts > lane->last_in);
}

static void follow(struct ph_timeline *timeline, struct ph_lane *lane, struct ph_lane *other,
                   int64_t dts, struct ph_timestamps *out)
{
    if (lane->offset == other->offset) {
        return; /* it was only silent */
    }
    out->step = other->offset == timeline->offset ? PH_TIMELINE_REALIGNED : PH_TIMELINE_FOLLOWED;
    lane->offset = other->offset;
    timeline->offset = other->offset;
    ph_grid_reset(&lane->grid);
    raise_to(timeline, lane, other, dts, lane_end(lane));
}

/*
 * The other track runs on as if nothing had happened: this one goes on at its own pace beside
 * it, which keeps the two in step to the millisecond if only its timestamps were wrong.
 */
static void realign(struct ph_lane *lane, const struct ph_lane *other, int64_t dts,
                    struct ph_timestamps *out)
{
    int64_t own = lane_end(lane);
    int64_t beside = to_ticks(other, other->last_out);

    lane->offset = (own >= beside - OVERLAP_MAX ? own : beside) - dts;
    ph_grid_reset(&lane->grid);
    out->step = PH_TIMELINE_REALIGNED;
}

/* The whole session leapt, since the other track is not there or silent. */
static void restart(struct ph_timeline *timeline, struct ph_lane *lane, struct ph_lane *other,
                    int64_t dts, ph_usec mono, struct ph_timestamps *out)
{
    int64_t elapsed = ticks_from_us(max64(mono - timeline->last_mono, 0));
    int64_t distance = dts - lane->last_in;
    int64_t hole = elapsed > ticks_from_us(SILENCE_US) ? elapsed : 0;
    int64_t shift = 0;

    /* A hole as long as the silence was is real: then the clock is the same as before. */
    if (hole == 0 || distance < elapsed - OVERLAP_MAX || distance > elapsed + OVERLAP_MAX) {
        int64_t end = other->has_last_in ? max64(lane_end(lane), lane_end(other)) : lane_end(lane);
        shift = end + hole - dts - lane->offset;
        ph_grid_reset(&lane->grid);
        ph_grid_reset(&other->grid);
    }
    lane->offset += shift;
    timeline->offset = lane->offset;
    /* The other track is taken along, whatever the two clocks had between them. */
    other->offset += shift;
    other->last_in += distance;
    out->step = PH_TIMELINE_JUMPED;
}

/*
 * Whether a small leap forward takes back an earlier jump of this track alone: on the other's
 * clock it is no leap.
 */
static bool is_back_in_step(const struct ph_lane *lane, const struct ph_lane *other, int64_t dts)
{
    int64_t end = lane_end(lane);

    return lane->offset != other->offset && is_explained(lane, other, dts) &&
           llabs(dts + other->offset - end) < llabs(dts + lane->offset - end);
}

static void follow_clock(struct ph_timeline *timeline, struct ph_lane *lane, struct ph_lane *other,
                         int64_t dts, ph_usec mono, struct ph_timestamps *out)
{
    int64_t distance = dts - lane->last_in;
    bool is_jump = distance > JUMP_FORWARD || distance < -JUMP_BACK;

    if (!is_jump && (distance <= JUMP_BACK || !is_back_in_step(lane, other, dts))) {
        return;
    }
    out->jump_ms = distance / (PH_TIMELINE_HZ / 1000);
    if (is_explained(lane, other, dts)) {
        follow(timeline, lane, other, dts, out);
    } else if (is_alive(other, mono)) {
        realign(lane, other, dts, out);
    } else {
        restart(timeline, lane, other, dts, mono, out);
    }
    lane->last_in = dts;
}

/*
 * Video. A dts behind its pts (a negative composition time) would be refused by muxers: from the
 * first such frame on all dts are taken back, and the pts, which viewers see, stay true.
 */
static void stamp_video(struct ph_lane *lane, int64_t pts, int64_t dts, struct ph_timestamps *out)
{
    int64_t late = dts - lane->dts_delay - pts;

    if (late > 0 && lane->dts_delay < DTS_DELAY_MAX) {
        lane->dts_delay +=
            late < DTS_DELAY_MAX - lane->dts_delay ? late : DTS_DELAY_MAX - lane->dts_delay;
    }
    out->pts = pts - dts <= PTS_AHEAD_MAX ? pts + lane->offset : dts + lane->offset;
    out->dts = max64(dts + lane->offset - lane->dts_delay, 0);
    if (lane->has_last_out && out->dts <= lane->last_out) {
        out->dts = lane->last_out + 1;
    } else if (lane->has_last_out && out->dts - lane->last_out <= PH_TIMELINE_HZ) {
        ph_cadence_add(&lane->cadence, out->dts - lane->last_out);
    }
    out->pts = max64(out->pts, out->dts);
    out->duration = ph_cadence_estimate(&lane->cadence);
}

static void stamp_audio(struct ph_lane *lane, int64_t dts, int samples, struct ph_timestamps *out)
{
    int64_t truth = av_rescale_q(dts + lane->offset, PH_TIMELINE_TIME_BASE, lane->time_base);
    int64_t floor = lane->has_last_out ? lane->last_out + 1 : 0;

    samples = samples > 0 ? samples : lane->frame_samples;
    if (samples > 0) {
        ph_grid_place(&lane->grid, truth, samples, floor, &out->dts, &out->duration);
    } else {
        out->dts = max64(truth, floor);
        if (lane->has_last_out && out->dts - lane->last_out <= lane->time_base.den) {
            ph_cadence_add(&lane->cadence, out->dts - lane->last_out);
        }
        out->duration = ph_cadence_estimate(&lane->cadence);
    }
    out->pts = out->dts;
}

void ph_timeline_expect_hole(struct ph_timeline *timeline, enum ph_track_kind kind)
{
    ph_grid_expect_hole(&timeline->lanes[kind].grid);
}

int ph_timeline_place(struct ph_timeline *timeline, enum ph_track_kind kind, int64_t pts,
                      int64_t dts, int samples, ph_usec mono, struct ph_timestamps *out)
{
    struct ph_lane *lane = &timeline->lanes[kind];
    struct ph_lane *other =
        &timeline->lanes[kind == PH_TRACK_VIDEO ? PH_TRACK_AUDIO : PH_TRACK_VIDEO];

    PH_ASSERT(timeline->is_anchored);
    if (pts < -PH_TIMELINE_MAX || pts > PH_TIMELINE_MAX || dts < -PH_TIMELINE_MAX ||
        dts > PH_TIMELINE_MAX) {
        return PH_EPROTO;
    }
    *out = (struct ph_timestamps){.step = PH_TIMELINE_GOES_ON};
    if (!lane->has_last_in) {
        enter(timeline, lane, other, dts, mono, out);
        lane->has_last_in = true;
        lane->last_in = dts;
    } else {
        follow_clock(timeline, lane, other, dts, mono, out);
    }
    if (dts + lane->offset > PH_TIMELINE_MAX) {
        return PH_EPROTO; /* centuries of five-second steps */
    }
    /* Against the furthest dts, so that many small steps back add up to a jump as well. */
    lane->last_in = max64(lane->last_in, dts);
    lane->last_mono = mono;
    timeline->last_mono = mono;
    if (kind == PH_TRACK_VIDEO) {
        stamp_video(lane, pts, dts, out);
    } else {
        stamp_audio(lane, dts, samples, out);
    }
    lane->has_last_out = true;
    lane->last_out = out->dts;
    lane->duration = out->duration;
    return 0;
}
