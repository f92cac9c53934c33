/* SPDX-License-Identifier: Apache-2.0 */
#include "session_fixture.h"

static int setup(void **state)
{
    struct fixture *f = malloc(sizeof(*f));

    fixture_open(f, &ph_rtmp_limits_default);
    start_publishing(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

static void test_legacy(void **state)
{
    struct fixture *f = *state;

    put_hex(f, PH_RTMP_VIDEO, 0, "17 00 000000" AVCC);
    put_hex(f, PH_RTMP_AUDIO, 0, "af 00" ASC);
    put_hex(f, PH_RTMP_VIDEO, 0, "17 01 000050 0000000165");
    put_hex(f, PH_RTMP_AUDIO, 7, "af 01 aabb");
    put_hex(f, PH_RTMP_VIDEO, 40, "27 01 ffffd8 0000000141");
    put_hex(f, PH_RTMP_VIDEO, 80, "17 02 000000");
    assert_int_equal(flush(f), PH_OK);
    expect_events(f, "track h264 track aac 44100 v! 0/80 5 a! 7/7 2 v 40/0 5 ");
    expect_hex(f->last_data->data, f->last_data->len, "0000000141");
}

static void test_enhanced(void **state)
{
    struct fixture *f = *state;

    put_hex(f, PH_RTMP_VIDEO, 0, "90 68766331" HVCC);
    put_hex(f, PH_RTMP_VIDEO, 10, "93 68766331 0000000226 01");
    put_hex(f, PH_RTMP_VIDEO, 20, "a1 68766331 000014 0000000202 01");
    put_hex(f, PH_RTMP_VIDEO, 20, "92 68766331");
    put_hex(f, PH_RTMP_VIDEO, 30, "90 61763031" AV1C);
    put_hex(f, PH_RTMP_VIDEO, 30, "91 61763031 1200");
    assert_int_equal(flush(f), PH_OK);
    expect_events(f, "track hevc v! 10/10 6 v 20/40 6 "
                     "track av1 v! 30/30 2 ");
}

static void test_unofficial_hevc(void **state)
{
    struct fixture *f = *state;

    put_hex(f, PH_RTMP_VIDEO, 0, "1c 00 000000" HVCC);
    put_hex(f, PH_RTMP_VIDEO, 10, "1c 01 000000 0000000226 01");
    assert_int_equal(flush(f), PH_OK);
    expect_events(f, "track hevc v! 10/10 6 ");
}

/* Frames of a fraction of a millisecond: both times become exact, in nanoseconds. */
static void test_nanoseconds(void **state)
{
    struct fixture *f = *state;

    put_hex(f, PH_RTMP_VIDEO, 0, "90 61766331" AVCC);
    put_hex(f, PH_RTMP_VIDEO, 33, "97 02 051615 01 61766331 000021 0000000165");
    assert_int_equal(flush(f), PH_OK);
    expect_events(f, "track h264 v! 33333333/66333333@1000000000 5 ");
}

static void test_multitrack(void **state)
{
    struct fixture *f = *state;

    put_hex(f, PH_RTMP_VIDEO, 0, "96 00 61766331 00" AVCC);
    put_hex(f, PH_RTMP_VIDEO, 0, "96 00 61766331 01" AVCC_2);
    put_hex(f, PH_RTMP_VIDEO, 5, "96 13 61766331 00 000005 0000000165 01 000005 0000000166");
    assert_int_equal(flush(f), PH_OK);
    expect_events(f, "track h264 v! 5/5 5 ");
    expect_hex(f->last_data->data, f->last_data->len, "0000000165");
}

/* Encoders repeat their header; only another one is news. */
static void test_sequence_header_repeated_and_changed(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 3; i++) {
        put_hex(f, PH_RTMP_VIDEO, 0, "17 00 000000" AVCC);
        put_hex(f, PH_RTMP_AUDIO, 0, "af 00" ASC);
    }
    assert_int_equal(flush(f), PH_OK);
    expect_events(f, "track h264 track aac 44100 ");
    put_hex(f, PH_RTMP_VIDEO, 0, "17 00 000000" AVCC_2);
    put_hex(f, PH_RTMP_AUDIO, 0, "af 00 1190");
    assert_int_equal(flush(f), PH_OK);
    expect_events(f, "track h264 track aac 48000 ");
    /* The same codec in the other dialect, with the same header. */
    put_hex(f, PH_RTMP_VIDEO, 0, "90 61766331" AVCC_2);
    put_hex(f, PH_RTMP_VIDEO, 0, "90 61766331");
    put_hex(f, PH_RTMP_VIDEO, 0, "17 00 000000");
    put_hex(f, PH_RTMP_VIDEO, 0, "17 00 000000 ffff");
    assert_int_equal(flush(f), PH_OK);
    expect_events(f, "");
}

/* Opus's header may be there, empty, or left out. */
static void test_opus(void **state)
{
    static const char *const heads[] = {"90 4f707573 4f707573486561640101380180bb0000000000",
                                        "90 4f707573", ""};

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(heads); i++) {
        struct fixture f;
        fixture_open(&f, &ph_rtmp_limits_default);
        start_publishing(&f);
        put_hex(&f, PH_RTMP_AUDIO, 0, heads[i]);
        put_hex(&f, PH_RTMP_AUDIO, 20, "91 4f707573 fc0102");
        put_hex(&f, PH_RTMP_AUDIO, 40, "91 4f707573 fc0102");
        assert_int_equal(flush(&f), PH_OK);
        expect_events(&f, "track opus 48000 a! 20/20 3 a! 40/40 3 ");
        fixture_close(&f);
    }
}

/* Codecs that say in each frame what they are. */
static void test_headerless_audio(void **state)
{
    static const struct {
        const char *frame;
        const char *events;
    } rows[] = {
        {"2f fffb9000 00", "track mp3 44100 a! 20/20 5 a! 20/20 5 "},
        {"91 2e6d7033 fffb9000 00", "track mp3 44100 a! 20/20 5 a! 20/20 5 "},
        {"91 61632d33 0b77 0000 1c 40 40 00", "track ac3 48000 a! 20/20 8 a! 20/20 8 "},
        {"91 65632d33 0b77 01ff 34 86 00", "track eac3 48000 a! 20/20 7 a! 20/20 7 "},
        /* Not what it says it is. */
        {"2f 00000000", ""},
        {"91 61632d33 ffff 0000 1c 40 40 00", ""},
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        struct fixture f;
        fixture_open(&f, &ph_rtmp_limits_default);
        start_publishing(&f);
        put_hex(&f, PH_RTMP_AUDIO, 20, rows[i].frame);
        put_hex(&f, PH_RTMP_AUDIO, 20, rows[i].frame);
        assert_int_equal(flush(&f), PH_OK);
        expect_events(&f, rows[i].events);
        fixture_close(&f);
    }
}

static void test_flac(void **state)
{
    struct fixture *f = *state;

    put_hex(f, PH_RTMP_AUDIO, 0,
            "90 664c6143 664c6143 80000022 1000 1000 000000 000000 0bb80 2f0 000000000"
            "00000000000000000000000000000000");
    put_hex(f, PH_RTMP_AUDIO, 20, "91 664c6143 fff8");
    assert_int_equal(flush(f), PH_OK);
    expect_events(f, "track flac 48000 a! 20/20 2 ");
}

/* Media that comes before its header, and video before its first key frame, is of no use. */
static void test_dropped_at_the_start(void **state)
{
    struct fixture *f = *state;

    put_hex(f, PH_RTMP_VIDEO, 0, "17 01 000000 0000000165");
    put_hex(f, PH_RTMP_AUDIO, 0, "af 01 aabb");
    put_hex(f, PH_RTMP_VIDEO, 0, "17 00 000000" AVCC);
    put_hex(f, PH_RTMP_VIDEO, 40, "27 01 000000 0000000141");
    put_hex(f, PH_RTMP_VIDEO, 80, "17 01 000000 0000000165");
    put_hex(f, PH_RTMP_VIDEO, 120, "27 01 000000 0000000141");
    /* Another codec than that of the header. */
    put_hex(f, PH_RTMP_VIDEO, 160, "93 68766331 0000000226 01");
    assert_int_equal(flush(f), PH_OK);
    expect_events(f, "track h264 v! 80/80 5 v 120/120 5 ");
}

static void test_nothing_before_publish(void **state)
{
    struct fixture f;

    (void)state;
    fixture_open(&f, &ph_rtmp_limits_default);
    connect_only(&f);
    put_hex(&f, PH_RTMP_AUDIO, 0, "af 00" ASC);
    put_hex(&f, PH_RTMP_AUDIO, 0, "af 01 aabb");
    put_hex(&f, PH_RTMP_AGGREGATE, 0, "08 000003 000000 00 000000 af0001 00000000");
    assert_int_equal(flush(&f), PH_OK);
    expect_events(&f, "");
    fixture_close(&f);
}

/* Damage is passed over; the next tag is read. */
static void test_damaged_tags(void **state)
{
    struct fixture *f = *state;

    put_hex(f, PH_RTMP_AUDIO, 0, "af 00" ASC);
    put_hex(f, PH_RTMP_AUDIO, 0, "af");
    put_hex(f, PH_RTMP_AUDIO, 0, "");
    put_hex(f, PH_RTMP_VIDEO, 0, "");
    put_hex(f, PH_RTMP_VIDEO, 0, "17 01");
    put_hex(f, PH_RTMP_VIDEO, 0, "97 ff");
    put_hex(f, PH_RTMP_VIDEO, 0, "57 00");
    put_hex(f, PH_RTMP_AUDIO, 0, "af 01");
    put_hex(f, PH_RTMP_AUDIO, 23, "af 01 aabb");
    assert_int_equal(flush(f), PH_OK);
    expect_events(f, "track aac 44100 a! 23/23 2 ");
}

/* 24 bits, 31 bits, 32 bits: time goes on for both tracks together. */
static void test_wraps(void **state)
{
    static const struct {
        uint32_t first;
        const char *events;
    } rows[] = {
        {0xFFFFF0, "track aac 44100 a! 16777200/16777200 1 a! 16777220/16777220 1 "
                   "a! 16777240/16777240 1 "},
        {0x7FFFFFF0, "track aac 44100 a! 2147483632/2147483632 1 a! 2147483652/2147483652 1 "
                     "a! 2147483672/2147483672 1 "},
        {0xFFFFFFF0, "track aac 44100 a! 4294967280/4294967280 1 a! 4294967300/4294967300 1 "
                     "a! 4294967320/4294967320 1 "},
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        for (int is_terse = 0; is_terse < 2; is_terse++) {
            struct fixture f;
            fixture_open(&f, &ph_rtmp_limits_default);
            start_publishing(&f);
            f.chunks.is_terse = is_terse;
            put_hex(&f, PH_RTMP_AUDIO, rows[i].first, "af 00" ASC);
            for (uint32_t k = 0; k < 3; k++) {
                put_hex(&f, PH_RTMP_AUDIO, rows[i].first + k * 20, "af 01 aa");
            }
            assert_int_equal(flush(&f), PH_OK);
            expect_events(&f, rows[i].events);
            fixture_close(&f);
        }
    }
}

/* A step back is a step back, not a wrap. */
static void test_backwards(void **state)
{
    struct fixture *f = *state;

    put_hex(f, PH_RTMP_AUDIO, 100, "af 00" ASC);
    put_hex(f, PH_RTMP_AUDIO, 100, "af 01 aa");
    put_hex(f, PH_RTMP_AUDIO, 90, "af 01 aa");
    assert_int_equal(flush(f), PH_OK);
    expect_events(f, "track aac 44100 a! 100/100 1 a! 90/90 1 ");
}

/*
 * Three tags in one message, whose own times start at 1000, in an aggregate at 5000: one byte
 * of time lies above the other three.
 */
static void test_aggregate(void **state)
{
    struct fixture *f = *state;

    put_hex(f, PH_RTMP_AGGREGATE, 5000,
            "08 000004 0003e8 00 000000 af00" ASC "0000000f"
            "12 000003 0003e8 00 000000 020000 0000000e"
            "08 000003 0003f0 00 000000 af01aa 0000000e"
            "08 000003 0003e8 01 000000 af01bb");
    assert_int_equal(flush(f), PH_OK);
    expect_events(f, "track aac 44100 a! 5008/5008 1 a! 16782216/16782216 1 ");
    expect_hex(f->last_data->data, f->last_data->len, "bb");
    /* Cut short: what came before counts. */
    put_hex(f, PH_RTMP_AGGREGATE, 16782220,
            "08 000003 000000 00 000000 af01cc 0000000e"
            "08 000009 000010 00 000000 af01aa");
    put_hex(f, PH_RTMP_AGGREGATE, 0, "08 0000");
    put_hex(f, PH_RTMP_AGGREGATE, 0, "");
    assert_int_equal(flush(f), PH_OK);
    expect_events(f, "a! 16782220/16782220 1 ");
}

/* The packet is the message's own memory, and lives on without the session. */
static void test_large_frame(void **state)
{
    struct fixture *f = *state;
    struct ph_writer body = from_hex("17 01 000000");

    write_pattern(&body, 1000000, 9);
    put_hex(f, PH_RTMP_VIDEO, 0, "17 00 000000" AVCC);
    put(f, PH_RTMP_VIDEO, 10, &body);
    assert_int_equal(flush(f), PH_OK);
    assert_int_equal(f->last_data->len, 1000000);
    assert_true(is_pattern(f->last_data->data, 1000000, 9));
}

#define with_session(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_session(test_legacy),
        with_session(test_enhanced),
        with_session(test_unofficial_hevc),
        with_session(test_nanoseconds),
        with_session(test_multitrack),
        with_session(test_sequence_header_repeated_and_changed),
        cmocka_unit_test(test_opus),
        cmocka_unit_test(test_headerless_audio),
        with_session(test_flac),
        with_session(test_dropped_at_the_start),
        cmocka_unit_test(test_nothing_before_publish),
        with_session(test_damaged_tags),
        cmocka_unit_test(test_wraps),
        with_session(test_backwards),
        with_session(test_aggregate),
        with_session(test_large_frame),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
