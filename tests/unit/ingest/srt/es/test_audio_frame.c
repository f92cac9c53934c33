/* SPDX-License-Identifier: Apache-2.0 */
/* The headers of all framings: adts.c, opus_ts.c, mpa.c, ac3.c. */
#include "audio_fixture.h"

#include <ingest/srt/es/audio_frame.h>

struct header {
    ph_audio_read_cb read;
    const char *data;
    size_t needed;
    enum AVCodecID codec_id; /* AV_CODEC_ID_NONE: no frame */
    size_t len;
    size_t payload;
};

/* Lengths are those of frames which encoders made. */
static const struct header headers[] = {
    {ph_adts_read, "\xff\xf1\x4c\x80\x2e\x7f\xfc", 7, AV_CODEC_ID_AAC, 371, 7},
    {ph_adts_read, "\xff\xf0\x4c\x80\x2e\x7f\xfc", 7, AV_CODEC_ID_AAC, 371, 9},  /* CRC */
    {ph_adts_read, "\xff\xf9\x50\x43\xff\xff\xfc", 7, AV_CODEC_ID_AAC, 8191, 7}, /* MPEG-2 */
    {ph_adts_read, "\xff\xf1\x4c\x80\x2e\x7f\xfd", 7, AV_CODEC_ID_NONE, 0, 0},   /* two blocks */
    {ph_adts_read, "\xff\xf1\x74\x80\x2e\x7f\xfc", 7, AV_CODEC_ID_NONE, 0, 0},   /* rate 13 */
    {ph_adts_read, "\xff\xf1\x4c\x80\x00\xff\xfc", 7, AV_CODEC_ID_NONE, 0, 0},   /* 7 bytes */
    {ph_adts_read, "\xff\xf3\x4c\x80\x2e\x7f\xfc", 2, AV_CODEC_ID_NONE, 0, 0},   /* layer III */
    {ph_adts_read, "\x47", 1, AV_CODEC_ID_NONE, 0, 0},
    {ph_loas_read, "\x56\xe1\x2c", 3, AV_CODEC_ID_AAC, 303, 3},
    {ph_loas_read, "\x56\xff\xff", 3, AV_CODEC_ID_AAC, 8194, 3},
    {ph_loas_read, "\x56\xe0\x00", 3, AV_CODEC_ID_NONE, 0, 0},
    {ph_loas_read, "\x56\x40\x10", 2, AV_CODEC_ID_NONE, 0, 0},
    {ph_opus_ts_read, "\x7f\xe0\x64", 3, AV_CODEC_ID_OPUS, 103, 3},
    {ph_opus_ts_read, "\x7f\xe0\xff\xff\x02", 5, AV_CODEC_ID_OPUS, 517, 5},
    {ph_opus_ts_read, "\x7f\xf0\x64\x01\x38", 5, AV_CODEC_ID_OPUS, 105, 5},         /* trimmed */
    {ph_opus_ts_read, "\x7f\xf8\x64\x01\x38\x02\x10", 7, AV_CODEC_ID_OPUS, 107, 7}, /* twice */
    {ph_opus_ts_read, "\x7f\xe4\x64\x02\xaa\xbb", 6, AV_CODEC_ID_OPUS, 106, 6},     /* extension */
    {ph_opus_ts_read, "\x7f\xe0\x00", 3, AV_CODEC_ID_NONE, 0, 0},
    {ph_opus_ts_read, "\x7f\x20", 2, AV_CODEC_ID_NONE, 0, 0},
    {ph_mpa_read, "\xff\xfd\xa4\x04", 4, AV_CODEC_ID_MP2, 576, 0}, /* 192 kbit/s, 48 kHz */
    {ph_mpa_read, "\xff\xfd\x92\x04", 4, AV_CODEC_ID_MP2, 523, 0}, /* 160, 44.1, padded */
    {ph_mpa_read, "\xff\xf5\x80\xc4", 4, AV_CODEC_ID_MP2, 417, 0}, /* 64, 22.05 */
    {ph_mpa_read, "\xff\xfb\x90\x64", 4, AV_CODEC_ID_MP3, 417, 0}, /* 128, 44.1 */
    {ph_mpa_read, "\xff\xf3\x84\xc4", 4, AV_CODEC_ID_MP3, 192, 0}, /* 64, 24 */
    {ph_mpa_read, "\xff\xe3\x28\xc4", 4, AV_CODEC_ID_MP3, 144, 0}, /* 16, MPEG-2.5's 8 */
    {ph_mpa_read, "\xff\xff\x90\x64", 4, AV_CODEC_ID_NONE, 0, 0},  /* layer I */
    {ph_mpa_read, "\xff\xfb\x00\x64", 4, AV_CODEC_ID_NONE, 0, 0},  /* of any length */
    {ph_mpa_read, "\xff\xfb\xf0\x64", 4, AV_CODEC_ID_NONE, 0, 0},
    {ph_mpa_read, "\xff\xfb\x9c\x64", 4, AV_CODEC_ID_NONE, 0, 0}, /* no such rate */
    {ph_mpa_read, "\xff\xeb\x90\x64", 4, AV_CODEC_ID_NONE, 0, 0}, /* no such version */
    {ph_mpa_read, "\xff\x1b", 2, AV_CODEC_ID_NONE, 0, 0},
    {ph_ac3_read, "\x0b\x77\x28\x19\x14\x40\x43", 7, AV_CODEC_ID_AC3, 768, 0},  /* 192, 48 kHz */
    {ph_ac3_read, "\x0b\x77\xa1\x7a\x54\x40\x43", 7, AV_CODEC_ID_AC3, 834, 0},  /* 192, 44.1 */
    {ph_ac3_read, "\x0b\x77\xa1\x7a\x55\x40\x43", 7, AV_CODEC_ID_AC3, 836, 0},  /* padded */
    {ph_ac3_read, "\x0b\x77\xa1\x7a\xa5\x40\x43", 7, AV_CODEC_ID_AC3, 3840, 0}, /* 640, 32 */
    {ph_ac3_read, "\x0b\x77\x28\x19\xd4\x40\x43", 7, AV_CODEC_ID_NONE, 0, 0},   /* no such rate */
    {ph_ac3_read, "\x0b\x77\x28\x19\x26\x40\x43", 7, AV_CODEC_ID_NONE, 0, 0},   /* nor such size */
    {ph_ac3_read, "\x0b\x77\x28\x19\x14\x50\x43", 7, AV_CODEC_ID_NONE, 0, 0},   /* bsid 10 */
    {ph_ac3_read, "\x0b\x77\x01\x7f\x3f\x87\x00", 7, AV_CODEC_ID_EAC3, 768, 0},
    {ph_ac3_read, "\x0b\x77\x47\xff\x3f\x87\x00", 7, AV_CODEC_ID_EAC3, 4096, 0},
    {ph_ac3_read, "\x0b\x77\xc1\x7f\x3f\x87\x00", 7, AV_CODEC_ID_NONE, 0, 0}, /* reserved type */
    {ph_ac3_read, "\x0b\x77\x00\x02\x3f\x87\x00", 7, AV_CODEC_ID_NONE, 0, 0}, /* 6 bytes */
    {ph_ac3_read, "\x77\x0b", 1, AV_CODEC_ID_NONE, 0, 0},
};

static int read_exactly(const struct header *header, size_t len, struct ph_audio_frame *out)
{
    uint8_t *data = ph_alloc(len > 0 ? len : 1);

    memcpy(data, header->data, len);
    int err = header->read(data, len, out);
    free(data);
    return err;
}

static void known_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(headers); i++) {
        const struct header *header = &headers[i];
        struct ph_audio_frame frame = {0};
        int wanted = header->codec_id != AV_CODEC_ID_NONE ? PH_OK : PH_EPROTO;
        int err = read_exactly(header, header->needed, &frame);
        if (err != wanted ||
            (err == PH_OK && (frame.codec_id != header->codec_id || frame.len != header->len ||
                              frame.payload != header->payload))) {
            fail_msg("header %zu: %s, %s, %zu bytes, payload at %zu", i, ph_err_name(err),
                     avcodec_get_name(frame.codec_id), frame.len, frame.payload);
        }
        /* With fewer bytes it may yet be one. */
        for (size_t len = 0; len < header->needed; len++) {
            assert_int_equal(read_exactly(header, len, &frame), PH_EAGAIN);
        }
    }
}

/* What makes another track differs, and nothing else does. */
static void what_tells_tracks_apart(void **state)
{
    static const struct {
        ph_audio_read_cb read;
        const char *a;
        const char *b;
        bool is_same;
    } pairs[] = {
        {ph_adts_read, "\xff\xf1\x4c\x80\x2e\x7f\xfc", "\xff\xf0\x4c\x80\x3e\x1f\x3c", true},
        {ph_adts_read, "\xff\xf1\x4c\x80\x2e\x7f\xfc", "\xff\xf1\x50\x80\x2e\x7f\xfc", false},
        {ph_adts_read, "\xff\xf1\x4c\x80\x2e\x7f\xfc", "\xff\xf1\x4c\x40\x2e\x7f\xfc", false},
        {ph_adts_read, "\xff\xf1\x4c\x80\x2e\x7f\xfc", "\xff\xf1\x0c\x80\x2e\x7f\xfc", false},
        {ph_mpa_read, "\xff\xfb\x90\x64", "\xff\xfa\xa2\x04", true},
        {ph_mpa_read, "\xff\xfb\x90\x64", "\xff\xfb\x90\xc4", false},
        {ph_mpa_read, "\xff\xfb\x90\x64", "\xff\xfb\x94\x64", false},
        {ph_mpa_read, "\xff\xfb\x90\x64", "\xff\xfd\x90\x64", false},
        {ph_mpa_read, "\xff\xfb\x90\x64", "\xff\xf3\x90\x64", false},
        {ph_ac3_read, "\x0b\x77\xa1\x7a\x54\x40\x43", "\x0b\x77\x00\x00\x55\x41\x43", true},
        {ph_ac3_read, "\x0b\x77\xa1\x7a\x54\x40\x43", "\x0b\x77\xa1\x7a\x14\x40\x43", false},
        {ph_ac3_read, "\x0b\x77\xa1\x7a\x54\x40\x43", "\x0b\x77\xa1\x7a\x54\x40\x23", false},
        {ph_ac3_read, "\x0b\x77\xa1\x7a\x54\x40\xe0", "\x0b\x77\xa1\x7a\x54\x40\xe1", false},
        {ph_ac3_read, "\x0b\x77\x01\x7f\x3f\x87\x00", "\x0b\x77\x02\x7f\x3f\x80\x00", true},
        {ph_ac3_read, "\x0b\x77\x01\x7f\x3f\x87\x00", "\x0b\x77\x01\x7f\x2f\x87\x00", false},
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(pairs); i++) {
        struct ph_audio_frame a;
        struct ph_audio_frame b;
        size_t len = pairs[i].read == ph_mpa_read ? 4 : 7;
        assert_int_equal(pairs[i].read((const uint8_t *)pairs[i].a, len, &a), PH_OK);
        assert_int_equal(pairs[i].read((const uint8_t *)pairs[i].b, len, &b), PH_OK);
        if ((a.config == b.config) != pairs[i].is_same) {
            fail_msg("pair %zu: %x and %x", i, a.config, b.config);
        }
    }
}

static void substreams(void **state)
{
    static const struct {
        const char *data;
        bool continues;
    } cases[] = {
        {"\x0b\x77\x01\x7f\x3f\x87\x00", false},
        {"\x0b\x77\x81\x7f\x3f\x87\x00", false}, /* converted from AC-3 */
        {"\x0b\x77\x41\x7f\x3f\x87\x00", true},  /* dependent */
        {"\x0b\x77\x09\x7f\x3f\x87\x00", true},  /* another program's */
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(cases); i++) {
        struct ph_audio_frame frame;
        assert_int_equal(ph_ac3_read((const uint8_t *)cases[i].data, 7, &frame), PH_OK);
        assert_int_equal(frame.continues, cases[i].continues);
    }
}

static void any_bytes(void **state)
{
    static const ph_audio_read_cb readers[] = {ph_adts_read, ph_loas_read, ph_opus_ts_read,
                                               ph_mpa_read, ph_ac3_read};
    static const uint8_t syncs[][2] = {
        {0xff, 0xf1}, {0x56, 0xe0}, {0x7f, 0xe0}, {0xff, 0xfb}, {0x0b, 0x77}};
    uint32_t seed = 3;
    size_t good[PH_ARRAY_SIZE(readers)] = {0};

    (void)state;
    for (int round = 0; round < 50000; round++) {
        size_t which = (size_t)round % PH_ARRAY_SIZE(readers);
        size_t len = (seed >> 8) % 300;
        uint8_t *data = ph_alloc(len);
        struct ph_audio_frame frame;
        for (size_t i = 0; i < len; i++) {
            seed = seed * 1664525U + 1013904223U;
            data[i] = seed >> 31 ? 0xff : (uint8_t)(seed >> 20);
        }
        seed = seed * 1664525U + 1013904223U;
        memcpy(data, syncs[which], len < 2 ? len : 2);
        if (readers[which](data, len, &frame) == PH_OK) {
            good[which]++;
            assert_true(frame.len > frame.payload);
            assert_true(frame.len <= PH_AUDIO_FRAME_MAX);
            assert_true(frame.payload <= len);
        }
        free(data);
    }
    for (size_t i = 0; i < PH_ARRAY_SIZE(readers); i++) {
        assert_true(good[i] > 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_headers),
        cmocka_unit_test(what_tells_tracks_apart),
        cmocka_unit_test(substreams),
        cmocka_unit_test(any_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
