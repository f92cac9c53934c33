/* SPDX-License-Identifier: Apache-2.0 */
/* An hour on air, in seconds of ours: playlists stay as long as configured, times stay true. */
#include "flow.h"

#define S PH_USEC_PER_S
#define MINUTE (60 * S)

static double listed_s(const struct m3u8 *list)
{
    int64_t sum = 0;

    for (size_t i = 0; i < list->count; i++) {
        sum += list->segments[i].duration_us > 0 ? list->segments[i].duration_us : 0;
    }
    return (double)sum / S;
}

static void check_window(const struct flow *flow)
{
    for (int r = PH_RENDITION_AV; r <= PH_RENDITION_AUDIO; r++) {
        double listed = listed_s(flow->viewers[r].list);
        if (listed < flow->conf.hls.window_s || listed > flow->conf.hls.window_s + 2.1) {
            fail_msg("%.1f s are listed instead of %u", listed, flow->conf.hls.window_s);
        }
    }
}

static void play_minutes(unsigned window_s, int minutes)
{
    struct camera camera;
    struct flow *flow = flow_create();

    flow->conf.hls.window_s = window_s;
    camera_open(&camera, "h264_bframes_aac.mp4", "h264_bframes_aac.mp4");
    camera.fps = (AVRational){15, 1};
    camera.gop = 30;
    flow_begin(flow);
    flow_publish(flow, &camera);
    flow_play(flow, &camera, 3 * MINUTE);
    for (int minute = 3; minute < minutes; minute++) {
        check_window(flow);
        flow_play(flow, &camera, MINUTE);
    }
    flow_unpublish(flow);
    assert_int_equal(flow_check_video(flow, 0), 0);
    assert_int_equal(flow_check_audio(flow, PH_RENDITION_AUDIO, 0, 48000, 1.6), 0);
    flow_check_sync(flow, 48000, 1.6);
    camera_close(&camera);
    flow_destroy(&flow);
}

static void the_window_stays_as_configured(void **state)
{
    (void)state;
    play_minutes(6, 6);
    play_minutes(30, 60);
    play_minutes(120, 6);
}

/* Of a window that does not fit, as much as does. */
static void bytes_stay_within_their_limit(void **state)
{
    struct camera camera;
    struct flow *flow = flow_create();
    size_t most = 0;

    (void)state;
    flow->conf.hls.max_channel_bytes = 300000;
    flow->conf.hls.window_s = 120;
    camera_open(&camera, "h264_bframes_aac.mp4", "h264_bframes_aac.mp4");
    flow_begin(flow);
    ph_packager_want(flow->packager, PH_RENDITION_TS, true);
    flow_publish(flow, &camera);
    for (int i = 0; i < 20 * 4; i++) {
        flow_play(flow, &camera, MINUTE / 4);
        size_t bytes = ph_packager_bytes(flow->packager);
        most = bytes > most ? bytes : most;
    }
    assert_in_range(most, 200000, 300000);
    double listed = listed_s(flow->viewers[PH_RENDITION_AV].list);
    print_message("%zu bytes at most, %.1f s listed\n", most, listed);
    assert_true(listed > 8 && listed < 100);
    flow_unpublish(flow);
    assert_int_equal(flow_check_video(flow, 0), 0);
    camera_close(&camera);
    flow_destroy(&flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_window_stays_as_configured),
        cmocka_unit_test(bytes_stay_within_their_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
