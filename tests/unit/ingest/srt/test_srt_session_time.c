/* SPDX-License-Identifier: Apache-2.0 */
#include "srt_fixture.h"

enum { START = 90000, SECOND = 90000, VIDEO_PID = 0x100, AUDIO_PID = 0x101 };

static struct source avc;
static struct source hevc;

static int setup_all(void **state)
{
    (void)state;
    source_open(&avc, "h264_bframes_aac.mp4");
    source_open(&hevc, "hevc_ac3.mp4");
    return 0;
}

static int teardown_all(void **state)
{
    (void)state;
    source_close(&avc);
    source_close(&hevc);
    return 0;
}

/* A session that has just begun, and a stream for it. */
struct scene {
    struct ts_bytes bytes;
    struct fixture f;
};

static void open_scene(struct scene *scene, const struct mux_plan *plan)
{
    *scene = (struct scene){0};
    ts_mux(&scene->bytes, plan);
    fixture_open(&scene->f, PH_CONF_ON_LOSS_DROP);
}

static void close_scene(struct scene *scene)
{
    fixture_close(&scene->f);
    ts_bytes_free(&scene->bytes);
}

/* All of the stream at one time. */
static void feed_scene(struct scene *scene)
{
    assert_int_equal(feed_lossy(&scene->f, scene->bytes.data, scene->bytes.len, 0), PH_OK);
}

static const struct mux_plan both = {.video = &avc, .audio = &avc, .offset = START};
static const struct mux_plan sound = {.audio = &avc, .offset = START};

static void test_nothing_came(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, PH_CONF_ON_LOSS_DROP);
    assert_ends(&f, 10 * PH_USEC_PER_S, PH_CLOSE_TIMEOUT_MEDIA, "nothing came for 10 s");
    fixture_close(&f);
}

static void test_silence(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, &both);
    feed_scene(&s);
    s.f.now += 29 * PH_USEC_PER_S;
    feed_scene(&s);
    assert_ends(&s.f, 30 * PH_USEC_PER_S, PH_CLOSE_TIMEOUT_MEDIA, "no media came for 30 s");
    close_scene(&s);
}

/* Some encoders leave the camera away and go on with the sound. */
static void test_sound_alone_is_no_silence(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, &both);
    feed_scene(&s);
    ts_mux(&s.bytes, &sound);
    for (int i = 0; i < 10; i++) {
        s.f.now += 20 * PH_USEC_PER_S;
        assert_int_equal(tick_at(&s.f, s.f.now), PH_OK);
        feed_scene(&s);
    }
    close_scene(&s);
}

/* Limits are the caller's. */
static void test_limits(void **state)
{
    struct ph_srt_limits limits = ph_srt_limits_default;
    struct scene s;

    (void)state;
    limits.media_timeout = 3 * PH_USEC_PER_S;
    open_scene(&s, &both);
    ph_srt_session_destroy(&s.f.session);
    assert_int_equal(ph_srt_session_create(&s.f.session, &limits, PH_CONF_ON_LOSS_DROP,
                                           &fixture_ops, &s.f, s.f.now),
                     PH_OK);
    feed_scene(&s);
    assert_ends(&s.f, 3 * PH_USEC_PER_S, PH_CLOSE_TIMEOUT_MEDIA, "no media came for 3 s");
    close_scene(&s);
}

static void test_no_program_map(void **state)
{
    uint8_t packet[188] = {0x47, 0x1f, 0xff, 0x10}; /* the null packet */
    struct fixture f;

    (void)state;
    fixture_open(&f, PH_CONF_ON_LOSS_DROP);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(feed_lossy(&f, packet, sizeof(packet), 0), PH_OK);
    }
    assert_ends(&f, 10 * PH_USEC_PER_S, PH_CLOSE_TIMEOUT_MEDIA,
                "MPEG-TS without a program map came for 10 s");
    fixture_close(&f);
}

/* Nothing but the tables. */
static void test_no_media(void **state)
{
    struct scene s;
    size_t kept = 0;

    (void)state;
    open_scene(&s, &both);
    for (size_t at = 0; at < s.bytes.len; at += 188) {
        unsigned pid = ts_pid(s.bytes.data + at);
        if (pid != VIDEO_PID && pid != AUDIO_PID) {
            memmove(s.bytes.data + kept, s.bytes.data + at, 188);
            kept += 188;
        }
    }
    s.bytes.len = kept;
    feed_scene(&s);
    assert_ends(&s.f, 10 * PH_USEC_PER_S, PH_CLOSE_TIMEOUT_MEDIA, "no media came for 10 s");
    close_scene(&s);
}

/* An encoder that has not said yet what its streams are. */
static void test_empty_map(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, &both);
    ts_empty_maps(&s.bytes);
    feed_scene(&s);
    assert_ends(&s.f, 10 * PH_USEC_PER_S, PH_CLOSE_TIMEOUT_MEDIA, "no media came for 10 s");
    close_scene(&s);
}

static void test_no_key_frame(void **state)
{
    struct mux_plan plan = both;
    struct scene s;

    (void)state;
    plan.from = 2000;
    plan.to = 60000;
    open_scene(&s, &plan);
    feed_scene(&s);
    /* Sound that goes on does not help. */
    s.f.now += 10 * PH_USEC_PER_S;
    feed_scene(&s);
    assert_int_equal(count_of(&s.f, PH_TRACK_VIDEO), 0);
    assert_ends(&s.f, 5 * PH_USEC_PER_S, PH_CLOSE_NO_KEY_FRAME, "no key frame for 15 s");
    close_scene(&s);
}

/* A new video stream has to show its key frame too. */
static void test_no_key_frame_of_the_second(void **state)
{
    struct mux_plan plan = {.video = &hevc,
                            .audio = &avc,
                            .from = 3000,
                            .to = 60000,
                            .offset = START,
                            .options = "tables_version=1"};
    struct scene s;

    (void)state;
    open_scene(&s, &both);
    feed_scene(&s);
    s.bytes.len = 0;
    ts_mux(&s.bytes, &plan);
    s.f.now += 7 * PH_USEC_PER_S;
    feed_scene(&s);
    assert_ends(&s.f, 15 * PH_USEC_PER_S, PH_CLOSE_NO_KEY_FRAME, "no key frame for 15 s");
    close_scene(&s);
}

static void test_unsupported(void **state)
{
    static const struct {
        bool has_video;
        uint8_t video_type;
        uint8_t audio_type;
        const char *detail;
    } rows[] = {
        /* Video that nobody sees counts even beside sound that is fine. */
        {true, 0x02, 0x0f, "stream type 0x02 (MPEG-2 video) cannot be packaged"},
        {true, 0x42, 0x06, "stream types 0x42 (AVS), 0x06 cannot be packaged"},
        {false, 0, 0x06, "stream type 0x06 cannot be packaged"},
        {false, 0, 0x86, "stream type 0x86 cannot be packaged"},
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        struct scene s;
        open_scene(&s, rows[i].has_video ? &both : &sound);
        ts_retype(&s.bytes, 0x1b, rows[i].video_type);
        ts_retype(&s.bytes, 0x0f, rows[i].audio_type);
        feed_scene(&s);
        s.f.now += PH_USEC_PER_S;
        feed_scene(&s);
        assert_ends(&s.f, 4 * PH_USEC_PER_S, PH_CLOSE_UNSUPPORTED_CODEC, rows[i].detail);
        close_scene(&s);
    }
}

/* One that cannot be packaged after the other: time runs from the first. */
static void test_unsupported_in_turn(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, &both);
    ts_retype(&s.bytes, 0x1b, 0x02);
    feed_scene(&s);
    s.f.now += 3 * PH_USEC_PER_S;
    ts_retype(&s.bytes, 0x02, 0x42);
    feed_scene(&s);
    assert_ends(&s.f, 2 * PH_USEC_PER_S, PH_CLOSE_UNSUPPORTED_CODEC,
                "stream type 0x42 (AVS) cannot be packaged");
    close_scene(&s);
}

/* What was on air is replaced by what cannot be, and comes back in time. */
static void test_unsupported_for_a_while(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, &both);
    feed_scene(&s);
    s.f.now += 100 * PH_USEC_PER_MS;
    ts_retype(&s.bytes, 0x1b, 0x02);
    feed_scene(&s);
    assert_int_equal(ph_srt_session_deadline(s.f.session), s.f.now + 5 * PH_USEC_PER_S);
    s.f.now += 4 * PH_USEC_PER_S;
    ts_retype(&s.bytes, 0x02, 0x1b);
    feed_scene(&s);
    assert_int_equal(ph_srt_session_deadline(s.f.session), s.f.now + 30 * PH_USEC_PER_S);
    close_scene(&s);
}

/* What is said to be AC-3 and is none. */
static void test_unusable_audio(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, &sound);
    ts_retype(&s.bytes, 0x0f, 0x81);
    feed_scene(&s);
    assert_int_equal(s.f.count, 0);
    assert_ends(&s.f, 5 * PH_USEC_PER_S, PH_CLOSE_UNSUPPORTED_CODEC,
                "no usable audio came (stream type 0x81, ac3)");
    close_scene(&s);
}

static void test_scrambled(void **state)
{
    static const struct {
        unsigned pids[2];
        bool has_video;
        const char *detail;
    } rows[] = {
        {{VIDEO_PID, AUDIO_PID}, true, "the video is scrambled"},
        {{VIDEO_PID, VIDEO_PID}, true, "the video is scrambled"},
        {{VIDEO_PID, VIDEO_PID}, false, "the audio is scrambled"},
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        struct scene s;
        open_scene(&s, rows[i].has_video ? &both : &sound);
        ts_scramble(&s.bytes, rows[i].pids[0]);
        ts_scramble(&s.bytes, rows[i].pids[1]);
        feed_scene(&s);
        assert_ends(&s.f, 5 * PH_USEC_PER_S, PH_CLOSE_UNSUPPORTED_CODEC, rows[i].detail);
        close_scene(&s);
    }
}

/* Sound that is scrambled leaves the picture. Then the picture is too. */
static void test_scrambled_later(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, &both);
    ts_scramble(&s.bytes, AUDIO_PID);
    feed_scene(&s);
    assert_tracks(&s.f, "h264");
    assert_int_equal(ph_srt_session_deadline(s.f.session), s.f.now + 30 * PH_USEC_PER_S);
    ts_scramble(&s.bytes, VIDEO_PID);
    feed_scene(&s); /* ends the picture that was under way */
    s.f.now += 10 * PH_USEC_PER_S;
    feed_scene(&s);
    assert_ends(&s.f, 20 * PH_USEC_PER_S, PH_CLOSE_TIMEOUT_MEDIA,
                "nothing but scrambled packets came for 30 s");
    close_scene(&s);
}

/* What was scrambled once is not why nothing comes now. */
static void test_scrambled_before(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, &both);
    ts_scramble(&s.bytes, AUDIO_PID);
    feed_scene(&s);
    s.bytes.len = 0;
    ts_mux(&s.bytes, &both);
    feed_scene(&s);
    assert_ends(&s.f, 30 * PH_USEC_PER_S, PH_CLOSE_TIMEOUT_MEDIA, "no media came for 30 s");
    close_scene(&s);
}

/* A session that was a stream once is not judged by what comes later. */
static void test_noise_behind_media(void **state)
{
    uint8_t noise[1316];
    struct scene s;

    (void)state;
    memset(noise, 0xa5, sizeof(noise));
    open_scene(&s, &both);
    feed_scene(&s);
    for (int i = 0; i < 500; i++) {
        assert_int_equal(feed_lossy(&s.f, noise, sizeof(noise), 0), PH_OK);
    }
    assert_ends(&s.f, 30 * PH_USEC_PER_S, PH_CLOSE_TIMEOUT_MEDIA, "no media came for 30 s");
    close_scene(&s);
}

static void test_no_transport_stream(void **state)
{
    static const char text[] = "GET /live HTTP/1.1\r\nHost: live.example.com\r\n\r\n";
    uint8_t message[1316];
    struct fixture f;
    size_t fed = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(message); i++) {
        message[i] = (uint8_t)text[i % (sizeof(text) - 1)];
    }
    fixture_open(&f, PH_CONF_ON_LOSS_DROP);
    while (feed_lossy(&f, message, sizeof(message), 0) == PH_OK && fed < 1000000) {
        fed += sizeof(message);
    }
    assert_int_equal(f.err, PH_EPROTO);
    assert_in_range(fed, 50000, 70000);
    assert_int_equal(ph_srt_session_reason(f.session), PH_CLOSE_PROTOCOL);
    assert_string_equal(ph_srt_session_detail(f.session), "the bytes are no MPEG-TS");
    assert_int_equal(ph_srt_session_deadline(f.session), PH_USEC_NEVER);
    fixture_close(&f);
    /* Too little to be sure at once. */
    fixture_open(&f, PH_CONF_ON_LOSS_DROP);
    assert_int_equal(feed_lossy(&f, message, sizeof(message), 0), PH_OK);
    assert_ends(&f, 10 * PH_USEC_PER_S, PH_CLOSE_PROTOCOL, "the bytes are no MPEG-TS");
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_came),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_sound_alone_is_no_silence),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_no_program_map),
        cmocka_unit_test(test_no_media),
        cmocka_unit_test(test_empty_map),
        cmocka_unit_test(test_no_key_frame),
        cmocka_unit_test(test_no_key_frame_of_the_second),
        cmocka_unit_test(test_unsupported),
        cmocka_unit_test(test_unsupported_in_turn),
        cmocka_unit_test(test_unsupported_for_a_while),
        cmocka_unit_test(test_unusable_audio),
        cmocka_unit_test(test_scrambled),
        cmocka_unit_test(test_scrambled_later),
        cmocka_unit_test(test_scrambled_before),
        cmocka_unit_test(test_noise_behind_media),
        cmocka_unit_test(test_no_transport_stream),
    };

    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
