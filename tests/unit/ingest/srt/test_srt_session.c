/* SPDX-License-Identifier: Apache-2.0 */
#include "srt_fixture.h"

enum {
    VIDEO_PID = 0x100,
    AUDIO_PID = 0x101,
    START = 90000, /* of all streams here that have nothing else in mind */
    SECOND = 90000,
};

#define WRAP (INT64_C(1) << 33)

/* Opened once: H.264 with B-frames and AAC, 4 s, a key frame every second; HEVC and AC-3, 2 s. */
static struct source avc;
static struct source hevc;
static struct ts_bytes plain; /* avc whole */
static struct fixture wanted; /* what comes out of it */

static int setup_all(void **state)
{
    (void)state;
    source_open(&avc, "h264_bframes_aac.mp4");
    source_open(&hevc, "hevc_ac3.mp4");
    ts_mux(&plain, &(struct mux_plan){.video = &avc, .audio = &avc, .offset = START});
    play(&wanted, &plain);
    return 0;
}

static int teardown_all(void **state)
{
    (void)state;
    fixture_close(&wanted);
    ts_bytes_free(&plain);
    source_close(&avc);
    source_close(&hevc);
    return 0;
}

/* The streams of a plan, from a session that nothing happens to. */
static void play_plan(struct fixture *f, const struct mux_plan *plan)
{
    struct ts_bytes bytes = {0};

    ts_mux(&bytes, plan);
    play(f, &bytes);
    ts_bytes_free(&bytes);
}

/* Several plans after each other in one stream with one set of continuity counters. */
static void mux_all(struct ts_bytes *bytes, const struct mux_plan *plans, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ts_mux(bytes, &plans[i]);
    }
    ts_renumber(bytes);
}

static void test_access_units(void **state)
{
    size_t next[PH_TRACK_KINDS] = {0};

    (void)state;
    assert_tracks(&wanted, "h264 aac");
    for (size_t i = 0; i < avc.count; i++) {
        const AVPacket *packet = avc.packets[i];
        enum ph_track_kind kind = (enum ph_track_kind)packet->stream_index;
        const struct event *found = nth(&wanted, kind, next[kind]++);
        assert_int_equal(found->dts, packet->dts + START);
        assert_int_equal(found->pts, packet->pts + START);
        assert_int_equal(found->is_key, (packet->flags & AV_PKT_FLAG_KEY) != 0);
        if (kind == PH_TRACK_AUDIO) {
            assert_int_equal(found->hash, hash_bytes(packet->data, (size_t)packet->size));
        }
    }
    assert_int_equal(count_of(&wanted, PH_TRACK_VIDEO), next[PH_TRACK_VIDEO]);
    assert_int_equal(count_of(&wanted, PH_TRACK_AUDIO), next[PH_TRACK_AUDIO]);
}

static void test_portions(void **state)
{
    static const size_t steps[] = {1, 7, 187, 188, 189, 1456, 100000};

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(steps); i++) {
        struct fixture f;
        fixture_open(&f, PH_CONF_ON_LOSS_DROP);
        feed_in(&f, &plain, 0, steps[i]);
        flush(&f);
        assert_tracks(&f, "h264 aac");
        assert_same(&wanted, &f, 0);
        fixture_close(&f);
    }
}

/* Nothing is probed: the first key frame is out with the byte that ends it. */
static void test_on_air_at_once(void **state)
{
    static const char *const options[] = {"omit_video_pes_length=0", "omit_video_pes_length=1"};

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(options); i++) {
        struct ts_bytes bytes = {0};
        struct fixture f;
        ts_mux(&bytes, &(struct mux_plan){
                           .video = &avc, .audio = &avc, .offset = START, .options = options[i]});
        fixture_open(&f, PH_CONF_ON_LOSS_DROP);
        feed_in(&f, &bytes, 0, 1);
        const struct event *first = nth(&f, PH_TRACK_VIDEO, 0);
        size_t end = ts_first_pes_end(&bytes, VIDEO_PID);
        /* Without a length its end is known when the next one begins. */
        size_t latest = i == 0 ? end : ts_next_packet_end(&bytes, VIDEO_PID, end);
        assert_true(first->is_key);
        assert_in_range(first->fed, end - 1, latest);
        fixture_close(&f);
        ts_bytes_free(&bytes);
    }
}

static void test_begins_within_a_packet(void **state)
{
    static const size_t cuts[] = {1, 4, 100, 187};

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(cuts); i++) {
        struct fixture f;
        fixture_open(&f, PH_CONF_ON_LOSS_DROP);
        /* The first packet is the SDT, which nobody needs. */
        feed_in(&f, &plain, cuts[i], MESSAGE_BYTES);
        flush(&f);
        assert_same(&wanted, &f, 0);
        fixture_close(&f);
    }
}

static void test_flush(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, PH_CONF_ON_LOSS_DROP);
    feed(&f, &plain);
    assert_int_equal(count_of(&f, PH_TRACK_VIDEO), count_of(&wanted, PH_TRACK_VIDEO) - 1);
    flush(&f);
    assert_same(&wanted, &f, 0);
    flush(&f);
    assert_same(&wanted, &f, 0);
    fixture_close(&f);
}

/* Both streams pass 2^33, at each of many places. */
static void test_wrap(void **state)
{
    (void)state;
    for (int64_t before = 0; before < 4 * SECOND; before += SECOND / 3 + 1) {
        struct fixture f;
        play_plan(&f, &(struct mux_plan){.video = &avc, .audio = &avc, .offset = WRAP - before});
        assert_same(&wanted, &f, WRAP - before - START);
        fixture_close(&f);
    }
}

/* A small step back stays one, also where the counter goes below zero. */
static void test_below_zero(void **state)
{
    struct mux_plan plans[] = {
        {.video = &avc, .audio = &avc, .to = SECOND, .offset = 6000},
        {.video = &avc, .audio = &avc, .offset = 6000 - 2 * SECOND},
    };
    struct ts_bytes bytes = {0};
    struct fixture parts;
    struct fixture f;

    (void)state;
    play_plan(&parts, &plans[0]);
    mux_all(&bytes, plans, 2);
    play(&f, &bytes);
    size_t before = count_of(&parts, PH_TRACK_VIDEO);
    assert_int_equal(nth(&f, PH_TRACK_VIDEO, 0)->dts, 0);
    for (size_t i = 0; i < count_of(&wanted, PH_TRACK_VIDEO); i++) {
        assert_int_equal(nth(&f, PH_TRACK_VIDEO, before + i)->dts,
                         nth(&wanted, PH_TRACK_VIDEO, i)->dts - START + 6000 - 2 * SECOND);
    }
    before = count_of(&parts, PH_TRACK_AUDIO);
    for (size_t i = 0; i < count_of(&wanted, PH_TRACK_AUDIO); i++) {
        assert_int_equal(nth(&f, PH_TRACK_AUDIO, before + i)->dts,
                         nth(&wanted, PH_TRACK_AUDIO, i)->dts - START + 6000 - 2 * SECOND);
    }
    fixture_close(&parts);
    fixture_close(&f);
    ts_bytes_free(&bytes);
}

/* The channel's timeline puts leaps in line: here they stay what they are, back and forth. */
static void test_leaps(void **state)
{
    static const int64_t leaps[] = {5 * INT64_C(3600) * SECOND, -3 * INT64_C(3600) * SECOND,
                                    12 * INT64_C(3600) * SECOND};

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(leaps); i++) {
        int64_t start = 4 * INT64_C(3600) * SECOND;
        struct mux_plan plans[] = {
            {.video = &avc, .audio = &avc, .offset = start},
            {.video = &avc, .audio = &avc, .offset = start + leaps[i]},
        };
        struct ts_bytes bytes = {0};
        struct fixture f;
        mux_all(&bytes, plans, 2);
        play(&f, &bytes);
        for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
            size_t count = count_of(&wanted, (enum ph_track_kind)kind);
            assert_int_equal(count_of(&f, (enum ph_track_kind)kind), 2 * count);
            for (size_t k = 0; k < count; k++) {
                assert_int_equal(nth(&f, (enum ph_track_kind)kind, count + k)->dts -
                                     nth(&f, (enum ph_track_kind)kind, k)->dts,
                                 leaps[i]);
            }
        }
        fixture_close(&f);
        ts_bytes_free(&bytes);
    }
}

/* A new encoder behind the same connection; audio has nothing to do with it. */
static void test_video_changes_codec(void **state)
{
    static const char *const versions[] = {"tables_version=1", "tables_version=0"};

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(versions); i++) {
        struct mux_plan plans[] = {
            {.video = &avc, .audio = &avc, .to = SECOND, .offset = START},
            {.video = &hevc,
             .audio = &avc,
             .to = SECOND,
             .offset = START + 2 * SECOND,
             .options = versions[i]},
        };
        struct ts_bytes bytes = {0};
        struct fixture parts[2];
        struct fixture f;
        mux_all(&bytes, plans, 2);
        play(&f, &bytes);
        play_plan(&parts[0], &plans[0]);
        play_plan(&parts[1], &plans[1]);
        assert_tracks(&f, "h264 aac hevc");
        size_t before = count_of(&parts[0], PH_TRACK_VIDEO);
        assert_int_equal(count_of(&f, PH_TRACK_VIDEO),
                         before + count_of(&parts[1], PH_TRACK_VIDEO));
        assert_int_equal(nth(&f, PH_TRACK_VIDEO, before - 1)->codec_id, AV_CODEC_ID_H264);
        assert_int_equal(nth(&f, PH_TRACK_VIDEO, before)->codec_id, AV_CODEC_ID_HEVC);
        assert_true(
            is_same_unit(nth(&f, PH_TRACK_VIDEO, before), nth(&parts[1], PH_TRACK_VIDEO, 0)));
        assert_int_equal(count_of(&f, PH_TRACK_AUDIO),
                         count_of(&parts[0], PH_TRACK_AUDIO) + count_of(&parts[1], PH_TRACK_AUDIO));
        fixture_close(&parts[0]);
        fixture_close(&parts[1]);
        fixture_close(&f);
        ts_bytes_free(&bytes);
    }
}

/*
 * Audio goes and comes back. The map changes within a group of pictures, and video does not wait
 * for the next key frame: its stream is the same.
 */
static void test_audio_goes_and_comes(void **state)
{
    int64_t cuts[] = {0, SECOND + SECOND / 2, 2 * SECOND + SECOND / 2, 10 * SECOND};
    static const char *const versions[] = {"tables_version=0", "tables_version=1",
                                           "tables_version=2"};
    struct ts_bytes bytes = {0};
    struct fixture f;
    size_t silent = 0;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        ts_mux(&bytes, &(struct mux_plan){.video = &avc,
                                          .audio = i == 1 ? NULL : &avc,
                                          .from = cuts[i],
                                          .to = cuts[i + 1],
                                          .offset = START,
                                          .options = versions[i]});
    }
    ts_renumber(&bytes);
    play(&f, &bytes);
    assert_tracks(&f, "h264 aac");
    assert_same_units(&wanted, &f, PH_TRACK_VIDEO, 0);
    for (size_t i = 0; i < count_of(&wanted, PH_TRACK_AUDIO); i++) {
        const struct event *unit = nth(&wanted, PH_TRACK_AUDIO, i);
        if (unit->dts >= cuts[1] + START && unit->dts < cuts[2] + START) {
            silent++;
            continue;
        }
        assert_true(is_same_unit(unit, nth(&f, PH_TRACK_AUDIO, i - silent)));
    }
    assert_in_range(silent, 45, 49);
    assert_int_equal(count_of(&f, PH_TRACK_AUDIO), count_of(&wanted, PH_TRACK_AUDIO) - silent);
    fixture_close(&f);
    ts_bytes_free(&bytes);
}

/* The picture goes and comes back: sound goes on, as another stream of the map than before. */
static void test_video_goes_and_comes(void **state)
{
    int64_t cuts[] = {0, SECOND + SECOND / 2, 2 * SECOND + SECOND / 2, 10 * SECOND};
    static const char *const options[] = {
        "tables_version=0", "tables_version=1:mpegts_start_pid=257", "tables_version=2"};
    struct ts_bytes bytes = {0};
    struct fixture f;
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        ts_mux(&bytes, &(struct mux_plan){.video = i == 1 ? NULL : &avc,
                                          .audio = &avc,
                                          .from = cuts[i],
                                          .to = cuts[i + 1],
                                          .offset = START,
                                          .options = options[i]});
    }
    ts_renumber(&bytes);
    play(&f, &bytes);
    assert_tracks(&f, "h264 aac");
    assert_same_units(&wanted, &f, PH_TRACK_AUDIO, 0);
    for (size_t i = 0; i < count_of(&wanted, PH_TRACK_VIDEO); i++) {
        const struct event *unit = nth(&wanted, PH_TRACK_VIDEO, i);
        /* The third part begins within a group of pictures: at 3 s comes a key frame. */
        if (unit->dts < cuts[1] + START || unit->pts >= 3 * SECOND + START) {
            assert_true(is_same_unit(unit, nth(&f, PH_TRACK_VIDEO, count++)));
        }
    }
    assert_int_equal(count_of(&f, PH_TRACK_VIDEO), count);
    fixture_close(&f);
    ts_bytes_free(&bytes);
}

/* Streams on other PIDs are other streams, though the codecs stay: video starts again. */
static void test_streams_move(void **state)
{
    struct mux_plan plans[] = {
        {.video = &avc, .audio = &avc, .to = SECOND / 2, .offset = START},
        {.video = &avc,
         .audio = &avc,
         .from = SECOND / 2,
         .offset = START,
         .options = "tables_version=1:mpegts_start_pid=800"},
    };
    struct ts_bytes bytes = {0};
    struct fixture f;
    size_t count = 0;

    (void)state;
    mux_all(&bytes, plans, 2);
    play(&f, &bytes);
    assert_tracks(&f, "h264 aac");
    assert_same_units(&wanted, &f, PH_TRACK_AUDIO, 0);
    for (size_t i = 0; i < count_of(&wanted, PH_TRACK_VIDEO); i++) {
        const struct event *unit = nth(&wanted, PH_TRACK_VIDEO, i);
        if (unit->dts < START + SECOND / 2 || unit->pts >= START + SECOND) {
            assert_true(is_same_unit(unit, nth(&f, PH_TRACK_VIDEO, count++)));
        }
    }
    assert_int_equal(count_of(&f, PH_TRACK_VIDEO), count);
    fixture_close(&f);
    ts_bytes_free(&bytes);
}

/* Another codec on the same PID is another stream. */
static void test_audio_changes_codec(void **state)
{
    struct mux_plan plans[] = {
        {.audio = &avc, .to = SECOND, .offset = START},
        {.audio = &hevc, .offset = START + 2 * SECOND, .options = "tables_version=1"},
    };
    struct ts_bytes bytes = {0};
    struct fixture parts[2];
    struct fixture f;

    (void)state;
    mux_all(&bytes, plans, 2);
    play(&f, &bytes);
    assert_tracks(&f, "aac ac3");
    play_plan(&parts[0], &plans[0]);
    play_plan(&parts[1], &plans[1]);
    size_t before = count_of(&parts[0], PH_TRACK_AUDIO);
    assert_int_equal(count_of(&f, PH_TRACK_AUDIO), before + count_of(&parts[1], PH_TRACK_AUDIO));
    for (size_t i = 0; i < count_of(&f, PH_TRACK_AUDIO); i++) {
        assert_true(is_same_unit(nth(&f, PH_TRACK_AUDIO, i),
                                 i < before ? nth(&parts[0], PH_TRACK_AUDIO, i)
                                            : nth(&parts[1], PH_TRACK_AUDIO, i - before)));
    }
    fixture_close(&parts[0]);
    fixture_close(&parts[1]);
    fixture_close(&f);
    ts_bytes_free(&bytes);
}

/*
 * Two key frames, and between them a picture that goes on in a second PES packet: from then on a
 * picture is held until the next one begins.
 */
static void mux_held(struct ts_bytes *bytes)
{
    static const int pictures[] = {0, 1, 30};
    struct ts_bytes units[3] = {0};
    uint8_t counter = 0;

    ts_copy_table(bytes, &plain, 0);
    ts_copy_table(bytes, &plain, 0x1000);
    for (size_t i = 0; i < 3; i++) {
        ts_pes_payload(&units[i], &plain, VIDEO_PID, pictures[i]);
    }
    size_t half = units[1].len - 8;
    ts_put_pes(bytes, VIDEO_PID, &counter, START, units[0].data, units[0].len);
    ts_put_pes(bytes, VIDEO_PID, &counter, START + 3000, units[1].data, half);
    ts_put_pes(bytes, VIDEO_PID, &counter, -1, units[1].data + half, units[1].len - half);
    ts_put_pes(bytes, VIDEO_PID, &counter, START + SECOND, units[2].data, units[2].len);
    ts_put_pes(bytes, VIDEO_PID, &counter, -1, (const uint8_t[]){0, 0, 0, 1}, 4);
    for (size_t i = 0; i < 3; i++) {
        ts_bytes_free(&units[i]);
    }
}

/* What an elementary stream holds comes out at the end, and when another one takes its place. */
static void test_held_picture(void **state)
{
    struct ts_bytes bytes = {0};
    struct ts_bytes map = {0};

    (void)state;
    mux_held(&bytes);
    ts_copy_table(&map, &plain, 0x1000);
    ts_retype(&map, 0x1b, 0x24);
    for (int is_replaced = 0; is_replaced < 2; is_replaced++) {
        struct fixture f;
        fixture_open(&f, PH_CONF_ON_LOSS_DROP);
        feed(&f, &bytes);
        assert_int_equal(count_of(&f, PH_TRACK_VIDEO), 2);
        if (is_replaced) {
            map.data[3] = 0x11; /* its continuity counter */
            feed(&f, &map);
        } else {
            flush(&f);
        }
        assert_int_equal(count_of(&f, PH_TRACK_VIDEO), 3);
        assert_int_equal(nth(&f, PH_TRACK_VIDEO, 2)->dts, START + SECOND);
        assert_true(nth(&f, PH_TRACK_VIDEO, 2)->is_key);
        fixture_close(&f);
    }
    ts_bytes_free(&map);
    ts_bytes_free(&bytes);
}

/* What an elementary stream counted before it was let go is not forgotten. */
static void test_counts(void **state)
{
    struct mux_plan plans[] = {
        {.video = &avc, .audio = &avc, .offset = START},
        {.video = &hevc, .audio = &avc, .offset = START + 4 * SECOND},
    };
    struct ts_bytes bytes = {0};
    struct ph_srt_session_counts before;
    struct ph_srt_session_counts after;
    struct fixture f;

    (void)state;
    ts_mux(&bytes, &plans[0]);
    size_t half = bytes.len / 188 / 2 * 188;
    fixture_open(&f, PH_CONF_ON_LOSS_DROP);
    assert_int_equal(feed_lossy(&f, bytes.data, half, 0), PH_OK);
    assert_int_equal(feed_lossy(&f, bytes.data + half + 7 * 188, bytes.len - half - 7 * 188, 1),
                     PH_OK);
    flush(&f);
    ph_srt_session_get_counts(f.session, &before);
    assert_int_equal(before.ts.packets, bytes.len / 188 - 7);
    assert_true(before.es[PH_TRACK_VIDEO].damaged + before.es[PH_TRACK_VIDEO].unusable > 0);
    bytes.len = 0;
    ts_mux(&bytes, &plans[1]);
    feed(&f, &bytes);
    ph_srt_session_get_counts(f.session, &after);
    assert_int_equal(f.codec[PH_TRACK_VIDEO], AV_CODEC_ID_HEVC);
    assert_true(after.es[PH_TRACK_VIDEO].unusable >= before.es[PH_TRACK_VIDEO].unusable);
    assert_true(after.es[PH_TRACK_VIDEO].damaged >= before.es[PH_TRACK_VIDEO].damaged);
    fixture_close(&f);
    ts_bytes_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_access_units),
        cmocka_unit_test(test_portions),
        cmocka_unit_test(test_on_air_at_once),
        cmocka_unit_test(test_begins_within_a_packet),
        cmocka_unit_test(test_flush),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_below_zero),
        cmocka_unit_test(test_leaps),
        cmocka_unit_test(test_video_changes_codec),
        cmocka_unit_test(test_audio_goes_and_comes),
        cmocka_unit_test(test_audio_changes_codec),
        cmocka_unit_test(test_video_goes_and_comes),
        cmocka_unit_test(test_streams_move),
        cmocka_unit_test(test_held_picture),
        cmocka_unit_test(test_counts),
    };

    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
