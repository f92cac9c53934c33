/* SPDX-License-Identifier: Apache-2.0 */
#include <media/codec.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

/* x264, High at level 1.0. */
static const uint8_t avcc[] = {
    0x01, 0x64, 0x00, 0x0a, 0xff, 0xe1, 0x00, 0x19, 0x67, 0x64, 0x00, 0x0a, 0xac, 0xd9, 0x46,
    0x27, 0xe6, 0xc0, 0x44, 0x00, 0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xf0, 0x3c,
    0x48, 0x96, 0x58, 0x01, 0x00, 0x05, 0x68, 0xef, 0x83, 0x1c, 0xb0, 0xfd, 0xf8, 0xf8, 0x00};

/* x265, Main: VPS, SPS and PPS. */
static const uint8_t hvcc[] = {
    0x01, 0x01, 0x60, 0x00, 0x00, 0x00, 0x90, 0x00, 0x00, 0x00, 0x00, 0x00, 0x1e, 0xf0, 0x00, 0xfc,
    0xfd, 0xf8, 0xf8, 0x00, 0x00, 0x0f, 0x03, 0xa0, 0x00, 0x01, 0x00, 0x18, 0x40, 0x01, 0x0c, 0x01,
    0xff, 0xff, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00,
    0x1e, 0x95, 0x98, 0x09, 0xa1, 0x00, 0x01, 0x00, 0x29, 0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00,
    0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x1e, 0xa0, 0x30, 0x83, 0x9f, 0x59,
    0x65, 0x66, 0xb9, 0x32, 0xbc, 0x05, 0xa0, 0x20, 0x00, 0x00, 0x03, 0x00, 0x20, 0x00, 0x00, 0x03,
    0x03, 0xc1, 0xa2, 0x00, 0x01, 0x00, 0x06, 0x44, 0x01, 0xc1, 0x73, 0xd1, 0x89};

/* SVT-AV1, 8 bits; libaom, 10 bits. */
static const uint8_t av1c[] = {0x81, 0x00, 0x0c, 0x00, 0x0a, 0x0a, 0x00, 0x00,
                               0x00, 0x03, 0x2d, 0xff, 0xc0, 0x2f, 0x80, 0x04};
static const uint8_t av1c_10[] = {0x81, 0x00, 0x4c, 0x00, 0x0a, 0x0a, 0x00, 0x00,
                                  0x00, 0x03, 0x2d, 0xff, 0xcd, 0xaf, 0x94, 0x04};

static const uint8_t opus_head[] = {'O',  'p', 'u',  's',  'H', 'e', 'a', 'd', 1, 1,
                                    0x38, 1,   0x80, 0xbb, 0,   0,   0,   0,   0};

/* The 34 bytes of a STREAMINFO that FFmpeg wrote: blocks of 4608, 44.1 kHz, mono. */
static const uint8_t stream_info[] = {0x12, 0x00, 0x12, 0x00, 0x00, 0x04, 0x49, 0x00, 0x04,
                                      0xde, 0x0a, 0xc4, 0x40, 0xf0, 0x00, 0x00, 0x33, 0xae,
                                      0xcd, 0x36, 0xf8, 0xab, 0x0a, 0x87, 0x8d, 0xa3, 0x0b,
                                      0x37, 0xb9, 0xef, 0xb6, 0xc6, 0x4d, 0x51};

/* Parses a copy of exactly `len` bytes, so that reading past the end is caught. */
static int parse(struct ph_codec_info *out, enum AVCodecID id, const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);

    assert_non_null(copy);
    if (len > 0) {
        memcpy(copy, data, len);
    }
    int err = ph_codec_parse(out, id, copy, len);
    free(copy);
    return err;
}

static void assert_codecs(enum AVCodecID id, const uint8_t *data, size_t len, const char *wanted)
{
    struct ph_codec_info info;

    assert_int_equal(parse(&info, id, data, len), 0);
    assert_string_equal(info.codecs, wanted);
}

static void video_headers_give_their_codecs_strings(void **state)
{
    struct ph_codec_info info;

    (void)state;
    assert_codecs(AV_CODEC_ID_H264, avcc, sizeof(avcc), "avc1.64000a");
    assert_codecs(AV_CODEC_ID_HEVC, hvcc, sizeof(hvcc), "hvc1.1.6.L30.90");
    assert_codecs(AV_CODEC_ID_AV1, av1c, sizeof(av1c), "av01.0.00M.08");
    assert_codecs(AV_CODEC_ID_AV1, av1c_10, sizeof(av1c_10), "av01.0.00M.10");
    assert_int_equal(parse(&info, AV_CODEC_ID_H264, avcc, sizeof(avcc)), 0);
    assert_int_equal(info.profile, 100);
    assert_int_equal(info.level, 10);
    assert_int_equal(info.nal_length_size, 4);
    assert_int_equal(parse(&info, AV_CODEC_ID_HEVC, hvcc, sizeof(hvcc)), 0);
    assert_int_equal(info.profile, 1);
    assert_int_equal(info.level, 30);
    assert_int_equal(info.nal_length_size, 4);
}

static void hevc_strings_follow_annex_e(void **state)
{
    static const struct {
        uint8_t ptl[12];
        const char *wanted;
    } cases[] = {
        /* The example of ISO/IEC 14496-15, Main at level 3.1. */
        {{0x01, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93}, "hvc1.1.6.L93.B0"},
        {{0x02, 0x20, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 120}, "hvc1.2.4.L120.90"},
        {{0x21, 0x60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 153}, "hvc1.1.6.H153"},
        {{0x44, 0x08, 0, 0, 0, 0x9d, 0x08, 0, 0, 0, 0, 90}, "hvc1.A4.10.L90.9D.8"},
        {{0x01, 0x60, 0, 0, 0, 0, 0, 0, 0, 0, 0x0c, 30}, "hvc1.1.6.L30.0.0.0.0.0.C"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t header[sizeof(hvcc)];
        memcpy(header, hvcc, sizeof(hvcc));
        memcpy(header + 1, cases[i].ptl, 12);
        assert_codecs(AV_CODEC_ID_HEVC, header, sizeof(header), cases[i].wanted);
    }
}

static void a_string_that_does_not_fit_is_refused(void **state)
{
    struct ph_codec_info info;
    uint8_t header[sizeof(hvcc)];

    (void)state;
    memcpy(header, hvcc, sizeof(hvcc));
    memset(header + 1, 0xff, 12);
    assert_int_equal(parse(&info, AV_CODEC_ID_HEVC, header, sizeof(header)), PH_EPROTO);
}

static void av1_levels_and_tiers(void **state)
{
    static const struct {
        uint8_t header[4];
        const char *wanted;
    } cases[] = {
        {{0x81, 0x08, 0x0c, 0}, "av01.0.08M.08"},
        {{0x81, 0x2d, 0x80, 0}, "av01.1.13H.08"},
        {{0x81, 0x4d, 0xe0, 0}, "av01.2.13H.12"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_codecs(AV_CODEC_ID_AV1, cases[i].header, 4, cases[i].wanted);
    }
}

static void audio_specific_configs(void **state)
{
    static const struct {
        uint8_t data[32];
        size_t len;
        const char *codecs;
        int rate;
        int channels;
        int samples;
        int profile;
    } cases[] = {
        {{0x12, 0x10}, 2, "mp4a.40.2", 44100, 2, 1024, 1},
        {{0x11, 0x88, 0x56, 0xe5, 0x00}, 5, "mp4a.40.2", 48000, 1, 1024, 1},
        {{0x11, 0x90}, 2, "mp4a.40.2", 48000, 2, 1024, 1},
        {{0x12, 0x14}, 2, "mp4a.40.2", 44100, 2, 960, 1},
        {{0x17, 0x80, 0x56, 0x22, 0x10}, 5, "mp4a.40.2", 44100, 2, 1024, 1}, /* explicit rate */
        {{0x2b, 0x11, 0x88, 0x00}, 4, "mp4a.40.5", 24000, 2, 1024, 4},       /* HE: core's rate */
        {{0xeb, 0x09, 0x88, 0x00}, 4, "mp4a.40.29", 24000, 1, 1024, 28},     /* HE v2 */
        /* Six channels told by a program_config_element, as FFmpeg writes "hexagonal". */
        {{0x11, 0x80, 0x04, 0xc8, 0x08, 0x00, 0x20, 0x08, 0x84, 0x0d, 0x4c, 0x61, 0x76,
          0x63, 0x35, 0x39, 0x2e, 0x33, 0x37, 0x2e, 0x31, 0x30, 0x30, 0x56, 0xe5, 0x00},
         26,
         "mp4a.40.2",
         48000,
         6,
         1024,
         1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ph_codec_info info;
        assert_int_equal(parse(&info, AV_CODEC_ID_AAC, cases[i].data, cases[i].len), 0);
        assert_string_equal(info.codecs, cases[i].codecs);
        assert_int_equal(info.sample_rate, cases[i].rate);
        assert_int_equal(info.channels, cases[i].channels);
        assert_int_equal(info.frame_samples, cases[i].samples);
        assert_int_equal(info.profile, cases[i].profile);
    }
}

static void audio_specific_configs_that_we_cannot_take(void **state)
{
    static const uint8_t reserved_rate[] = {0x16, 0x90};
    static const uint8_t no_channels[] = {0x12, 0x50}; /* configuration 10 */
    static const uint8_t empty_elements[] = {0x11, 0x80, 0, 0, 0, 0, 0, 0};
    static const uint8_t usac[] = {0xf9, 0x46, 0x40};
    static const uint8_t low_delay[] = {0xba, 0x10, 0, 0};
    static const uint8_t absurd_rate[] = {0x17, 0xff, 0xff, 0xff, 0x90};
    struct ph_codec_info info;

    (void)state;
    assert_int_equal(parse(&info, AV_CODEC_ID_AAC, reserved_rate, 2), PH_EPROTO);
    assert_int_equal(parse(&info, AV_CODEC_ID_AAC, no_channels, 2), PH_EPROTO);
    assert_int_equal(parse(&info, AV_CODEC_ID_AAC, empty_elements, 8), PH_EPROTO);
    assert_int_equal(parse(&info, AV_CODEC_ID_AAC, absurd_rate, 5), PH_EPROTO);
    assert_int_equal(parse(&info, AV_CODEC_ID_AAC, usac, 3), PH_EUNSUPPORTED);
    assert_int_equal(parse(&info, AV_CODEC_ID_AAC, low_delay, 4), PH_EUNSUPPORTED);
}

static void other_audio(void **state)
{
    struct ph_codec_info info;

    (void)state;
    assert_int_equal(parse(&info, AV_CODEC_ID_OPUS, opus_head, sizeof(opus_head)), 0);
    assert_string_equal(info.codecs, "Opus");
    assert_int_equal(info.sample_rate, 48000);
    assert_int_equal(info.channels, 1);
    assert_int_equal(info.frame_samples, 0);
    assert_int_equal(parse(&info, AV_CODEC_ID_FLAC, stream_info, sizeof(stream_info)), 0);
    assert_string_equal(info.codecs, "fLaC");
    assert_int_equal(info.sample_rate, 44100);
    assert_int_equal(info.channels, 1);
    assert_int_equal(info.frame_samples, 4608);
    assert_codecs(AV_CODEC_ID_MP2, NULL, 0, "mp4a.40.33");
    assert_codecs(AV_CODEC_ID_MP3, NULL, 0, "mp4a.40.34");
    assert_codecs(AV_CODEC_ID_AC3, NULL, 0, "ac-3");
    assert_codecs(AV_CODEC_ID_EAC3, NULL, 0, "ec-3");
    assert_int_equal(parse(&info, AV_CODEC_ID_VP9, NULL, 0), PH_EUNSUPPORTED);
    assert_int_equal(parse(&info, AV_CODEC_ID_PCM_ALAW, NULL, 0), PH_EUNSUPPORTED);
}

/* No prefix of a header passes for the whole, and none is read past its end. */
static void truncated_headers_are_malformed(void **state)
{
    static const struct {
        enum AVCodecID id;
        const uint8_t *data;
        size_t needed;
    } cases[] = {
        {AV_CODEC_ID_H264, avcc, sizeof(avcc) - 4}, /* the last four are the High extension */
        {AV_CODEC_ID_HEVC, hvcc, sizeof(hvcc)},
        {AV_CODEC_ID_AV1, av1c, 4},
        {AV_CODEC_ID_OPUS, opus_head, sizeof(opus_head)},
        {AV_CODEC_ID_FLAC, stream_info, sizeof(stream_info)},
    };
    struct ph_codec_info info;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t len = 0; len < cases[i].needed; len++) {
            int err = parse(&info, cases[i].id, cases[i].data, len);
            if (err != PH_EPROTO) {
                fail_msg("%s: %zu bytes give %s", avcodec_get_name(cases[i].id), len,
                         ph_err_name(err));
            }
        }
        assert_int_equal(parse(&info, cases[i].id, cases[i].data, cases[i].needed), 0);
    }
    assert_int_equal(parse(&info, AV_CODEC_ID_AAC, (const uint8_t *)"\x12", 1), PH_EPROTO);
}

static void damaged_headers_are_malformed(void **state)
{
    static const uint8_t annex_b[] = {0, 0, 0, 1, 0x67, 0x64, 0, 0x0a, 0xac, 0xd9};
    struct ph_codec_info info;
    uint8_t header[sizeof(hvcc)];

    (void)state;
    assert_int_equal(parse(&info, AV_CODEC_ID_H264, annex_b, sizeof(annex_b)), PH_EPROTO);
    memcpy(header, avcc, sizeof(avcc));
    header[4] = 0xfe; /* NAL lengths of three bytes */
    assert_int_equal(parse(&info, AV_CODEC_ID_H264, header, sizeof(avcc)), PH_EPROTO);
    memcpy(header, avcc, sizeof(avcc));
    header[5] = 0xe0; /* no SPS */
    assert_int_equal(parse(&info, AV_CODEC_ID_H264, header, sizeof(avcc)), PH_EPROTO);
    memcpy(header, hvcc, sizeof(hvcc));
    header[22] = 1; /* the VPS alone */
    assert_int_equal(parse(&info, AV_CODEC_ID_HEVC, header, sizeof(hvcc)), PH_EPROTO);
    memcpy(header, av1c, sizeof(av1c));
    header[0] = 0x01;
    assert_int_equal(parse(&info, AV_CODEC_ID_AV1, header, sizeof(av1c)), PH_EPROTO);
    memcpy(header, opus_head, sizeof(opus_head));
    header[9] = 0; /* no channels */
    assert_int_equal(parse(&info, AV_CODEC_ID_OPUS, header, sizeof(opus_head)), PH_EPROTO);
    header[9] = 2;
    header[18] = 1; /* a mapping table that is not there */
    assert_int_equal(parse(&info, AV_CODEC_ID_OPUS, header, sizeof(opus_head)), PH_EPROTO);
}

static void no_bytes_break_a_parser(void **state)
{
    static const enum AVCodecID ids[] = {AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_CODEC_ID_AV1,
                                         AV_CODEC_ID_AAC,  AV_CODEC_ID_OPUS, AV_CODEC_ID_FLAC};
    uint64_t seed = 1;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[48];
        struct ph_codec_info info;
        for (size_t i = 0; i < sizeof(bytes); i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            bytes[i] = (uint8_t)(seed >> 56);
        }
        bytes[0] = (uint8_t)(round % 4 == 0 ? 1 : bytes[0]);
        size_t len = (size_t)(seed >> 40) % (sizeof(bytes) + 1);
        if (parse(&info, ids[round % 6], bytes, len) == 0) {
            assert_true(strlen(info.codecs) > 0);
            assert_true(info.sample_rate >= 0 && info.sample_rate <= 192000);
        }
        (void)!ph_codec_parse_frame(&info, AV_CODEC_ID_AC3, bytes, len);
        (void)!ph_codec_parse_frame(&info, AV_CODEC_ID_EAC3, bytes, len);
        (void)!ph_codec_parse_frame(&info, AV_CODEC_ID_MP2, bytes, len);
        (void)!ph_codec_parse_frame(&info, AV_CODEC_ID_MP3, bytes, len);
        assert_true(ph_codec_opus_samples(bytes, len) <= 5760);
        (void)ph_codec_is_random_access(AV_CODEC_ID_H264, 4, bytes, len);
        (void)ph_codec_is_random_access(AV_CODEC_ID_HEVC, 1, bytes, len);
    }
}

static void frames_of_headerless_codecs(void **state)
{
    static const struct {
        enum AVCodecID id;
        uint8_t data[10];
        int rate;
        int channels;
        int samples;
    } cases[] = {
        {AV_CODEC_ID_MP3, {0xff, 0xfb, 0x50, 0xc4}, 44100, 1, 1152},
        {AV_CODEC_ID_MP3, {0xff, 0xf3, 0x40, 0xc4}, 22050, 1, 576},
        {AV_CODEC_ID_MP3, {0xff, 0xe3, 0x20, 0xc4}, 11025, 1, 576},
        {AV_CODEC_ID_MP3, {0xff, 0xfb, 0x94, 0x44}, 48000, 2, 1152},
        {AV_CODEC_ID_MP2, {0xff, 0xfd, 0xa4, 0x04}, 48000, 2, 1152},
        {AV_CODEC_ID_MP2, {0xff, 0xf5, 0x80, 0xc4}, 22050, 1, 1152},
        {AV_CODEC_ID_AC3, {0x0b, 0x77, 0xa1, 0x7a, 0x54, 0x40, 0x43, 0xe1}, 44100, 2, 1536},
        {AV_CODEC_ID_AC3, {0x0b, 0x77, 0x28, 0x19, 0x1e, 0x40, 0xeb, 0xf8}, 48000, 6, 1536},
        {AV_CODEC_ID_EAC3, {0x0b, 0x77, 0x03, 0x7f, 0x3f, 0x87}, 48000, 6, 1536},
        {AV_CODEC_ID_EAC3, {0x0b, 0x77, 0x03, 0x7f, 0x04, 0x80}, 48000, 2, 256},
        {AV_CODEC_ID_EAC3, {0x0b, 0x77, 0x03, 0x7f, 0xc4, 0x80}, 24000, 2, 1536},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ph_codec_info info = {0};
        assert_int_equal(ph_codec_parse_frame(&info, cases[i].id, cases[i].data, 10), 0);
        assert_int_equal(info.sample_rate, cases[i].rate);
        assert_int_equal(info.channels, cases[i].channels);
        assert_int_equal(info.frame_samples, cases[i].samples);
        assert_int_equal(ph_codec_parse_frame(&info, cases[i].id, cases[i].data, 3), PH_EPROTO);
        uint8_t unsynced[10] = {0};
        assert_int_equal(ph_codec_parse_frame(&info, cases[i].id, unsynced, 10), PH_EPROTO);
    }
    struct ph_codec_info info;
    /* One layer is not the other. */
    assert_int_equal(
        ph_codec_parse_frame(&info, AV_CODEC_ID_MP3, (const uint8_t *)"\xff\xfd\xa4\x04", 4),
        PH_EPROTO);
    assert_int_equal(
        ph_codec_parse_frame(&info, AV_CODEC_ID_MP2, (const uint8_t *)"\xff\xfb\x90\x40", 4),
        PH_EPROTO);
    assert_int_equal(ph_codec_parse_frame(&info, AV_CODEC_ID_AAC, avcc, 10), PH_EUNSUPPORTED);
}

static void opus_durations(void **state)
{
    static const struct {
        uint8_t data[2];
        size_t len;
        int wanted;
    } cases[] = {
        {{31 << 3 | 0}, 1, 960},                                  /* CELT, 20 ms */
        {{28 << 3 | 0}, 1, 120},                                  /* CELT, 2.5 ms */
        {{31 << 3 | 1}, 1, 1920},                                 /* two frames */
        {{3 << 3 | 0}, 1, 2880},                                  /* SILK, 60 ms */
        {{12 << 3 | 2}, 1, 960},                                  /* hybrid, two frames of 10 ms */
        {{31 << 3 | 3, 6}, 2, 5760},    {{31 << 3 | 3, 7}, 2, 0}, /* 140 ms: more than allowed */
        {{31 << 3 | 3, 0xc2}, 2, 1920}, {{31 << 3 | 3}, 1, 0},    {{0}, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(ph_codec_opus_samples(cases[i].data, cases[i].len), cases[i].wanted);
    }
}

static bool is_start(enum AVCodecID id, unsigned size, const void *data, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);

    assert_non_null(copy);
    memcpy(copy, data, len);
    bool found = ph_codec_is_random_access(id, size, copy, len);
    free(copy);
    return found;
}

static void random_access_goes_by_the_first_slice(void **state)
{
    (void)state;
    /* SEI, then IDR; SEI, then a plain slice; a recovery point is no start. */
    assert_true(is_start(AV_CODEC_ID_H264, 4, "\0\0\0\2\6\0\0\0\0\1\x65", 11));
    assert_false(is_start(AV_CODEC_ID_H264, 4, "\0\0\0\2\6\6\0\0\0\1\x41", 11));
    /* Parameter sets alone are none either. */
    assert_false(is_start(AV_CODEC_ID_H264, 4, "\0\0\0\1\x67\0\0\0\1\x68", 10));
    assert_true(is_start(AV_CODEC_ID_H264, 2, "\0\1\x65", 3));
    assert_true(is_start(AV_CODEC_ID_H264, 1, "\0\1\x65", 3)); /* after an empty NAL unit */
    /* HEVC: IDR_W_RADL, CRA, BLA; a trailing picture; reserved IRAP types. */
    assert_true(is_start(AV_CODEC_ID_HEVC, 4, "\0\0\0\2\x26\1", 6));
    assert_true(is_start(AV_CODEC_ID_HEVC, 4, "\0\0\0\2\x2a\1", 6));
    assert_true(is_start(AV_CODEC_ID_HEVC, 4, "\0\0\0\2\x20\1", 6));
    assert_false(is_start(AV_CODEC_ID_HEVC, 4, "\0\0\0\2\x02\1", 6));
    assert_false(is_start(AV_CODEC_ID_HEVC, 4, "\0\0\0\2\x2c\1", 6));
    assert_true(is_start(AV_CODEC_ID_HEVC, 4, "\0\0\0\2\x4e\1\0\0\0\2\x28\1", 12));
}

static void random_access_survives_damage(void **state)
{
    (void)state;
    assert_false(is_start(AV_CODEC_ID_H264, 4, "", 0));
    assert_false(is_start(AV_CODEC_ID_H264, 4, "\0\0\0", 3));
    assert_false(is_start(AV_CODEC_ID_H264, 4, "\0\0\0\1", 4));
    assert_false(is_start(AV_CODEC_ID_H264, 4, "\0\0\0\2\x65", 5));
    assert_false(is_start(AV_CODEC_ID_H264, 4, "\xff\xff\xff\xff\x65", 5));
    assert_false(is_start(AV_CODEC_ID_H264, 4, "\0\0\0\0\0\0\0\0\0", 9));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(video_headers_give_their_codecs_strings),
        cmocka_unit_test(hevc_strings_follow_annex_e),
        cmocka_unit_test(a_string_that_does_not_fit_is_refused),
        cmocka_unit_test(av1_levels_and_tiers),
        cmocka_unit_test(audio_specific_configs),
        cmocka_unit_test(audio_specific_configs_that_we_cannot_take),
        cmocka_unit_test(other_audio),
        cmocka_unit_test(truncated_headers_are_malformed),
        cmocka_unit_test(damaged_headers_are_malformed),
        cmocka_unit_test(no_bytes_break_a_parser),
        cmocka_unit_test(frames_of_headerless_codecs),
        cmocka_unit_test(opus_durations),
        cmocka_unit_test(random_access_goes_by_the_first_slice),
        cmocka_unit_test(random_access_survives_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
