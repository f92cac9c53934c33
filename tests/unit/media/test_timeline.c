/* SPDX-License-Identifier: Apache-2.0 */
#include "timeline_source.h"

#include <phien/media/unwrap.h>

#define MS 0.001
#define HOURS 3600.0

static void four_hours_of_milliseconds_stay_on_the_sample_grid(void **state)
{
    static const int rates[] = {44100, 48000};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        for (int truncating = 0; truncating < 2; truncating++) {
            struct source s;
            source_init(&s);
            s.audio_rate = rates[i];
            s.is_truncating = truncating != 0;
            source_begin(&s, 0);
            source_run(&s, 0, 4 * HOURS);
            assert_under(s.worst_sync, 1 * MS, "A/V offset");
            assert_under(s.worst_gap, 1e-9, "gap between audio packets");
            assert_true(s.worst_step <= 1);
            assert_under(fabs(s.error[PH_TRACK_AUDIO] - 10.0), 1 * MS, "drift after four hours");
        }
    }
}

static void a_drifting_audio_clock_is_followed_without_a_step(void **state)
{
    static const double drifts[] = {200e-6, -200e-6};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct source s;
        source_init(&s);
        s.audio_drift = drifts[i];
        source_begin(&s, 5000);
        source_run(&s, 5000, 4 * HOURS);
        assert_under(s.worst_sync, 1.2 * MS, "A/V offset");
        assert_under(s.worst_gap, 1e-9, "gap between audio packets");
        assert_true(s.worst_step <= 1);
    }
}

/* The stamps pass through the counter as they would on the wire. */
struct wire {
    struct ph_unwrap unwrap;
    unsigned wire_bits;
    int64_t base;
};

static int64_t through_the_wire(void *arg, enum ph_track_kind kind, double t)
{
    struct wire *wire = arg;
    int64_t stamp = wire->base + (int64_t)floor(t * 1000 + 0.5);
    uint64_t mask = (UINT64_C(1) << wire->wire_bits) - 1;

    (void)kind;
    return ph_unwrap_next(&wire->unwrap, (uint64_t)stamp & mask) - (int64_t)floor(t * 1000 + 0.5);
}

static void wraps_of_the_wire_are_not_seen(void **state)
{
    static const struct {
        unsigned wire_bits;
        int64_t base;
    } cases[] = {
        {32, 0xfffff0},            /* where 24 bits end and extended timestamps begin */
        {31, 0x7fffffff - 5000},   /* encoders with a signed counter */
        {32, 0x7fffffff - 5000},   /* through the sign bit */
        {32, 0xffffffffLL - 5000}, /* 49.7 days */
        {32, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct source s;
        struct wire wire = {.wire_bits = cases[i].wire_bits, .base = cases[i].base};
        ph_unwrap_init(&wire.unwrap, 32);
        source_init(&s);
        s.adjust_ms = through_the_wire;
        s.arg = &wire;
        source_begin(&s, cases[i].base);
        source_run(&s, 0, 60);
        assert_int_equal(s.steps[PH_TIMELINE_REALIGNED], 0);
        assert_int_equal(s.steps[PH_TIMELINE_JUMPED], 0);
        assert_under(s.worst_sync, 1 * MS, "A/V offset");
        assert_under(fabs(s.error[PH_TRACK_VIDEO] - 10.0), 1e-6, "position");
    }
}

struct leap {
    double at;
    double back_at; /* 0: never */
    int64_t ms;
    enum ph_track_kind only; /* NONE: both tracks */
};

static int64_t leap(void *arg, enum ph_track_kind kind, double t)
{
    const struct leap *l = arg;
    bool is_hit = l->only == PH_TRACK_NONE || l->only == kind;

    return is_hit && t >= l->at && (l->back_at == 0 || t < l->back_at) ? l->ms : 0;
}

static const int64_t leaps_ms[] = {10000, -10000, 3600000, -3600000, 6000, -1500, -900, -300};
enum { LEAPS = sizeof(leaps_ms) / sizeof(leaps_ms[0]) };

static void both_tracks_jump_together_and_stay_together(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEAPS; i++) {
        struct source s;
        struct leap l = {.at = 30.01, .ms = leaps_ms[i]};
        source_init(&s);
        s.adjust_ms = leap;
        s.arg = &l;
        source_begin(&s, 7200000);
        source_run(&s, 7200000, 30);
        source_run(&s, 7200000, 31);
        assert_int_equal(s.steps[PH_TIMELINE_REALIGNED], 1);
        assert_int_equal(s.steps[PH_TIMELINE_FOLLOWED], 1);
        source_run(&s, 7200000, 120);
        assert_int_equal(s.steps[PH_TIMELINE_REALIGNED], 1);
        assert_under(s.worst_sync, 1 * MS, "A/V offset");
        assert_under(s.worst_gap, 50 * MS, "hole at the jump");
        assert_under(fabs(s.error[PH_TRACK_VIDEO] - 10.0), 50 * MS, "position after the jump");
    }
}

static void a_track_that_jumps_alone_is_put_back_beside_the_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * LEAPS; i++) {
        struct source s;
        struct leap l = {.at = 30, .ms = leaps_ms[i / 2]};
        l.only = i % 2 == 0 ? PH_TRACK_VIDEO : PH_TRACK_AUDIO;
        source_init(&s);
        s.adjust_ms = leap;
        s.arg = &l;
        source_begin(&s, 7200000);
        source_run(&s, 7200000, 120);
        assert_int_equal(s.steps[PH_TIMELINE_REALIGNED], 1);
        assert_int_equal(s.steps[PH_TIMELINE_FOLLOWED], 0);
        assert_int_equal(s.steps[PH_TIMELINE_JUMPED], 0);
        assert_under(s.worst_sync, 1.2 * MS, "A/V offset");
    }
}

static void a_jump_that_is_taken_back_leaves_nothing_behind(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3 * LEAPS; i++) {
        struct source s;
        struct leap l = {.at = 30, .back_at = 60, .ms = leaps_ms[i / 3]};
        l.only = (enum ph_track_kind)(i % 3);
        source_init(&s);
        s.adjust_ms = leap;
        s.arg = &l;
        source_begin(&s, 7200000);
        source_run(&s, 7200000, 61);
        /* Both tracks going on a little later is no jump but a gap. */
        bool is_gap = l.only == PH_TRACK_NONE && l.ms < 0 && l.ms > -5000;
        assert_int_equal(s.steps[PH_TIMELINE_REALIGNED], is_gap ? 1 : 2);
        if (is_gap) {
            source_forget(&s); /* the gap begins in one track before it does in the other */
        }
        source_run(&s, 7200000, 120);
        assert_under(s.worst_sync, 1.2 * MS, "A/V offset");
    }
}

static void one_track_jumps_by_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * LEAPS; i++) {
        struct source s;
        struct leap l = {.at = 30, .ms = leaps_ms[i / 2]};
        source_init(&s);
        s.adjust_ms = leap;
        s.arg = &l;
        s.audio_rate = i % 2 == 0 ? 0 : 44100;
        s.video_period = i % 2 == 0 ? 0.040 : 0;
        source_begin(&s, 7200000);
        source_run(&s, 7200000, 60);
        assert_int_equal(s.steps[PH_TIMELINE_JUMPED], 1);
        double error = s.error[i % 2 == 0 ? PH_TRACK_VIDEO : PH_TRACK_AUDIO];
        assert_under(fabs(error - 10.0), 1.2 * MS, "position after the jump");
    }
}

static bool audio_is_silent(enum ph_track_kind kind, double t)
{
    return kind == PH_TRACK_AUDIO && t > 20 && t < 40;
}

static bool video_is_silent(enum ph_track_kind kind, double t)
{
    return kind == PH_TRACK_VIDEO && t > 20 && t < 40;
}

static bool both_are_silent(enum ph_track_kind kind, double t)
{
    (void)kind;
    return t > 20 && t < 24.5;
}

static void silence_with_true_timestamps_is_no_jump(void **state)
{
    static bool (*const silences[])(enum ph_track_kind, double) = {audio_is_silent, video_is_silent,
                                                                   both_are_silent};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct source s;
        source_init(&s);
        s.is_missing = silences[i];
        source_begin(&s, 0);
        source_run(&s, 0, 60);
        assert_int_equal(s.steps[PH_TIMELINE_REALIGNED], 0);
        assert_int_equal(s.steps[PH_TIMELINE_JUMPED], 0);
        assert_int_equal(s.steps[PH_TIMELINE_FOLLOWED], 0);
        assert_under(s.worst_sync, 1 * MS, "A/V offset");
        assert_under(fabs(s.error[PH_TRACK_VIDEO] - 10.0), 1e-6, "position");
    }
}

static bool both_are_silent_for_long(enum ph_track_kind kind, double t)
{
    (void)kind;
    return t > 20 && t < 29;
}

static void a_long_silence_of_all_is_one_jump_that_moves_nothing(void **state)
{
    struct source s;

    (void)state;
    source_init(&s);
    s.is_missing = both_are_silent_for_long;
    source_begin(&s, 0);
    source_run(&s, 0, 60);
    assert_int_equal(s.steps[PH_TIMELINE_JUMPED], 1);
    assert_int_equal(s.steps[PH_TIMELINE_REALIGNED] + s.steps[PH_TIMELINE_FOLLOWED], 0);
    assert_under(s.worst_sync, 1 * MS, "A/V offset");
    assert_under(fabs(s.error[PH_TRACK_VIDEO] - 10.0), 1e-6, "position");
}

static bool both_are_silent_for_a_while(enum ph_track_kind kind, double t)
{
    (void)kind;
    return t > 20 && t < 23;
}

static void a_new_clock_after_a_silence_is_one_jump(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct source s;
        struct leap l = {.at = 21, .ms = leaps_ms[i]};
        source_init(&s);
        s.is_missing = both_are_silent_for_a_while;
        s.adjust_ms = leap;
        s.arg = &l;
        source_begin(&s, 7200000);
        source_run(&s, 7200000, 60);
        assert_int_equal(s.steps[PH_TIMELINE_JUMPED], 1);
        assert_int_equal(s.steps[PH_TIMELINE_REALIGNED] + s.steps[PH_TIMELINE_FOLLOWED], 0);
        assert_under(fabs(s.error[PH_TRACK_VIDEO] - 10.0), 100 * MS, "position after the jump");
        source_forget(&s);
        source_run(&s, 7200000, 70);
        assert_under(s.worst_sync, 1 * MS, "A/V offset");
    }
}

static bool some_audio_is_lost(enum ph_track_kind kind, double t)
{
    return kind == PH_TRACK_AUDIO && fmod(t, 30) > 10 && fmod(t, 30) < 10.2;
}

static void holes_in_audio_stay_holes(void **state)
{
    struct source s;

    (void)state;
    source_init(&s);
    s.is_missing = some_audio_is_lost;
    source_begin(&s, 0);
    source_run(&s, 0, 300);
    assert_under(s.worst_sync, 1 * MS, "A/V offset");
    assert_true(s.worst_gap > 0.15 && s.worst_gap < 0.25);
    assert_true(s.worst_step <= 1);
}

static bool audio_is_late(enum ph_track_kind kind, double t)
{
    return kind == PH_TRACK_AUDIO && t < 17;
}

static void a_late_track_joins_at_its_own_time(void **state)
{
    struct source s;

    (void)state;
    source_init(&s);
    s.is_missing = audio_is_late;
    source_begin(&s, 123456789);
    source_run(&s, 123456789, 60);
    assert_int_equal(s.steps[PH_TIMELINE_REALIGNED], 0);
    assert_under(s.worst_sync, 1 * MS, "A/V offset");
}

static void a_track_with_a_clock_of_its_own_is_put_beside_the_other(void **state)
{
    struct source s;
    struct leap l = {.at = 0, .ms = 86400000, .only = PH_TRACK_AUDIO};

    (void)state;
    source_init(&s);
    s.adjust_ms = leap;
    s.arg = &l;
    source_begin(&s, 0);
    source_run(&s, 0, 60);
    assert_int_equal(s.steps[PH_TIMELINE_REALIGNED], 1);
    assert_under(s.worst_sync, 40 * MS, "A/V offset"); /* to a frame: nothing tells it better */
}

static void two_clocks_keep_their_distance_over_a_silence(void **state)
{
    struct source s;
    struct leap l = {.at = 0, .ms = 86400000, .only = PH_TRACK_AUDIO};

    (void)state;
    source_init(&s);
    s.adjust_ms = leap;
    s.arg = &l;
    s.is_missing = both_are_silent_for_long;
    source_begin(&s, 0);
    source_run(&s, 0, 15);
    double before = s.error[PH_TRACK_AUDIO] - s.error[PH_TRACK_VIDEO];
    source_run(&s, 0, 60);
    assert_int_equal(s.steps[PH_TIMELINE_REALIGNED], 1);
    assert_int_equal(s.steps[PH_TIMELINE_JUMPED], 1);
    double after = s.error[PH_TRACK_AUDIO] - s.error[PH_TRACK_VIDEO];
    assert_under(fabs(after - before), 1 * MS, "change of the A/V offset");
}

static int place_video(struct ph_timeline *timeline, int64_t pts_ms, int64_t dts_ms,
                       struct ph_timestamps *out)
{
    return ph_timeline_place(timeline, PH_TRACK_VIDEO, pts_ms * 90, dts_ms * 90, 0, 1000, out);
}

static void begin_video(struct ph_timeline *timeline, int64_t dts_ms)
{
    struct ph_track video = test_video_track();

    ph_timeline_init(timeline);
    ph_timeline_begin(timeline);
    ph_timeline_set_track(timeline, &video);
    ph_timeline_anchor(timeline, dts_ms * 90, (struct ph_now){1000, 5000000});
}

static void equal_and_backward_dts_are_bumped_by_a_tick(void **state)
{
    static const int64_t stamps[] = {0, 33, 33, 33, 30, 100};
    static const int64_t wanted[] = {0, 33 * 90, 33 * 90 + 1, 33 * 90 + 2, 33 * 90 + 3, 9000};
    struct ph_timeline timeline;
    struct ph_timestamps at;

    (void)state;
    begin_video(&timeline, 0);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(place_video(&timeline, stamps[i], stamps[i], &at), 0);
        assert_int_equal(at.dts, 900000 + wanted[i]);
        assert_true(at.pts >= at.dts);
        assert_int_equal(at.step, PH_TIMELINE_GOES_ON);
    }
}

static void many_small_steps_back_are_a_jump(void **state)
{
    struct ph_timeline timeline;
    struct ph_timestamps at;
    int jumps = 0;

    (void)state;
    begin_video(&timeline, 100000);
    for (int64_t i = 0; i < 100; i++) {
        assert_int_equal(place_video(&timeline, 100000 - 100 * i, 100000 - 100 * i, &at), 0);
        jumps += at.step == PH_TIMELINE_JUMPED;
    }
    assert_true(jumps > 30);
    assert_true(at.dts > 900000 + jumps * 2000);
}

static void b_frames_keep_their_presentation_times(void **state)
{
    /* I P B B P B B …, dts two frames before the first pts. */
    static const int64_t pts[] = {66, 166, 100, 133, 266, 200, 233};
    struct ph_timeline timeline;
    struct ph_timestamps at;

    (void)state;
    begin_video(&timeline, 0);
    for (int64_t i = 0; i < 7; i++) {
        assert_int_equal(place_video(&timeline, pts[i], i * 100 / 3, &at), 0);
        assert_int_equal(at.pts, 900000 + pts[i] * 90);
        assert_int_equal(at.dts, 900000 + i * 100 / 3 * 90);
    }
}

static void negative_composition_times_shift_dts_not_pts(void **state)
{
    /* An encoder that stamps dts with the presentation time of the frame's place in the stream. */
    static const int64_t pts[] = {0, 120, 40, 80, 240, 160, 200, 360, 280, 320, 480, 400, 440};
    struct ph_timeline timeline;
    struct ph_timestamps at;

    (void)state;
    begin_video(&timeline, 0);
    for (int64_t i = 0; i < 13; i++) {
        int64_t last = timeline.lanes[PH_TRACK_VIDEO].last_out;
        assert_int_equal(place_video(&timeline, pts[i], i * 40, &at), 0);
        assert_true(at.dts > last);
        assert_true(at.pts >= at.dts);
        /* The first frame that is late has no room left in front of it, but for a tick. */
        assert_int_equal(at.pts, 900000 + pts[i] * 90 + (i == 2));
    }
    assert_int_equal(timeline.lanes[PH_TRACK_VIDEO].dts_delay, 40 * 90);
}

static void absurd_composition_times_are_not_believed(void **state)
{
    struct ph_timeline timeline;
    struct ph_timestamps at;

    (void)state;
    begin_video(&timeline, 0);
    assert_int_equal(place_video(&timeline, 8000000, 0, &at), 0);
    assert_int_equal(at.pts, at.dts);
    assert_int_equal(place_video(&timeline, -8000000, 40, &at), 0);
    assert_int_equal(at.pts, at.dts);
    assert_true(at.dts >= 900000);
}

static void a_video_frame_lasts_as_long_as_most_before_it(void **state)
{
    static const int64_t stamps[] = {0, 40, 80, 120, 280, 320, 320, 360, 400};
    struct ph_track video = test_video_track();
    struct ph_timeline timeline;
    struct ph_timestamps at;

    (void)state;
    begin_video(&timeline, 0);
    assert_int_equal(place_video(&timeline, stamps[0], stamps[0], &at), 0);
    assert_int_equal(at.duration, 3000); /* nothing known: 30 fps */
    for (size_t i = 1; i < 9; i++) {
        assert_int_equal(place_video(&timeline, stamps[i], stamps[i], &at), 0);
        assert_int_equal(at.duration, 3600);
    }
    begin_video(&timeline, 0);
    video.frame_rate = (AVRational){60000, 1001};
    ph_timeline_set_track(&timeline, &video);
    assert_int_equal(place_video(&timeline, 0, 0, &at), 0);
    assert_int_equal(at.duration, 1502);
}

static void sessions_lie_behind_each_other_at_the_wall_clock(void **state)
{
    /* A gap of 20 s, a takeover in the same instant, and one with the old clock's wrap. */
    static const double gaps[] = {20, 0, 0.1, 3600};
    static const int64_t bases[] = {0, 4000000000LL, 0, 77};
    struct source s;
    int64_t last_end = 0;

    (void)state;
    source_init(&s);
    for (size_t i = 0; i < 4; i++) {
        double began = s.start;
        source_begin(&s, bases[i]);
        s.frames[PH_TRACK_VIDEO] = 0;
        s.frames[PH_TRACK_AUDIO] = 0;
        source_run(&s, bases[i], 0.001);
        int64_t first = s.last[PH_TRACK_VIDEO].dts;
        assert_true(first >= last_end);
        double position = (double)first / 90000;
        assert_under(fabs(position - (began - 1000 + 10)), 100 * MS, "session's place");
        double date = (double)s.timeline.wall / 1e6 + position;
        assert_under(fabs(date - (began + 1e9)), 1 * MS, "session's date");
        source_forget(&s);
        source_run(&s, bases[i], 12);
        assert_under(s.worst_sync, 1 * MS, "A/V offset");
        last_end = s.last[PH_TRACK_VIDEO].dts + s.last[PH_TRACK_VIDEO].duration;
        s.start += 12 + gaps[i];
    }
}

static void a_session_never_lies_before_the_end_of_the_last(void **state)
{
    struct source s;

    (void)state;
    source_init(&s);
    source_begin(&s, 0);
    s.audio_drift = 0;
    source_run(&s, 0, 60);
    int64_t end = s.last[PH_TRACK_VIDEO].dts + s.last[PH_TRACK_VIDEO].duration;
    /* The next one begins when the clock says that the first was only halfway through. */
    s.start += 30;
    s.frames[PH_TRACK_VIDEO] = 0;
    s.frames[PH_TRACK_AUDIO] = 0;
    source_begin(&s, 999);
    source_run(&s, 999, 0.001);
    assert_true(s.last[PH_TRACK_VIDEO].dts >= end);
    assert_true(s.last[PH_TRACK_VIDEO].dts < end + 90000);
    source_forget(&s);
    source_run(&s, 999, 30);
    assert_under(s.worst_sync, 1 * MS, "A/V offset");
    /* Its dates are those of its arrival all the same. */
    double date = (double)s.timeline.wall / 1e6 + (double)s.last[PH_TRACK_VIDEO].dts / 90000;
    assert_under(fabs(date - (s.start + 1e9 + s.t)), 50 * MS, "session's date");
}

static void a_new_sample_rate_keeps_dts_increasing(void **state)
{
    static const int rates[] = {44100, 48000, 22050, 48000, 8000};
    struct source s;

    (void)state;
    source_init(&s);
    source_begin(&s, 0);
    for (int i = 0; i < 5; i++) {
        struct ph_track track = test_audio_track(rates[i]);
        double end = seconds_of(&s.timeline, PH_TRACK_AUDIO,
                                s.last[PH_TRACK_AUDIO].dts + s.last[PH_TRACK_AUDIO].duration);
        s.has_last[PH_TRACK_AUDIO] = false;
        ph_timeline_set_track(&s.timeline, &track);
        s.audio_rate = rates[i];
        s.frames[PH_TRACK_AUDIO] = (int64_t)ceil(i * 10.0 * rates[i] / 1024);
        source_run(&s, 0, i * 10.0 + 0.2);
        assert_true(seconds_of(&s.timeline, PH_TRACK_AUDIO, s.last[PH_TRACK_AUDIO].dts) > end);
        source_run(&s, 0, (i + 1) * 10.0);
        assert_under(s.worst_sync, 1 * MS, "A/V offset");
    }
}

static void packets_of_unknown_length_go_by_their_timestamps(void **state)
{
    struct ph_track track = test_audio_track(48000);
    struct ph_timeline timeline;
    struct ph_timestamps at;

    (void)state;
    ph_timeline_init(&timeline);
    ph_timeline_begin(&timeline);
    track.frame_samples = 0;
    ph_timeline_set_track(&timeline, &track);
    ph_timeline_anchor(&timeline, 0, (struct ph_now){0, 0});
    for (int64_t i = 0; i < 20; i++) {
        int64_t dts = i * 20 * 90;
        assert_int_equal(ph_timeline_place(&timeline, PH_TRACK_AUDIO, dts, dts, 0, 0, &at), 0);
        assert_int_equal(at.dts, 480000 + i * 960);
    }
    assert_int_equal(at.duration, 960);
}

static uint64_t random_state = 88172645463325252ull;

static uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    return random_state ^= random_state << 17;
}

static int64_t random_stamp(int64_t last)
{
    switch (random_next() % 8) {
    case 0:
        return (int64_t)random_next();
    case 1:
        return (int64_t)(random_next() % (1u << 30)) * 90;
    case 2:
        return PH_TIMELINE_MAX - (int64_t)(random_next() % 1000);
    case 3:
        return -PH_TIMELINE_MAX + (int64_t)(random_next() % 1000);
    case 4:
        return last - (int64_t)(random_next() % 1000000);
    default:
        return last + (int64_t)(random_next() % 10000);
    }
}

static void no_timestamps_break_the_order(void **state)
{
    struct ph_timeline timeline;
    int64_t last_in = 0;
    int64_t last_out[PH_TRACK_KINDS] = {-1, -1, -1};
    int placed = 0;

    (void)state;
    ph_timeline_init(&timeline);
    for (int i = 0; i < 300000; i++) {
        struct ph_timestamps at;
        if (i % 5000 == 0) {
            struct ph_track video = test_video_track();
            struct ph_track audio = test_audio_track(44100);
            ph_timeline_begin(&timeline);
            ph_timeline_set_track(&timeline, &video);
            ph_timeline_set_track(&timeline, &audio);
            ph_timeline_anchor(&timeline, last_in, (struct ph_now){i * 1000, i * 1000});
        }
        enum ph_track_kind kind = random_next() % 2 ? PH_TRACK_VIDEO : PH_TRACK_AUDIO;
        int64_t dts = random_stamp(last_in);
        int64_t pts = random_next() % 4 ? dts : random_stamp(dts);
        int err = ph_timeline_place(&timeline, kind, pts, dts, 1024, i * 1000, &at);
        if (err != 0) {
            assert_int_equal(err, PH_EPROTO);
            continue;
        }
        last_in = dts;
        placed++;
        assert_true(at.dts >= 0 && at.dts > last_out[kind]);
        assert_true(at.pts >= at.dts && at.pts - at.dts <= 10 * 90000);
        assert_true(at.duration > 0);
        last_out[kind] = at.dts;
    }
    assert_true(placed > 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_hours_of_milliseconds_stay_on_the_sample_grid),
        cmocka_unit_test(a_drifting_audio_clock_is_followed_without_a_step),
        cmocka_unit_test(wraps_of_the_wire_are_not_seen),
        cmocka_unit_test(both_tracks_jump_together_and_stay_together),
        cmocka_unit_test(a_track_that_jumps_alone_is_put_back_beside_the_other),
        cmocka_unit_test(a_jump_that_is_taken_back_leaves_nothing_behind),
        cmocka_unit_test(one_track_jumps_by_itself),
        cmocka_unit_test(silence_with_true_timestamps_is_no_jump),
        cmocka_unit_test(a_long_silence_of_all_is_one_jump_that_moves_nothing),
        cmocka_unit_test(a_new_clock_after_a_silence_is_one_jump),
        cmocka_unit_test(holes_in_audio_stay_holes),
        cmocka_unit_test(a_late_track_joins_at_its_own_time),
        cmocka_unit_test(a_track_with_a_clock_of_its_own_is_put_beside_the_other),
        cmocka_unit_test(two_clocks_keep_their_distance_over_a_silence),
        cmocka_unit_test(equal_and_backward_dts_are_bumped_by_a_tick),
        cmocka_unit_test(many_small_steps_back_are_a_jump),
        cmocka_unit_test(b_frames_keep_their_presentation_times),
        cmocka_unit_test(negative_composition_times_shift_dts_not_pts),
        cmocka_unit_test(absurd_composition_times_are_not_believed),
        cmocka_unit_test(a_video_frame_lasts_as_long_as_most_before_it),
        cmocka_unit_test(sessions_lie_behind_each_other_at_the_wall_clock),
        cmocka_unit_test(a_session_never_lies_before_the_end_of_the_last),
        cmocka_unit_test(a_new_sample_rate_keeps_dts_increasing),
        cmocka_unit_test(packets_of_unknown_length_go_by_their_timestamps),
        cmocka_unit_test(no_timestamps_break_the_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
