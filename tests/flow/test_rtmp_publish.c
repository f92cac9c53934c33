/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A publisher against a session, without a socket: whatever the codec, the dialect and the manner
 * of chunking, the tracks, the times and every byte of every access unit arrive as they left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rtmp_publisher.h"

#include <ingest/rtmp/session.h>
#include <phien/core/bytes.h>
#include <phien/core/mem.h>

#include <inttypes.h>
#include <libavutil/mem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct link {
    struct rtmp_publisher *publisher;
    struct ph_rtmp_session *session;
    ph_usec now;
    size_t step; /* bytes a feed in either direction; 0: all */
    int session_err;
    int publisher_err;
    enum ph_close_reason verdict;
    char events[65536];
};

static void add_event(struct link *link, const char *format, ...) PH_PRINTF(2, 3);
static void add_event(struct link *link, const char *format, ...)
{
    size_t len = strlen(link->events);
    va_list args;

    va_start(args, format);
    vsnprintf(link->events + len, sizeof(link->events) - len, format, args);
    va_end(args);
}

static uint32_t hash(const uint8_t *data, size_t len)
{
    uint32_t h = 2166136261U;

    for (size_t i = 0; i < len; i++) {
        h = (h ^ data[i]) * 16777619U;
    }
    return h;
}

static enum ph_close_reason on_publish(void *arg, const struct ph_rtmp_publish *publish,
                                       const char **message)
{
    struct link *link = arg;

    (void)message;
    add_event(link, "publish %s|%s|%s\n", publish->app, publish->name, publish->query);
    return link->verdict;
}

static void on_track(void *arg, struct ph_track *track)
{
    add_event(arg, "track %s %08x\n", ph_track_codec_name(track),
              hash(track->par->extradata, (size_t)track->par->extradata_size));
}

static void describe_packet(struct link *link, const AVPacket *packet)
{
    add_event(link, "%d%s %" PRId64 "/%" PRId64 " %d %08x\n", packet->stream_index,
              packet->flags & AV_PKT_FLAG_KEY ? "!" : "", packet->dts, packet->pts, packet->size,
              hash(packet->data, (size_t)packet->size));
}

static void on_packet(void *arg, const AVPacket *packet)
{
    describe_packet(arg, packet);
}

static void on_encoder(void *arg, const char *encoder)
{
    add_event(arg, "encoder %s\n", encoder);
}

static const struct ph_rtmp_ops ops = {on_publish, on_track, on_packet, on_encoder};

static void open_link(struct link *link, const struct rtmp_publisher_conf *conf, size_t step)
{
    memset(link, 0, sizeof(*link));
    link->step = step;
    assert_int_equal(rtmp_publisher_create(&link->publisher, conf), PH_OK);
    assert_int_equal(
        ph_rtmp_session_create(&link->session, &ph_rtmp_limits_default, &ops, link, link->now),
        PH_OK);
}

static void close_link(struct link *link)
{
    rtmp_publisher_destroy(&link->publisher);
    ph_rtmp_session_destroy(&link->session);
}

static void feed_session(struct link *link, const struct ph_slice *slice)
{
    size_t step = link->step > 0 ? link->step : slice->len;

    for (size_t pos = 0; pos < slice->len && link->session_err == PH_OK; pos += step) {
        size_t len = slice->len - pos < step ? slice->len - pos : step;
        link->session_err = ph_rtmp_session_feed(link->session, link->now, slice->data + pos, len);
    }
}

/* Until neither side has anything more to say. */
static void run(struct link *link)
{
    struct ph_slice slice;
    bool is_quiet = false;

    while (!is_quiet) {
        is_quiet = true;
        while (rtmp_publisher_pull(link->publisher, &slice)) {
            feed_session(link, &slice);
            ph_slice_clear(&slice);
            is_quiet = false;
        }
        while (ph_rtmp_session_pull(link->session, &slice)) {
            link->publisher_err = rtmp_publisher_feed(link->publisher, slice.data, slice.len);
            ph_slice_clear(&slice);
            is_quiet = false;
        }
    }
}

static AVCodecParameters *make_parameters(enum AVCodecID id, const char *hex)
{
    AVCodecParameters *par = avcodec_parameters_alloc();
    size_t len = strlen(hex) / 2;

    par->codec_id = id;
    par->codec_type = avcodec_get_type(id);
    par->extradata = av_mallocz(len + AV_INPUT_BUFFER_PADDING_SIZE);
    par->extradata_size = (int)len;
    for (size_t i = 0; i < len; i++) {
        unsigned byte = 0;
        sscanf(hex + 2 * i, "%2x", &byte);
        par->extradata[i] = (uint8_t)byte;
    }
    return par;
}

struct codec {
    enum AVCodecID id;
    const char *extradata;
    const char *head; /* how each frame begins, where the codec must know it */
};

static const struct codec video_codecs[] = {
    {AV_CODEC_ID_H264,
     "01f4000affe1001767f4000a919b28c4d80880000003008000000a078912cb01000568ce0f1920fff8f800", ""},
    {AV_CODEC_ID_HEVC,
     "0104080000009e08000000001ef000fcfff8f800000f03a00001001740010c01ffff0408000003009e0800000300"
     "001e959409a10001002c4201010408000003009e0800000300001e90061020b2caca94985e02dc08080010000003"
     "001000000300a080a2000100084401c07318301890",
     ""},
    {AV_CODEC_ID_AV1, "81000c000a0a000000032dffc02f8004", ""},
};

static const struct codec audio_codecs[] = {
    {AV_CODEC_ID_AAC, "120856e500", ""},
    {AV_CODEC_ID_OPUS, "4f707573486561640101380180bb0000000000", ""},
    {AV_CODEC_ID_FLAC,
     "10001000000000000000"
     "0bb802f0000000000000000000000000000000000000"
     "0000",
     ""},
    {AV_CODEC_ID_MP3, "", "\xff\xfb\x90\x40"},
    {AV_CODEC_ID_AC3, "", "\x0b\x77\x01\x01\x1c\x40\x40"},
    {AV_CODEC_ID_EAC3, "", "\x0b\x77\x01\xff\x34\x86\xff"},
};

static void send(struct link *link, struct link *wanted, const struct codec *codec,
                 const AVPacket *like)
{
    AVPacket *packet = av_packet_alloc();

    assert_int_equal(av_new_packet(packet, like->size), 0);
    for (int i = 0; i < like->size; i++) {
        packet->data[i] = (uint8_t)(i * 31 + like->dts);
    }
    memcpy(packet->data, codec->head, strlen(codec->head));
    packet->stream_index = like->stream_index;
    packet->flags = like->flags;
    packet->dts = like->dts;
    packet->pts = like->pts;
    assert_int_equal(rtmp_publisher_send_packet(link->publisher, packet), PH_OK);
    packet->dts += wanted->now;
    packet->pts += wanted->now;
    describe_packet(wanted, packet);
    av_packet_free(&packet);
}

/* Half a second of 25 frames a second with reordering, and audio every 20 ms. */
static void send_media(struct link *link, struct link *wanted, const struct codec *video,
                       const struct codec *audio)
{
    AVPacket *packet = av_packet_alloc();
    bool has_cts = video->id != AV_CODEC_ID_AV1;

    for (int64_t ms = 0; ms < 500; ms += 20) {
        if (ms % 40 == 0) {
            packet->stream_index = PH_TRACK_VIDEO;
            packet->flags = ms % 200 == 0 ? AV_PKT_FLAG_KEY : 0;
            packet->dts = ms;
            packet->pts = ms + (has_cts ? ms % 120 - 40 : 0);
            packet->size = ms % 200 == 0 ? 70000 : 900;
            send(link, wanted, video, packet);
        }
        packet->stream_index = PH_TRACK_AUDIO;
        packet->flags = AV_PKT_FLAG_KEY;
        packet->dts = packet->pts = ms;
        packet->size = 300;
        send(link, wanted, audio, packet);
        run(link);
    }
    av_packet_free(&packet);
}

static void send_tracks(struct link *link, struct link *wanted, const struct codec *codec)
{
    AVCodecParameters *par = make_parameters(codec->id, codec->extradata);

    assert_int_equal(rtmp_publisher_send_track(link->publisher, par, 0), PH_OK);
    if (par->extradata_size > 0) {
        add_event(wanted, "track %s %08x\n", avcodec_get_name(codec->id),
                  hash(par->extradata, (size_t)par->extradata_size));
    }
    avcodec_parameters_free(&par);
    run(link);
}

/* A track that is only known from its first frame is announced then. */
static void drop_line(char *text, const char *start)
{
    char *at = strstr(text, start);

    assert_non_null(at);
    char *end = strchr(at, '\n') + 1;
    memmove(at, end, strlen(end) + 1);
}

static void publish_and_compare(const struct rtmp_publisher_conf *conf, const struct codec *video,
                                const struct codec *audio, size_t step)
{
    struct link *link = malloc(sizeof(*link));
    struct link *wanted = calloc(1, sizeof(*wanted));

    open_link(link, conf, step);
    wanted->now = conf->start_ms;
    run(link);
    assert_true(rtmp_publisher_is_live(link->publisher));
    assert_string_equal(rtmp_publisher_status(link->publisher), "NetStream.Publish.Start");
    rtmp_publisher_send_metadata(link->publisher, "phien");
    run(link);
    add_event(wanted, "publish live|sinho|key=K\nencoder phien\n");
    send_tracks(link, wanted, video);
    send_tracks(link, wanted, audio);
    send_media(link, wanted, video, audio);
    if (audio->extradata[0] == '\0') {
        char line[32];
        snprintf(line, sizeof(line), "track %s", avcodec_get_name(audio->id));
        drop_line(link->events, line);
    }
    assert_string_equal(link->events, wanted->events);
    assert_int_equal(link->session_err, PH_OK);
    assert_int_equal(link->publisher_err, PH_OK);
    assert_true(rtmp_publisher_acknowledged(link->publisher) > 100000);
    rtmp_publisher_unpublish(link->publisher);
    run(link);
    assert_int_equal(link->session_err, PH_ECLOSED);
    assert_int_equal(ph_rtmp_session_reason(link->session), PH_CLOSE_UNPUBLISH);
    close_link(link);
    free(link);
    free(wanted);
}

static const struct rtmp_publisher_conf plain = {
    .app = "live",
    .tc_url = "rtmp://host/live",
    .name = "sinho?key=K",
};

static void test_codecs_and_dialects(void **state)
{
    (void)state;
    for (size_t v = 0; v < PH_ARRAY_SIZE(video_codecs); v++) {
        for (size_t a = 0; a < PH_ARRAY_SIZE(audio_codecs); a++) {
            struct rtmp_publisher_conf conf = plain;
            publish_and_compare(&conf, &video_codecs[v], &audio_codecs[a], 0);
            conf.is_enhanced = true;
            conf.chunk_size = 60000;
            publish_and_compare(&conf, &video_codecs[v], &audio_codecs[a], 0);
        }
    }
}

/* Start times at which 24, 31 and 32 bits run out within the half second. */
static void test_clocks_and_chunks(void **state)
{
    static const uint32_t starts[] = {0, 0xFFFFFF - 200, 0x7FFFFFFF - 200, 0xFFFFFFFF - 200};
    static const uint32_t sizes[] = {0, 1, 4096, 0x7FFFFFFF};

    (void)state;
    for (unsigned i = 0; i < 4 * 4 * 4; i++) {
        struct rtmp_publisher_conf conf = plain;
        conf.start_ms = starts[i & 3];
        conf.chunk_size = sizes[i >> 2 & 3];
        conf.is_terse = i >> 4 & 1;
        conf.omits_extended = i >> 5 & 1;
        publish_and_compare(&conf, &video_codecs[0], &audio_codecs[0], 0);
    }
}

static void test_byte_by_byte(void **state)
{
    static const size_t steps[] = {1, 7, 1000};

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(steps); i++) {
        publish_and_compare(&plain, &video_codecs[0], &audio_codecs[1], steps[i]);
    }
}

static void test_refusal(void **state)
{
    struct link *link = malloc(sizeof(*link));

    (void)state;
    open_link(link, &plain, 0);
    link->verdict = PH_CLOSE_BAD_KEY;
    run(link);
    assert_int_equal(link->session_err, PH_EACCESS);
    assert_int_equal(link->publisher_err, PH_EACCESS);
    assert_false(rtmp_publisher_is_live(link->publisher));
    assert_string_equal(rtmp_publisher_status(link->publisher), "NetStream.Publish.BadName");
    assert_true(strlen(rtmp_publisher_description(link->publisher)) > 10);
    close_link(link);
    free(link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codecs_and_dialects),
        cmocka_unit_test(test_clocks_and_chunks),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_refusal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
