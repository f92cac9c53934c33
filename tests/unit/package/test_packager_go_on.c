/* SPDX-License-Identifier: Apache-2.0 */
#include "packager_fixture.h"

#define DISCONTINUITY_TAG "#EXT-X-DISCONTINUITY\n"

/* Where an earlier run had come to, far above what the clock alone would give. */
#define EARLIER_MSN INT64_C(900000000)
#define EARLIER_DISCONTINUITY INT64_C(5000000)

static const enum ph_rendition all[] = {PH_RENDITION_AV, PH_RENDITION_AUDIO, PH_RENDITION_TS,
                                        PH_RENDITION_CARDS};

static bool has_text(struct ph_snapshot *snapshot, const char *text)
{
    struct ph_buf *list = ph_snapshot_playlist(snapshot, PH_PLAYLIST_FULL, false);

    assert_non_null(list);
    return memmem(list->data, list->len, text, strlen(text)) != NULL;
}

static void want_all(void)
{
    for (size_t i = 0; i < PH_ARRAY_SIZE(all); i++) {
        want(all[i]);
    }
}

/* Of every rendition: first msn, its discontinuity number, and whether it has the tag. */
static void check_first(int64_t msn, int64_t discontinuity_number, bool has_tag)
{
    for (size_t i = 0; i < PH_ARRAY_SIZE(all); i++) {
        struct ph_snapshot *s = checked(all[i]);
        assert_true(s->count > 0);
        assert_int_equal(s->segments[0]->msn, msn);
        assert_int_equal(s->segments[0]->discontinuity_number, discontinuity_number);
        assert_int_equal(s->segments[0]->is_discontinuity, has_tag);
        assert_int_equal(has_text(s, DISCONTINUITY_TAG), has_tag);
        ph_snapshot_unref(&s);
    }
}

static void test_all_go_on_from_an_earlier_run(void **state)
{
    (void)state;
    for (int is_break = 0; is_break < 2; is_break++) {
        struct media m;
        media_open(&m, "h264_bframes_aac.mp4");
        ph_packager_go_on(packager, EARLIER_MSN, EARLIER_DISCONTINUITY, is_break != 0);
        assert_int_equal(ph_packager_next_msn(packager), EARLIER_MSN);
        assert_int_equal(ph_packager_next_discontinuity(packager),
                         EARLIER_DISCONTINUITY + is_break);
        want_all();
        go_on_air(&m, true, true, true);
        play(&m, 7 * S, 0);
        check_first(EARLIER_MSN, EARLIER_DISCONTINUITY + is_break, is_break != 0);
        media_close(&m);
        tear_down(state);
        set_up(state);
    }
}

/* A file that is older than the clock is no reason to go back. */
static void test_clock_is_ahead(void **state)
{
    (void)state;
    int64_t msn = ph_packager_next_msn(packager);
    int64_t discontinuity = ph_packager_next_discontinuity(packager);

    assert_true(msn > 0 && discontinuity > 0);
    ph_packager_go_on(packager, msn - 1, discontinuity - 1, false);
    assert_int_equal(ph_packager_next_msn(packager), msn);
    assert_int_equal(ph_packager_next_discontinuity(packager), discontinuity);
    ph_packager_go_on(packager, -1, -1, true);
    assert_int_equal(ph_packager_next_msn(packager), msn);
    assert_int_equal(ph_packager_next_discontinuity(packager), discontinuity + 1);
}

/* What a run leaves behind at any moment is enough for the next one not to go back. */
static void test_next_is_above_all_that_is_listed(void **state)
{
    (void)state;
    struct media m;

    media_open(&m, "h264_bframes_aac.mp4");
    want_all();
    for (int i = 0; i < 60; i++) {
        if (i % 10 == 0) {
            go_on_air(&m, true, true, true);
        }
        play(&m, 300 * MS, 0);
        struct ph_snapshot *av = ph_packager_snapshot(packager, PH_RENDITION_AV);
        if (av == NULL) {
            continue;
        }
        const struct ph_segment *last = av->open != NULL ? av->open : av->segments[av->count - 1];
        assert_int_equal(ph_packager_next_msn(packager), last->msn + 1);
        assert_int_equal(ph_packager_next_discontinuity(packager), last->discontinuity_number);
        ph_snapshot_unref(&av);
    }
    ph_packager_sink.on_pause(packager, mono);
    int64_t discontinuity = ph_packager_next_discontinuity(packager);
    go_on_air(&m, true, true, true);
    assert_int_equal(ph_packager_next_discontinuity(packager), discontinuity + 1);
    media_close(&m);
}

/* Renditions that begin later have the numbers of those that are there. */
static void test_later_windows_have_the_numbers(void **state)
{
    (void)state;
    struct media m;

    media_open(&m, "h264_bframes_aac.mp4");
    ph_packager_go_on(packager, EARLIER_MSN, EARLIER_DISCONTINUITY, true);
    go_on_air(&m, true, false, true);
    play(&m, 6 * S, 0);
    go_on_air(&m, true, true, true);
    play(&m, 6 * S, 0);
    want_all();
    play(&m, 6 * S, 0);
    struct ph_snapshot *av = checked(PH_RENDITION_AV);
    for (size_t i = 1; i < PH_ARRAY_SIZE(all); i++) {
        struct ph_snapshot *s = checked(all[i]);
        for (size_t k = 0; k < s->count; k++) {
            const struct ph_segment *same = ph_snapshot_segment(av, s->segments[k]->msn);
            assert_non_null(same);
            assert_int_equal(s->segments[k]->discontinuity_number, same->discontinuity_number);
            assert_int_equal(s->segments[k]->is_discontinuity, same->is_discontinuity);
        }
        ph_snapshot_unref(&s);
    }
    ph_snapshot_unref(&av);
    media_close(&m);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_all_go_on_from_an_earlier_run),
        TEST(test_clock_is_ahead),
        TEST(test_next_is_above_all_that_is_listed),
        TEST(test_later_windows_have_the_numbers),
    };

    av_log_set_level(AV_LOG_QUIET);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
