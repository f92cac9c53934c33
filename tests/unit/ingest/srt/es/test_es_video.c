/* SPDX-License-Identifier: Apache-2.0 */
/* Video without loss: real streams in all the ways that encoders cut them into PES packets. */
#include "video_fixture.h"

static const char *const files[] = {"h264_bframes_aac.mp4", "h264_portrait.mp4", "hevc_ac3.mp4"};

/* Each access unit is out with its last byte. */
static void run_file(const char *name, enum ph_conf_on_loss on_loss)
{
    struct video_fixture f;
    struct annexb stream;

    annexb_open(&stream, name);
    video_fixture_open(&f, stream.par->codec_id, on_loss);
    for (size_t i = 0; i < stream.count; i++) {
        feed_frame(&f, &stream, i, WHOLE);
        assert_int_equal(f.count, i + 1);
        expect_frame(&f, i, &stream, i);
        assert_int_equal(is_key(&f, i), (stream.packets[i]->flags & AV_PKT_FLAG_KEY) != 0);
    }
    ph_es_flush(f.es);
    expect_counts(&f, stream.count, 0, 0);
    assert_int_equal(f.track_count, 1);
    assert_int_equal(f.tracks[0].before, 0);
    expect_extradata(f.tracks[0].track, stream.par);
    video_fixture_close(&f);
    annexb_close(&stream);
}

static void test_real_streams(void **state)
{
    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(files); i++) {
        run_file(files[i], PH_CONF_ON_LOSS_DROP);
        run_file(files[i], PH_CONF_ON_LOSS_PASS);
    }
}

/* Start codes of three to seven bytes, zeros at the end, and empty NAL units change nothing. */
static void test_start_codes(void **state)
{
    static const uint8_t empty_units[] = {0, 0, 1, 0, 0, 0, 1};
    static const uint8_t zeros[5];

    (void)state;
    for (size_t code_len = 3; code_len <= 7; code_len++) {
        struct video_fixture f;
        struct annexb stream;
        annexb_open(&stream, "h264_portrait.mp4");
        video_fixture_open(&f, AV_CODEC_ID_H264, PH_CONF_ON_LOSS_DROP);
        for (size_t i = 0; i < stream.count; i++) {
            const AVPacket *frame = stream.packets[i];
            struct ph_writer payload;
            ph_writer_init(&payload, SIZE_MAX / 4);
            ph_write_bytes(&payload, empty_units, i % 2 * sizeof(empty_units));
            annexb_reframe(&payload, frame->data, (size_t)frame->size, code_len);
            ph_write_bytes(&payload, zeros, i % (sizeof(zeros) + 1));
            ph_write_bytes(&payload, empty_units, i % 3 / 2 * sizeof(empty_units));
            feed_bytes(&f, payload.data, payload.len, frame->pts, frame->dts, WHOLE);
            ph_writer_fini(&payload);
            assert_int_equal(f.count, i + 1);
            expect_frame(&f, i, &stream, i);
        }
        expect_counts(&f, stream.count, 0, 0);
        video_fixture_close(&f);
        annexb_close(&stream);
    }
}

/* The phone is turned and turned back: other parameter sets with the same ids. */
static void test_rotation(void **state)
{
    struct annexb landscape;
    struct annexb portrait;
    struct video_fixture f;

    (void)state;
    annexb_open(&landscape, "h264_bframes_aac.mp4");
    annexb_open(&portrait, "h264_portrait.mp4");
    video_fixture_open(&f, AV_CODEC_ID_H264, PH_CONF_ON_LOSS_DROP);
    for (size_t i = 0; i < 30; i++) {
        feed_frame(&f, &landscape, i, WHOLE);
    }
    for (size_t i = 0; i < portrait.count; i++) {
        feed_frame(&f, &portrait, i, WHOLE);
    }
    feed_frame(&f, &landscape, 0, WHOLE);
    expect_counts(&f, 30 + portrait.count + 1, 0, 0);
    assert_int_equal(f.track_count, 3);
    assert_int_equal(f.tracks[1].before, 30);
    assert_int_equal(f.tracks[2].before, 30 + portrait.count);
    expect_extradata(f.tracks[0].track, landscape.par);
    expect_extradata(f.tracks[1].track, portrait.par);
    expect_extradata(f.tracks[2].track, landscape.par);
    video_fixture_close(&f);
    annexb_close(&portrait);
    annexb_close(&landscape);
}

/* Some encoders collect frames: three in a PES packet, the first one's times in its header. */
static void test_several_units_in_a_payload(void **state)
{
    enum { TOGETHER = 3 };
    struct annexb stream;
    struct video_fixture f;

    (void)state;
    annexb_open(&stream, "h264_portrait.mp4");
    int64_t distance = stream.packets[1]->dts - stream.packets[0]->dts;
    video_fixture_open(&f, AV_CODEC_ID_H264, PH_CONF_ON_LOSS_DROP);
    for (size_t i = 0; i < stream.count; i += TOGETHER) {
        struct ph_writer payload;
        ph_writer_init(&payload, SIZE_MAX / 4);
        for (size_t j = 0; j < TOGETHER; j++) {
            ph_write_bytes(&payload, stream.packets[i + j]->data,
                           (size_t)stream.packets[i + j]->size);
        }
        feed_bytes(&f, payload.data, payload.len, stream.packets[i]->pts, stream.packets[i]->dts,
                   WHOLE);
        ph_writer_fini(&payload);
        assert_int_equal(f.count, i + TOGETHER);
    }
    expect_counts(&f, stream.count, 0, 0);
    for (size_t i = 0; i < stream.count; i++) {
        const AVPacket *wanted = stream.packets[i];
        expect_data(&f, i, wanted->data, (size_t)wanted->size);
        assert_int_equal(is_key(&f, i), (wanted->flags & AV_PKT_FLAG_KEY) != 0);
        if (i >= TOGETHER) {
            assert_int_equal(f.packets[i]->dts, wanted->dts);
            assert_int_equal(f.packets[i]->pts, wanted->pts);
        } else if (i > 0) {
            /* Nothing was measured yet: a thirtieth of a second. */
            assert_int_equal(f.packets[i]->dts - f.packets[i - 1]->dts, 3000);
        }
    }
    assert_int_not_equal(distance, 3000);
    video_fixture_close(&f);
    annexb_close(&stream);
}

/* A PES packet without times that begins an access unit. */
static void test_units_without_times(void **state)
{
    struct annexb stream;
    struct video_fixture f;

    (void)state;
    annexb_open(&stream, "h264_portrait.mp4");
    video_fixture_open(&f, AV_CODEC_ID_H264, PH_CONF_ON_LOSS_DROP);
    const AVPacket *key = stream.packets[0];
    feed_bytes(&f, key->data, (size_t)key->size, PH_TS_NO_TIME, PH_TS_NO_TIME, WHOLE);
    expect_counts(&f, 0, 0, 1);
    feed_frame(&f, &stream, 0, WHOLE);
    feed_frame(&f, &stream, 1, WHOLE);
    const AVPacket *third = stream.packets[2];
    feed_bytes(&f, third->data, (size_t)third->size, PH_TS_NO_TIME, PH_TS_NO_TIME, WHOLE);
    feed_frame(&f, &stream, 3, WHOLE);
    expect_counts(&f, 4, 0, 1);
    for (size_t i = 0; i < 4; i++) {
        expect_frame(&f, i, &stream, i);
    }
    video_fixture_close(&f);
    annexb_close(&stream);
}

/* A key frame with 70,000 bytes of filler, as constant bitrates have it. */
static struct ph_writer make_large_frame(const struct annexb *stream)
{
    const AVPacket *key = stream->packets[0];
    struct ph_writer w;

    ph_writer_init(&w, SIZE_MAX / 4);
    ph_write_bytes(&w, key->data, (size_t)key->size);
    ph_write_u32(&w, 1);
    ph_write_u8(&w, 12);
    for (int i = 0; i < 70000; i++) {
        ph_write_u8(&w, 0xff);
    }
    ph_write_u8(&w, 0x80);
    return w;
}

/* Encoders that always set PES_packet_length need two PES packets for more than 65,535 bytes. */
static void test_a_unit_over_full_payloads(void **state)
{
    static const size_t full[] = {65277, 65522, 65532};
    struct annexb stream;

    (void)state;
    annexb_open(&stream, "h264_portrait.mp4");
    struct ph_writer large = make_large_frame(&stream);
    const AVPacket *key = stream.packets[0];
    for (size_t i = 0; i < PH_ARRAY_SIZE(full); i++) {
        struct video_fixture f;
        video_fixture_open(&f, AV_CODEC_ID_H264, PH_CONF_ON_LOSS_DROP);
        feed_bytes(&f, large.data, full[i], key->pts, key->dts, WHOLE);
        assert_int_equal(f.count, 0);
        feed_bytes(&f, large.data + full[i], large.len - full[i], PH_TS_NO_TIME, PH_TS_NO_TIME,
                   WHOLE);
        assert_int_equal(f.count, 1);
        expect_data(&f, 0, large.data, large.len);
        assert_true(is_key(&f, 0));
        assert_int_equal(f.packets[0]->dts, key->dts);
        feed_frame(&f, &stream, 1, WHOLE);
        expect_frame(&f, 1, &stream, 1);
        video_fixture_close(&f);
    }
    ph_writer_fini(&large);
    annexb_close(&stream);
}

/* One that is as large as that by chance goes out with the next, or at the end. */
static void test_a_unit_as_large_as_a_full_payload(void **state)
{
    struct annexb stream;
    struct video_fixture f;

    (void)state;
    annexb_open(&stream, "h264_portrait.mp4");
    struct ph_writer large = make_large_frame(&stream);
    const AVPacket *key = stream.packets[0];
    video_fixture_open(&f, AV_CODEC_ID_H264, PH_CONF_ON_LOSS_DROP);
    feed_bytes(&f, large.data, 65300, key->pts, key->dts, WHOLE);
    feed_frame(&f, &stream, 1, WHOLE);
    assert_int_equal(f.count, 2);
    expect_data(&f, 0, large.data, 65300);
    expect_frame(&f, 1, &stream, 1);
    feed_bytes(&f, large.data, 65300, key->pts + 90000, key->dts + 90000, WHOLE);
    assert_int_equal(f.count, 2);
    ph_es_flush(f.es);
    assert_int_equal(f.count, 3);
    assert_int_equal(f.packets[2]->pts, key->pts + 90000);
    expect_counts(&f, 3, 0, 0);
    video_fixture_close(&f);
    ph_writer_fini(&large);
    annexb_close(&stream);
}

/* Feeds a frame in payloads of `size` bytes, of which only the first has times. */
static void feed_in_pieces(struct video_fixture *f, const AVPacket *frame, size_t size)
{
    size_t len = (size_t)frame->size;

    for (size_t at = 0; at < len; at += size) {
        feed_bytes(f, frame->data + at, len - at < size ? len - at : size,
                   at == 0 ? frame->pts : PH_TS_NO_TIME, at == 0 ? frame->dts : PH_TS_NO_TIME,
                   WHOLE);
    }
}

/*
 * Payloads of any size: the first frame's beginning goes out before the encoder's habit is known,
 * and so spoils it; from the next key frame on everything is whole.
 */
static void test_units_over_small_payloads(void **state)
{
    static const size_t sizes[] = {8, 31, 188, 500};
    struct annexb stream;

    (void)state;
    annexb_open(&stream, "h264_portrait.mp4");
    for (size_t s = 0; s < PH_ARRAY_SIZE(sizes); s++) {
        struct video_fixture f;
        video_fixture_open(&f, AV_CODEC_ID_H264, PH_CONF_ON_LOSS_DROP);
        for (size_t i = 0; i < stream.count; i++) {
            feed_in_pieces(&f, stream.packets[i], sizes[s]);
        }
        ph_es_flush(f.es);
        size_t wanted = f.count;
        assert_true(wanted >= 20); /* of 30, in groups of 10 */
        for (size_t i = 0; i < 20; i++) {
            expect_frame(&f, wanted - 20 + i, &stream, 10 + i);
        }
        video_fixture_close(&f);
    }
    annexb_close(&stream);
}

/* Once that is known, every border may be anywhere: byte by byte. */
static void test_units_byte_by_byte(void **state)
{
    struct annexb stream;
    struct video_fixture f;

    (void)state;
    annexb_open(&stream, "hevc_ac3.mp4");
    video_fixture_open(&f, AV_CODEC_ID_HEVC, PH_CONF_ON_LOSS_PASS);
    feed_frame(&f, &stream, 0, WHOLE);
    feed_bytes(&f, (const uint8_t *)"\x55", 1, PH_TS_NO_TIME, PH_TS_NO_TIME, WHOLE);
    feed_frame(&f, &stream, 1, WHOLE);
    for (size_t i = 2; i < stream.count; i++) {
        feed_in_pieces(&f, stream.packets[i], 1);
    }
    assert_true(f.count >=
                stream.count - 2); /* the last slices are shorter than their headers may be */
    ph_es_flush(f.es);
    expect_counts(&f, stream.count, 1, 0);
    for (size_t i = 0; i < stream.count; i++) {
        expect_frame(&f, i, &stream, i);
    }
    video_fixture_close(&f);
    annexb_close(&stream);
}

/* The beginning of a frame up to its first slice: parameter sets and SEI. */
static size_t find_slice(const AVPacket *frame)
{
    size_t len = (size_t)frame->size;
    size_t at = annexb_next(frame->data, len, 0);

    while (at < len && (frame->data[at + 3] & 31) > 5) {
        at = annexb_next(frame->data, len, at + 3);
    }
    assert_true(at > 0 && at < len);
    return at;
}

static void test_parameter_sets_in_a_payload_of_their_own(void **state)
{
    struct annexb stream;
    struct video_fixture f;

    (void)state;
    annexb_open(&stream, "h264_portrait.mp4");
    const AVPacket *key = stream.packets[0];
    size_t slice = find_slice(key);
    video_fixture_open(&f, AV_CODEC_ID_H264, PH_CONF_ON_LOSS_DROP);
    feed_bytes(&f, key->data, slice, key->pts - 500, key->dts - 500, WHOLE);
    assert_int_equal(f.count, 0);
    feed_bytes(&f, key->data + slice, (size_t)key->size - slice, key->pts, key->dts, WHOLE);
    assert_int_equal(f.count, 1);
    expect_frame(&f, 0, &stream, 0);
    expect_extradata(f.tracks[0].track, stream.par);
    expect_counts(&f, 1, 0, 0);
    video_fixture_close(&f);
    annexb_close(&stream);
}

/* What only prepares a picture that never comes is not collected for ever. */
static void test_parameter_sets_without_a_picture(void **state)
{
    struct annexb stream;
    struct video_fixture f;

    (void)state;
    annexb_open(&stream, "h264_portrait.mp4");
    const AVPacket *key = stream.packets[0];
    size_t slice = find_slice(key);
    video_fixture_open(&f, AV_CODEC_ID_H264, PH_CONF_ON_LOSS_DROP);
    for (size_t i = 0; i < 18; i++) {
        feed_bytes(&f, key->data, slice, key->pts, key->dts, WHOLE);
    }
    expect_counts(&f, 0, 1, 0);
    feed_bytes(&f, key->data + slice, (size_t)key->size - slice, key->pts, key->dts, WHOLE);
    expect_counts(&f, 1, 1, 0);
    assert_true(is_key(&f, 0));
    video_fixture_close(&f);
    annexb_close(&stream);
}

static void test_frames_before_the_parameter_sets(void **state)
{
    struct annexb stream;
    struct video_fixture f;

    (void)state;
    annexb_open(&stream, "h264_bframes_aac.mp4");
    video_fixture_open(&f, AV_CODEC_ID_H264, PH_CONF_ON_LOSS_PASS);
    for (size_t i = 25; i < 40; i++) {
        feed_frame(&f, &stream, i, WHOLE);
    }
    expect_counts(&f, 10, 0, 5);
    assert_int_equal(f.track_count, 1);
    expect_frame(&f, 0, &stream, 30);
    assert_true(is_key(&f, 0));
    video_fixture_close(&f);
    annexb_close(&stream);
}

/* A random access point whose parameter sets are not known, after all: the track stays. */
static void test_a_key_frame_of_unknown_parameter_sets(void **state)
{
    struct annexb stream;
    struct video_fixture f;

    (void)state;
    annexb_open(&stream, "h264_portrait.mp4");
    const AVPacket *key = stream.packets[0];
    size_t slice = find_slice(key);
    video_fixture_open(&f, AV_CODEC_ID_H264, PH_CONF_ON_LOSS_DROP);
    feed_frame(&f, &stream, 0, WHOLE);
    struct ph_writer other;
    ph_writer_init(&other, SIZE_MAX / 4);
    /* first_mb 0, slice type 7, PPS 5 */
    ph_write_bytes(&other, "\0\0\1\x65\x88\x30", 6);
    ph_write_bytes(&other, key->data + slice + 6, (size_t)key->size - slice - 6);
    feed_bytes(&f, other.data, other.len, key->pts + 3000, key->dts + 3000, WHOLE);
    ph_writer_fini(&other);
    feed_frame(&f, &stream, 1, WHOLE);
    expect_counts(&f, 1, 0, 2);
    feed_frame(&f, &stream, 10, WHOLE);
    expect_counts(&f, 2, 0, 2);
    assert_int_equal(f.track_count, 1);
    video_fixture_close(&f);
    annexb_close(&stream);
}

/* Parameter sets that no track can be made of: an SPS with a profile as long as can be. */
static void test_a_key_frame_of_unusable_parameter_sets(void **state)
{
    static const uint8_t sps[] = {0,    0,    1,    0x42, 0x01, 0x01, 0xff, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xad, 0xc0};
    enum { CRA = 26 };
    struct annexb stream;
    struct video_fixture f;
    struct ph_writer payload;

    (void)state;
    annexb_open(&stream, "hevc_ac3.mp4");
    const AVPacket *cra = stream.packets[CRA];
    size_t len = (size_t)cra->size;
    size_t slice = annexb_next(cra->data, len, 0);
    while (cra->data[slice + 3] >> 1 >= 32) {
        slice = annexb_next(cra->data, len, slice + 3);
    }
    video_fixture_open(&f, AV_CODEC_ID_HEVC, PH_CONF_ON_LOSS_DROP);
    for (size_t i = 0; i < CRA; i++) {
        feed_frame(&f, &stream, i, WHOLE);
    }
    ph_writer_init(&payload, SIZE_MAX / 4);
    ph_write_bytes(&payload, cra->data, slice);
    ph_write_bytes(&payload, sps, sizeof(sps));
    ph_write_bytes(&payload, cra->data + slice, len - slice);
    feed_bytes(&f, payload.data, payload.len, cra->pts, cra->dts, WHOLE);
    ph_writer_fini(&payload);
    for (size_t i = CRA + 1; i < CRA + 10; i++) {
        feed_frame(&f, &stream, i, WHOLE);
    }
    expect_counts(&f, CRA, 0, 10);
    feed_frame(&f, &stream, 0, WHOLE);
    expect_counts(&f, CRA + 1, 0, 10);
    assert_int_equal(f.track_count, 1);
    video_fixture_close(&f);
    annexb_close(&stream);
}

static void test_other_codecs(void **state)
{
    static const struct ph_es_ops ops = {video_on_track, video_on_packet};
    struct ph_ts_stream stream = {.pid = 256, .codec_id = AV_CODEC_ID_MPEG2VIDEO};
    struct ph_es *es;

    (void)state;
    assert_int_equal(ph_es_create(&es, &stream, PH_CONF_ON_LOSS_DROP, &ops, NULL), PH_EUNSUPPORTED);
    assert_null(es);
    ph_es_destroy(&es);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real_streams),
        cmocka_unit_test(test_start_codes),
        cmocka_unit_test(test_rotation),
        cmocka_unit_test(test_several_units_in_a_payload),
        cmocka_unit_test(test_units_without_times),
        cmocka_unit_test(test_a_unit_over_full_payloads),
        cmocka_unit_test(test_a_unit_as_large_as_a_full_payload),
        cmocka_unit_test(test_units_over_small_payloads),
        cmocka_unit_test(test_units_byte_by_byte),
        cmocka_unit_test(test_parameter_sets_in_a_payload_of_their_own),
        cmocka_unit_test(test_parameter_sets_without_a_picture),
        cmocka_unit_test(test_frames_before_the_parameter_sets),
        cmocka_unit_test(test_a_key_frame_of_unknown_parameter_sets),
        cmocka_unit_test(test_a_key_frame_of_unusable_parameter_sets),
        cmocka_unit_test(test_other_codecs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
