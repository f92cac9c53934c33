/* SPDX-License-Identifier: Apache-2.0 */
#include "window_fixture.h"

#include "golden.h"

#include <phien/package/snapshot.h>

static void assert_playlist(struct ph_snapshot *s, enum ph_playlist_form form, const char *name)
{
    struct ph_buf *text = ph_snapshot_playlist(s, form, false);
    char path[128];

    assert_non_null(text);
    snprintf(path, sizeof(path), "playlists/%s.m3u8", name);
    assert_golden(path, text->data, text->len);
}

static bool contains(struct ph_snapshot *s, enum ph_playlist_form form, const char *needle)
{
    struct ph_buf *text = ph_snapshot_playlist(s, form, false);

    assert_non_null(text);
    return memmem(text->data, text->len, needle, strlen(needle)) != NULL;
}

static struct ph_snapshot *snap_with_report(struct ph_window *window)
{
    const struct ph_window_beside beside = {.reports = {{PH_RENDITION_AUDIO, 110, 2}}};

    return ph_window_snapshot(window, &beside);
}

/* Eight segments in a window of 30 s, the ninth under way, at discontinuities of two kinds. */
static struct ph_window *long_window(enum ph_rendition rendition)
{
    struct ph_window_params params = test_window_params(rendition);
    params.window = 30 * PH_USEC_PER_S;
    struct ph_window *window = test_window(&params);
    struct ph_init *a = test_init(0);
    struct ph_init *b = test_init(1);

    add_segment(window, true, a);
    add_segment(window, false, a);
    add_segment(window, true, b); /* another program */
    add_segment(window, false, b);
    add_segment(window, true, b); /* the same one again after a gap */
    add_segment(window, false, b);
    add_segment(window, false, b);
    add_segment(window, false, b);
    open_segment(window, false, b);
    add_parts(window, 3);
    ph_init_unref(&a);
    ph_init_unref(&b);
    return window;
}

static void full_delta_and_plain(void **state)
{
    (void)state;
    struct ph_window *window = long_window(PH_RENDITION_AV);
    struct ph_snapshot *s = snap_with_report(window);

    assert_playlist(s, PH_PLAYLIST_FULL, "av-full");
    assert_playlist(s, PH_PLAYLIST_DELTA, "av-delta");
    assert_playlist(s, PH_PLAYLIST_PLAIN, "av-plain");
    ph_snapshot_unref(&s);
    ph_window_destroy(&window);
}

static void the_first_parts(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_AV);
    struct ph_window *window = test_window(&params);
    struct ph_init *init = test_init(0);

    open_segment(window, true, init);
    add_parts(window, 2);
    struct ph_snapshot *s = snap_with_report(window);
    assert_playlist(s, PH_PLAYLIST_FULL, "av-first-parts");
    assert_null(ph_snapshot_playlist(s, PH_PLAYLIST_PLAIN, false));
    assert_null(ph_snapshot_playlist(s, PH_PLAYLIST_DELTA, false));
    ph_snapshot_unref(&s);
    ph_init_unref(&init);
    ph_window_destroy(&window);
}

/* 44.1 kHz AAC: parts of 11 frames, whose lengths are no round numbers. */
static void audio_adds_up(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_AUDIO);
    struct ph_window *window = test_window(&params);
    struct ph_init *init = test_init(3);
    const struct ph_window_beside beside = {
        .reports = {{PH_RENDITION_AV, 101, 0}, {PH_RENDITION_CARDS, 100, -1}}};
    int64_t samples = 0;

    for (int i = 0; i < 10; i++) {
        if (i % 7 == 0) {
            ph_window_close_segment(window);
            open_segment(window, i == 0, init);
        }
        ph_usec start = samples * PH_USEC_PER_S / 44100;
        samples += 11 * (int64_t)1024;
        add_part(window, 4000, samples * PH_USEC_PER_S / 44100 - start, true);
    }
    struct ph_snapshot *s = ph_window_snapshot(window, &beside);
    assert_playlist(s, PH_PLAYLIST_FULL, "audio-full");
    assert_playlist(s, PH_PLAYLIST_PLAIN, "audio-plain");
    ph_snapshot_unref(&s);
    ph_init_unref(&init);
    ph_window_destroy(&window);
}

static void ts_is_plain(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_TS);
    struct ph_window *window = test_window(&params);

    for (int i = 0; i < 6; i++) {
        open_segment(window, i == 3, NULL);
        add_part(window, 188, TEST_SEGMENT - i * 1000, true);
        if (i == 0) {
            struct ph_snapshot *s = snap(window);
            assert_null(ph_snapshot_playlist(s, PH_PLAYLIST_FULL, false));
            ph_snapshot_unref(&s);
        }
        ph_window_close_segment(window);
    }
    open_segment(window, false, NULL);
    struct ph_snapshot *s = snap_with_report(window);
    assert_playlist(s, PH_PLAYLIST_FULL, "ts-full");
    assert_null(ph_snapshot_playlist(s, PH_PLAYLIST_PLAIN, false));
    assert_null(ph_snapshot_playlist(s, PH_PLAYLIST_DELTA, false));
    ph_snapshot_unref(&s);
    ph_window_destroy(&window);
}

/* Captions have a segment for each of the video's, and no parts. */
static struct ph_window *captions_window(int segments)
{
    struct ph_window_params params = test_window_params(PH_RENDITION_CARDS);
    params.window = 30 * PH_USEC_PER_S;
    struct ph_window *window = test_window(&params);

    for (int i = 0; i < segments; i++) {
        open_segment(window, i == 4, NULL);
        add_part(window, 60, TEST_SEGMENT, true);
        ph_window_close_segment(window);
    }
    return window;
}

static void captions(void **state)
{
    (void)state;
    struct ph_window *window = captions_window(8);
    const struct ph_window_beside beside = {
        .reports = {{PH_RENDITION_AV, 108, 2}, {PH_RENDITION_AUDIO, 108, 1}}};

    open_segment(window, false, NULL); /* of which nothing is said */
    struct ph_snapshot *s = ph_window_snapshot(window, &beside);
    assert_playlist(s, PH_PLAYLIST_FULL, "cards-full");
    assert_playlist(s, PH_PLAYLIST_DELTA, "cards-delta");
    assert_playlist(s, PH_PLAYLIST_PLAIN, "cards-plain");
    ph_snapshot_unref(&s);
    ph_window_destroy(&window);
}

/* Three cards, the last one still there. Texts as a shop in Sơn La may have them. */
static struct ph_date_ranges three_cards(void)
{
    struct ph_date_ranges ranges = {0};

    ph_date_ranges_set(&ranges, 12, TEST_DATE - 3 * PH_USEC_PER_S + 999,
                       ",X-SKU=\"MH-01\",X-TITLE=\"Mận hậu Mộc Châu\",X-PRICE=\"45.000 ₫/kg\"");
    ph_date_ranges_set(&ranges, 13, TEST_DATE + 4345678,
                       ",X-SKU=\"A1\",X-TITLE=\"Áo “thổ cẩm”, cỡ M\",X-PRICE=\"1.250.000 ₫\"");
    ph_date_ranges_set(&ranges, 15, TEST_DATE + 6000000, NULL);
    ph_date_ranges_set(&ranges, 16, TEST_DATE + 9250001,
                       ",X-SKU=\"MH-01\",X-STOCK=12,X-FLASH=\"39.000 ₫\"");
    return ranges;
}

static void date_ranges(void **state)
{
    (void)state;
    struct ph_window *window = long_window(PH_RENDITION_AV);
    struct ph_date_ranges ranges = three_cards();
    const struct ph_window_beside beside = {
        .reports = {{PH_RENDITION_AUDIO, 110, 2}, {PH_RENDITION_CARDS, 107, -1}},
        .ranges = &ranges};
    struct ph_snapshot *s = ph_window_snapshot(window, &beside);

    assert_playlist(s, PH_PLAYLIST_FULL, "av-ranges");
    assert_playlist(s, PH_PLAYLIST_DELTA, "av-ranges-delta");
    assert_playlist(s, PH_PLAYLIST_PLAIN, "av-ranges-plain");
    ph_snapshot_unref(&s);
    ph_window_destroy(&window);
    ph_date_ranges_fini(&ranges);
}

/* The tags of a playlist that tell of ranges, joined. */
static void take_ranges(struct ph_snapshot *s, enum ph_playlist_form form, char *out, size_t size)
{
    struct ph_buf *text = ph_snapshot_playlist(s, form, false);
    size_t len = 0;

    assert_non_null(text);
    for (const char *at = (const char *)text->data, *end = at + text->len; at < end;) {
        const char *eol = memchr(at, '\n', (size_t)(end - at));
        assert_non_null(eol);
        if (strncmp(at, "#EXT-X-DATERANGE:", 17) == 0) {
            len += (size_t)snprintf(out + len, size - len, "%.*s\n", (int)(eol - at), at);
            assert_true(len < size);
        }
        at = eol + 1;
    }
    out[len] = '\0';
}

static void date_ranges_are_the_same_in_all_playlists(void **state)
{
    (void)state;
    static const enum ph_rendition renditions[] = {PH_RENDITION_AV, PH_RENDITION_AUDIO,
                                                   PH_RENDITION_TS, PH_RENDITION_CARDS};
    struct ph_date_ranges ranges = three_cards();
    const struct ph_window_beside beside = {.ranges = &ranges};
    char wanted[2048] = "";
    char got[2048] = "";
    int forms = 0;

    for (size_t i = 0; i < PH_ARRAY_SIZE(renditions); i++) {
        struct ph_window *window =
            renditions[i] == PH_RENDITION_CARDS ? captions_window(8) : long_window(renditions[i]);
        struct ph_snapshot *s = ph_window_snapshot(window, &beside);
        for (int form = PH_PLAYLIST_FULL; form < PH_PLAYLIST_INDEX; form++) {
            if (ph_snapshot_playlist(s, form, false) == NULL) {
                continue;
            }
            take_ranges(s, form, got, sizeof(got));
            if (forms++ == 0) {
                memcpy(wanted, got, sizeof(got));
                assert_string_not_equal(wanted, "");
            }
            assert_string_equal(got, wanted);
        }
        ph_snapshot_unref(&s);
        ph_window_destroy(&window);
    }
    assert_int_equal(forms, 10); /* MPEG-TS has one, the others three each */
    ph_date_ranges_fini(&ranges);
}

static void the_end(void **state)
{
    (void)state;
    struct ph_window *window = long_window(PH_RENDITION_AV);

    ph_window_end(window);
    struct ph_snapshot *s = snap_with_report(window);
    assert_playlist(s, PH_PLAYLIST_FULL, "av-ended");
    assert_playlist(s, PH_PLAYLIST_PLAIN, "av-ended-plain");
    assert_null(ph_snapshot_playlist(s, PH_PLAYLIST_DELTA, false));
    ph_snapshot_unref(&s);
    ph_window_destroy(&window);
}

/* EXT-X-DISCONTINUITY-SEQUENCE grows when the tag leaves, which is when its own segment does. */
static void counts_discontinuities_that_left(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_AV);
    struct ph_window *window = test_window(&params);
    struct ph_init *init = test_init(0);
    /* The window lists five; 102 has the tag. */
    static const struct {
        int64_t media_sequence;
        int discontinuity_sequence;
        bool has_tag;
    } cases[] = {{100, 7, true}, {101, 7, true}, {102, 7, true}, {103, 8, false}, {104, 8, false}};

    for (int i = 0; i < 4; i++) {
        add_segment(window, i == 2, init);
    }
    for (size_t i = 0; i < PH_ARRAY_SIZE(cases); i++) {
        char line[64];
        add_segment(window, false, init);
        struct ph_snapshot *s = snap(window);
        snprintf(line, sizeof(line), "#EXT-X-MEDIA-SEQUENCE:%d\n", (int)cases[i].media_sequence);
        assert_true(contains(s, PH_PLAYLIST_FULL, line));
        snprintf(line, sizeof(line), "#EXT-X-DISCONTINUITY-SEQUENCE:%d\n",
                 cases[i].discontinuity_sequence);
        assert_true(contains(s, PH_PLAYLIST_FULL, line));
        assert_int_equal(contains(s, PH_PLAYLIST_FULL, "#EXT-X-DISCONTINUITY\n"), cases[i].has_tag);
        ph_snapshot_unref(&s);
    }
    ph_init_unref(&init);
    ph_window_destroy(&window);
}

/* With parts alone in the playlist, their segment is the first. */
static void counts_from_the_segment_under_way(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_AV);
    struct ph_window *window = test_window(&params);

    open_segment(window, true, NULL);
    add_parts(window, 1);
    struct ph_snapshot *s = snap(window);
    assert_true(contains(s, PH_PLAYLIST_FULL, "#EXT-X-MEDIA-SEQUENCE:100\n"));
    assert_true(contains(s, PH_PLAYLIST_FULL, "#EXT-X-DISCONTINUITY-SEQUENCE:7\n"));
    ph_snapshot_unref(&s);
    ph_window_destroy(&window);
}

static void parts_leave_after_three_target_durations(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_AV);
    struct ph_window *window = test_window(&params);

    for (int i = 0; i < 4; i++) {
        add_segment(window, false, NULL);
    }
    /* 100 ends exactly 6 s before the end. */
    struct ph_snapshot *s = snap(window);
    assert_false(contains(s, PH_PLAYLIST_FULL, "-p7.m4s"));
    assert_true(contains(s, PH_PLAYLIST_FULL, "-p8.m4s"));
    ph_snapshot_unref(&s);
    /* The parts of the segment under way move the end. 101 stays as long as any of it counts. */
    open_segment(window, false, NULL);
    add_parts(window, 7);
    s = snap(window);
    assert_true(contains(s, PH_PLAYLIST_FULL, "-p8.m4s"));
    ph_snapshot_unref(&s);
    add_parts(window, 1);
    s = snap(window);
    assert_false(contains(s, PH_PLAYLIST_FULL, "-p15.m4s"));
    assert_true(contains(s, PH_PLAYLIST_FULL, "-p16.m4s"));
    ph_snapshot_unref(&s);
    ph_window_destroy(&window);
}

static void hints_even_while_nobody_publishes(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_AV);
    struct ph_window *window = test_window(&params);

    add_segment(window, false, NULL);
    struct ph_snapshot *s = snap(window);
    assert_true(
        contains(s, PH_PLAYLIST_FULL, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"av-s1x9-p8.m4s\"\n"));
    assert_false(contains(s, PH_PLAYLIST_FULL, "RENDITION-REPORT"));
    ph_snapshot_unref(&s);
    ph_window_destroy(&window);
}

static void part_hold_back_is_three_of_the_largest(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_AV);
    params.playlist.part_hold_back = 0;
    struct ph_window *window = test_window(&params);

    add_segment(window, false, NULL);
    struct ph_snapshot *s = snap(window);
    assert_true(contains(s, PH_PLAYLIST_FULL, "PART-HOLD-BACK=0.750000,"));
    ph_snapshot_unref(&s);
    ph_window_destroy(&window);

    /* Never less than three of its own, whatever the parameters say. */
    params.rendition = PH_RENDITION_AUDIO;
    params.playlist.part_hold_back = 500000;
    window = test_window(&params);
    add_segment(window, false, NULL);
    s = snap(window);
    assert_true(contains(s, PH_PLAYLIST_FULL, "PART-HOLD-BACK=0.768000,"));
    ph_snapshot_unref(&s);
    ph_window_destroy(&window);
}

static void no_deltas_without_a_skip_boundary(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_AV);
    params.playlist.skip_until = 0;
    params.window = 60 * PH_USEC_PER_S;
    struct ph_window *window = test_window(&params);

    for (int i = 0; i < 30; i++) {
        add_segment(window, false, NULL);
    }
    struct ph_snapshot *s = snap(window);
    assert_null(ph_snapshot_playlist(s, PH_PLAYLIST_DELTA, false));
    assert_false(contains(s, PH_PLAYLIST_FULL, "CAN-SKIP-UNTIL"));
    assert_true(contains(s, PH_PLAYLIST_FULL, "#EXT-X-VERSION:7\n"));
    ph_snapshot_unref(&s);
    ph_window_destroy(&window);
}

/* The boundary is 12 s before the end of the last finished segment: six segments stay. */
static void a_delta_skips_what_is_wholly_beyond_the_boundary(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_AV);
    params.window = 60 * PH_USEC_PER_S;
    struct ph_window *window = test_window(&params);

    for (int i = 1; i <= 10; i++) {
        char line[64];
        add_segment(window, false, NULL);
        struct ph_snapshot *s = snap(window);
        if (i <= 6) {
            assert_null(ph_snapshot_playlist(s, PH_PLAYLIST_DELTA, false));
        } else {
            snprintf(line, sizeof(line), "#EXT-X-SKIP:SKIPPED-SEGMENTS=%d\n", i - 6);
            assert_true(contains(s, PH_PLAYLIST_DELTA, line));
        }
        ph_snapshot_unref(&s);
    }
    ph_window_destroy(&window);
}

/* In full it is said once, far back; shaka-player has forgotten it when that was skipped. */
static void a_delta_names_the_init_segment_again(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_AV);
    params.window = 60 * PH_USEC_PER_S;
    struct ph_window *window = test_window(&params);
    struct ph_init *init = test_init(1);

    for (int i = 0; i < 8; i++) {
        add_segment(window, false, init);
    }
    struct ph_snapshot *s = snap(window);
    assert_true(contains(s, PH_PLAYLIST_DELTA,
                         "#EXT-X-SKIP:SKIPPED-SEGMENTS=2\n#EXT-X-MAP:URI=\"av-s1x9-i1.mp4\"\n"
                         "#EXT-X-PROGRAM-DATE-TIME:"));
    ph_snapshot_unref(&s);
    ph_init_unref(&init);
    ph_window_destroy(&window);
}

static void huge_numbers(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_AV);
    params.first_msn = 9007199254740993;
    params.first_discontinuity = 9007199254740993;
    struct ph_window *window = test_window(&params);
    struct ph_init *init = test_init(9007199254740993);

    ph_window_open_segment(window, TEST_DATE, false, init);
    add_part(window, 1, 0, true);
    add_part(window, 1, 1, false);
    ph_window_close_segment(window);
    struct ph_snapshot *s = snap(window);
    assert_playlist(s, PH_PLAYLIST_FULL, "av-huge-numbers");
    ph_snapshot_unref(&s);
    ph_init_unref(&init);
    ph_window_destroy(&window);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_delta_and_plain),
        cmocka_unit_test(the_first_parts),
        cmocka_unit_test(audio_adds_up),
        cmocka_unit_test(ts_is_plain),
        cmocka_unit_test(captions),
        cmocka_unit_test(date_ranges),
        cmocka_unit_test(date_ranges_are_the_same_in_all_playlists),
        cmocka_unit_test(the_end),
        cmocka_unit_test(counts_discontinuities_that_left),
        cmocka_unit_test(counts_from_the_segment_under_way),
        cmocka_unit_test(parts_leave_after_three_target_durations),
        cmocka_unit_test(hints_even_while_nobody_publishes),
        cmocka_unit_test(part_hold_back_is_three_of_the_largest),
        cmocka_unit_test(no_deltas_without_a_skip_boundary),
        cmocka_unit_test(a_delta_skips_what_is_wholly_beyond_the_boundary),
        cmocka_unit_test(a_delta_names_the_init_segment_again),
        cmocka_unit_test(huge_numbers),
    };

    return cmocka_run_group_tests_name("playlist", tests, NULL, NULL);
}
