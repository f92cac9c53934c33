/* SPDX-License-Identifier: Apache-2.0 */
#include "media_file.h"

#include <string.h>

static struct ph_track *track_of(const struct media_file *file, enum ph_track_kind kind)
{
    struct ph_track *track;

    assert_int_equal(ph_track_create(&track, file->par[kind]), 0);
    assert_int_equal(track->kind, kind);
    return track;
}

/* Only what a sequence header carries: codec and extradata. */
static struct ph_track *track_of_bytes(enum AVCodecID id, const void *data, size_t len, int *err)
{
    AVCodecParameters *par = avcodec_parameters_alloc();
    struct ph_track *track;

    assert_non_null(par);
    par->codec_id = id;
    par->extradata = av_mallocz(len + AV_INPUT_BUFFER_PADDING_SIZE);
    par->extradata_size = (int)len;
    if (len > 0) {
        memcpy(par->extradata, data, len);
    }
    *err = ph_track_create(&track, par);
    avcodec_parameters_free(&par);
    assert_true((*err == 0) == (track != NULL));
    return track;
}

static void video_tracks_are_normalised(void **state)
{
    static const struct {
        const char *file;
        const char *name;
        const char *codecs;
        uint32_t tag;
    } cases[] = {
        {"h264_bframes_aac.mp4", "h264", "avc1.64000a", 0},
        {"hevc_ac3.mp4", "hevc", "hvc1.1.6.L30.90", MKTAG('h', 'v', 'c', '1')},
        {"av1_opus.mp4", "av1", "av01.0.00M.08", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct media_file file;
        media_file_open(&file, cases[i].file);
        struct ph_track *track = track_of(&file, PH_TRACK_VIDEO);
        assert_string_equal(ph_track_codec_name(track), cases[i].name);
        assert_string_equal(track->codecs, cases[i].codecs);
        assert_int_equal(track->par->codec_tag, cases[i].tag);
        assert_int_equal(track->time_base.num, 1);
        assert_int_equal(track->time_base.den, 90000);
        assert_int_equal(track->frame_samples, 0);
        assert_ptr_not_equal(track->par, file.par[PH_TRACK_VIDEO]);
        ph_track_unref(&track);
        media_file_close(&file);
    }
}

static void audio_tracks_are_filled_from_their_headers(void **state)
{
    static const uint8_t lc[] = {0x12, 0x10};
    static const uint8_t he[] = {0x2b, 0x11, 0x88, 0x00};
    static const uint8_t opus[] = {'O', 'p', 'u',  's',  'H', 'e', 'a', 'd', 1, 1,
                                   0,   0,   0x44, 0xac, 0,   0,   0,   0,   0};
    static const struct {
        enum AVCodecID id;
        const uint8_t *data;
        size_t len;
        int rate;
        int channels;
        int samples;
    } cases[] = {
        {AV_CODEC_ID_AAC, lc, sizeof(lc), 44100, 2, 1024},
        {AV_CODEC_ID_AAC, he, sizeof(he), 24000, 2, 1024},
        {AV_CODEC_ID_OPUS, opus, sizeof(opus), 48000, 1, 0},
        {AV_CODEC_ID_OPUS, NULL, 0, 48000, 2, 0}, /* Enhanced RTMP lets it be absent */
        {AV_CODEC_ID_MP2, NULL, 0, 48000, 2, 1152},
        {AV_CODEC_ID_MP3, NULL, 0, 48000, 2, 1152},
        {AV_CODEC_ID_AC3, NULL, 0, 48000, 2, 1536},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int err;
        struct ph_track *track = track_of_bytes(cases[i].id, cases[i].data, cases[i].len, &err);
        assert_int_equal(err, 0);
        assert_int_equal(track->kind, PH_TRACK_AUDIO);
        assert_int_equal(track->par->codec_type, AVMEDIA_TYPE_AUDIO);
        assert_int_equal(track->par->sample_rate, cases[i].rate);
        assert_int_equal(track->par->ch_layout.nb_channels, cases[i].channels);
        assert_int_equal(track->par->frame_size, cases[i].samples);
        assert_int_equal(track->frame_samples, cases[i].samples);
        assert_int_equal(track->time_base.num, 1);
        assert_int_equal(track->time_base.den, cases[i].rate);
        ph_track_unref(&track);
    }
}

static void missing_opus_heads_are_made_up(void **state)
{
    int err;
    struct ph_track *track = track_of_bytes(AV_CODEC_ID_OPUS, NULL, 0, &err);

    (void)state;
    assert_int_equal(err, 0);
    assert_int_equal(track->par->extradata_size, 19);
    assert_memory_equal(track->par->extradata, "OpusHead\1\2", 10);
    ph_track_unref(&track);
}

static void flac_keeps_its_stream_info_alone(void **state)
{
    static const uint8_t header[42] = {'f',  'L',  'a',  'C',  0x80, 0,    0,    34,
                                       0x12, 0x00, 0x12, 0x00, 0x00, 0x04, 0x49, 0x00,
                                       0x04, 0xde, 0x0a, 0xc4, 0x40, 0xf0};
    int err;
    struct ph_track *track = track_of_bytes(AV_CODEC_ID_FLAC, header, sizeof(header), &err);

    (void)state;
    assert_int_equal(err, 0);
    assert_int_equal(track->par->extradata_size, 34);
    assert_memory_equal(track->par->extradata, header + 8, 34);
    assert_int_equal(track->par->sample_rate, 44100);
    assert_int_equal(track->frame_samples, 4608);
    ph_track_unref(&track);
}

static void bad_headers_and_foreign_codecs_make_no_track(void **state)
{
    static uint8_t large[70000];
    int err;

    (void)state;
    assert_null(track_of_bytes(AV_CODEC_ID_H264, NULL, 0, &err));
    assert_int_equal(err, PH_EPROTO);
    assert_null(track_of_bytes(AV_CODEC_ID_AAC, NULL, 0, &err));
    assert_int_equal(err, PH_EPROTO);
    assert_null(track_of_bytes(AV_CODEC_ID_HEVC, "\1\2\3", 3, &err));
    assert_int_equal(err, PH_EPROTO);
    assert_null(track_of_bytes(AV_CODEC_ID_VP8, NULL, 0, &err));
    assert_int_equal(err, PH_EUNSUPPORTED);
    assert_null(track_of_bytes(AV_CODEC_ID_PCM_MULAW, NULL, 0, &err));
    assert_int_equal(err, PH_EUNSUPPORTED);
    assert_null(track_of_bytes(AV_CODEC_ID_H264, large, sizeof(large), &err));
    assert_int_equal(err, PH_ELIMIT);
}

static void a_key_frame_tells_the_rest(void **state)
{
    static const struct {
        const char *file;
        int width;
        int height;
        int profile;
        int level;
        int fps; /* 0: its headers do not say */
    } cases[] = {
        {"h264_bframes_aac.mp4", 96, 54, 100, 10, 30},
        {"h264_portrait.mp4", 54, 96, 100, 10, 25},
        {"hevc_ac3.mp4", 96, 54, 1, 30, 30},
        {"av1_opus.mp4", 96, 64, 0, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct media_file file;
        struct ph_track *refined;
        media_file_open(&file, cases[i].file);
        file.par[PH_TRACK_VIDEO]->width = 4; /* what an encoder's metadata claims is not believed */
        file.par[PH_TRACK_VIDEO]->height = 4;
        struct ph_track *track = track_of(&file, PH_TRACK_VIDEO);
        assert_int_equal(
            ph_track_refine(&refined, track, media_file_find(&file, PH_TRACK_VIDEO, true)), 0);
        assert_int_equal(refined->par->width, cases[i].width);
        assert_int_equal(refined->par->height, cases[i].height);
        assert_int_equal(refined->par->profile, cases[i].profile);
        assert_int_equal(refined->par->level, cases[i].level);
        assert_int_equal(refined->frame_rate.num, cases[i].fps);
        assert_int_equal(refined->frame_rate.den, 1);
        assert_string_equal(refined->codecs, track->codecs);
        assert_true(ph_track_equal(refined, track));
        ph_track_unref(&track);
        ph_track_unref(&refined);
        media_file_close(&file);
    }
}

static void what_is_no_key_frame_refines_nothing(void **state)
{
    static uint8_t noise[256 + AV_INPUT_BUFFER_PADDING_SIZE] = {0, 0, 0, 200, 0x65, 0xff};
    AVPacket packet = {.data = noise, .size = 256};
    struct media_file file;
    struct ph_track *refined;

    (void)state;
    av_log_set_level(AV_LOG_QUIET);
    media_file_open(&file, "h264_bframes_aac.mp4");
    struct ph_track *track = track_of(&file, PH_TRACK_VIDEO);
    packet.size = 0;
    assert_int_equal(ph_track_refine(&refined, track, &packet), PH_EPROTO);
    assert_null(refined);
    packet.size = 256;
    memset(noise + 5, 0, 200);
    assert_int_equal(ph_track_refine(&refined, track, &packet), PH_EPROTO);
    assert_null(refined);
    ph_track_unref(&track);
    media_file_close(&file);
}

static void the_first_frame_of_ac3_tells_its_rate(void **state)
{
    static const uint8_t frame[10] = {0x0b, 0x77, 0xa1, 0x7a, 0x54, 0x40, 0x43, 0xe1};
    AVPacket *packet = av_packet_alloc();
    struct ph_track *refined;
    int err;

    (void)state;
    assert_int_equal(av_new_packet(packet, sizeof(frame)), 0);
    memcpy(packet->data, frame, sizeof(frame));
    struct ph_track *track = track_of_bytes(AV_CODEC_ID_AC3, NULL, 0, &err);
    assert_int_equal(ph_track_refine(&refined, track, packet), 0);
    assert_int_equal(refined->par->sample_rate, 44100);
    assert_int_equal(refined->time_base.den, 44100);
    assert_int_equal(refined->par->ch_layout.nb_channels, 2);
    ph_track_unref(&refined);
    packet->data[0] = 0;
    assert_int_equal(ph_track_refine(&refined, track, packet), PH_EPROTO);
    ph_track_unref(&track);
    av_packet_free(&packet);
}

static void random_access_points_are_those_of_the_encoder(void **state)
{
    static const char *const names[] = {"h264_bframes_aac.mp4", "h264_portrait.mp4", "hevc_ac3.mp4",
                                        "av1_opus.mp4"};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct media_file file;
        int starts = 0;
        media_file_open(&file, names[i]);
        struct ph_track *track = track_of(&file, PH_TRACK_VIDEO);
        for (size_t p = 0; p < file.count; p++) {
            AVPacket *packet = file.packets[p];
            bool is_key = (packet->flags & AV_PKT_FLAG_KEY) != 0;
            if (packet->stream_index != PH_TRACK_VIDEO) {
                continue;
            }
            starts += is_key;
            if (track->par->codec_id != AV_CODEC_ID_AV1) {
                packet->flags ^= AV_PKT_FLAG_KEY; /* the NAL units tell, not the container */
            }
            assert_int_equal(ph_track_is_random_access(track, packet), is_key);
        }
        assert_true(starts > 0);
        ph_track_unref(&track);
        media_file_close(&file);
    }
}

static void tracks_are_equal_by_codec_and_header(void **state)
{
    struct media_file landscape;
    struct media_file portrait;

    (void)state;
    media_file_open(&landscape, "h264_bframes_aac.mp4");
    media_file_open(&portrait, "h264_portrait.mp4");
    struct ph_track *a = track_of(&landscape, PH_TRACK_VIDEO);
    struct ph_track *b = track_of(&landscape, PH_TRACK_VIDEO);
    struct ph_track *c = track_of(&portrait, PH_TRACK_VIDEO);
    struct ph_track *d = track_of(&landscape, PH_TRACK_AUDIO);
    assert_true(ph_track_equal(a, b));
    assert_true(ph_track_equal(NULL, NULL));
    assert_false(ph_track_equal(a, c));
    assert_false(ph_track_equal(a, d));
    assert_false(ph_track_equal(a, NULL));
    assert_string_equal(ph_track_codec_name(NULL), "none");

    struct ph_program *first = ph_program_create(a, d);
    struct ph_program *same = ph_program_create(b, d);
    struct ph_program *other = ph_program_create(c, d);
    struct ph_program *alone = ph_program_create(a, NULL);
    assert_true(ph_program_equal(first, same));
    assert_false(ph_program_equal(first, other));
    assert_false(ph_program_equal(first, alone));
    assert_false(ph_program_equal(first, NULL));
    assert_true(ph_program_equal(NULL, NULL));
    assert_ptr_equal(ph_program_track(first, PH_TRACK_VIDEO), a);
    assert_ptr_equal(ph_program_track(first, PH_TRACK_AUDIO), d);
    assert_null(ph_program_track(first, PH_TRACK_NONE));

    ph_track_unref(&a); /* programs hold references of their own */
    ph_track_unref(&b);
    ph_track_unref(&c);
    ph_track_unref(&d);
    struct ph_program *shared = ph_program_ref(first);
    ph_program_unref(&first);
    assert_null(first);
    assert_string_equal(shared->video->codecs, "avc1.64000a");
    ph_program_unref(&shared);
    ph_program_unref(&same);
    ph_program_unref(&other);
    ph_program_unref(&alone);
    ph_program_unref(&alone);
    media_file_close(&landscape);
    media_file_close(&portrait);
}

static struct ph_track *track_of_frame(const char *header)
{
    AVPacket *frame = av_packet_alloc();
    struct ph_track *refined = NULL;
    int err;

    struct ph_track *track = track_of_bytes(AV_CODEC_ID_MP2, NULL, 0, &err);
    assert_int_equal(av_new_packet(frame, 4), 0);
    memcpy(frame->data, header, 4);
    assert_int_equal(ph_track_refine(&refined, track, frame), 0);
    ph_track_unref(&track);
    av_packet_free(&frame);
    return refined;
}

static void tracks_without_headers_are_equal_by_their_sound(void **state)
{
    struct ph_track *stereo = track_of_frame("\xff\xfd\xa4\x04");
    struct ph_track *joint = track_of_frame("\xff\xfd\xa4\x64");
    struct ph_track *mono = track_of_frame("\xff\xfd\xa4\xc4");
    struct ph_track *other_rate = track_of_frame("\xff\xfd\xa0\x04");

    (void)state;
    assert_true(ph_track_equal(stereo, joint));
    assert_false(ph_track_equal(stereo, mono));
    assert_false(ph_track_equal(stereo, other_rate));
    ph_track_unref(&stereo);
    ph_track_unref(&joint);
    ph_track_unref(&mono);
    ph_track_unref(&other_rate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(video_tracks_are_normalised),
        cmocka_unit_test(audio_tracks_are_filled_from_their_headers),
        cmocka_unit_test(missing_opus_heads_are_made_up),
        cmocka_unit_test(flac_keeps_its_stream_info_alone),
        cmocka_unit_test(bad_headers_and_foreign_codecs_make_no_track),
        cmocka_unit_test(a_key_frame_tells_the_rest),
        cmocka_unit_test(what_is_no_key_frame_refines_nothing),
        cmocka_unit_test(the_first_frame_of_ac3_tells_its_rate),
        cmocka_unit_test(random_access_points_are_those_of_the_encoder),
        cmocka_unit_test(tracks_are_equal_by_codec_and_header),
        cmocka_unit_test(tracks_without_headers_are_equal_by_their_sound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
