/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "package/segmenter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define MS PH_USEC_PER_MS
#define S PH_USEC_PER_S

/* What came out: parts and segments, in order. */
enum { PARTS_MAX = 20000, SEGMENTS_MAX = 4000 };

struct part {
    ph_usec duration;
    bool is_independent;
    bool is_last; /* of its segment */
};

struct segment {
    ph_usec start;    /* declared */
    ph_usec duration; /* the sum of its parts' */
    bool starts_at_access;
    bool is_gop_long; /* the cut that ended it */
    bool is_discontinuity;
};

static struct {
    struct part parts[PARTS_MAX];
    size_t part_count;
    struct segment segments[SEGMENTS_MAX];
    size_t segment_count;
    ph_usec open_duration;
    bool open_has_frames;
    bool open_has_reference;
    bool open_starts_at_access;
    bool open_is_discontinuity;
    unsigned discontinuities;
    ph_usec worst_drift; /* of the declared ends from the media's clock */
} out;

static struct ph_segmenter seg;

static struct ph_segmenter_params default_params(ph_usec part, ph_usec segment)
{
    return (struct ph_segmenter_params){
        .part = part,
        .segment = segment,
        .target_duration = (segment + S / 2) / S * S,
        .max_part_bytes = 1 << 24,
        .max_segment_bytes = 1 << 26,
        .max_part_packets = 4096,
    };
}

static void begin(const struct ph_segmenter_params *params, enum ph_track_kind reference)
{
    memset(&out, 0, sizeof(out));
    ph_segmenter_init(&seg, params);
    ph_segmenter_set_reference(&seg, reference, 0);
}

static void take_closed(const struct ph_closed *closed)
{
    if (!closed->has_part) {
        return;
    }
    assert_true(out.part_count < PARTS_MAX);
    out.parts[out.part_count++] =
        (struct part){.duration = closed->duration, .is_independent = closed->is_independent};
    out.open_duration += closed->duration;
    ph_usec drift = llabs(seg.part_start - seg.clock);
    out.worst_drift = drift > out.worst_drift ? drift : out.worst_drift;
}

static void take_cut(enum ph_cut cut, const struct ph_closed *closed, ph_usec start)
{
    take_closed(closed);
    if (cut == PH_CUT_SEGMENT || cut == PH_CUT_DISCONTINUITY) {
        if (out.open_has_frames) {
            assert_true(out.segment_count < SEGMENTS_MAX);
            assert_true(out.part_count > 0);
            out.parts[out.part_count - 1].is_last = true;
            out.segments[out.segment_count++] = (struct segment){
                .start = start,
                .duration = out.open_duration,
                .starts_at_access = out.open_starts_at_access,
                .is_gop_long = closed->is_gop_long,
                .is_discontinuity = out.open_is_discontinuity,
            };
        }
        out.open_duration = 0;
        out.open_has_frames = false;
        out.open_has_reference = false;
        out.open_is_discontinuity = cut == PH_CUT_DISCONTINUITY;
        out.discontinuities += cut == PH_CUT_DISCONTINUITY ? 1 : 0;
    }
}

static void feed(enum ph_track_kind kind, ph_usec dts, bool is_access, size_t bytes)
{
    struct ph_frame frame = {kind, dts, is_access, bytes};
    struct ph_closed closed;
    ph_usec start = seg.segment_start;

    take_cut(ph_segmenter_before(&seg, &frame, &closed), &closed, start);
    ph_segmenter_add(&seg, &frame);
    if (kind == seg.reference && !out.open_has_reference) {
        out.open_starts_at_access = is_access;
        out.open_has_reference = true;
    }
    out.open_has_frames = true;
    if (ph_segmenter_after(&seg, &closed)) {
        take_closed(&closed);
    }
}

static void video(ph_usec dts, bool is_access)
{
    feed(PH_TRACK_VIDEO, dts, is_access, 1000);
}

static void audio(ph_usec dts)
{
    feed(PH_TRACK_AUDIO, dts, true, 100);
}

/* What every stream must give, whatever it looks like. */
static void check_rules(const char *what)
{
    ph_usec longest = seg.params.target_duration + S / 2;

    for (size_t i = 0; i < out.part_count; i++) {
        const struct part *part = &out.parts[i];
        if (part->duration > seg.part_target || part->duration <= 0) {
            fail_msg("%s: part %zu lasts %" PRId64 ", the target is %" PRId64, what, i,
                     part->duration, seg.part_target);
        }
        if (part->duration * 100 < seg.part_target * 85 && !part->is_last &&
            !part->is_independent) {
            fail_msg("%s: part %zu lasts %" PRId64 ", under 85 %% of %" PRId64, what, i,
                     part->duration, seg.part_target);
        }
    }
    for (size_t i = 0; i < out.segment_count; i++) {
        if (out.segments[i].duration >= longest) {
            fail_msg("%s: segment %zu lasts %" PRId64, what, i, out.segments[i].duration);
        }
        /* Declared durations telescope. */
        if (i + 1 < out.segment_count && !out.segments[i + 1].is_discontinuity &&
            !seg.params.is_follower) {
            assert_int_equal(out.segments[i].start + out.segments[i].duration,
                             out.segments[i + 1].start);
        }
    }
}

/* A publisher: frame rate, how its clock rounds, GOP in frames, audio beside it. */
struct stream {
    const char *name;
    int fps_num, fps_den;
    ph_usec round_to; /* timestamps are multiples of this */
    ph_usec jitter;   /* and off by up to this */
    bool has_audio;
};

static unsigned random_state;

static ph_usec random_below(ph_usec limit)
{
    random_state = random_state * 1103515245u + 12345u;
    return limit > 0 ? (ph_usec)(random_state >> 8) % limit : 0;
}

static ph_usec frame_dts(const struct stream *st, int64_t i)
{
    ph_usec exact = 10 * S + i * S * st->fps_den / st->fps_num;
    ph_usec jittered = exact + random_below(2 * st->jitter + 1) - st->jitter;

    return jittered / st->round_to * st->round_to;
}

static void run_stream(const struct stream *st, int64_t gop_frames, ph_usec duration)
{
    ph_usec audio_at = 10 * S;
    int64_t audio_count = 0;

    random_state = 1;
    for (int64_t i = 0;; i++) {
        ph_usec dts = frame_dts(st, i);
        if (dts > 10 * S + duration) {
            break;
        }
        while (st->has_audio && audio_at <= dts) {
            audio(audio_at);
            audio_at = 10 * S + ++audio_count * 1024 * S / 48000;
        }
        video(dts, i % gop_frames == 0);
    }
}

static const struct stream streams[] = {
    {"15", 15, 1, MS, 0, true},
    {"24", 24, 1, MS, 0, true},
    {"23.976", 24000, 1001, MS, 0, false},
    {"25", 25, 1, MS, 0, true},
    {"29.97", 30000, 1001, MS, 0, true},
    {"30", 30, 1, MS, 0, true},
    {"30 exact", 30, 1, 1, 0, false},
    {"50", 50, 1, MS, 0, false},
    {"60", 60, 1, MS, 0, true},
    {"60 exact", 60, 1, 1, 0, true},
    {"30 +-5ms", 30, 1, MS, 5 * MS, true},
    {"24 +-8ms", 24, 1, MS, 8 * MS, false},
    {"60 +-3ms", 60, 1, MS, 3 * MS, true},
    {"10", 10, 1, MS, 0, true},
};

static const ph_usec gops[] = {500 * MS,  1000 * MS, 1500 * MS, 2000 * MS,
                               2200 * MS, 3000 * MS, 10000 * MS};

static void check_frames_a_part(const struct stream *st, const char *what)
{
    ph_usec frame = S * st->fps_den / st->fps_num;
    ph_usec frames = (seg.part_target - 2 * MS + frame / 4) / frame;

    if (st->jitter > 0) {
        assert_in_range(llabs(seg.part_target - seg.params.part), 0, frame + 4 * st->jitter);
        return;
    }
    /* The nearest number of whole frames; 7.49 may count as 8 with rounded timestamps. */
    if (llabs(frames * frame - seg.params.part) > frame * 55 / 100 ||
        llabs(seg.part_target - (frames * frame + 2 * MS)) > 2 * MS) {
        fail_msg("%s: the part target is %" PRId64 " for %d frames of %" PRId64, what,
                 seg.part_target, (int)frames, frame);
    }
}

static void test_every_rate_and_gop(void **state)
{
    (void)state;
    static const ph_usec parts[] = {200 * MS, 250 * MS, 500 * MS, 1000 * MS};

    for (size_t p = 0; p < 4; p++) {
        for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
            for (size_t g = 0; g < sizeof(gops) / sizeof(gops[0]); g++) {
                const struct stream *st = &streams[i];
                const struct ph_segmenter_params params = default_params(parts[p], 2 * S);
                int64_t gop = gops[g] * st->fps_num / st->fps_den / S;
                char what[96];
                snprintf(what, sizeof(what), "%s fps, gop %" PRId64 " ms, part %" PRId64 " ms",
                         st->name, gops[g] / MS, parts[p] / MS);

                begin(&params, PH_TRACK_VIDEO);
                run_stream(st, gop, 60 * S);
                check_rules(what);
                check_frames_a_part(st, what);
                assert_int_equal(out.discontinuities, 0);
                ph_usec frame = S * st->fps_den / st->fps_num;
                if (out.worst_drift > frame) {
                    fail_msg("%s: declared ends drift by %" PRId64, what, out.worst_drift);
                }
                bool is_long = gops[g] >= 2500 * MS;
                for (size_t k = 0; k < out.segment_count; k++) {
                    const struct segment *segment = &out.segments[k];
                    if (!is_long && !segment->starts_at_access) {
                        fail_msg("%s: segment %zu starts between key frames", what, k);
                    }
                    assert_true(is_long || !segment->is_gop_long);
                }
            }
        }
    }
}

static void test_parts_have_equal_frames(void **state)
{
    (void)state;
    const struct ph_segmenter_params params = default_params(250 * MS, 2 * S);
    const struct stream st = {"30", 30, 1, MS, 0, true};

    begin(&params, PH_TRACK_VIDEO);
    run_stream(&st, 60, 60 * S);
    assert_int_equal(seg.part_target, 269 * MS);
    /* 60 frames in parts of 8: seven and a half. */
    assert_in_range(out.segment_count, 29, 30);
    assert_in_range(out.part_count, 29 * 8, 30 * 8 + 1);
}

/* A camera's clock is not even: parts still have eight frames, give or take one. */
static void test_jitter_does_not_change_parts(void **state)
{
    (void)state;
    const struct ph_segmenter_params params = default_params(250 * MS, 2 * S);
    const struct stream st = {"30 +-5ms", 30, 1, MS, 5 * MS, true};

    begin(&params, PH_TRACK_VIDEO);
    ph_segmenter_set_reference(&seg, PH_TRACK_VIDEO, 33333); /* as the headers say */
    run_stream(&st, 60, 60 * S);
    assert_int_equal(seg.part_target, 269 * MS);
    assert_in_range(out.part_count, 29 * 8, 30 * 8 + 1);
}

/* Headers that are wrong, as phones' often are. */
static void test_wrong_hint(void **state)
{
    (void)state;
    const struct ph_segmenter_params params = default_params(250 * MS, 2 * S);
    const struct stream st = {"15", 15, 1, MS, 0, true};

    begin(&params, PH_TRACK_VIDEO);
    ph_segmenter_set_reference(&seg, PH_TRACK_VIDEO, S / 60);
    run_stream(&st, 30, 20 * S);
    check_rules("15 fps that say 60");
    assert_int_equal(seg.part_target, 269 * MS);
}

static void test_gop_shorter_than_segment(void **state)
{
    (void)state;
    const struct ph_segmenter_params params = default_params(250 * MS, 2 * S);
    const struct stream st = {"30", 30, 1, MS, 0, true};
    size_t independent = 0;

    begin(&params, PH_TRACK_VIDEO);
    run_stream(&st, 30, 61 * S);
    for (size_t i = 0; i < out.part_count; i++) {
        independent += out.parts[i].is_independent ? 1 : 0;
    }
    /* One at each key frame; segments of two GOPs each but for the first, not foreseen. */
    assert_in_range(independent, 60, 61);
    assert_in_range(out.segment_count, 30, 31);
}

static void test_every_frame_a_key_frame(void **state)
{
    (void)state;
    const struct ph_segmenter_params params = default_params(250 * MS, 2 * S);
    const struct stream st = {"30", 30, 1, MS, 0, false};

    begin(&params, PH_TRACK_VIDEO);
    run_stream(&st, 1, 20 * S);
    check_rules("all intra");
    assert_in_range(out.part_count, 74, 80);
    for (size_t i = 0; i < out.part_count; i++) {
        assert_true(out.parts[i].is_independent);
    }
}

static void test_long_gop_is_cut_and_told(void **state)
{
    (void)state;
    const struct ph_segmenter_params params = default_params(250 * MS, 2 * S);
    const struct stream st = {"30", 30, 1, MS, 0, true};

    begin(&params, PH_TRACK_VIDEO);
    run_stream(&st, 90, 60 * S);
    check_rules("gop 3 s");
    assert_true(out.segments[0].is_gop_long);
    /* Not known yet: the last moment. Known: the configured duration, then the key frame. */
    assert_in_range(out.segments[0].duration, 2300 * MS, 2499 * MS);
    size_t known = 0;
    for (size_t i = 2; i < out.segment_count; i++) {
        const struct segment *segment = &out.segments[i];
        known += segment->is_gop_long ? 1 : 0;
        if (segment->is_gop_long) {
            assert_in_range(segment->duration, 1960 * MS, 2040 * MS);
            assert_true(segment->starts_at_access);
        } else {
            assert_in_range(segment->duration, 960 * MS, 1040 * MS);
        }
    }
    assert_in_range(known, 18, 20);
}

static void test_unforeseen_key_frame(void **state)
{
    (void)state;
    const struct ph_segmenter_params params = default_params(250 * MS, 2 * S);

    begin(&params, PH_TRACK_VIDEO);
    for (int i = 0; i < 600; i++) {
        bool is_cut = i % 60 == 0 || i == 200 || i == 203 || i == 347;
        video(10 * S + i * S / 30, is_cut);
    }
    check_rules("scene cuts");
    for (size_t i = 0; i < out.segment_count; i++) {
        assert_true(out.segments[i].starts_at_access);
    }
}

static void test_closes_without_waiting(void **state)
{
    (void)state;
    const struct ph_segmenter_params params = default_params(250 * MS, 2 * S);

    begin(&params, PH_TRACK_VIDEO);
    for (int i = 0; i < 8; i++) {
        video(10 * S + i * 33333, i == 0);
        assert_int_equal(out.part_count, i == 7 ? 1 : 0);
    }
    for (int i = 8; i < 16; i++) {
        video(10 * S + i * 33333, false);
        assert_int_equal(out.part_count, i == 15 ? 2 : 1);
    }
}

static void test_rate_changes_later(void **state)
{
    (void)state;
    const struct ph_segmenter_params params = default_params(250 * MS, 2 * S);
    static const int rates[] = {30, 15, 24, 10, 60, 12, 30};
    ph_usec dts = 10 * S;
    int64_t key = 0;

    begin(&params, PH_TRACK_VIDEO);
    for (size_t r = 0; r < 7; r++) {
        for (int i = 0; i < rates[r] * 20; i++) {
            bool is_access = dts >= 10 * S + key * 2 * S;
            key += is_access ? 1 : 0;
            video(dts / MS * MS, is_access);
            dts += S / rates[r];
        }
    }
    check_rules("changing rates");
    assert_int_equal(seg.part_target, 269 * MS);
    assert_int_equal(out.discontinuities, 0);
    assert_in_range(out.worst_drift, 0, 100 * MS);
}

/* A phone on a thin link: no video from `from` to `to`, audio goes on. */
static void run_video_gap(ph_usec from, ph_usec to, ph_usec until, bool resumes_with_key)
{
    bool was_gone = false;
    int64_t a = 0;

    for (int i = 0; i * S / 30 < until; i++) {
        ph_usec t = i * S / 30;
        /* The interleaving holds audio back for a second while video is missing. */
        bool is_gone = t >= from && t < to;
        ph_usec audio_until = is_gone && t - from < S ? from : is_gone ? t - S : t;
        for (; a * 1024 * S / 48000 <= audio_until; a++) {
            audio(10 * S + a * 1024 * S / 48000);
        }
        if (is_gone) {
            was_gone = true;
            continue;
        }
        video(10 * S + t, i % 60 == 0 || (was_gone && resumes_with_key));
        was_gone = false;
    }
}

static void test_video_gap(void **state)
{
    (void)state;
    static const ph_usec gaps[] = {100 * MS, 470 * MS, 900 * MS, 1500 * MS, 5 * S, 20 * S};
    const struct ph_segmenter_params params = default_params(250 * MS, 2 * S);

    for (size_t g = 0; g < 6; g++) {
        for (int key = 0; key < 2; key++) {
            char what[64];
            snprintf(what, sizeof(what), "gap of %" PRId64 " ms, key %d", gaps[g] / MS, key);
            begin(&params, PH_TRACK_VIDEO);
            run_video_gap(5 * S + 333 * MS, 5 * S + 333 * MS + gaps[g], 60 * S, key == 1);
            check_rules(what);
            assert_int_equal(out.discontinuities, 0);
            /* The declared ends are in line again at the end. */
            assert_in_range(llabs(seg.part_start - seg.clock), 0, 270 * MS);
            ph_usec sum = 0;
            for (size_t i = 0; i < out.part_count; i++) {
                sum += out.parts[i].duration;
            }
            assert_in_range(sum, 59 * S, 60 * S);
        }
    }
}

static void test_audio_moves_the_playlist(void **state)
{
    (void)state;
    const struct ph_segmenter_params params = default_params(250 * MS, 2 * S);

    begin(&params, PH_TRACK_VIDEO);
    for (int i = 0; i < 30; i++) {
        video(10 * S + i * S / 30, i == 0);
    }
    size_t before = out.part_count;
    for (int i = 0; i < 470; i++) {
        audio(11 * S + i * 1024 * S / 48000);
    }
    /* Ten seconds of audio alone. */
    assert_in_range(out.part_count - before, 36, 42);
    assert_in_range(out.segment_count, 4, 5);
    check_rules("audio goes on");
    for (size_t i = before + 1; i < out.part_count; i++) {
        assert_false(out.parts[i].is_independent);
    }
    for (size_t i = 0; i < out.segment_count; i++) {
        assert_false(out.segments[i].is_gop_long);
    }
    /* The video was only late: what has been declared cannot be taken back. */
    ph_usec clock = seg.clock;
    size_t parts = out.part_count;
    for (int i = 30; i < 60; i++) {
        video(10 * S + i * S / 30, false);
        assert_int_equal(seg.clock, clock);
    }
    assert_int_equal(out.part_count, parts);
    audio(21 * S + 300 * MS);
    assert_int_equal(out.part_count, parts + 1);
    check_rules("late video");
}

static void test_hole_in_everything(void **state)
{
    (void)state;
    static const ph_usec holes[] = {300 * MS, 900 * MS, 1900 * MS, 2200 * MS, 60 * S};
    const struct ph_segmenter_params params = default_params(250 * MS, 2 * S);

    for (size_t h = 0; h < 5; h++) {
        begin(&params, PH_TRACK_VIDEO);
        ph_usec dts = 10 * S;
        for (int i = 0; i < 1200; i++) {
            dts += i == 100 ? holes[h] : S / 30;
            video(dts, i % 60 == 0);
        }
        check_rules("hole");
        assert_int_equal(out.discontinuities, holes[h] > 2 * S ? 1 : 0);
        assert_in_range(llabs(seg.part_start - seg.clock), 0, 270 * MS);
    }
}

static void test_flush(void **state)
{
    (void)state;
    const struct ph_segmenter_params params = default_params(250 * MS, 2 * S);
    struct ph_closed closed;

    begin(&params, PH_TRACK_VIDEO);
    assert_int_equal(ph_segmenter_flush(&seg, &closed), PH_CUT_NONE);
    assert_false(closed.has_part);
    for (int i = 0; i < 3; i++) {
        video(10 * S + i * S / 30, i == 0);
    }
    assert_int_equal(ph_segmenter_flush(&seg, &closed), PH_CUT_SEGMENT);
    assert_true(closed.has_part);
    assert_int_equal(closed.duration, 3 * (S / 30));
    assert_int_equal(ph_segmenter_flush(&seg, &closed), PH_CUT_NONE);

    /* The stream goes on a little later: no discontinuity; much later: one. */
    struct ph_frame frame = {PH_TRACK_VIDEO, 11 * S, true, 10};
    assert_int_equal(ph_segmenter_before(&seg, &frame, &closed), PH_CUT_NONE);
    frame.dts = 20 * S;
    assert_int_equal(ph_segmenter_before(&seg, &frame, &closed), PH_CUT_DISCONTINUITY);
    assert_false(closed.has_part);
}

static void test_sizes_are_limited(void **state)
{
    (void)state;
    struct ph_segmenter_params params = default_params(250 * MS, 2 * S);

    params.max_part_bytes = 10000;
    params.max_segment_bytes = 50000;
    params.max_part_packets = 64;
    begin(&params, PH_TRACK_VIDEO);
    /* A flood of packets that hardly move in time. */
    for (int i = 0; i < 10000; i++) {
        feed(i % 2 ? PH_TRACK_AUDIO : PH_TRACK_VIDEO, 10 * S + i, i == 0, i % 3 == 0 ? 3000 : 1);
        assert_true(seg.part.bytes <= 10000);
        assert_true(seg.part.packets <= 64);
        assert_true(seg.segment_bytes <= 50000);
    }
    /* Such parts may be too short, never too long. */
    for (size_t i = 0; i < out.part_count; i++) {
        assert_in_range(out.parts[i].duration, 1, seg.part_target);
    }
}

static void test_audio_only(void **state)
{
    (void)state;
    const struct ph_segmenter_params params = default_params(250 * MS, 2 * S);
    static const struct {
        int samples, rate;
        ph_usec target;
    } codecs[] = {{1024, 48000, 237 * MS}, {1024, 44100, 235 * MS}, {960, 48000, 242 * MS},
                  {1152, 44100, 238 * MS}, {1536, 48000, 226 * MS}, {1024, 16000, 194 * MS}};

    for (size_t c = 0; c < 6; c++) {
        begin(&params, PH_TRACK_AUDIO);
        for (int64_t i = 0; i < 3000; i++) {
            audio(10 * S + i * codecs[c].samples * S / codecs[c].rate);
        }
        check_rules("audio only");
        if (llabs(seg.part_target - codecs[c].target) > MS) {
            fail_msg("part target %" PRId64 " with %d samples at %d", seg.part_target,
                     codecs[c].samples, codecs[c].rate);
        }
        for (size_t i = 0; i < out.part_count; i++) {
            assert_true(out.parts[i].is_independent);
        }
        for (size_t i = 0; i < out.segment_count; i++) {
            assert_in_range(out.segments[i].duration, 1930 * MS, 2070 * MS);
        }
    }
}

static void test_follower(void **state)
{
    (void)state;
    struct ph_segmenter_params params = default_params(250 * MS, 2 * S);

    params.is_follower = true;
    begin(&params, PH_TRACK_AUDIO);
    for (int64_t i = 0; i < 4000; i++) {
        ph_usec dts = 10 * S + i * 1024 * S / 48000;
        if (i % 94 == 50) {
            ph_segmenter_follow(&seg, dts + 5 * MS);
        }
        audio(dts);
    }
    check_rules("follower");
    assert_int_equal(out.segment_count, 43);
    assert_int_equal(out.discontinuities, 0);
    for (size_t i = 1; i < out.segment_count; i++) {
        assert_in_range(out.segments[i].duration, 1980 * MS, 2030 * MS);
    }
}

/* Audio is gone for a while: as many segments as the leader has, and no discontinuity. */
static void test_follower_without_frames(void **state)
{
    (void)state;
    struct ph_segmenter_params params = default_params(250 * MS, 2 * S);

    params.is_follower = true;
    begin(&params, PH_TRACK_AUDIO);
    int boundaries = 0;
    for (int64_t i = 0; i < 4000; i++) {
        ph_usec dts = 10 * S + i * 20 * MS;
        if (i % 100 == 99) {
            ph_segmenter_follow(&seg, dts);
            boundaries++;
        }
        if (i < 1000 || i >= 1450) {
            audio(dts);
        }
    }
    check_rules("follower with a hole");
    assert_int_equal(out.segment_count, boundaries);
    assert_int_equal(out.discontinuities, 0);
}

static void test_follower_bounds_its_queue(void **state)
{
    (void)state;
    struct ph_segmenter_params params = default_params(250 * MS, 2 * S);

    params.is_follower = true;
    begin(&params, PH_TRACK_AUDIO);
    for (int i = 0; i < 1000; i++) {
        ph_segmenter_follow(&seg, 10 * S + i * S);
    }
    assert_int_equal(seg.boundary_count, PH_SEGMENTER_BOUNDARIES);
    assert_int_equal(seg.boundaries[PH_SEGMENTER_BOUNDARIES - 1], 10 * S + 999 * S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_rate_and_gop),
        cmocka_unit_test(test_parts_have_equal_frames),
        cmocka_unit_test(test_jitter_does_not_change_parts),
        cmocka_unit_test(test_wrong_hint),
        cmocka_unit_test(test_gop_shorter_than_segment),
        cmocka_unit_test(test_every_frame_a_key_frame),
        cmocka_unit_test(test_long_gop_is_cut_and_told),
        cmocka_unit_test(test_unforeseen_key_frame),
        cmocka_unit_test(test_closes_without_waiting),
        cmocka_unit_test(test_rate_changes_later),
        cmocka_unit_test(test_video_gap),
        cmocka_unit_test(test_audio_moves_the_playlist),
        cmocka_unit_test(test_hole_in_everything),
        cmocka_unit_test(test_flush),
        cmocka_unit_test(test_sizes_are_limited),
        cmocka_unit_test(test_audio_only),
        cmocka_unit_test(test_follower),
        cmocka_unit_test(test_follower_without_frames),
        cmocka_unit_test(test_follower_bounds_its_queue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
