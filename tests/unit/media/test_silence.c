/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <phien/media/silence.h>

#include <string.h>

/* What FFmpeg's decoder makes of so many packets of silence: the greatest sample, -1: nothing. */
static double decode(const struct ph_track *track, AVPacket *silence, int packets)
{
    AVCodecContext *decoder = avcodec_alloc_context3(avcodec_find_decoder(track->par->codec_id));
    AVFrame *frame = av_frame_alloc();
    double greatest = -1;

    assert_int_equal(avcodec_parameters_to_context(decoder, track->par), 0);
    decoder->request_sample_fmt = AV_SAMPLE_FMT_FLTP;
    assert_int_equal(avcodec_open2(decoder, decoder->codec, NULL), 0);
    assert_int_equal(decoder->sample_fmt, AV_SAMPLE_FMT_FLTP);
    for (int i = 0; i < packets; i++) {
        assert_int_equal(avcodec_send_packet(decoder, silence), 0);
        while (avcodec_receive_frame(decoder, frame) == 0) {
            const float *samples = (const float *)frame->data[0];
            for (int k = 0; k < frame->nb_samples; k++) {
                double level = samples[k] < 0 ? -samples[k] : samples[k];
                greatest = level > greatest ? level : greatest;
            }
        }
    }
    av_frame_free(&frame);
    avcodec_free_context(&decoder);
    return greatest;
}

static void check_aac(const uint8_t *config, size_t len, bool is_known)
{
    struct ph_track *track = NULL;

    assert_int_equal(ph_track_create_of(&track, AV_CODEC_ID_AAC, config, len), PH_OK);
    AVPacket *silence = ph_silence_create(track);
    assert_int_equal(silence != NULL, is_known);
    if (silence != NULL) {
        double level = decode(track, silence, 5);
        if (level < 0 || level > 1e-4) {
            fail_msg("silence sounds: %g", level);
        }
        assert_int_equal(silence->duration, 1024);
        assert_int_equal(silence->stream_index, PH_TRACK_AUDIO);
    }
    av_packet_free(&silence);
    ph_track_unref(&track);
}

/* AudioSpecificConfigs of AAC-LC. */
static void test_aac(void **state)
{
    (void)state;
    check_aac((const uint8_t[]){0x11, 0x90}, 2, true);  /* 48 kHz, two channels */
    check_aac((const uint8_t[]){0x12, 0x08}, 2, true);  /* 44.1 kHz, one */
    check_aac((const uint8_t[]){0x14, 0x08}, 2, true);  /* 16 kHz, one */
    check_aac((const uint8_t[]){0x11, 0xb0}, 2, false); /* 48 kHz, 5.1 */
}

static void test_opus(void **state)
{
    (void)state;
    uint8_t head[19] = "OpusHead\1\2";

    for (uint8_t channels = 1; channels <= 2; channels++) {
        struct ph_track *track = NULL;
        head[9] = channels;
        head[12] = 0x80; /* 48000 */
        head[13] = 0xbb;
        assert_int_equal(ph_track_create_of(&track, AV_CODEC_ID_OPUS, head, sizeof(head)), PH_OK);
        AVPacket *silence = ph_silence_create(track);
        assert_non_null(silence);
        double level = decode(track, silence, 5);
        assert_true(level >= 0 && level < 1e-3);
        assert_int_equal(ph_track_samples(track, silence), silence->duration);
        av_packet_free(&silence);
        ph_track_unref(&track);
    }
}

static void test_none(void **state)
{
    (void)state;
    AVCodecParameters *par = avcodec_parameters_alloc();
    struct ph_track *track = NULL;

    assert_null(ph_silence_create(NULL));
    par->codec_type = AVMEDIA_TYPE_AUDIO;
    par->codec_id = AV_CODEC_ID_AC3;
    par->sample_rate = 48000;
    assert_int_equal(ph_track_create(&track, par), PH_OK);
    assert_null(ph_silence_create(track));
    ph_track_unref(&track);
    avcodec_parameters_free(&par);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aac),
        cmocka_unit_test(test_opus),
        cmocka_unit_test(test_none),
    };

    av_log_set_level(AV_LOG_QUIET);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
