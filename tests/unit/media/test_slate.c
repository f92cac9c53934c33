/* SPDX-License-Identifier: Apache-2.0 */
#include "media_file.h"

#include <phien/media/slate.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "media/slate_file.h"

enum { PICTURES = 25, PICTURE_TICKS = 3600, FRAME_SAMPLES = 1024, SIDE_LONG = 1280, SIDE = 720 };

static struct ph_slate *slate;

static int create_slate(void **state)
{
    (void)state;
    return ph_slate_create(&slate);
}

static int destroy_slate(void **state)
{
    (void)state;
    ph_slate_destroy(&slate);
    return slate == NULL ? 0 : -1;
}

static AVPacket *next_packet(struct ph_slate_player *player)
{
    AVPacket *packet = av_packet_alloc();

    assert_non_null(packet);
    assert_int_equal(ph_slate_player_next(player, packet), PH_OK);
    return packet;
}

static AVPacket *next_packet_of(struct ph_slate_player *player, enum ph_track_kind kind)
{
    AVPacket *packet = next_packet(player);

    while (packet->stream_index != (int)kind) {
        av_packet_free(&packet);
        packet = next_packet(player);
    }
    return packet;
}

static struct ph_track *track_of(enum AVCodecID id, int width, int height)
{
    static const uint8_t asc[] = {0x12, 0x10};
    struct media_file file;
    struct ph_track *track;

    if (id == AV_CODEC_ID_AAC) {
        assert_int_equal(ph_track_create_of(&track, id, asc, sizeof(asc)), PH_OK);
    } else if (id == AV_CODEC_ID_OPUS) {
        assert_int_equal(ph_track_create_of(&track, id, NULL, 0), PH_OK);
    } else {
        media_file_open(&file, id == AV_CODEC_ID_HEVC ? "hevc_ac3.mp4" : "h264_bframes_aac.mp4");
        assert_int_equal(ph_track_create(&track, file.par[PH_TRACK_VIDEO]), PH_OK);
        media_file_close(&file);
        track->par->width = width;
        track->par->height = height;
    }
    return track;
}

/* The form of a program of such tracks; AV_CODEC_ID_NONE for a track that isn't there. */
static enum ph_slate_form form_of(enum AVCodecID video_id, int width, int height,
                                  enum AVCodecID audio_id)
{
    struct ph_track *video =
        video_id != AV_CODEC_ID_NONE ? track_of(video_id, width, height) : NULL;
    struct ph_track *audio = audio_id != AV_CODEC_ID_NONE ? track_of(audio_id, 0, 0) : NULL;
    struct ph_program *program = ph_program_create(video, audio);

    enum ph_slate_form form = ph_slate_form_of(program);
    ph_program_unref(&program);
    ph_track_unref(&video);
    ph_track_unref(&audio);
    return form;
}

static void a_form_goes_with_its_program(void **state)
{
    static const struct {
        enum AVCodecID video;
        int width;
        int height;
        enum AVCodecID audio;
        enum ph_slate_form form;
    } cases[] = {
        {AV_CODEC_ID_H264, 720, 1280, AV_CODEC_ID_AAC, PH_SLATE_PORTRAIT},
        {AV_CODEC_ID_H264, 1080, 1920, AV_CODEC_ID_NONE, PH_SLATE_PORTRAIT_SILENT},
        {AV_CODEC_ID_H264, 1920, 1080, AV_CODEC_ID_AAC, PH_SLATE_LANDSCAPE},
        {AV_CODEC_ID_H264, 1280, 720, AV_CODEC_ID_NONE, PH_SLATE_LANDSCAPE_SILENT},
        {AV_CODEC_ID_H264, 720, 720, AV_CODEC_ID_AAC, PH_SLATE_LANDSCAPE},
        {AV_CODEC_ID_H264, 0, 0, AV_CODEC_ID_AAC, PH_SLATE_LANDSCAPE},
        {AV_CODEC_ID_H264, 720, 1280, AV_CODEC_ID_OPUS, PH_SLATE_NONE},
        {AV_CODEC_ID_HEVC, 720, 1280, AV_CODEC_ID_AAC, PH_SLATE_NONE},
        {AV_CODEC_ID_HEVC, 720, 1280, AV_CODEC_ID_NONE, PH_SLATE_NONE},
        {AV_CODEC_ID_NONE, 0, 0, AV_CODEC_ID_AAC, PH_SLATE_NONE},
    };

    (void)state;
    assert_int_equal(ph_slate_form_of(NULL), PH_SLATE_NONE);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum ph_slate_form form =
            form_of(cases[i].video, cases[i].width, cases[i].height, cases[i].audio);
        if (form != cases[i].form) {
            fail_msg("case %zu: %s, not %s", i, ph_slate_form_name(form),
                     ph_slate_form_name(cases[i].form));
        }
    }
}

/* A channel that is resumed while its slate shows asks this of the slate's own program. */
static void a_slate_goes_with_itself(void **state)
{
    (void)state;
    for (enum ph_slate_form form = PH_SLATE_NONE; form < PH_SLATE_FORMS; form++) {
        assert_int_equal(ph_slate_form_of(ph_slate_program(slate, form)), form);
    }
}

static void names_come_back(void **state)
{
    static const char *const others[] = {"", "none", "Portrait", "portrait ", "portrait-silen"};

    (void)state;
    for (enum ph_slate_form form = PH_SLATE_NONE; form < PH_SLATE_FORMS; form++) {
        assert_int_equal(ph_slate_form_named(ph_slate_form_name(form)), form);
    }
    assert_string_equal(ph_slate_form_name(PH_SLATE_LANDSCAPE_SILENT), "landscape-silent");
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(ph_slate_form_named(others[i]), PH_SLATE_NONE);
    }
}

static void programs_are_what_viewers_can_play(void **state)
{
    (void)state;
    assert_null(ph_slate_program(slate, PH_SLATE_NONE));
    for (enum ph_slate_form form = PH_SLATE_NONE + 1; form < PH_SLATE_FORMS; form++) {
        const struct ph_program *program = ph_slate_program(slate, form);
        bool is_upright = form <= PH_SLATE_PORTRAIT_SILENT;
        assert_true(program->is_slate);
        assert_string_equal(program->video->codecs, "avc1.4d401f");
        assert_int_equal(program->video->par->width, is_upright ? SIDE : SIDE_LONG);
        assert_int_equal(program->video->par->height, is_upright ? SIDE_LONG : SIDE);
        assert_int_equal(program->video->frame_rate.num, 25 * program->video->frame_rate.den);
        assert_int_equal(program->video->time_base.den, 90000);
    }
    assert_null(ph_slate_program(slate, PH_SLATE_PORTRAIT_SILENT)->audio);
    assert_null(ph_slate_program(slate, PH_SLATE_LANDSCAPE_SILENT)->audio);
    const struct ph_track *audio = ph_slate_program(slate, PH_SLATE_PORTRAIT)->audio;
    assert_string_equal(audio->codecs, "mp4a.40.2");
    assert_int_equal(audio->par->sample_rate, 48000);
    assert_int_equal(audio->par->ch_layout.nb_channels, 2);
    assert_int_equal(audio->frame_samples, FRAME_SAMPLES);
}

static void the_first_is_a_random_access_point(void **state)
{
    (void)state;
    for (enum ph_slate_form form = PH_SLATE_NONE + 1; form < PH_SLATE_FORMS; form++) {
        struct ph_slate_player player;
        ph_slate_player_init(&player, slate, form);
        assert_int_equal(ph_slate_player_due(&player), 0);
        AVPacket *packet = next_packet(&player);
        assert_int_equal(packet->stream_index, PH_TRACK_VIDEO);
        assert_int_equal(packet->pts, 0);
        assert_true((packet->flags & AV_PKT_FLAG_KEY) != 0);
        assert_true(ph_track_is_random_access(ph_slate_program(slate, form)->video, packet));
        av_packet_free(&packet);
    }
}

static void pictures_loop_and_their_times_go_on(void **state)
{
    struct ph_slate_player player;
    AVPacket *loop[PICTURES];

    (void)state;
    ph_slate_player_init(&player, slate, PH_SLATE_PORTRAIT);
    for (int64_t i = 0; i < 400 * PICTURES; i++) {
        AVPacket *packet = next_packet_of(&player, PH_TRACK_VIDEO);
        const struct ph_track *track = ph_slate_program(slate, PH_SLATE_PORTRAIT)->video;
        if (packet->pts != i * PICTURE_TICKS || packet->dts != packet->pts) {
            fail_msg("picture %" PRId64 " at %" PRId64 "/%" PRId64, i, packet->dts, packet->pts);
        }
        assert_int_equal(packet->duration, PICTURE_TICKS);
        assert_int_equal(av_cmp_q(packet->time_base, track->time_base), 0);
        assert_int_equal(ph_track_is_random_access(track, packet), i % PICTURES == 0);
        if (i < PICTURES) {
            loop[i] = packet;
            continue;
        }
        assert_ptr_equal(packet->data, loop[i % PICTURES]->data);
        assert_int_equal(packet->size, loop[i % PICTURES]->size);
        av_packet_free(&packet);
    }
    for (int i = 0; i < PICTURES; i++) {
        av_packet_free(&loop[i]);
    }
}

static void sound_stays_on_its_grid_beside_the_picture(void **state)
{
    struct ph_slate_player player;
    int64_t count[PH_TRACK_KINDS] = {0};
    ph_usec newest = 0;

    (void)state;
    ph_slate_player_init(&player, slate, PH_SLATE_LANDSCAPE);
    for (int i = 0; i < 72 * 3600; i++) { /* some 72 packets a second, an hour */
        ph_usec due = ph_slate_player_due(&player);
        AVPacket *packet = next_packet(&player);
        bool is_audio = packet->stream_index == PH_TRACK_AUDIO;
        int64_t ticks = is_audio ? FRAME_SAMPLES : PICTURE_TICKS;
        assert_int_equal(packet->time_base.den, is_audio ? 48000 : 90000);
        assert_int_equal(packet->dts, count[packet->stream_index]++ * ticks);
        assert_int_equal(packet->duration, ticks);
        /* Both tracks by time: none is ahead of the other by more than what is due anyway. */
        assert_true(due >= newest);
        assert_true(llabs(due - av_rescale_q(packet->dts, packet->time_base,
                                             (AVRational){1, 1000000})) <= 1);
        newest = due;
        av_packet_free(&packet);
    }
    int64_t video_ms = count[PH_TRACK_VIDEO] * PICTURE_TICKS / 90;
    int64_t audio_ms = count[PH_TRACK_AUDIO] * FRAME_SAMPLES / 48;
    assert_true(video_ms > 3570 * 1000);
    if (llabs(video_ms - audio_ms) > 1000 / 25) { /* one is in the middle of its packet */
        fail_msg("%" PRId64 " ms of pictures, %" PRId64 " ms of sound", video_ms, audio_ms);
    }
}

/* After each 8 seconds both tracks end at the same time to the sample: nothing adds up. */
static void both_tracks_meet_again_and_again(void **state)
{
    struct ph_slate_player player;

    (void)state;
    ph_slate_player_init(&player, slate, PH_SLATE_PORTRAIT);
    for (int round = 1; round <= 50; round++) {
        for (int i = 0; i < 8 * 25 + 375; i++) {
            AVPacket *packet = next_packet(&player);
            av_packet_free(&packet);
        }
        assert_int_equal(player.next[PH_TRACK_VIDEO], round * 8 * 25);
        assert_int_equal(player.next[PH_TRACK_AUDIO], round * 375);
        assert_int_equal(ph_slate_player_due(&player), (ph_usec)round * 8 * 1000000);
    }
}

static void the_silent_forms_have_pictures_alone(void **state)
{
    struct ph_slate_player player;

    (void)state;
    ph_slate_player_init(&player, slate, PH_SLATE_LANDSCAPE_SILENT);
    for (int i = 0; i < 3 * PICTURES; i++) {
        assert_int_equal(ph_slate_player_due(&player), i * 40000);
        AVPacket *packet = next_packet(&player);
        assert_int_equal(packet->stream_index, PH_TRACK_VIDEO);
        av_packet_free(&packet);
    }
}

static void players_share_the_bytes_and_nothing_else(void **state)
{
    struct ph_slate_player early;
    struct ph_slate_player late;

    (void)state;
    ph_slate_player_init(&early, slate, PH_SLATE_PORTRAIT);
    for (int i = 0; i < 100; i++) {
        AVPacket *packet = next_packet(&early);
        av_packet_free(&packet);
    }
    ph_slate_player_init(&late, slate, PH_SLATE_PORTRAIT);
    AVPacket *first = next_packet(&late);
    assert_int_equal(first->pts, 0);
    AVPacket *again = next_packet_of(&early, PH_TRACK_VIDEO);
    while (!(again->flags & AV_PKT_FLAG_KEY)) {
        av_packet_free(&again);
        again = next_packet_of(&early, PH_TRACK_VIDEO);
    }
    assert_int_equal(again->pts, 2 * PICTURES * PICTURE_TICKS);
    assert_ptr_equal(again->data, first->data);
    /* Sinks keep packets for longer than the slate shows. */
    av_packet_free(&first);
    assert_int_equal(again->data[4] & 0x1f, 5);
    av_packet_free(&again);
}

static AVCodecContext *open_decoder(const struct ph_track *track)
{
    const AVCodec *codec = avcodec_find_decoder(track->par->codec_id);
    AVCodecContext *decoder = avcodec_alloc_context3(codec);

    assert_non_null(decoder);
    assert_true(avcodec_parameters_to_context(decoder, track->par) >= 0);
    decoder->err_recognition = AV_EF_EXPLODE | AV_EF_BITSTREAM | AV_EF_BUFFER;
    decoder->thread_count = 1;
    decoder->pkt_timebase = track->time_base;
    assert_int_equal(avcodec_open2(decoder, codec, NULL), 0);
    return decoder;
}

static void video_decodes_over_the_seam(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        enum ph_slate_form form = i == 0 ? PH_SLATE_PORTRAIT_SILENT : PH_SLATE_LANDSCAPE_SILENT;
        AVCodecContext *decoder = open_decoder(ph_slate_program(slate, form)->video);
        AVFrame *frame = av_frame_alloc();
        struct ph_slate_player player;
        int frames = 0;
        ph_slate_player_init(&player, slate, form);
        for (int sent = 0; sent <= 2 * PICTURES; sent++) {
            AVPacket *packet = sent < 2 * PICTURES ? next_packet(&player) : NULL;
            assert_int_equal(avcodec_send_packet(decoder, packet), 0);
            av_packet_free(&packet);
            while (avcodec_receive_frame(decoder, frame) == 0) {
                assert_int_equal(frame->pts, frames++ * PICTURE_TICKS);
                assert_int_equal(frame->decode_error_flags, 0);
                assert_int_equal(frame->format, AV_PIX_FMT_YUV420P);
                assert_int_equal(frame->colorspace, AVCOL_SPC_BT709);
                assert_int_equal(frame->width, i == 0 ? SIDE : SIDE_LONG);
            }
        }
        assert_int_equal(frames, 2 * PICTURES);
        av_frame_free(&frame);
        avcodec_free_context(&decoder);
    }
}

static void the_repeated_frame_decodes_to_silence(void **state)
{
    AVCodecContext *decoder = open_decoder(ph_slate_program(slate, PH_SLATE_PORTRAIT)->audio);
    AVFrame *frame = av_frame_alloc();
    struct ph_slate_player player;
    int64_t samples = 0;

    (void)state;
    ph_slate_player_init(&player, slate, PH_SLATE_PORTRAIT);
    for (int i = 0; i < 100; i++) {
        AVPacket *packet = next_packet_of(&player, PH_TRACK_AUDIO);
        assert_int_equal(packet->side_data_elems, 0);
        assert_int_equal(avcodec_send_packet(decoder, packet), 0);
        av_packet_free(&packet);
        assert_int_equal(avcodec_receive_frame(decoder, frame), 0);
        assert_int_equal(frame->format, AV_SAMPLE_FMT_FLTP);
        assert_int_equal(frame->ch_layout.nb_channels, 2);
        samples += frame->nb_samples;
        for (int at = 0; at < 2 * frame->nb_samples; at++) {
            float value = ((const float *)(const void *)frame->data[at % 2])[at / 2];
            if (fabsf(value) > 1e-6F) {
                fail_msg("frame %d, sample %d: %g", i, at / 2, (double)value);
            }
        }
    }
    assert_int_equal(samples, 100 * FRAME_SAMPLES);
    av_frame_free(&frame);
    avcodec_free_context(&decoder);
}

static int open_bytes(const uint8_t *data, size_t len)
{
    struct ph_slate_bytes bytes = {data, len};
    struct ph_slate_file file;

    int err = ph_slate_file_open(&file, &bytes);
    ph_slate_file_close(&file);
    assert_null(file.video);
    return err;
}

static void other_files_are_refused(void **state)
{
    static const char *const others[] = {"h264_bframes_aac.mp4", "hevc_ac3.mp4", "av1_opus.mp4"};
    char path[512];

    (void)state;
    av_log_set_level(AV_LOG_QUIET);
    assert_int_equal(open_bytes(ph_slate_portrait.data, ph_slate_portrait.len), PH_OK);
    assert_int_equal(open_bytes(ph_slate_portrait.data, 0), PH_EMEDIA);
    assert_int_equal(open_bytes(ph_slate_portrait.data, 1000), PH_EMEDIA);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        snprintf(path, sizeof(path), "%s/tests/golden/media/%s", PHIEN_SOURCE_DIR, others[i]);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        uint8_t *data = malloc(1 << 20);
        size_t len = fread(data, 1, 1 << 20, file);
        fclose(file);
        assert_true(len > 0 && len < 1 << 20);
        assert_int_equal(open_bytes(data, len), PH_EMEDIA);
        free(data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_form_goes_with_its_program),
        cmocka_unit_test(a_slate_goes_with_itself),
        cmocka_unit_test(names_come_back),
        cmocka_unit_test(programs_are_what_viewers_can_play),
        cmocka_unit_test(the_first_is_a_random_access_point),
        cmocka_unit_test(pictures_loop_and_their_times_go_on),
        cmocka_unit_test(sound_stays_on_its_grid_beside_the_picture),
        cmocka_unit_test(both_tracks_meet_again_and_again),
        cmocka_unit_test(the_silent_forms_have_pictures_alone),
        cmocka_unit_test(players_share_the_bytes_and_nothing_else),
        cmocka_unit_test(video_decodes_over_the_seam),
        cmocka_unit_test(the_repeated_frame_decodes_to_silence),
        cmocka_unit_test(other_files_are_refused),
    };

    return cmocka_run_group_tests(tests, create_slate, destroy_slate);
}
