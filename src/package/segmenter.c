/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the channel's packets and the muxers: where parts and segments end (RFC 8216bis
 * sections 4.4.3.1, 4.4.4.9 and 6.2.2). segmenter.h has the rules.
 *
 * Two clocks must not be mixed up: `clock` and what lies around it is the media's time, while
 * `part_start` and `segment_start` are declared ends. They differ by less than a frame, except
 * after a hole in the media: then the declared ends lag behind and catch up with short parts that
 * declare the full part target, so that a playlist's sums come right again by themselves.
 */
#include "segmenter.h"

#include <phien/core/mem.h>

#include <string.h>

/* Publishers round to milliseconds: n frames then differ by 1 ms, their measured mean too. */
#define ROUNDING_MARGIN (2 * PH_USEC_PER_MS)
/* A segment of the target duration and this still rounds to the target duration. */
#define SEGMENT_ROUNDS (PH_USEC_PER_S / 2 - PH_USEC_PER_MS)
/* A follower's segments end up to an audio frame (64 ms at 16 kHz) beside the leader's. */
#define SEGMENT_RESERVE (99 * PH_USEC_PER_MS)
/* A declared duration of 0 would not be a part. */
#define PART_MIN PH_USEC_PER_MS
/* In a segment that is as long as it may be, so many parts end for their size and not for time. */
#define ROOM_RESERVE (16 * PART_MIN)
/* So long audio that comes before the first picture waits for it. */
#define PICTURE_PATIENCE PH_USEC_PER_S
/* What a frame lasts as long as nobody knows. */
#define DEFAULT_VIDEO_FRAME (PH_USEC_PER_S / 30)
#define DEFAULT_AUDIO_FRAME (1024 * PH_USEC_PER_S / 48000)

void ph_segmenter_init(struct ph_segmenter *s, const struct ph_segmenter_params *params)
{
    *s = (struct ph_segmenter){.params = *params};
}

void ph_segmenter_set_reference(struct ph_segmenter *s, enum ph_track_kind reference, ph_usec hint)
{
    PH_ASSERT(!s->is_running);
    s->reference = reference;
    ph_pace_init(&s->pace, hint);
    s->gop = (struct ph_gop){0};
    s->plan = (struct ph_gop_plan){0};
}

/* Section 4.4.3.1: a duration above this would round to more than the target duration. */
ph_usec ph_segmenter_longest(const struct ph_segmenter *s)
{
    return s->params.target_duration + SEGMENT_ROUNDS - SEGMENT_RESERVE;
}

static ph_usec choose_part_target(const struct ph_segmenter *s)
{
    bool is_video = s->reference == PH_TRACK_VIDEO;
    ph_usec frame = ph_pace_frame(&s->pace);

    if (frame <= 0) {
        frame = is_video ? DEFAULT_VIDEO_FRAME : DEFAULT_AUDIO_FRAME;
    }
    ph_usec frames = (s->params.part + (is_video ? frame / 2 : 0)) / frame;
    ph_usec target = (frames > 0 ? frames : 1) * frame + ROUNDING_MARGIN;
    return (target + PH_USEC_PER_MS - 1) / PH_USEC_PER_MS * PH_USEC_PER_MS;
}

/* The part target, or 0 while the first part still collects what it is chosen from. */
static ph_usec part_target_at(const struct ph_segmenter *s, ph_usec at)
{
    if (s->part_target > 0) {
        return s->part_target;
    }
    bool waited_enough = at - s->part_start > 2 * s->params.part;
    return ph_pace_is_sure(&s->pace) || waited_enough ? choose_part_target(s) : 0;
}

/* 85 % of the part target: section 4.4.4.9. */
static ph_usec shortest_part(ph_usec part_target)
{
    return (part_target * 85 + 99) / 100;
}

static ph_usec clamp(ph_usec value, ph_usec least, ph_usec most)
{
    return value < least ? least : value > most ? most : value;
}

/*
 * How much longer the segment under way may become. Frames that jump ahead must not make it too
 * long, nor what a follower gets before its leader's end.
 */
static ph_usec room_left(const struct ph_segmenter *s)
{
    return s->segment_start + s->params.target_duration + SEGMENT_ROUNDS - ROOM_RESERVE -
           s->part_start;
}

static void close_part(struct ph_segmenter *s, ph_usec at, bool may_be_short,
                       struct ph_closed *closed)
{
    *closed = (struct ph_closed){.has_part = s->part.packets > 0};
    if (!closed->has_part) {
        return;
    }
    if (s->part_target == 0) {
        s->part_target = choose_part_target(s);
    }
    ph_usec duration = at - s->part_start;
    ph_usec least =
        may_be_short || s->part.is_independent ? PART_MIN : shortest_part(s->part_target);
    duration = clamp(duration, least, s->part_target);
    duration = clamp(room_left(s), PART_MIN, duration);
    closed->duration = duration;
    closed->is_independent = s->part.is_independent;
    s->part_start += duration;
    s->is_anchored = true;
    memset(&s->part, 0, sizeof(s->part));
}

static void begin_segment(struct ph_segmenter *s)
{
    s->segment_start = s->part_start;
    s->segment_packets = 0;
    s->segment_bytes = 0;
}

static void stop(struct ph_segmenter *s)
{
    s->is_running = false;
    s->is_anchored = false;
    s->is_audio_led = false;
    s->plan = (struct ph_gop_plan){0};
    s->segment_packets = 0;
    s->segment_bytes = 0;
    ph_pace_break(&s->pace);
    ph_gop_break(&s->gop);
}

static bool is_reference(const struct ph_segmenter *s, const struct ph_frame *frame)
{
    return frame->kind == s->reference;
}

static bool is_random_access(const struct ph_segmenter *s, const struct ph_frame *frame)
{
    return is_reference(s, frame) && frame->is_random_access;
}

/* Audio beside video only counts when video frames that should have come by then are missing. */
static bool leads(const struct ph_segmenter *s, const struct ph_frame *frame)
{
    ph_usec expected = ph_pace_frame(&s->pace);

    return is_reference(s, frame) ||
           frame->dts >= s->reference_end + (expected > 0 ? expected : DEFAULT_VIDEO_FRAME);
}

/* When the media before `frame` ends. A late frame cannot turn the clock back. */
static ph_usec time_of(const struct ph_segmenter *s, const struct ph_frame *frame)
{
    bool is_exact = is_reference(s, frame) && !s->is_audio_led;

    return is_exact || frame->dts > s->clock ? frame->dts : s->clock;
}

/* Nothing came for longer than a target duration, or holes added up to one. */
static bool is_hole(const struct ph_segmenter *s, const struct ph_frame *frame)
{
    ph_usec part = s->part_target > 0 ? s->part_target : s->params.part;

    if (s->params.is_follower || !s->has_newest) {
        return false;
    }
    return frame->dts - s->newest > s->params.target_duration ||
           (s->is_running && leads(s, frame) &&
            time_of(s, frame) - s->part_start > s->params.target_duration + 2 * part);
}

static bool is_segment_due(const struct ph_segmenter *s, ph_usec at, ph_usec gop)
{
    ph_usec length = at - s->segment_start;

    return length >= s->params.segment - ph_pace_frame(&s->pace) / 2 ||
           length + gop > ph_segmenter_longest(s);
}

/* Whether to cut at `at`, which is no random access point, with `frame` more to come. */
static bool is_segment_overdue(const struct ph_segmenter *s, ph_usec at, ph_usec frame)
{
    ph_usec length = at - s->segment_start;
    ph_usec next = s->gop.last + s->gop.length;

    if (length + frame > ph_segmenter_longest(s)) {
        return true;
    }
    /* A GOP that is known to be too long: no use in waiting beyond what is configured. */
    return length >= s->params.segment - frame / 2 && s->gop.has_last && s->gop.length > 0 &&
           next >= at && next - s->segment_start > ph_segmenter_longest(s);
}

/* Half a frame too much still counts as fitting: jitter, which the next part makes up for. */
static bool fits(const struct ph_segmenter *s, ph_usec at, ph_usec frame)
{
    ph_usec part_target = part_target_at(s, at);

    return part_target == 0 || room_left(s) <= PART_MIN ||
           at + frame <= s->part_start + part_target + frame / 2;
}

static enum ph_cut decide_at_random_access(const struct ph_segmenter *s, ph_usec at, ph_usec gop)
{
    ph_usec part = s->part_target > 0 ? s->part_target : s->params.part;

    if (!s->part.has_reference || at + gop <= s->part_start + part) {
        return PH_CUT_NONE;
    }
    /* One that comes unforeseen would leave a part too short, unless the segment ends too. */
    if (s->part.is_independent || at - s->part_start >= shortest_part(part)) {
        return PH_CUT_PART;
    }
    return s->params.is_follower ? PH_CUT_PART : PH_CUT_SEGMENT;
}

static enum ph_cut decide(const struct ph_segmenter *s, const struct ph_frame *frame, ph_usec at)
{
    bool is_access = is_random_access(s, frame);
    ph_usec gop = ph_gop_until(&s->gop, frame->dts);
    ph_usec expected = is_reference(s, frame) ? ph_pace_frame(&s->pace) : 0;

    if (s->segment_packets > 0 && !s->params.is_follower &&
        (is_access ? is_segment_due(s, at, gop) : is_segment_overdue(s, at, expected))) {
        return PH_CUT_SEGMENT;
    }
    if (s->part.packets == 0) {
        return PH_CUT_NONE;
    }
    enum ph_cut cut = is_access ? decide_at_random_access(s, at, gop) : PH_CUT_NONE;
    return cut == PH_CUT_NONE && !fits(s, at, expected) ? PH_CUT_PART : cut;
}

static enum ph_cut decide_by_size(const struct ph_segmenter *s, const struct ph_frame *frame)
{
    const struct ph_segmenter_params *params = &s->params;

    if (s->part.packets == 0) {
        return PH_CUT_NONE;
    }
    if (!params->is_follower && s->segment_bytes + frame->bytes > params->max_segment_bytes) {
        return PH_CUT_SEGMENT;
    }
    return s->part.bytes + frame->bytes > params->max_part_bytes ||
                   s->part.packets >= params->max_part_packets
               ? PH_CUT_PART
               : PH_CUT_NONE;
}

/*
 * A boundary waits for a frame of the segment that it ends, so that a follower without frames for
 * a while still counts as many segments as its leader.
 */
static enum ph_cut take_boundary(struct ph_segmenter *s, const struct ph_frame *frame)
{
    if (s->boundary_count == 0 || frame->dts < s->boundaries[0] || s->segment_packets == 0) {
        return PH_CUT_NONE;
    }
    s->boundary_count--;
    memmove(s->boundaries, s->boundaries + 1, s->boundary_count * sizeof(s->boundaries[0]));
    return PH_CUT_SEGMENT;
}

enum ph_cut ph_segmenter_before(struct ph_segmenter *s, const struct ph_frame *frame,
                                struct ph_closed *closed)
{
    ph_usec at = time_of(s, frame);
    enum ph_cut cut = take_boundary(s, frame);
    bool may_be_short = true;
    bool is_gop_long = false;

    *closed = (struct ph_closed){0};
    if (is_hole(s, frame)) {
        cut = PH_CUT_DISCONTINUITY;
    } else if (cut == PH_CUT_NONE && s->is_running) {
        /* The first picture is where the segment begins, whatever was heard before. */
        bool is_first = is_reference(s, frame) && !s->is_anchored;
        cut = leads(s, frame) && !is_first ? decide(s, frame, at) : PH_CUT_NONE;
        may_be_short = cut == PH_CUT_SEGMENT;
        is_gop_long = may_be_short && frame->kind == PH_TRACK_VIDEO && !frame->is_random_access;
        if (cut == PH_CUT_NONE) {
            cut = decide_by_size(s, frame);
            may_be_short = true;
        }
    }
    if (cut == PH_CUT_NONE) {
        return cut;
    }
    /* The last frame before a discontinuity does not last until the first after it. */
    close_part(s, cut == PH_CUT_DISCONTINUITY ? s->clock : at, may_be_short, closed);
    if (cut == PH_CUT_SEGMENT) {
        closed->is_gop_long = is_gop_long;
        s->part_start = s->params.is_follower ? frame->dts : s->part_start;
        begin_segment(s);
    } else if (cut == PH_CUT_DISCONTINUITY) {
        stop(s);
    }
    return cut;
}

static void start(struct ph_segmenter *s, const struct ph_frame *frame)
{
    s->is_running = true;
    s->part_start = frame->dts;
    s->reference_end = frame->dts + (is_reference(s, frame) ? 0 : PICTURE_PATIENCE);
    s->clock = frame->dts;
    begin_segment(s);
}

/* Plans the GOP that begins at `dts`, unless the next random access point ends the segment. */
static void plan_gop(struct ph_segmenter *s, ph_usec dts)
{
    ph_usec next = dts + s->gop.length;

    s->plan = (struct ph_gop_plan){0};
    if (s->gop.length > 0 && s->part_target > 0 && !is_segment_due(s, next, s->gop.length)) {
        s->plan = ph_gop_plan(s->gop.length, ph_pace_frame(&s->pace), shortest_part(s->part_target),
                              s->part_target);
    }
}

static void add_reference(struct ph_segmenter *s, const struct ph_frame *frame)
{
    if (!s->is_anchored) {
        s->part_start = frame->dts;
        s->segment_start = frame->dts;
        s->is_anchored = true;
    }
    ph_pace_feed(&s->pace, frame->dts);
    s->reference_end = frame->dts + ph_pace_frame(&s->pace);
    if (!s->is_audio_led || s->reference_end > s->clock) {
        s->clock = s->reference_end;
        s->is_audio_led = false;
    }
    if (!s->part.has_reference) {
        s->part.has_reference = true;
        s->part.is_independent = frame->is_random_access;
    }
    if (frame->is_random_access) {
        ph_gop_feed(&s->gop, frame->dts);
        plan_gop(s, frame->dts);
    }
}

void ph_segmenter_add(struct ph_segmenter *s, const struct ph_frame *frame)
{
    if (!s->is_running) {
        start(s, frame);
    }
    if (is_reference(s, frame)) {
        add_reference(s, frame);
    } else if (leads(s, frame) && frame->dts > s->clock) {
        s->clock = frame->dts;
        s->is_audio_led = true;
    }
    s->part.packets++;
    s->part.bytes += frame->bytes;
    s->segment_packets++;
    s->segment_bytes += frame->bytes;
    ph_usec end = is_reference(s, frame) ? s->reference_end : frame->dts;
    s->newest = s->has_newest && s->newest > end ? s->newest : end;
    s->has_newest = true;
}

bool ph_segmenter_after(struct ph_segmenter *s, struct ph_closed *closed)
{
    ph_usec frame = ph_pace_frame(&s->pace);
    ph_usec plan = s->part.is_independent ? s->plan.first : s->plan.other;

    *closed = (struct ph_closed){0};
    if (!s->part.has_reference || s->is_audio_led || frame <= 0) {
        return false;
    }
    bool is_planned = plan > 0 && s->clock + frame / 2 >= s->part_start + plan;
    if (fits(s, s->clock, frame) && !is_planned) {
        return false;
    }
    close_part(s, s->clock, false, closed);
    return true;
}

enum ph_cut ph_segmenter_flush(struct ph_segmenter *s, struct ph_closed *closed)
{
    enum ph_cut cut = s->segment_packets > 0 ? PH_CUT_SEGMENT : PH_CUT_NONE;

    close_part(s, s->clock, true, closed);
    stop(s);
    s->boundary_count = 0;
    return cut;
}

void ph_segmenter_follow(struct ph_segmenter *s, ph_usec at)
{
    if (s->boundary_count == PH_SEGMENTER_BOUNDARIES) {
        s->boundary_count--;
        memmove(s->boundaries, s->boundaries + 1, s->boundary_count * sizeof(s->boundaries[0]));
    }
    s->boundaries[s->boundary_count++] = at;
}
