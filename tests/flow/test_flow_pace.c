/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frame rates and GOPs, with timestamps that RTMP has rounded to milliseconds: parts come out as
 * long as low latency needs them (every playlist on the way is checked, see flow.h), segments
 * begin where they should, and an operator is told of GOPs that are too long.
 */
#include "flow.h"

#include <inttypes.h>

#define MS PH_USEC_PER_MS
#define S PH_USEC_PER_S

static const AVRational rates[] = {{15, 1},       {24, 1}, {24000, 1001}, {25, 1},
                                   {30000, 1001}, {30, 1}, {50, 1},       {60, 1}};

struct show {
    AVRational fps;
    unsigned part_ms;
    int gop; /* frames */
    bool has_audio;
    bool has_b_frames;
};

static struct flow *play(const struct show *show, ph_usec duration)
{
    struct camera camera;
    struct flow *flow = flow_create();

    flow->conf.hls.part_ms = show->part_ms;
    camera_open(&camera, "h264_bframes_aac.mp4", "h264_bframes_aac.mp4");
    camera.fps = show->fps;
    camera.gop = show->gop;
    camera.has_audio = show->has_audio;
    camera.has_b_frames = show->has_b_frames;
    flow_begin(flow);
    flow_publish(flow, &camera);
    flow_play(flow, &camera, duration);
    flow_unpublish(flow);
    assert_int_equal(flow_check_video(flow, 0), 0);
    assert_int_equal(flow->ffmpeg_lines, 0);
    camera_close(&camera);
    return flow;
}

/* As near to what is configured as whole frames allow, and never more than half a frame off. */
static void check_part_target(const struct flow *flow, const struct show *show)
{
    double frame_ms = 1000 / av_q2d(show->fps);
    double target_ms = (double)flow->viewers[PH_RENDITION_AV].part_target / 1000;
    double most = show->part_ms > frame_ms ? show->part_ms + frame_ms / 2 : frame_ms;

    if (target_ms > most + 3.1 || target_ms < show->part_ms - frame_ms / 2) {
        fail_msg("%.3f fps: parts of %u ms are %.0f ms long", av_q2d(show->fps), show->part_ms,
                 target_ms);
    }
}

static void parts_of_every_frame_rate(void **state)
{
    static const unsigned parts_ms[] = {100, 200, 250, 333, 500, 1000};

    (void)state;
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        for (size_t k = 0; k < sizeof(parts_ms) / sizeof(parts_ms[0]); k++) {
            int second = (rates[i].num + rates[i].den / 2) / rates[i].den;
            const struct show show = {rates[i], parts_ms[k], 2 * second, k != 1, k % 2 == 0};
            struct flow *flow = play(&show, 20 * S);
            check_part_target(flow, &show);
            flow_destroy(&flow);
        }
    }
}

/* Phones stamp frames when the sensor, or the scheduler, gives them away. */
static void parts_of_a_jittering_camera(void **state)
{
    static const unsigned jitters_ms[] = {1, 3, 7, 12, 20};

    (void)state;
    for (size_t i = 0; i < sizeof(jitters_ms) / sizeof(jitters_ms[0]); i++) {
        struct camera camera;
        struct flow *flow = flow_create();
        camera_open(&camera, "h264_bframes_aac.mp4", "h264_bframes_aac.mp4");
        camera.jitter_ms = jitters_ms[i];
        flow_begin(flow);
        flow_publish(flow, &camera);
        flow_play(flow, &camera, 60 * S);
        flow_unpublish(flow);
        assert_int_equal(flow_check_video(flow, 0), 0);
        assert_int_equal(flow->ffmpeg_lines, 0);
        camera_close(&camera);
        flow_destroy(&flow);
    }
}

struct gop_result {
    size_t segments;
    size_t dependent; /* that do not begin with a key frame */
    ph_usec shortest;
    ph_usec longest;
};

/*
 * Of the segments but the last, which ended with the session, and the first: while the GOP is not
 * known yet, a key frame that would leave a part too short ends the segment.
 */
static struct gop_result measure(const struct flow *flow)
{
    const struct flow_viewer *viewer = &flow->viewers[PH_RENDITION_AV];
    struct gop_result result = {.shortest = INT64_MAX};
    ph_usec duration = 0;

    int64_t last = viewer->parts[viewer->part_count - 1].msn;

    for (size_t i = 0; viewer->parts[i].msn < last; i++) {
        const struct flow_part *part = &viewer->parts[i];
        if (part->msn == viewer->parts[0].msn) {
            continue;
        }
        duration += part->duration;
        result.dependent += part->is_first && !part->is_independent;
        if (part->is_last) {
            result.segments++;
            result.shortest = duration < result.shortest ? duration : result.shortest;
            result.longest = duration > result.longest ? duration : result.longest;
            duration = 0;
        }
    }
    return result;
}

/* The measured distance, as the warning says it; -1 if there is no warning. */
static double warned_gop_s(const struct flow *flow)
{
    const char *line = strstr(flow->log, "event=channel.gop_long");
    const char *field = line != NULL ? strstr(line, " gop_s=") : NULL;

    return field != NULL ? strtod(field + 7, NULL) : -1;
}

static void gops_that_fit_into_segments(void **state)
{
    static const int gops_ms[] = {500, 1000, 2000, 2300};

    (void)state;
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        for (size_t k = 0; k < sizeof(gops_ms) / sizeof(gops_ms[0]); k++) {
            int gop = (int)(av_q2d(rates[i]) * gops_ms[k] / 1000 + 0.5);
            const struct show show = {rates[i], 250, gop, true, false};
            struct flow *flow = play(&show, 30 * S);
            struct gop_result result = measure(flow);
            assert_int_equal(result.dependent, 0);
            assert_in_range(result.shortest, 1900 * MS, 2450 * MS);
            assert_in_range(result.longest, 1900 * MS, 2450 * MS);
            assert_int_equal(flow_count_log(flow, "channel.gop_long"), 0);
            flow_destroy(&flow);
        }
    }
}

/* Segments are cut nevertheless, and whoever can change the setting is told once. */
static void gops_that_are_too_long(void **state)
{
    static const int gops_s[] = {3, 4, 10};

    (void)state;
    for (size_t k = 0; k < sizeof(gops_s) / sizeof(gops_s[0]); k++) {
        const struct show show = {{30, 1}, 250, 30 * gops_s[k], true, true};
        struct flow *flow = play(&show, 70 * S);
        struct gop_result result = measure(flow);
        double told = warned_gop_s(flow);
        assert_true(result.longest < 2500 * MS);
        assert_true(result.dependent > 0);
        assert_int_equal(flow_count_log(flow, "event=channel.gop_long"), 1);
        assert_int_equal(flow_count_log(flow, "level=warn"), 1);
        print_message("GOP of %d s: %zu segments, %zu dependent, %.1f..%.1f s; told %.3f s\n",
                      gops_s[k], result.segments, result.dependent, (double)result.shortest / S,
                      (double)result.longest / S, told);
        if (told < gops_s[k] - 0.05 || told > gops_s[k] + 0.05) {
            fail_msg("a GOP of %d s is said to be of %.3f s", gops_s[k], told);
        }
        flow_destroy(&flow);
    }
}

/* Nobody waits a minute for a key frame that may never come. */
static void hardly_any_key_frames(void **state)
{
    const struct show show = {{30, 1}, 250, 30 * 60, true, true};

    (void)state;
    struct flow *flow = play(&show, 14 * S);
    assert_int_equal(flow_count_log(flow, "event=channel.gop_long"), 0);
    flow_destroy(&flow);
    flow = play(&show, 70 * S);
    assert_int_equal(flow_count_log(flow, "event=channel.gop_long"), 1);
    assert_int_equal(flow_count_log(flow, " gop_s_so_far=15.0"), 1);
    flow_destroy(&flow);
}

static void a_new_session_is_told_anew(void **state)
{
    struct camera camera;
    struct flow *flow = flow_create();

    (void)state;
    camera_open(&camera, "h264_bframes_aac.mp4", "h264_bframes_aac.mp4");
    camera.gop = 150;
    flow_begin(flow);
    for (unsigned session = 1; session <= 3; session++) {
        flow_publish(flow, &camera);
        flow_play(flow, &camera, 20 * S);
        flow_cut(flow);
        assert_int_equal(flow_count_log(flow, "event=channel.gop_long"), session);
        camera_restart(&camera);
        flow_wait(flow, 5 * S);
    }
    camera_close(&camera);
    flow_destroy(&flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_of_every_frame_rate),
        cmocka_unit_test(parts_of_a_jittering_camera),
        cmocka_unit_test(gops_that_fit_into_segments),
        cmocka_unit_test(gops_that_are_too_long),
        cmocka_unit_test(hardly_any_key_frames),
        cmocka_unit_test(a_new_session_is_told_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
