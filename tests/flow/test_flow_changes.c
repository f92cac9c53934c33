/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What publishers do while they are on air: a track comes late, the phone is turned, headers are
 * repeated, clocks run over. Nothing is lost, and viewers are told what they must know.
 */
#include "flow.h"

#include <inttypes.h>

#define MS PH_USEC_PER_MS
#define S PH_USEC_PER_S

static const char H264_AAC[] = "h264_bframes_aac.mp4";

struct world {
    struct flow *flow;
    struct camera camera;
    struct media_file portrait;
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    world->flow = flow_create();
    camera_open(&world->camera, H264_AAC, H264_AAC);
    assert_int_equal(media_file_read(&world->portrait, "tests/golden/media/h264_portrait.mp4"), 0);
    flow_begin(world->flow);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    assert_int_equal(world->flow->ffmpeg_lines, 0);
    flow_destroy(&world->flow);
    camera_close(&world->camera);
    media_file_fini(&world->portrait);
    free(world);
    return 0;
}

static const struct m3u8 *list_of(const struct world *world, enum ph_rendition rendition)
{
    return world->flow->viewers[rendition].list;
}

static size_t count_discontinuities(const struct m3u8 *list)
{
    size_t count = 0;

    for (size_t i = 0; i < list->count; i++) {
        count += list->segments[i].has_discontinuity ? 1 : 0;
    }
    return count;
}

/* A new init segment stands behind a discontinuity, and nowhere else. */
static size_t count_maps(const struct m3u8 *list)
{
    size_t count = 1;

    for (size_t i = 1; i < list->count; i++) {
        if (strcmp(list->segments[i].map, list->segments[i - 1].map) != 0) {
            assert_true(list->segments[i].has_discontinuity);
            count++;
        }
    }
    return count;
}

static void audio_comes_late(void **state)
{
    struct world *world = *state;
    struct flow *flow = world->flow;

    world->camera.has_audio = false;
    flow_publish(flow, &world->camera);
    flow_play(flow, &world->camera, 5 * S);
    assert_int_equal(flow->viewers[PH_RENDITION_AUDIO].snapshots, 0);
    world->camera.has_audio = true;
    flow_send_track(flow, world->camera.audio_par, world->camera.now_us / 1000);
    flow_play(flow, &world->camera, 12 * S);
    flow_unpublish(flow);

    assert_int_equal(flow_check_video(flow, 0), 0);
    /* It waits for a key frame: a second, by the place in the GOP. */
    assert_in_range(flow_missing(flow, PH_TRACK_AUDIO), 45, 49);
    flow_check_audio(flow, PH_RENDITION_AV, flow_missing(flow, PH_TRACK_AUDIO), 48000, 1.6);
    flow_check_audio(flow, PH_RENDITION_AUDIO, flow_missing(flow, PH_TRACK_AUDIO), 48000, 1.6);
    flow_check_sync(flow, 48000, 1.6);
    const struct m3u8 *av = list_of(world, PH_RENDITION_AV);
    const struct m3u8 *audio = list_of(world, PH_RENDITION_AUDIO);
    assert_int_equal(count_discontinuities(av), 1);
    assert_int_equal(count_maps(av), 2);
    /* The same msn and the same discontinuity number mean the same time in both. */
    for (size_t i = 0; i < audio->count; i++) {
        const struct m3u8_segment *other = m3u8_find(av, audio->segments[i].msn);
        assert_non_null(other);
        assert_int_equal(audio->segments[i].discontinuity_number, other->discontinuity_number);
    }
    assert_int_equal(audio->segments[audio->count - 1].msn, av->segments[av->count - 1].msn);
}

static void video_comes_late(void **state)
{
    struct world *world = *state;
    struct flow *flow = world->flow;

    world->camera.has_video = false;
    flow_publish(flow, &world->camera);
    flow_play(flow, &world->camera, 5 * S);
    assert_true(flow->viewers[PH_RENDITION_AV].snapshots > 0);
    world->camera.has_video = true;
    flow_send_track(flow, world->camera.video_par, world->camera.now_us / 1000);
    flow_play(flow, &world->camera, 12 * S);
    flow_unpublish(flow);

    assert_int_equal(flow_check_video(flow, 0), 0);
    assert_int_equal(flow_check_audio(flow, PH_RENDITION_AV, 0, 48000, 1.6), 0);
    assert_int_equal(flow_check_audio(flow, PH_RENDITION_AUDIO, 0, 48000, 1.6), 0);
    assert_int_equal(count_discontinuities(list_of(world, PH_RENDITION_AV)), 1);
    assert_int_equal(count_maps(list_of(world, PH_RENDITION_AV)), 2);
    assert_int_equal(flow_count_log(flow, "event=channel.change"), 1);
}

static void the_phone_is_turned(void **state)
{
    struct world *world = *state;
    struct flow *flow = world->flow;
    struct camera *camera = &world->camera;

    flow_publish(flow, camera);
    for (int turn = 0; turn < 4; turn++) {
        bool is_portrait = turn % 2 == 1;
        flow_play(flow, camera, 5300 * MS);
        camera->video = is_portrait ? &camera->files[0] : &world->portrait;
        camera->since_key = -1;
        flow_send_track(flow, camera->video->tracks[PH_TRACK_VIDEO], camera->now_us / 1000);
    }
    flow_play(flow, camera, 3 * S);
    flow_unpublish(flow);

    assert_int_equal(flow_check_video(flow, 0), 0);
    assert_int_equal(flow_check_audio(flow, PH_RENDITION_AV, 0, 48000, 1.6), 0);
    assert_int_equal(flow_check_audio(flow, PH_RENDITION_AUDIO, 0, 48000, 1.6), 0);
    flow_check_sync(flow, 48000, 1.6);
    const struct m3u8 *av = list_of(world, PH_RENDITION_AV);
    assert_int_equal(count_discontinuities(av), 4);
    assert_int_equal(count_maps(av), 5);
    for (size_t i = 0; i < av->count; i++) {
        assert_true(av->segments[i].part_count == 0 || av->segments[i].parts[0].is_independent);
    }
    assert_int_equal(flow_count_log(flow, "width=54 height=96"), 2);
    assert_int_equal(flow_count_log(flow, "width=96 height=54"), 3);
    assert_int_equal(flow_count_log(flow, "level=warn"), 0);
}

/* Some encoders send their headers with every key frame. */
static void repeated_headers_say_nothing(void **state)
{
    struct world *world = *state;
    struct flow *flow = world->flow;

    flow_publish(flow, &world->camera);
    for (int i = 0; i < 20; i++) {
        flow_play(flow, &world->camera, 777 * MS);
        flow_send_track(flow, world->camera.video_par, world->camera.now_us / 1000);
        flow_send_track(flow, world->camera.audio_par, world->camera.now_us / 1000);
    }
    flow_unpublish(flow);
    assert_int_equal(flow_check_video(flow, 0), 0);
    assert_int_equal(flow_check_audio(flow, PH_RENDITION_AV, 0, 48000, 1.6), 0);
    for (int r = PH_RENDITION_AV; r <= PH_RENDITION_AUDIO; r++) {
        assert_int_equal(count_discontinuities(list_of(world, (enum ph_rendition)r)), 0);
        assert_int_equal(count_maps(list_of(world, (enum ph_rendition)r)), 1);
    }
    assert_int_equal(flow_count_log(flow, "event=channel.change"), 0);
}

/*
 * 24 and 32 bits of milliseconds run out at once. Applications repeat the extended timestamp in
 * continuation chunks, or not; viewers get the same bytes as from a clock that begins at zero.
 */
static void clocks_run_over(void **state)
{
    static const uint32_t starts[] = {0, 0xFFFFF0, 0x7FFFFFF0, 0xFFFFFFF0};
    uint64_t media_hash = 0;
    uint64_t text_hash = 0;

    for (unsigned i = 0; i < 4 * 4; i++) {
        struct world *world = *state;
        struct flow *flow = world->flow;
        flow->publisher_conf.start_ms = starts[i / 4];
        flow->publisher_conf.omits_extended = i & 1;
        flow->publisher_conf.is_terse = i >> 1 & 1;
        flow->publisher_conf.chunk_size = 0; /* 128: every key frame has continuations */
        flow_publish(flow, &world->camera);
        flow_play(flow, &world->camera, 9 * S);
        flow_unpublish(flow);
        assert_int_equal(flow_check_video(flow, 0), 0);
        media_hash = i == 0 ? flow->viewers[PH_RENDITION_AV].media_hash : media_hash;
        text_hash = i == 0 ? flow->viewers[PH_RENDITION_AV].text_hash : text_hash;
        assert_true(flow->viewers[PH_RENDITION_AV].media_hash == media_hash);
        assert_true(flow->viewers[PH_RENDITION_AV].text_hash == text_hash);
        tear_down(state);
        set_up(state);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(audio_comes_late),    TEST(video_comes_late),
        TEST(the_phone_is_turned), TEST(repeated_headers_say_nothing),
        TEST(clocks_run_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
