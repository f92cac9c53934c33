/* SPDX-License-Identifier: Apache-2.0 */
#include "flow_ts.h"

#include <libavutil/intreadwrite.h>

enum { MESSAGE_BYTES = 7 * TS_PACKET, PMT_PID = 0x1000, VIDEO_PID = 0x100, AUDIO_PID = 0x101 };
enum { UNIT_BYTES_MAX = 65536, ADTS_BYTES = 7 };

/* The same access unit as MPEG-TS carries it, and as it is to come out of the session. */
struct unit {
    struct ph_writer wire;
    struct ph_writer whole;
};

static void on_track(void *arg, struct ph_track *track)
{
    struct flow_ts *ts = arg;

    ph_channel_track(ts->flow->channel, track, ts->flow->now);
}

static void on_packet(void *arg, const AVPacket *packet)
{
    struct flow_ts *ts = arg;

    assert_int_equal(ph_channel_packet(ts->flow->channel, packet, ts->flow->now), PH_OK);
}

static void feed(struct flow_ts *ts)
{
    const struct ph_writer *out = &ts->writer.out;

    while (out->len > ts->fed) {
        size_t len = out->len - ts->fed < MESSAGE_BYTES ? out->len - ts->fed : MESSAGE_BYTES;
        assert_int_equal(
            ph_srt_session_feed(ts->session, ts->flow->now.mono, out->data + ts->fed, len, 0),
            PH_OK);
        ts->fed += len;
    }
    ts->writer.out.len = 0;
    ts->fed = 0;
}

static void send_tables(struct flow_ts *ts)
{
    struct ts_entry entries[2];
    struct ts_table table = {
        .pid = PMT_PID, .program = 1, .version = ts->version, .entries = entries};

    if (ts->has[PH_TRACK_VIDEO]) {
        entries[table.count++] = (struct ts_entry){.stream_type = 0x1b, .pid = VIDEO_PID};
    }
    if (ts->has[PH_TRACK_AUDIO]) {
        entries[table.count++] = (struct ts_entry){.stream_type = 0x0f, .pid = AUDIO_PID};
    }
    ts_write_tables(&ts->writer, &table);
    feed(ts);
}

static void take_tracks(struct flow_ts *ts, const struct camera *camera)
{
    ts->has[PH_TRACK_VIDEO] = camera->has_video;
    ts->has[PH_TRACK_AUDIO] = camera->has_audio;
    ts->tracks[PH_TRACK_VIDEO] = camera->video_par;
    ts->tracks[PH_TRACK_AUDIO] = camera->audio_par;
}

void flow_ts_open(struct flow_ts *ts, struct flow *flow, const struct camera *camera)
{
    static const struct ph_srt_session_ops ops = {.on_track = on_track, .on_packet = on_packet};

    *ts = (struct flow_ts){.flow = flow};
    ts_writer_init(&ts->writer);
    ph_channel_begin(flow->channel, "flow", flow->now);
    assert_int_equal(ph_srt_session_create(&ts->session, &ph_srt_limits_default,
                                           PH_CONF_ON_LOSS_DROP, &ops, ts, flow->now.mono),
                     PH_OK);
    take_tracks(ts, camera);
    send_tables(ts);
}

void flow_ts_close(struct flow_ts *ts)
{
    ph_srt_session_flush(ts->session, ts->flow->now.mono);
    ph_srt_session_destroy(&ts->session);
    ph_channel_end(ts->flow->channel, false, ts->flow->now);
    ts_writer_fini(&ts->writer);
}

void flow_ts_restart(struct flow_ts *ts, const struct camera *camera, bool is_new_version)
{
    memset(ts->writer.counters, 0, sizeof(ts->writer.counters));
    ts->version = (uint8_t)((ts->version + is_new_version) % 32);
    take_tracks(ts, camera);
    send_tables(ts);
}

static void add_nal(struct unit *unit, const uint8_t *nal, size_t len)
{
    ph_write_u32(&unit->wire, 1);
    ph_write_bytes(&unit->wire, nal, len);
    ph_write_u32(&unit->whole, (uint32_t)len);
    ph_write_bytes(&unit->whole, nal, len);
}

/* The parameter sets of an avcC (ISO/IEC 14496-15 section 5.3.3.1): one of each. */
static void add_parameter_sets(struct unit *unit, const AVCodecParameters *par)
{
    const uint8_t *avcc = par->extradata;
    size_t sps_len = AV_RB16(avcc + 6);
    const uint8_t *pps = avcc + 8 + sps_len + 1;

    add_nal(unit, avcc + 8, sps_len);
    add_nal(unit, pps + 2, AV_RB16(pps));
}

static void make_video(struct unit *unit, const AVCodecParameters *par, const AVPacket *packet)
{
    static const uint8_t delimiter[] = {9, 0xf0};
    int pos = 0;

    add_nal(unit, delimiter, sizeof(delimiter));
    if (packet->flags & AV_PKT_FLAG_KEY) {
        add_parameter_sets(unit, par);
    }
    while (pos + 4 <= packet->size) {
        uint32_t len = AV_RB32(packet->data + pos);
        assert_true(len <= (uint32_t)(packet->size - pos - 4));
        add_nal(unit, packet->data + pos + 4, len);
        pos += 4 + (int)len;
    }
}

/* ISO/IEC 14496-3 section 1.A.2.2.1: AAC-LC, one channel. */
static void make_audio(struct unit *unit, const AVCodecParameters *par, const AVPacket *packet)
{
    uint32_t rate = par->sample_rate == 44100 ? 4 : 3;
    uint32_t len = (uint32_t)packet->size + ADTS_BYTES;

    ph_write_u16(&unit->wire, 0xfff1);
    ph_write_u8(&unit->wire, (uint8_t)(1 << 6 | rate << 2));
    ph_write_u32(&unit->wire, UINT32_C(1) << 30 | len << 13 | 0x7ff << 2);
    ph_write_bytes(&unit->wire, packet->data, (size_t)packet->size);
    ph_write_bytes(&unit->whole, packet->data, (size_t)packet->size);
}

void flow_ts_send(struct flow_ts *ts, const AVPacket *packet, int64_t pts, int64_t dts)
{
    bool is_video = packet->stream_index == PH_TRACK_VIDEO;
    const AVCodecParameters *par = ts->tracks[packet->stream_index];
    struct unit unit;

    ph_writer_init(&unit.wire, UNIT_BYTES_MAX);
    ph_writer_init(&unit.whole, UNIT_BYTES_MAX);
    if (is_video) {
        make_video(&unit, par, packet);
    } else {
        make_audio(&unit, par, packet);
    }
    assert_false(unit.wire.failed || unit.whole.failed);
    flow_add_unit(&ts->flow->sent[packet->stream_index],
                  (struct flow_unit){.hash = flow_hash(unit.whole.data, unit.whole.len),
                                     .dts = dts / 90,
                                     .cts = (pts - dts) / 90});
    ts_write_pes(&ts->writer, &(struct ts_pes){.pid = is_video ? VIDEO_PID : AUDIO_PID,
                                               .stream_id = is_video ? 0xe0 : 0xc0,
                                               .pts = pts,
                                               .dts = dts,
                                               .data = unit.wire.data,
                                               .len = unit.wire.len});
    ph_writer_fini(&unit.wire);
    ph_writer_fini(&unit.whole);
    feed(ts);
}
