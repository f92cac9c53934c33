/* SPDX-License-Identifier: Apache-2.0 */
#include "torture.h"

#include "torture_check.h"

#include <phien/core/mem.h>

#include <stdlib.h>

enum { GOP_MS = 2000 };

static const char H264_AAC[] = "h264_bframes_aac.mp4";

struct torture {
    const struct torture_row *row;
    bool is_ts;
    struct flow *flow;
    struct camera camera;
    struct flow_ts ts;
    struct media_file portrait;
    ph_usec life_began; /* by the source's clock, that of the encoder's last start */
    bool has_restarted;
};

static void open_camera(struct torture *t, const struct torture_source *source)
{
    struct camera *camera = &t->camera;
    AVCodecParameters *audio = NULL;

    camera_open(camera, H264_AAC, H264_AAC);
    camera->fps = (AVRational){source->fps, 1};
    camera->gop = source->fps * GOP_MS / 1000;
    camera->has_b_frames = source->has_b_frames;
    audio = camera->audio_par;
    if (source->sample_rate == 44100) {
        /* AudioSpecificConfig: AAC-LC, one channel. */
        memcpy(audio->extradata, "\x12\x08", 2);
        audio->sample_rate = 44100;
        camera->sound = (AVRational){1024, 44100};
    }
    assert_int_equal(audio->sample_rate, source->sample_rate);
}

static void publish(struct torture *t)
{
    struct flow *flow = t->flow;
    const struct torture_row *row = t->row;

    if (t->is_ts) {
        flow_ts_open(&t->ts, flow, &t->camera);
        return;
    }
    flow->publisher_conf.start_ms = (uint32_t)row->start_ms;
    flow->publisher_conf.omits_extended = row->omits_extended;
    flow->publisher_conf.is_terse = row->is_terse;
    flow->publisher_conf.chunk_size = 0; /* 128: every key frame has continuations */
    flow_publish(flow, &t->camera);
}

static void shift(const struct torture *t, ph_usec now, AVPacket *packet)
{
    const struct torture_row *row = t->row;
    int64_t ms = 0;

    for (size_t i = 0; i < sizeof(row->shifts) / sizeof(row->shifts[0]); i++) {
        const struct torture_shift *step = &row->shifts[i];
        if (step->at_ms != 0 && now >= step->at_ms * PH_USEC_PER_MS) {
            ms = step->ms[packet->stream_index];
        }
    }
    packet->dts += ms;
    packet->pts += ms;
}

static void send(struct torture *t, AVPacket *packet)
{
    const struct torture_row *row = t->row;
    struct flow_units *sent = &t->flow->sent[packet->stream_index];
    ph_usec source = t->life_began + t->camera.now_us;
    ph_usec shown = source + (packet->pts - packet->dts) * PH_USEC_PER_MS;

    if (packet->stream_index == PH_TRACK_AUDIO) {
        packet->dts += row->audio_late_ms;
        packet->pts += row->audio_late_ms;
        shown += row->audio_late_ms * PH_USEC_PER_MS;
    }
    shift(t, source, packet);
    bool is_odd = row->warp != NULL && row->warp(source / PH_USEC_PER_MS, packet);
    if (t->is_ts) {
        int64_t start = t->has_restarted ? 0 : row->start_ms * 90 + row->start_ticks;
        flow_ts_send(&t->ts, packet, packet->pts * 90 + start, packet->dts * 90 + start);
    } else {
        flow_send_packet(t->flow, packet);
    }
    sent->at[sent->count - 1].shown = shown;
    sent->at[sent->count - 1].is_odd = is_odd;
}

static void restart(struct torture *t)
{
    struct camera *camera = &t->camera;

    flow_wait(t->flow, t->row->away_ms * PH_USEC_PER_MS);
    t->life_began += camera->now_us + t->row->away_ms * PH_USEC_PER_MS;
    t->has_restarted = true;
    if (t->row->is_turned) {
        camera->video = &t->portrait;
        camera->video_par = t->portrait.tracks[PH_TRACK_VIDEO];
    }
    camera_restart(camera);
    if (t->is_ts) {
        flow_ts_restart(&t->ts, camera, !t->row->keeps_tables);
        return;
    }
    flow_send_track(t->flow, camera->video_par, 0);
    flow_send_track(t->flow, camera->audio_par, 0);
}

/* Tracks that are not there yet. */
static void set_tracks(struct torture *t)
{
    const struct torture_row *row = t->row;
    int64_t now_ms = t->camera.now_us / PH_USEC_PER_MS;

    t->camera.has_video = !row->lacks[PH_TRACK_VIDEO] && now_ms >= row->begins_ms[PH_TRACK_VIDEO];
    t->camera.has_audio = !row->lacks[PH_TRACK_AUDIO] && now_ms >= row->begins_ms[PH_TRACK_AUDIO];
}

static void play(struct torture *t)
{
    struct camera *camera = &t->camera;
    ph_usec length =
        (t->row->length_ms > 0 ? t->row->length_ms : TORTURE_LENGTH_MS) * (ph_usec)PH_USEC_PER_MS;

    while (t->life_began + camera->now_us < length) {
        ph_usec last = camera->now_us;
        set_tracks(t);
        (void)camera_next(camera);
        flow_wait(t->flow, camera->now_us - last);
        send(t, camera->packet);
        if (t->row->restart_ms > 0 && !t->has_restarted &&
            camera->now_us >= t->row->restart_ms * PH_USEC_PER_MS) {
            restart(t);
        }
    }
}

static void run(const struct torture_row *row, enum torture_wire wire,
                const struct torture_source *source)
{
    struct torture t = {.row = row, .is_ts = wire == TORTURE_WIRE_TS, .flow = flow_create()};

    print_message("%d fps%s, %d Hz\n", source->fps, source->has_b_frames ? " with B-frames" : "",
                  source->sample_rate);
    open_camera(&t, source);
    assert_int_equal(media_file_read(&t.portrait, "tests/golden/media/h264_portrait.mp4"), PH_OK);
    flow_begin(t.flow);
    t.camera.has_video = !row->lacks[PH_TRACK_VIDEO];
    t.camera.has_audio = !row->lacks[PH_TRACK_AUDIO];
    publish(&t);
    play(&t);
    if (t.is_ts) {
        flow_ts_close(&t.ts);
    } else {
        flow_unpublish(t.flow);
    }
    torture_check(t.flow, row, source);
    camera_close(&t.camera);
    media_file_fini(&t.portrait);
    flow_destroy(&t.flow);
}

static void run_row(const struct torture_row *row, enum torture_wire wire)
{
    static const struct torture_source sources[] = {
        {.fps = 30, .has_b_frames = true, .sample_rate = 48000},
        {.fps = 25, .has_b_frames = false, .sample_rate = 44100},
        {.fps = 25, .has_b_frames = true, .sample_rate = 44100},
        {.fps = 30, .has_b_frames = false, .sample_rate = 48000},
    };

    /* What takes long is seen with two of them. */
    size_t count = row->length_ms > TORTURE_LENGTH_MS ? 2 : sizeof(sources) / sizeof(sources[0]);
    for (size_t i = 0; i < count; i++) {
        run(row, wire, &sources[i]);
    }
}

static void run_over_rtmp(void **state)
{
    run_row(*state, TORTURE_WIRE_RTMP);
}

static void run_over_ts(void **state)
{
    run_row(*state, TORTURE_WIRE_TS);
}

int torture_main(const char *group, enum torture_wire wire)
{
    struct CMUnitTest *tests = ph_new_array(struct CMUnitTest, torture_row_count);
    size_t count = 0;

    for (size_t i = 0; i < torture_row_count; i++) {
        const struct torture_row *row = &torture_rows[i];
        if (row->only == TORTURE_WIRE_NONE || row->only == wire) {
            tests[count++] = (struct CMUnitTest){
                .name = row->name,
                .test_func = wire == TORTURE_WIRE_TS ? run_over_ts : run_over_rtmp,
                .initial_state = (void *)(uintptr_t)row,
            };
        }
    }
    int failed = _cmocka_run_group_tests(group, tests, count, NULL, NULL);
    free(tests);
    return failed;
}
