/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which date ranges the packager's snapshots list, and until when.
 */
#include "packager_fixture.h"

/* What each rendition was told of last; all of them the same. */
static size_t count_ranges(void)
{
    size_t count = told.newest[PH_RENDITION_AV]->range_count;

    for (int r = PH_RENDITION_AV; r < PH_RENDITION_COUNT; r++) {
        const struct ph_snapshot *s = told.newest[r];
        assert_int_equal(s->range_count, count);
        for (size_t i = 0; i < count; i++) {
            assert_ptr_equal(s->ranges[i], told.newest[PH_RENDITION_AV]->ranges[i]);
        }
    }
    return count;
}

/* A card that comes or goes is news of all playlists, also of those that get segments alone. */
static void test_ranges_are_news_of_all(void **state)
{
    (void)state;
    struct media m;

    media_open(&m, "h264_bframes_aac.mp4");
    for (int r = PH_RENDITION_AV; r < PH_RENDITION_COUNT; r++) {
        want((enum ph_rendition)r);
    }
    go_on_air(&m, true, true, false);
    play(&m, 6 * S, 0);
    assert_int_equal(count_ranges(), 0);
    ph_usec begin = told.newest[PH_RENDITION_AV]->segments[0]->pdt;
    ph_date_ranges_set(&packager->ranges, 1, begin + 6 * S, ",X-A=1");
    /* Somebody who comes just now takes the news away from nobody. */
    for (int r = PH_RENDITION_AV; r < PH_RENDITION_COUNT; r++) {
        struct ph_snapshot *s = ph_packager_snapshot(packager, (enum ph_rendition)r);
        ph_snapshot_unref(&s);
    }
    play(&m, 400 * MS, 0);
    assert_int_equal(count_ranges(), 1);
    ph_date_ranges_set(&packager->ranges, 2, begin + 8 * S, NULL);
    play(&m, 400 * MS, 0);
    assert_int_equal(count_ranges(), 1);
    assert_int_equal(told.newest[PH_RENDITION_TS]->ranges[0]->end, begin + 8 * S);
    /* It stays while any playlist lists the dates that it had, and not longer. */
    for (int i = 0; i < 45; i++) {
        bool is_listed = false;
        play(&m, 1 * S, 0);
        for (int r = PH_RENDITION_AV; r < PH_RENDITION_COUNT; r++) {
            const struct ph_snapshot *s = told.newest[r];
            is_listed |= s->segments[s->listed_from]->pdt <= begin + 8 * S;
        }
        assert_int_equal(count_ranges(), is_listed ? 1 : 0);
    }
    assert_int_equal(count_ranges(), 0);
    media_close(&m);
}

/* A rendition that is no longer made keeps its segments, and holds up no range. */
static void test_what_is_left_behind_keeps_no_ranges(void **state)
{
    (void)state;
    struct media m;

    media_open(&m, "hevc_ac3.mp4"); /* there is no silence in AC-3 to go on with */
    want(PH_RENDITION_AV);
    go_on_air(&m, true, true, false);
    play(&m, 6 * S, 0);
    ph_usec begin = told.newest[PH_RENDITION_AV]->segments[0]->pdt;
    ph_date_ranges_set(&packager->ranges, 1, begin + 5 * S, ",X-A=1");
    ph_date_ranges_set(&packager->ranges, 2, begin + 6 * S, NULL);
    ph_packager_sink.on_pause(packager, mono);
    go_on_air(&m, true, false, true);
    play(&m, 60 * S, 0);
    assert_int_equal(told.newest[PH_RENDITION_AV]->range_count, 0);
    struct ph_snapshot *audio = snapshot_of(PH_RENDITION_AUDIO);
    assert_true(audio->segments[audio->listed_from]->pdt < begin + 5 * S);
    ph_snapshot_unref(&audio);
    media_close(&m);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_ranges_are_news_of_all),
        TEST(test_what_is_left_behind_keeps_no_ranges),
    };

    av_log_set_level(AV_LOG_QUIET);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
