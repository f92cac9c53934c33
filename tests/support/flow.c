/* SPDX-License-Identifier: Apache-2.0 */
#include "flow.h"

#include <phien/core/log.h>
#include <phien/core/mem.h>

#include <libavutil/log.h>
#include <stdlib.h>

enum { LOG_BYTES = 1 << 18 };

static void on_snapshot(void *arg, struct ph_snapshot *snapshot)
{
    flow_viewer_take(arg, snapshot);
}

static const struct ph_packager_ops packager_ops = {.on_snapshot = on_snapshot};

static enum ph_close_reason on_publish(void *arg, const struct ph_rtmp_publish *publish,
                                       const char **message)
{
    struct flow *flow = arg;

    (void)publish;
    (void)message;
    ph_channel_begin(flow->channel, "flow", flow->now);
    return PH_CLOSE_NONE;
}

static void on_track(void *arg, struct ph_track *track)
{
    struct flow *flow = arg;

    ph_channel_track(flow->channel, track, flow->now);
}

static void on_packet(void *arg, const AVPacket *packet)
{
    struct flow *flow = arg;

    assert_int_equal(ph_channel_packet(flow->channel, packet, flow->now), PH_OK);
}

static void on_encoder(void *arg, const char *encoder)
{
    (void)arg;
    (void)encoder;
}

static const struct ph_rtmp_ops session_ops = {on_publish, on_track, on_packet, on_encoder};

static void on_line(void *arg, const char *line)
{
    struct flow *flow = arg;
    size_t len = strlen(line);

    if (flow->log_len + len + 2 < LOG_BYTES) {
        flow->log_len +=
            (size_t)snprintf(flow->log + flow->log_len, LOG_BYTES - flow->log_len, "%s\n", line);
    }
}

static struct flow *av_log_flow;

static void on_av_log(void *context, int level, const char *format, va_list args)
{
    (void)context;
    if (level <= AV_LOG_WARNING && av_log_flow != NULL) {
        av_log_flow->ffmpeg_lines++;
        vprint_message(format, args);
    }
}

struct flow *flow_create(void)
{
    struct flow *flow = ph_new(struct flow);

    flow->conf.hls.part_ms = 250;
    flow->conf.hls.segment_ms = 2000;
    flow->conf.hls.window_s = 30;
    flow->conf.hls.max_channel_bytes = 64 << 20;
    flow->conf.hls.mpegts = true;
    flow->conf.publish.grace_s = 90;
    flow->conf.publish.idle_timeout_s = 10;
    flow->channel_conf = (struct ph_conf_channel){
        .name = "sinho", .key = "s3cret", .title = "Sìn Hồ", .overlay_token = ""};
    flow->publisher_conf = (struct rtmp_publisher_conf){.app = "live",
                                                        .tc_url = "rtmp://host/live",
                                                        .name = "sinho?key=s3cret",
                                                        .chunk_size = 4096};
    flow->now = (struct ph_now){FLOW_START_MONO, FLOW_START_WALL};
    flow->is_recording = true;
    flow->log = ph_alloc(LOG_BYTES);
    for (int r = PH_RENDITION_AV; r <= PH_RENDITION_AUDIO; r++) {
        flow->viewers[r].list = ph_new(struct m3u8);
        flow->viewers[r].before = ph_new(struct m3u8);
        flow->viewers[r].text = ph_alloc(FLOW_TEXT_BYTES);
    }
    ph_log_divert(on_line, flow);
    av_log_flow = flow;
    av_log_set_callback(on_av_log);
    return flow;
}

void flow_begin(struct flow *flow)
{
    flow->channel = ph_channel_create(&flow->conf, &flow->channel_conf, &flow->stats);
    flow->packager = ph_packager_create(&flow->conf, "sinho", "e1", flow->now.wall, &flow->stats,
                                        &packager_ops, flow);
    ph_channel_add_sink(flow->channel, &ph_packager_sink, flow->packager);
    ph_packager_want(flow->packager, PH_RENDITION_AV, true);
    ph_packager_want(flow->packager, PH_RENDITION_AUDIO, true);
}

static void close_session(struct flow *flow)
{
    rtmp_publisher_destroy(&flow->publisher);
    ph_rtmp_session_destroy(&flow->session);
}

void flow_destroy(struct flow **ref)
{
    struct flow *flow = *ref;

    *ref = NULL;
    close_session(flow);
    if (flow->channel != NULL) {
        ph_channel_remove_sink(flow->channel, flow->packager);
    }
    ph_channel_destroy(&flow->channel);
    ph_packager_destroy(&flow->packager);
    ph_log_divert(NULL, NULL);
    av_log_set_callback(av_log_default_callback);
    av_log_flow = NULL;
    for (int kind = 0; kind < PH_TRACK_KINDS; kind++) {
        free(flow->sent[kind].at);
    }
    for (int r = 0; r < PH_RENDITION_COUNT; r++) {
        struct flow_viewer *viewer = &flow->viewers[r];
        for (int kind = 0; kind < PH_TRACK_KINDS; kind++) {
            free(viewer->units[kind].at);
        }
        free(viewer->parts);
        free(viewer->list);
        free(viewer->before);
        free(viewer->text);
    }
    free(flow->log);
    free(flow);
}

static void feed_session(struct flow *flow, const struct ph_slice *slice)
{
    size_t step = flow->step > 0 ? flow->step : slice->len;

    for (size_t pos = 0; pos < slice->len && flow->session_err == PH_OK; pos += step) {
        size_t len = slice->len - pos < step ? slice->len - pos : step;
        flow->session_err =
            ph_rtmp_session_feed(flow->session, flow->now.mono, slice->data + pos, len);
    }
}

/* Until neither side has anything more to say. */
static void converse(struct flow *flow)
{
    struct ph_slice slice;
    bool is_quiet = false;

    while (!is_quiet) {
        is_quiet = true;
        while (rtmp_publisher_pull(flow->publisher, &slice)) {
            feed_session(flow, &slice);
            ph_slice_clear(&slice);
            is_quiet = false;
        }
        while (ph_rtmp_session_pull(flow->session, &slice)) {
            int err = rtmp_publisher_feed(flow->publisher, slice.data, slice.len);
            ph_slice_clear(&slice);
            assert_int_equal(err, PH_OK);
            is_quiet = false;
        }
    }
}

static void tick_session(struct flow *flow)
{
    assert_int_equal(ph_rtmp_session_tick(flow->session, flow->now.mono), PH_OK);
    converse(flow);
}

static ph_usec deadline_of(const struct flow *flow)
{
    ph_usec channel = ph_channel_deadline(flow->channel);
    ph_usec session =
        flow->session != NULL ? ph_rtmp_session_deadline(flow->session) : PH_USEC_NEVER;

    return channel < session ? channel : session;
}

static void set_clock(struct flow *flow, ph_usec mono)
{
    flow->now.mono = mono > flow->now.mono ? mono : flow->now.mono;
    flow->now.wall = FLOW_START_WALL + (flow->now.mono - FLOW_START_MONO);
}

void flow_wait(struct flow *flow, ph_usec duration)
{
    ph_usec target = flow->now.mono + duration;
    ph_usec at = 0;

    while ((at = deadline_of(flow)) <= target) {
        set_clock(flow, at);
        if (flow->session != NULL && ph_rtmp_session_deadline(flow->session) <= at) {
            tick_session(flow);
        }
        ph_channel_tick(flow->channel, flow->now);
    }
    set_clock(flow, target);
}

void flow_send_track(struct flow *flow, const AVCodecParameters *par, int64_t dts_ms)
{
    assert_int_equal(rtmp_publisher_send_track(flow->publisher, par, dts_ms), PH_OK);
    converse(flow);
    assert_int_equal(flow->session_err, PH_OK);
}

void flow_publish(struct flow *flow, struct camera *camera)
{
    flow->session_err = PH_OK;
    flow->sessions++;
    assert_int_equal(rtmp_publisher_create(&flow->publisher, &flow->publisher_conf), PH_OK);
    assert_int_equal(ph_rtmp_session_create(&flow->session, &ph_rtmp_limits_default, &session_ops,
                                            flow, flow->now.mono),
                     PH_OK);
    converse(flow);
    assert_true(rtmp_publisher_is_live(flow->publisher));
    if (camera->has_video) {
        flow_send_track(flow, camera->video_par, camera->offset_ms);
    }
    if (camera->has_audio) {
        flow_send_track(flow, camera->audio_par, camera->offset_ms);
    }
}

void flow_send_packet(struct flow *flow, const AVPacket *packet)
{
    if (flow->is_recording) {
        flow_add_unit(&flow->sent[packet->stream_index],
                      (struct flow_unit){
                          .hash = flow_hash(packet->data, (size_t)packet->size),
                          .dts = packet->dts,
                          .cts = packet->pts - packet->dts,
                          .session = flow->sessions,
                      });
    }
    assert_int_equal(rtmp_publisher_send_packet(flow->publisher, packet), PH_OK);
    converse(flow);
    assert_int_equal(flow->session_err, PH_OK);
}

void flow_play(struct flow *flow, struct camera *camera, ph_usec duration)
{
    ph_usec end = camera->now_us + duration;

    while (camera->now_us < end) {
        ph_usec last = camera->now_us;
        const AVPacket *packet = camera_next(camera);
        flow_wait(flow, camera->now_us - last);
        flow_send_packet(flow, packet);
    }
}

void flow_unpublish(struct flow *flow)
{
    rtmp_publisher_unpublish(flow->publisher);
    converse(flow);
    assert_int_equal(flow->session_err, PH_ECLOSED);
    assert_int_equal(ph_rtmp_session_reason(flow->session), PH_CLOSE_UNPUBLISH);
    flow_cut(flow);
}

void flow_cut(struct flow *flow)
{
    close_session(flow);
    ph_channel_end(flow->channel, false, flow->now);
}

unsigned flow_count_log(const struct flow *flow, const char *text)
{
    unsigned count = 0;

    for (const char *at = flow->log; (at = strstr(at, text)) != NULL; at += strlen(text)) {
        count++;
    }
    return count;
}
