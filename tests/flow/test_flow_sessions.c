/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions come and go, the channel stays: numbers go on, dates stay true, and the playlist ends
 * when nobody has come back in time, not before.
 */
#include "flow.h"

#include <inttypes.h>

#define MS PH_USEC_PER_MS
#define S PH_USEC_PER_S

struct world {
    struct flow *flow;
    struct camera camera;
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    world->flow = flow_create();
    camera_open(&world->camera, "h264_bframes_aac.mp4", "h264_bframes_aac.mp4");
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
    free(world);
    return 0;
}

static const struct m3u8 *list_of(const struct world *world, enum ph_rendition rendition)
{
    return world->flow->viewers[rendition].list;
}

static const struct m3u8_segment *last_of(const struct m3u8 *list)
{
    return &list->segments[list->count - 1];
}

static size_t count_discontinuities(const struct m3u8 *list)
{
    size_t count = 0;

    for (size_t i = 0; i < list->count; i++) {
        count += list->segments[i].has_discontinuity ? 1 : 0;
    }
    return count;
}

static void play_session(struct world *world, ph_usec duration)
{
    camera_restart(&world->camera);
    flow_publish(world->flow, &world->camera);
    flow_play(world->flow, &world->camera, duration);
}

static void nobody_comes_back(void **state)
{
    struct world *world = *state;
    struct flow *flow = world->flow;

    play_session(world, 8100 * MS);
    flow_unpublish(flow);
    const struct flow_viewer *viewer = &flow->viewers[PH_RENDITION_AV];
    /* The end of the session is the end of its last segment, not of the stream. */
    assert_true(last_of(viewer->list)->duration_us > 0);
    assert_false(viewer->list->is_ended);
    size_t snapshots = viewer->snapshots;
    flow_wait(flow, 90 * S - 1 * MS);
    assert_int_equal(viewer->snapshots, snapshots);
    flow_wait(flow, 1 * MS);
    for (int r = PH_RENDITION_AV; r <= PH_RENDITION_AUDIO; r++) {
        const struct m3u8 *list = list_of(world, (enum ph_rendition)r);
        assert_true(list->is_ended);
        assert_string_equal(list->hint, "");
    }
    assert_int_equal(flow_count_log(flow, "event=channel.end"), 1);
    assert_int_equal(flow_check_video(flow, 0), 0);
    assert_int_equal(flow_check_audio(flow, PH_RENDITION_AV, 0, 48000, 1.6), 0);
    size_t told = viewer->snapshots;
    flow_wait(flow, 3600 * S);
    assert_int_equal(viewer->snapshots, told);
}

/* `gap` after it was cut off, the phone is there again, with a clock that begins at zero. */
static void come_back(struct world *world, ph_usec gap)
{
    struct flow *flow = world->flow;

    play_session(world, 8100 * MS);
    flow_cut(flow);
    int64_t msn = last_of(list_of(world, PH_RENDITION_AV))->msn;
    int64_t discontinuities = last_of(list_of(world, PH_RENDITION_AV))->discontinuity_number;
    flow_wait(flow, gap);
    ph_usec began = flow->now.wall;
    play_session(world, 8100 * MS);
    flow_unpublish(flow);

    for (int r = PH_RENDITION_AV; r <= PH_RENDITION_AUDIO; r++) {
        const struct m3u8 *list = list_of(world, (enum ph_rendition)r);
        const struct m3u8_segment *first = m3u8_find(list, msn + 1);
        assert_non_null(first);
        assert_int_equal(count_discontinuities(list), 1);
        assert_true(first->has_discontinuity);
        assert_int_equal(first->discontinuity_number, discontinuities + 1);
        ph_usec off = m3u8_date_ms(first->date) * MS - began;
        if (off < -2 * MS || off > 60 * MS) {
            fail_msg("after %" PRId64 " ms: the date is %.3f s off", gap / MS, (double)off / S);
        }
        assert_string_equal(first->map, list->segments[0].map);
        assert_false(list->is_ended);
    }
    assert_int_equal(flow_check_video(flow, 0), 0);
    assert_int_equal(flow_check_audio(flow, PH_RENDITION_AV, 0, 48000, 1.6), 0);
    flow_check_sync(flow, 48000, 1.6);
}

static void the_phone_comes_back(void **state)
{
    static const ph_usec gaps[] = {0, 20 * MS, 1 * S, 5 * S, 20 * S, 90 * S - 1 * MS};

    for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
        come_back(*state, gaps[i]);
        tear_down(state);
        set_up(state);
    }
}

static void it_comes_back_after_the_end(void **state)
{
    struct world *world = *state;
    struct flow *flow = world->flow;

    play_session(world, 8100 * MS);
    flow_cut(flow);
    int64_t msn = last_of(list_of(world, PH_RENDITION_AV))->msn;
    flow_wait(flow, 1000 * S);
    assert_true(list_of(world, PH_RENDITION_AV)->is_ended);
    play_session(world, 8100 * MS);
    for (int r = PH_RENDITION_AV; r <= PH_RENDITION_AUDIO; r++) {
        const struct m3u8 *list = list_of(world, (enum ph_rendition)r);
        assert_false(list->is_ended);
        assert_true(m3u8_find(list, msn + 1)->has_discontinuity);
        assert_string_not_equal(list->hint, "");
    }
    flow_unpublish(flow);
}

/* Another application, another codec: only the channel is the same. */
static void another_phone_takes_over(void **state)
{
    struct world *world = *state;
    struct flow *flow = world->flow;
    struct camera other;

    play_session(world, 8100 * MS);
    flow_cut(flow);
    int64_t msn = last_of(list_of(world, PH_RENDITION_AV))->msn;
    camera_open(&other, "hevc_ac3.mp4", "av1_opus.mp4");
    other.fps = (AVRational){25, 1};
    flow->publisher_conf.is_enhanced = true;
    flow_publish(flow, &other);
    flow_play(flow, &other, 8100 * MS);
    flow_unpublish(flow);
    const struct m3u8 *list = list_of(world, PH_RENDITION_AV);
    assert_int_equal(count_discontinuities(list), 1);
    assert_true(m3u8_find(list, msn + 1)->has_discontinuity);
    assert_string_not_equal(m3u8_find(list, msn + 1)->map, m3u8_find(list, msn)->map);
    assert_int_equal(flow_check_video(flow, 0), 0);
    struct ph_snapshot *newest = ph_packager_snapshot(flow->packager, PH_RENDITION_AV);
    struct ph_buf *index = ph_snapshot_playlist(newest, PH_PLAYLIST_INDEX, false);
    assert_non_null(memmem(index->data, index->len, "hvc1.", 5));
    assert_non_null(memmem(index->data, index->len, "Opus", 4));
    ph_snapshot_unref(&newest);
    camera_close(&other);
}

/* A phone on a bad link: on and off all the time. */
static void it_comes_and_goes(void **state)
{
    struct world *world = *state;
    struct flow *flow = world->flow;

    for (int i = 0; i < 60; i++) {
        play_session(world, (300 + i * 97 % 4000) * MS);
        flow_cut(flow);
        flow_wait(flow, i * 331 % 7000 * MS);
    }
    for (int r = PH_RENDITION_AV; r <= PH_RENDITION_AUDIO; r++) {
        const struct m3u8 *list = list_of(world, (enum ph_rendition)r);
        for (size_t i = 1; i < list->count; i++) {
            assert_true(strcmp(list->segments[i].date, list->segments[i - 1].date) > 0);
        }
        assert_int_equal(list->segments[list->count - 1].msn,
                         last_of(list_of(world, PH_RENDITION_AV))->msn);
    }
    flow_check_video(flow, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(nobody_comes_back),           TEST(the_phone_comes_back),
        TEST(it_comes_back_after_the_end), TEST(another_phone_takes_over),
        TEST(it_comes_and_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
