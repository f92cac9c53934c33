/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MPEG-TS in, playlists and parts out: a clock that wraps, messages that are lost, program maps
 * that change. Viewers go on where they can, and are told where they can't.
 */
#include "flow.h"

#include <ingest/srt/session.h>

#include <libavformat/avformat.h>
#include <math.h>

#define S PH_USEC_PER_S
#define WRAP (INT64_C(1) << 33)

enum { MESSAGE_BYTES = 7 * 188 };

static const char H264_AAC[] = "h264_bframes_aac.mp4";

struct world {
    struct flow *flow;
    struct camera cameras[2]; /* H.264 and HEVC, both with AAC */
    struct ph_srt_session *session;
    int64_t offset; /* added to the camera's times, 90 kHz */

    AVFormatContext *mux;
    unsigned maps;       /* so many program maps were there */
    int fed;             /* bytes of what the muxer wrote */
    unsigned messages;   /* since the beginning */
    unsigned lost_every; /* one message in so many is lost; 0: none */
    size_t lost;         /* just before the next one */
};

static void on_track(void *arg, struct ph_track *track)
{
    struct world *world = arg;

    ph_channel_track(world->flow->channel, track, world->flow->now);
}

static void on_packet(void *arg, const AVPacket *packet)
{
    struct world *world = arg;

    assert_int_equal(ph_channel_packet(world->flow->channel, packet, world->flow->now), PH_OK);
}

static const struct ph_srt_session_ops session_ops = {.on_track = on_track, .on_packet = on_packet};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    world->flow = flow_create();
    world->offset = 90000;
    camera_open(&world->cameras[0], H264_AAC, H264_AAC);
    camera_open(&world->cameras[1], "hevc_ac3.mp4", H264_AAC);
    flow_begin(world->flow);
    ph_channel_begin(world->flow->channel, "flow", world->flow->now);
    assert_int_equal(ph_srt_session_create(&world->session, &ph_srt_limits_default,
                                           PH_CONF_ON_LOSS_DROP, &session_ops, world,
                                           world->flow->now.mono),
                     PH_OK);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    ph_srt_session_destroy(&world->session);
    flow_destroy(&world->flow);
    camera_close(&world->cameras[0]);
    camera_close(&world->cameras[1]);
    free(world);
    return 0;
}

static void add_stream(AVFormatContext *mux, const AVCodecParameters *par)
{
    AVStream *stream = avformat_new_stream(mux, NULL);

    assert_non_null(stream);
    assert_true(avcodec_parameters_copy(stream->codecpar, par) >= 0);
    stream->codecpar->codec_tag = 0;
    stream->time_base = (AVRational){1, 90000};
}

/* From here on the streams are those of the camera. */
static void open_mux(struct world *world, const struct camera *camera)
{
    AVDictionary *options = NULL;

    assert_true(avformat_alloc_output_context2(&world->mux, NULL, "mpegts", NULL) >= 0);
    assert_int_equal(avio_open_dyn_buf(&world->mux->pb), 0);
    if (camera->has_video) {
        add_stream(world->mux, camera->video_par);
    }
    if (camera->has_audio) {
        add_stream(world->mux, camera->audio_par);
    }
    av_dict_set_int(&options, "tables_version", world->maps++, 0);
    av_dict_set(&options, "mpegts_flags", "initial_discontinuity", 0);
    av_dict_set(&options, "mpegts_copyts", "1", 0);
    av_dict_set(&options, "avoid_negative_ts", "disabled", 0);
    assert_true(avformat_write_header(world->mux, &options) >= 0);
    av_dict_free(&options);
    world->fed = 0;
}

/* What the muxer wrote goes to the session in whole messages; at its end in one that is not. */
static void feed_messages(struct world *world, bool is_end)
{
    uint8_t *data = NULL;
    int len = avio_get_dyn_buf(world->mux->pb, &data);

    while (len - world->fed >= (is_end ? 1 : MESSAGE_BYTES)) {
        int size = len - world->fed < MESSAGE_BYTES ? len - world->fed : MESSAGE_BYTES;
        bool is_lost = world->lost_every > 0 && ++world->messages % world->lost_every == 0;
        if (!is_lost) {
            assert_int_equal(ph_srt_session_feed(world->session, world->flow->now.mono,
                                                 data + world->fed, (size_t)size, world->lost),
                             PH_OK);
        }
        world->lost = is_lost ? world->lost + 1 : 0;
        world->fed += size;
    }
}

static void close_mux(struct world *world)
{
    uint8_t *data = NULL;

    assert_int_equal(av_write_trailer(world->mux), 0);
    feed_messages(world, true);
    avio_close_dyn_buf(world->mux->pb, &data);
    av_free(data);
    avformat_free_context(world->mux);
    world->mux = NULL;
}

static void send_packet(struct world *world, const struct camera *camera, const AVPacket *packet)
{
    AVPacket *copy = av_packet_clone(packet);

    assert_non_null(copy);
    flow_add_unit(&world->flow->sent[packet->stream_index],
                  (struct flow_unit){.hash = flow_hash(packet->data, (size_t)packet->size),
                                     .dts = packet->dts,
                                     .cts = packet->pts - packet->dts});
    copy->stream_index = packet->stream_index == PH_TRACK_AUDIO && camera->has_video;
    copy->dts = packet->dts * 90 + world->offset;
    copy->pts = packet->pts * 90 + world->offset;
    assert_true(av_write_frame(world->mux, copy) >= 0);
    av_packet_free(&copy);
    feed_messages(world, false);
}

/* The camera's streams, with a program map of their own. */
static void play(struct world *world, struct camera *camera, ph_usec duration)
{
    ph_usec end = camera->now_us + duration;

    open_mux(world, camera);
    while (camera->now_us < end) {
        ph_usec last = camera->now_us;
        const AVPacket *packet = camera_next(camera);
        flow_wait(world->flow, camera->now_us - last);
        send_packet(world, camera, packet);
    }
    close_mux(world);
}

static void finish(struct world *world)
{
    ph_srt_session_flush(world->session, world->flow->now.mono);
    ph_channel_end(world->flow->channel, false, world->flow->now);
}

static const struct flow_viewer *viewer_of(const struct world *world)
{
    return &world->flow->viewers[PH_RENDITION_AV];
}

static size_t count_discontinuities(const struct world *world)
{
    const struct m3u8 *list = viewer_of(world)->list;
    size_t count = 0;

    for (size_t i = 0; i < list->count; i++) {
        count += list->segments[i].has_discontinuity ? 1 : 0;
    }
    return count;
}

/*
 * Each frame of audio that came was sent, in this order, and all lie as far from where they were
 * sent as the first, within `tolerance` seconds. Returns how far that is.
 */
static double check_audio(const struct world *world, double tolerance)
{
    const struct flow_units *in = &world->flow->sent[PH_TRACK_AUDIO];
    const struct flow_units *out = &viewer_of(world)->units[PH_TRACK_AUDIO];
    double offset = 0;
    size_t next = 0;

    assert_true(out->count > 0);
    for (size_t i = 0; i < out->count; i++) {
        while (next < in->count && in->at[next].hash != out->at[i].hash) {
            next++;
        }
        if (next == in->count) {
            fail_msg("frame %zu of audio is none of those sent", i);
        }
        double distance = (double)out->at[i].dts / 48000 - (double)in->at[next].dts / 1000;
        offset = i == 0 ? distance : offset;
        if (fabs(distance - offset) > tolerance) {
            fail_msg("frame %zu of audio lies %f s from its place", i, distance - offset);
        }
    }
    return offset;
}

/* Each picture that came lies where one was sent, as far from it as audio is. */
static void check_video(const struct world *world, double offset)
{
    const struct flow_units *in = &world->flow->sent[PH_TRACK_VIDEO];
    const struct flow_units *out = &viewer_of(world)->units[PH_TRACK_VIDEO];
    size_t next = 0;

    for (size_t i = 0; i < out->count; i++) {
        double at = (double)out->at[i].dts / 90000 - offset;
        while (next < in->count && (double)in->at[next].dts / 1000 < at - 0.0016) {
            next++;
        }
        if (next == in->count || fabs((double)in->at[next].dts / 1000 - at) > 0.0016) {
            fail_msg("picture %zu at %f s: none was sent for there", i, at);
        }
    }
}

static void check_no_break(const struct world *world)
{
    assert_int_equal(count_discontinuities(world), 0);
    assert_int_equal(flow_count_log(world->flow, "event=channel.jump"), 0);
    assert_int_equal(flow_count_log(world->flow, "event=channel.change"), 0);
    assert_int_equal(flow_count_log(world->flow, "event=channel.on_air"), 1);
}

static void the_clock_wraps(void **state)
{
    struct world *world = *state;

    world->offset = WRAP - 7 * 90000;
    play(world, &world->cameras[0], 16 * S);
    finish(world);
    check_no_break(world);
    assert_int_equal(flow_missing(world->flow, PH_TRACK_VIDEO), 0);
    assert_int_equal(flow_check_audio(world->flow, PH_RENDITION_AV,
                                      flow_missing(world->flow, PH_TRACK_AUDIO), 48000, 1.6),
                     0);
    check_video(world, check_audio(world, 0.0016));
}

/* What is lost leaves holes, and moves nothing. */
static void messages_are_lost(void **state)
{
    struct world *world = *state;

    world->lost_every = 47;
    play(world, &world->cameras[0], 25 * S);
    finish(world);
    check_no_break(world);
    check_video(world, check_audio(world, 0.0016));
    assert_in_range(flow_missing(world->flow, PH_TRACK_AUDIO), 5, 200);
    assert_in_range(flow_missing(world->flow, PH_TRACK_VIDEO), 50, 500);
}

static void audio_goes_and_comes(void **state)
{
    struct world *world = *state;
    struct camera *camera = &world->cameras[0];

    /* Sound alone has nothing to go on with meanwhile. */
    ph_packager_want(world->flow->packager, PH_RENDITION_AUDIO, false);
    play(world, camera, 6500 * PH_USEC_PER_MS);
    camera->has_audio = false;
    play(world, camera, 5 * S);
    size_t parts = viewer_of(world)->part_count;
    camera->has_audio = true;
    play(world, camera, 6 * S);
    finish(world);
    check_no_break(world);
    /* Nobody waited for the sound. */
    assert_true(parts >= 40);
    assert_int_equal(flow_missing(world->flow, PH_TRACK_VIDEO), 0);
    check_video(world, check_audio(world, 0.0016));
}

static void the_codec_changes(void **state)
{
    struct world *world = *state;

    play(world, &world->cameras[0], 6 * S);
    world->cameras[1].offset_ms = world->cameras[0].now_us / 1000;
    play(world, &world->cameras[1], 6 * S);
    finish(world);
    assert_int_equal(count_discontinuities(world), 1);
    assert_int_equal(flow_count_log(world->flow, "event=channel.change"), 1);
    assert_int_equal(flow_count_log(world->flow, "video=hevc"), 1);
    assert_in_range(flow_missing(world->flow, PH_TRACK_VIDEO), 0, 1);
}

#define FLOW_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLOW_TEST(the_clock_wraps),
        FLOW_TEST(messages_are_lost),
        FLOW_TEST(audio_goes_and_comes),
        FLOW_TEST(the_codec_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
