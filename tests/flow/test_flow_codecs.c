/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of RTMP in, boxes out: whatever the codecs, every access unit leaves as it came, and
 * playlists keep their promises while it does.
 */
#include "flow.h"

enum { PLAY_S = 21 };

struct show {
    const char *video;
    const char *audio;
    int sample_rate;
    bool has_b_frames;
    bool is_enhanced;
};

static const struct show shows[] = {
    {"h264_bframes_aac.mp4", "h264_bframes_aac.mp4", 48000, true, false},
    {"h264_bframes_aac.mp4", "h264_bframes_aac.mp4", 48000, true, true},
    {"h264_bframes_aac.mp4", "av1_opus.mp4", 48000, true, true},
    {"hevc_ac3.mp4", "h264_bframes_aac.mp4", 48000, true, true},
    {"hevc_ac3.mp4", "hevc_ac3.mp4", 48000, true, true},
    {"av1_opus.mp4", "av1_opus.mp4", 48000, false, true},
    {"av1_opus.mp4", "h264_bframes_aac.mp4", 48000, false, true},
    {"h264_bframes_aac.mp4", NULL, 0, true, false},
    {"hevc_ac3.mp4", NULL, 0, true, true},
    {"av1_opus.mp4", NULL, 0, false, true},
    {NULL, "h264_bframes_aac.mp4", 48000, false, false},
    {NULL, "av1_opus.mp4", 48000, false, true},
    {NULL, "hevc_ac3.mp4", 48000, false, true},
};

static struct flow *play(const struct show *show, size_t step, ph_usec duration)
{
    struct camera camera;
    struct flow *flow = flow_create();

    flow->step = step;
    flow->publisher_conf.is_enhanced = show->is_enhanced;
    camera_open(&camera, show->video, show->audio);
    camera.has_b_frames = show->has_b_frames;
    flow_begin(flow);
    flow_publish(flow, &camera);
    flow_play(flow, &camera, duration);
    flow_unpublish(flow);
    camera_close(&camera);
    return flow;
}

static void check(const struct flow *flow, const struct show *show)
{
    if (show->video != NULL) {
        assert_int_equal(flow_check_video(flow, 0), 0);
    }
    if (show->audio != NULL) {
        /* What sounds before the first picture is shown has no picture: a frame with B-frames. */
        size_t early = flow_missing(flow, PH_TRACK_AUDIO);
        assert_in_range(early, 0, show->video != NULL && show->has_b_frames ? 2 : 0);
        for (int r = PH_RENDITION_AV; r <= PH_RENDITION_AUDIO; r++) {
            assert_int_equal(
                flow_check_audio(flow, (enum ph_rendition)r, early, show->sample_rate, 1.6), 0);
        }
    }
    if (show->video != NULL && show->audio != NULL) {
        flow_check_sync(flow, show->sample_rate, 1.6);
    }
    assert_int_equal(atomic_load(&flow->stats.value[PH_STAT_TIMELINE_JUMPS]), 0);
    assert_int_equal(flow_count_log(flow, "level=warn"), 0);
    assert_int_equal(flow_count_log(flow, "level=error"), 0);
    assert_int_equal(flow->ffmpeg_lines, 0);
}

static void every_access_unit_leaves_as_it_came(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(shows) / sizeof(shows[0]); i++) {
        struct flow *flow = play(&shows[i], 0, PLAY_S * PH_USEC_PER_S);
        print_message("%s with %s\n", shows[i].video != NULL ? shows[i].video : "nothing",
                      shows[i].audio != NULL ? shows[i].audio : "nothing");
        check(flow, &shows[i]);
        flow_destroy(&flow);
    }
}

/* However the network cuts the bytes up, the same playlists and the same media come of them. */
static void manner_of_arrival_does_not_matter(void **state)
{
    static const size_t steps[] = {1, 1448};

    (void)state;
    struct flow *whole = play(&shows[0], 0, 10 * PH_USEC_PER_S);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct flow *flow = play(&shows[0], steps[i], 10 * PH_USEC_PER_S);
        for (int r = PH_RENDITION_AV; r <= PH_RENDITION_AUDIO; r++) {
            const struct flow_viewer *want = &whole->viewers[r];
            const struct flow_viewer *got = &flow->viewers[r];
            assert_true(want->snapshots > 30);
            assert_int_equal(got->snapshots, want->snapshots);
            assert_string_equal(got->text, want->text);
            assert_true(got->text_hash == want->text_hash);
            assert_true(got->media_hash == want->media_hash);
        }
        flow_destroy(&flow);
    }
    flow_destroy(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_access_unit_leaves_as_it_came),
        cmocka_unit_test(manner_of_arrival_does_not_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
