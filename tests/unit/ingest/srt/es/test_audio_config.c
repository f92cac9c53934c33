/* SPDX-License-Identifier: Apache-2.0 */
#include "audio_fixture.h"

#include <ingest/srt/es/audio_config.h>

static struct ph_track *make(enum AVCodecID codec_id, const struct ph_audio_config *config,
                             const void *frame, int len, int wanted)
{
    AVPacket *packet = av_packet_alloc();
    struct ph_track *track = NULL;

    assert_int_equal(av_new_packet(packet, len), 0);
    memcpy(packet->data, frame, (size_t)len);
    assert_int_equal(ph_audio_config_make_track(&track, codec_id, config, packet), wanted);
    assert_true((track != NULL) == (wanted == PH_OK));
    av_packet_free(&packet);
    return track;
}

/* What RTMP's sequence header is for the same stream: the channel must not take it for another. */
static void adts_as_rtmp_has_it(void **state)
{
    static const uint8_t header[] = {0xff, 0xf1, 0x50, 0x80, 0x01, 0x1f, 0xfc, 0x21};
    struct ph_audio_config config;
    struct ph_audio_frame frame;

    (void)state;
    assert_int_equal(ph_adts_read(header, sizeof(header), &frame), PH_OK);
    assert_int_equal(ph_audio_config_adts(&config, &frame, header), PH_OK);
    assert_int_equal(config.len, 2);
    assert_memory_equal(config.data, "\x12\x10", 2);
    struct ph_track *track = make(AV_CODEC_ID_AAC, &config, "\x21", 1, PH_OK);
    assert_string_equal(track->codecs, "mp4a.40.2");
    assert_int_equal(track->par->sample_rate, 44100);
    ph_track_unref(&track);
}

/* No number for the channels, and no element in the frame that would tell them. */
static void adts_without_channels(void **state)
{
    static const uint8_t header[16] = {0xff, 0xf1, 0x50, 0x00, 0x02, 0x1f, 0xfc, 0x21};
    struct ph_audio_config config;
    struct ph_audio_frame frame;

    (void)state;
    assert_int_equal(ph_adts_read(header, sizeof(header), &frame), PH_OK);
    assert_int_equal(frame.len, sizeof(header));
    assert_int_equal(ph_audio_config_adts(&config, &frame, header), PH_EPROTO);
}

/* The heads are those that libavformat's demuxer makes, but for the pre-skip. */
static void opus_heads(void **state)
{
    static const struct {
        int code;
        int channels;
        const char *tail; /* from the mapping family on */
        size_t tail_len;
    } cases[] = {
        {-1, 2, "\0", 1},
        {0, 2, "\0", 1},
        {1, 1, "\0", 1},
        {2, 2, "\0", 1},
        {3, 3, "\1\2\1\0\2\1", 6},
        {4, 4, "\1\2\2\0\1\2\3", 7},
        {5, 5, "\1\3\2\0\4\1\2\3", 8},
        {6, 6, "\1\4\2\0\4\1\2\3\5", 9},
        {7, 7, "\1\4\3\0\4\1\2\3\5\6", 10},
        {8, 8, "\1\5\3\0\6\1\2\3\4\5\7", 11},
    };
    struct ph_audio_config config;

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(cases); i++) {
        assert_int_equal(ph_audio_config_opus(&config, cases[i].code), PH_OK);
        assert_int_equal(config.len, 18 + cases[i].tail_len);
        assert_memory_equal(config.data, "OpusHead\1", 9);
        assert_int_equal(config.data[9], cases[i].channels);
        assert_memory_equal(config.data + 10, "\x38\1\x80\xbb\0\0\0\0", 8);
        assert_memory_equal(config.data + 18, cases[i].tail, cases[i].tail_len);
        struct ph_track *track = make(AV_CODEC_ID_OPUS, &config, "\xfc", 1, PH_OK);
        assert_int_equal(track->par->ch_layout.nb_channels, cases[i].channels);
        ph_track_unref(&track);
    }
    assert_int_equal(ph_audio_config_opus(&config, 9), PH_EUNSUPPORTED);
    assert_int_equal(ph_audio_config_opus(&config, 0x82), PH_EUNSUPPORTED);
}

/* Without a descriptor it is the head that RTMP's streams get when they bring none. */
static void opus_as_rtmp_has_it(void **state)
{
    struct ph_audio_config none = {.len = 0};
    struct ph_audio_config config;

    (void)state;
    assert_int_equal(ph_audio_config_opus(&config, -1), PH_OK);
    struct ph_track *ours = make(AV_CODEC_ID_OPUS, &config, "\xfc", 1, PH_OK);
    struct ph_track *theirs = make(AV_CODEC_ID_OPUS, &none, "\xfc", 1, PH_OK);
    assert_true(ph_track_equal(ours, theirs));
    ph_track_unref(&ours);
    ph_track_unref(&theirs);
}

static void frames_that_tell(void **state)
{
    struct ph_audio_config none = {.len = 0};

    (void)state;
    struct ph_track *track = make(AV_CODEC_ID_MP3, &none, "\xff\xf3\x84\xc4", 4, PH_OK);
    assert_int_equal(track->par->sample_rate, 24000);
    assert_int_equal(track->frame_samples, 576);
    assert_int_equal(track->par->ch_layout.nb_channels, 1);
    ph_track_unref(&track);
    make(AV_CODEC_ID_MP3, &none, "\xff\xfd\x84\xc4", 4, PH_EPROTO);
    make(AV_CODEC_ID_AAC, &none, "\x21", 1, PH_EPROTO);
    make(AV_CODEC_ID_PCM_S16BE, &none, "\x21", 1, PH_EUNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adts_as_rtmp_has_it), cmocka_unit_test(adts_without_channels),
        cmocka_unit_test(opus_heads),          cmocka_unit_test(opus_as_rtmp_has_it),
        cmocka_unit_test(frames_that_tell),
    };

    av_log_set_level(AV_LOG_QUIET);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
