/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a session may cost, whatever it sends: never more than hls.max_channel_mb of media, and
 * what is left of the window can still be played.
 */
#include "flow.h"

#include <phien/core/mem.h>

#include <libavutil/intreadwrite.h>

#define MS PH_USEC_PER_MS
#define S PH_USEC_PER_S
#define MB (1 << 20)

/*
 * Lets pictures be larger, by filler data (H.264 section 7.3.2.7) behind what is in them. Both
 * numbers are bytes that are added to each.
 */
static void swell(struct camera *camera, int key_bytes, int other_bytes)
{
    struct media_file *file = &camera->files[0];

    for (size_t i = 0; i < file->count; i++) {
        AVPacket *packet = file->packets[i];
        int size = packet->size;
        int more = packet->flags & AV_PKT_FLAG_KEY ? key_bytes : other_bytes;
        if (packet->stream_index != PH_TRACK_VIDEO || more < 16) {
            continue;
        }
        assert_int_equal(av_grow_packet(packet, more), 0);
        memset(packet->data + size, 0xff, (size_t)more);
        AV_WB32(packet->data + size, (uint32_t)more - 4);
        packet->data[size + 4] = 12;
        packet->data[size + more - 1] = 0x80;
    }
}

/* How many kilobits a second the camera sends so. */
static double kbps_of(const struct camera *camera, int key_bytes, int other_bytes)
{
    double fps = av_q2d(camera->fps);
    double keys = fps / camera->gop;

    return 8e-3 * (keys * key_bytes + (fps - keys) * other_bytes);
}

/* The extremes that were seen. */
struct seen {
    size_t most_bytes;
    ph_usec least_listed;
    ph_usec longest;
    struct m3u8 list;
};

/* The playlist as it is now. */
static void look(struct flow *flow, enum ph_rendition rendition, struct seen *seen)
{
    struct ph_snapshot *snapshot = ph_packager_snapshot(flow->packager, rendition);
    size_t bytes = ph_packager_bytes(flow->packager);
    ph_usec listed = 0;

    assert_non_null(snapshot);
    m3u8_parse(&seen->list, ph_snapshot_playlist(snapshot, PH_PLAYLIST_FULL, false));
    ph_snapshot_unref(&snapshot);
    for (size_t i = 0; i < seen->list.count; i++) {
        ph_usec duration = seen->list.segments[i].duration_us;
        listed += duration > 0 ? duration : 0;
        seen->longest = duration > seen->longest ? duration : seen->longest;
    }
    seen->least_listed =
        listed < seen->least_listed || seen->least_listed == 0 ? listed : seen->least_listed;
    seen->most_bytes = bytes > seen->most_bytes ? bytes : seen->most_bytes;
}

/* Plays, and looks again and again. */
static void watch(struct flow *flow, struct camera *camera, ph_usec duration, struct seen *seen)
{
    for (ph_usec at = 0; at < duration; at += 250 * MS) {
        flow_play(flow, camera, 250 * MS);
        look(flow, PH_RENDITION_AV, seen);
    }
}

static struct flow *begin(struct camera *camera, size_t max_channel_mb)
{
    struct flow *flow = flow_create();

    flow->is_recording = false;
    flow->conf.hls.max_channel_bytes = (unsigned)max_channel_mb * MB;
    camera_open(camera, "h264_bframes_aac.mp4", "h264_bframes_aac.mp4");
    flow_begin(flow);
    ph_packager_want(flow->packager, PH_RENDITION_TS, true);
    return flow;
}

static void end(struct flow *flow, struct camera *camera)
{
    assert_int_equal(flow->ffmpeg_lines, 0);
    camera_close(camera);
    flow_destroy(&flow);
}

static void report(const char *what, const struct seen *seen, size_t max_channel_mb)
{
    print_message("%s: at most %.1f of %zu MB; at least %.1f s listed; segments of up to %.2f s\n",
                  what, (double)seen->most_bytes / MB, max_channel_mb,
                  (double)seen->least_listed / S, (double)seen->longest / S);
}

/* 1.9 Mbit/s, and then 19 of them, which is just below the default of rtmp.max_bitrate_kbps. */
static void ten_times_the_usual_bitrate(void **state)
{
    enum { CAP_MB = 64, USUAL_BYTES = 8000 };
    struct camera camera;
    struct flow *flow = begin(&camera, CAP_MB);
    struct seen usual = {0};
    struct seen tenfold = {0};
    struct seen after = {0};

    (void)state;
    swell(&camera, USUAL_BYTES, USUAL_BYTES);
    flow_publish(flow, &camera);
    flow_play(flow, &camera, 40 * S);
    watch(flow, &camera, 10 * S, &usual);
    swell(&camera, 9 * USUAL_BYTES, 9 * USUAL_BYTES);
    watch(flow, &camera, 60 * S, &tenfold);
    flow_play(flow, &camera, 5 * S);
    camera_close(&camera);
    report("usual", &usual, CAP_MB);
    report("tenfold", &tenfold, CAP_MB);
    assert_true(usual.least_listed >= 30 * S - 2500 * MS);
    assert_true(usual.most_bytes < 32 * MB);
    assert_true(tenfold.most_bytes > 2 * usual.most_bytes);
    assert_true(tenfold.most_bytes <= (size_t)CAP_MB * MB);
    assert_true(tenfold.least_listed >= 3 * (ph_usec)tenfold.list.target_duration_s * S);
    assert_true(tenfold.longest < 2500 * MS);

    /* And back: what was kept of it makes place for a whole window again. */
    flow_cut(flow);
    camera_open(&camera, "h264_bframes_aac.mp4", "h264_bframes_aac.mp4");
    swell(&camera, USUAL_BYTES, USUAL_BYTES);
    flow_publish(flow, &camera);
    flow_play(flow, &camera, 100 * S);
    watch(flow, &camera, 10 * S, &after);
    report("usual again", &after, CAP_MB);
    assert_true(after.most_bytes < 40 * MB);
    assert_true(after.least_listed >= 30 * S - 2500 * MS);
    end(flow, &camera);
}

struct load {
    size_t cap_mb;
    int key_bytes;
    int other_bytes;
    int gop_s;
    ph_usec least_listed; /* what the cap allows */
};

static void check_load(const struct load *load)
{
    char what[96];
    struct seen seen = {0};
    struct camera camera;
    struct flow *flow = begin(&camera, load->cap_mb);

    camera.gop = 30 * load->gop_s;
    swell(&camera, load->key_bytes, load->other_bytes);
    flow_publish(flow, &camera);
    flow_play(flow, &camera, 40 * S);
    watch(flow, &camera, load->gop_s > 2 ? 64 * S : 20 * S, &seen);
    snprintf(what, sizeof(what), "a key frame of %d kB every %d s, %.0f kbit/s",
             load->key_bytes / 1000, load->gop_s,
             kbps_of(&camera, load->key_bytes, load->other_bytes));
    report(what, &seen, load->cap_mb);
    assert_true(seen.most_bytes <= load->cap_mb * MB);
    assert_true(seen.longest < 2500 * MS);
    assert_true(seen.least_listed >= load->least_listed);
    assert_int_equal(flow_count_log(flow, "event=channel.gop_long"), load->gop_s > 2);
    end(flow, &camera);
}

static void a_key_frame_a_minute(void **state)
{
    static const struct load loads[] = {
        {64, 0, 0, 60, 27 * S},
        {64, 4000000, 8000, 60, 12 * S},
        {64, 7900000, 40000, 60, 6 * S}, /* a message of RTMP may have 8 MiB */
        {8, 1000000, 8000, 60, 3 * S},
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(loads); i++) {
        check_load(&loads[i]);
    }
}

/* More than any camera sends, and more than the cap has room for: there is always something. */
static void key_frames_that_are_too_large(void **state)
{
    static const struct load loads[] = {
        {64, 4000000, 40000, 2, 4 * S},
        {64, 7900000, 0, 2, 2 * S},
        {8, 400000, 70000, 2, 1 * S},
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(loads); i++) {
        check_load(&loads[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_times_the_usual_bitrate),
        cmocka_unit_test(a_key_frame_a_minute),
        cmocka_unit_test(key_frames_that_are_too_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
