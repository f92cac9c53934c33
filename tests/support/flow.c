/* SPDX-License-Identifier: Apache-2.0 */
#include "flow.h"

#include "mp4.h"

#include <phien/core/log.h>
#include <phien/core/mem.h>

#include <inttypes.h>
#include <libavutil/log.h>
#include <libavutil/mathematics.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

enum { LOG_BYTES = 1 << 18, TEXT_BYTES = 1 << 16 };

static uint64_t mix(uint64_t hash, const void *data, size_t len)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
    }
    return hash;
}

static uint64_t hash_of(const void *data, size_t len)
{
    return mix(UINT64_C(14695981039346656037), data, len);
}

static void add_unit(struct flow_units *units, struct flow_unit unit)
{
    if ((units->count & (units->count - 1)) == 0) {
        size_t capacity = units->count > 0 ? 2 * units->count : 1;
        units->at = ph_realloc_array(units->at, capacity, sizeof(unit));
    }
    units->at[units->count++] = unit;
}

/* ---- the viewer ---- */

static enum ph_track_kind kind_of(const struct ph_init *init, uint32_t track_id,
                                  uint32_t *time_scale)
{
    struct init_track track;

    for (int i = 0; init_track_read(init->bytes, i, &track); i++) {
        if (track.id == track_id) {
            *time_scale = track.time_scale;
            return strcmp(track.handler, "vide") == 0 ? PH_TRACK_VIDEO : PH_TRACK_AUDIO;
        }
    }
    fail_msg("no track %" PRIu32 " in the init segment", track_id);
    return PH_TRACK_NONE;
}

static void read_media(struct flow_viewer *viewer, const struct ph_segment *segment,
                       const struct ph_part *part)
{
    struct traf_reader traf;
    struct sample sample;
    uint64_t bytes = 0;

    for (int i = 0; traf_open(&traf, part->bytes, i); i++) {
        uint32_t time_scale = 0;
        enum ph_track_kind kind = kind_of(segment->init, traf.track_id, &time_scale);
        assert_true(kind != PH_TRACK_VIDEO || time_scale == 90000);
        while (traf_next(&traf, &sample)) {
            bytes += sample.size;
            add_unit(&viewer->units[kind], (struct flow_unit){
                                               .hash = hash_of(sample.data, sample.size),
                                               .dts = (int64_t)sample.dts,
                                               .cts = sample.cts,
                                               .duration = sample.duration,
                                               .msn = segment->msn,
                                           });
        }
    }
    assert_int_equal(box_find(box_of(part->bytes), "mdat", 0).len, bytes);
}

static void take_part(struct flow_viewer *viewer, const struct ph_segment *segment, size_t index)
{
    const struct ph_part *part = &segment->parts[index];
    size_t count = viewer->part_count;

    if (count > 0 && viewer->parts[count - 1].number >= part->number) {
        return;
    }
    assert_int_equal(part->number, count > 0 ? viewer->parts[count - 1].number + 1 : 0);
    if ((count & (count - 1)) == 0) {
        viewer->parts =
            ph_realloc_array(viewer->parts, count > 0 ? 2 * count : 1, sizeof(struct flow_part));
    }
    if (count == 0 || viewer->parts[count - 1].init != segment->init->number) {
        viewer->media_hash =
            mix(viewer->media_hash, segment->init->bytes->data, segment->init->bytes->len);
    }
    viewer->parts[viewer->part_count++] = (struct flow_part){
        .msn = segment->msn,
        .number = part->number,
        .duration = part->duration,
        .is_independent = part->is_independent,
        .is_first = index == 0,
        .init = segment->init->number,
    };
    viewer->media_hash = mix(viewer->media_hash, part->bytes->data, part->bytes->len);
    read_media(viewer, segment, part);
}

static void take_segment(struct flow_viewer *viewer, const struct ph_segment *segment, bool is_open)
{
    for (size_t i = 0; i < segment->part_count; i++) {
        take_part(viewer, segment, i);
    }
    for (size_t i = viewer->part_count; i > 0 && viewer->parts[i - 1].msn >= segment->msn; i--) {
        struct flow_part *part = &viewer->parts[i - 1];
        part->is_last = !is_open && part->number == segment->parts[segment->part_count - 1].number;
    }
}

/* A part is as long as promised, with the exceptions of RFC 8216bis section 4.4.4.9. */
static void check_part_durations(const struct m3u8 *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct m3u8_segment *segment = &list->segments[i];
        int64_t sum = 0;
        for (size_t k = 0; k < segment->part_count; k++) {
            const struct m3u8_part *part = &segment->parts[k];
            bool may_be_short =
                part->is_independent || (segment->duration_us >= 0 && k + 1 == segment->part_count);
            sum += part->duration_us;
            if (part->duration_us > list->part_target_us ||
                (!may_be_short && part->duration_us * 100 < list->part_target_us * 85)) {
                fail_msg("part %zu of segment %" PRId64 " lasts %" PRId64
                         " us with a part target of %" PRId64 " us",
                         k, segment->msn, part->duration_us, list->part_target_us);
            }
        }
        if (segment->part_count > 0 && segment->duration_us >= 0) {
            assert_int_equal(sum, segment->duration_us);
        }
        if (segment->duration_us >= 0 &&
            (segment->duration_us + 500000) / 1000000 > list->target_duration_s) {
            fail_msg("segment %" PRId64 " lasts %" PRId64 " us", segment->msn,
                     segment->duration_us);
        }
    }
}

static int64_t date_ms(const char *date)
{
    struct tm tm = {0};
    int ms = 0;

    assert_int_equal(sscanf(date, "%d-%d-%dT%d:%d:%d.%dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
                            &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &ms),
                     7);
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    return (int64_t)timegm(&tm) * 1000 + ms;
}

/* Dates go with durations, unless a discontinuity lies between. */
static void check_dates(const struct m3u8 *list)
{
    for (size_t i = 1; i < list->count; i++) {
        const struct m3u8_segment *last = &list->segments[i - 1];
        const struct m3u8_segment *next = &list->segments[i];
        if (next->has_discontinuity) {
            continue;
        }
        double off =
            (double)(date_ms(next->date) - date_ms(last->date)) - (double)last->duration_us / 1000;
        if (fabs(off) > 45) {
            fail_msg("segment %" PRId64 " is %.0f ms off in its date", next->msn, off);
        }
    }
}

/* What was said before stays true. */
static void check_unchanged(const struct m3u8 *before, const struct m3u8 *list)
{
    assert_true(list->media_sequence >= before->media_sequence);
    assert_true(list->discontinuity_sequence >= before->discontinuity_sequence);
    assert_int_equal(list->target_duration_s, before->target_duration_s);
    assert_int_equal(list->part_target_us, before->part_target_us);
    assert_string_equal(list->server_control, before->server_control);
    for (size_t i = 0; i < before->count; i++) {
        const struct m3u8_segment *old = &before->segments[i];
        const struct m3u8_segment *now = m3u8_find(list, old->msn);
        if (now == NULL) {
            assert_true(old->msn < list->media_sequence);
            continue;
        }
        assert_int_equal(now->discontinuity_number, old->discontinuity_number);
        assert_string_equal(now->map, old->map);
        assert_string_equal(now->date, old->date);
        assert_true(old->duration_us < 0 || old->duration_us == now->duration_us);
        for (size_t k = 0; k < old->part_count && now->part_count > 0; k++) {
            assert_string_equal(now->parts[k].uri, old->parts[k].uri);
            assert_int_equal(now->parts[k].duration_us, old->parts[k].duration_us);
        }
    }
}

/* The part hinted at is the next one that is listed. */
static void check_hint(const struct m3u8 *before, const struct flow_viewer *viewer,
                       size_t parts_before)
{
    char uri[32];

    if (before->hint[0] != '\0' && viewer->part_count > parts_before) {
        snprintf(uri, sizeof(uri), "-p%" PRId64 ".m4s", viewer->parts[parts_before].number);
        if (strstr(before->hint, uri) == NULL) {
            fail_msg("%s was hinted at, %s came", before->hint, uri);
        }
    }
}

static void read_playlist(struct flow_viewer *viewer, struct ph_snapshot *snapshot,
                          size_t parts_before)
{
    const struct ph_buf *text = ph_snapshot_playlist(snapshot, PH_PLAYLIST_FULL, false);
    struct m3u8 *recycled = viewer->before;

    assert_non_null(text);
    assert_true(text->len < TEXT_BYTES);
    memcpy(viewer->text, text->data, text->len);
    viewer->text[text->len] = '\0';
    viewer->text_hash = mix(viewer->text_hash, text->data, text->len);
    viewer->before = viewer->list;
    viewer->list = recycled;
    m3u8_parse(viewer->list, text);
    assert_int_equal(viewer->list->skipped, -1);
    check_part_durations(viewer->list);
    check_dates(viewer->list);
    if (viewer->snapshots > 0) {
        check_unchanged(viewer->before, viewer->list);
        check_hint(viewer->before, viewer, parts_before);
    }
}

static void on_snapshot(void *arg, struct ph_snapshot *snapshot)
{
    struct flow *flow = arg;
    struct flow_viewer *viewer = &flow->viewers[snapshot->rendition];
    size_t parts_before = viewer->part_count;

    if (!flow->is_recording || snapshot->rendition == PH_RENDITION_TS) {
        return;
    }
    for (size_t i = 0; i < snapshot->count; i++) {
        take_segment(viewer, snapshot->segments[i], false);
    }
    if (snapshot->open != NULL) {
        take_segment(viewer, snapshot->open, true);
    }
    viewer->part_target = snapshot->part_target;
    read_playlist(viewer, snapshot, parts_before);
    if (snapshot->index != NULL) {
        viewer->text_hash = mix(viewer->text_hash, snapshot->index->data, snapshot->index->len);
    }
    viewer->snapshots++;
}

static const struct ph_packager_ops packager_ops = {.on_snapshot = on_snapshot};

/* ---- the server ---- */

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
    flow->channel_conf = (struct ph_conf_channel){"sinho", "s3cret", "Sìn Hồ", ""};
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
        flow->viewers[r].text = ph_alloc(TEXT_BYTES);
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

static void send_packet(struct flow *flow, const AVPacket *packet)
{
    if (flow->is_recording) {
        add_unit(&flow->sent[packet->stream_index],
                 (struct flow_unit){
                     .hash = hash_of(packet->data, (size_t)packet->size),
                     .dts = packet->dts,
                     .cts = packet->pts - packet->dts,
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
        send_packet(flow, packet);
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
    ph_channel_end(flow->channel, flow->now);
}

unsigned flow_count_log(const struct flow *flow, const char *text)
{
    unsigned count = 0;

    for (const char *at = flow->log; (at = strstr(at, text)) != NULL; at += strlen(text)) {
        count++;
    }
    return count;
}

/* ---- comparisons ---- */

static const struct flow_units *received(const struct flow *flow, enum ph_rendition rendition,
                                         int kind, size_t skipped)
{
    const struct flow_units *in = &flow->sent[kind];
    const struct flow_units *out = &flow->viewers[rendition].units[kind];

    if (in->count != out->count + skipped) {
        fail_msg("%s: %zu units of kind %d sent, %zu of them before the start, %zu came",
                 ph_rendition_name(rendition), in->count, kind, skipped, out->count);
    }
    for (size_t i = 0; i < out->count; i++) {
        if (in->at[skipped + i].hash != out->at[i].hash) {
            fail_msg("%s: unit %zu of kind %d is another one", ph_rendition_name(rendition), i,
                     kind);
        }
    }
    return out;
}

void flow_check_video(const struct flow *flow, size_t skipped)
{
    const struct flow_units *out = received(flow, PH_RENDITION_AV, PH_TRACK_VIDEO, skipped);
    const struct flow_unit *in = flow->sent[PH_TRACK_VIDEO].at + skipped;

    for (size_t i = 0; i < out->count; i++) {
        int64_t dts = out->at[i].dts - out->at[0].dts;
        if (dts != (in[i].dts - in[0].dts) * 90 || out->at[i].cts != in[i].cts * 90) {
            fail_msg("frame %zu: sent at %" PRId64 " ms with cts %" PRId64 ", came at %" PRId64
                     " with %" PRId64,
                     i, in[i].dts - in[0].dts, in[i].cts, dts, out->at[i].cts);
        }
        assert_true(out->at[i].duration > 0);
    }
}

void flow_check_audio(const struct flow *flow, enum ph_rendition rendition, size_t skipped,
                      int sample_rate, double tolerance_ms)
{
    const struct flow_units *out = received(flow, rendition, PH_TRACK_AUDIO, skipped);
    const struct flow_unit *in = flow->sent[PH_TRACK_AUDIO].at + skipped;

    for (size_t i = 0; i < out->count; i++) {
        double off = (double)(out->at[i].dts - out->at[0].dts) * 1000 / sample_rate -
                     (double)(in[i].dts - in[0].dts);
        if (fabs(off) > tolerance_ms) {
            fail_msg("audio packet %zu is %.2f ms off", i, off);
        }
        /* One packet ends where the next one begins. */
        if (i > 0 && out->at[i].dts != out->at[i - 1].dts + out->at[i - 1].duration) {
            fail_msg("audio packet %zu begins %" PRId64 " samples beside the end of the last", i,
                     out->at[i].dts - out->at[i - 1].dts - out->at[i - 1].duration);
        }
        assert_int_equal(out->at[i].cts, 0);
    }
}

void flow_check_sync(const struct flow *flow, size_t skipped_video, size_t skipped_audio,
                     int sample_rate, double tolerance_ms)
{
    const struct flow_units *came = flow->viewers[PH_RENDITION_AV].units;
    const struct flow_unit *video = &flow->sent[PH_TRACK_VIDEO].at[skipped_video];
    const struct flow_unit *audio = &flow->sent[PH_TRACK_AUDIO].at[skipped_audio];
    double in = (double)(audio->dts - video->dts);
    double out = (double)came[PH_TRACK_AUDIO].at[0].dts * 1000 / sample_rate -
                 (double)came[PH_TRACK_VIDEO].at[0].dts / 90;

    if (fabs(in - out) > tolerance_ms) {
        fail_msg("audio was %.1f ms after video and is %.1f ms after it", in, out);
    }
}
