/* SPDX-License-Identifier: Apache-2.0 */
#include "window_fixture.h"

/* msn of the first segment that is listed, and of the first that is held at all. */
static int64_t first_listed(struct ph_window *window)
{
    struct ph_snapshot *s = snap(window);
    int64_t msn = s->segments[s->listed_from]->msn;

    ph_snapshot_unref(&s);
    return msn;
}

static int64_t first_held(struct ph_window *window)
{
    struct ph_snapshot *s = snap(window);
    int64_t msn = s->segments[0]->msn;

    ph_snapshot_unref(&s);
    return msn;
}

static void lists_the_window(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_AV);
    struct ph_window *window = test_window(&params);
    struct ph_init *init = test_init(0);

    for (int i = 1; i <= 5; i++) {
        add_segment(window, i == 1, init);
        assert_int_equal(ph_window_listed(window), i);
    }
    /* 10 s are full: each new segment pushes one out, and only when it is closed. */
    open_segment(window, false, init);
    add_parts(window, 8);
    assert_int_equal(first_listed(window), 100);
    ph_window_close_segment(window);
    assert_int_equal(first_listed(window), 101);
    assert_int_equal(ph_window_listed(window), 5);
    assert_int_equal(ph_window_msn(window), 106);
    ph_init_unref(&init);
    ph_window_destroy(&window);
    assert_null(window);
    ph_window_destroy(&window);
}

static void never_lists_less_than_three_target_durations(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_AV);
    params.window = PH_USEC_PER_S;
    struct ph_window *window = test_window(&params);

    for (int i = 0; i < 20; i++) {
        add_segment(window, false, NULL);
        assert_int_equal(ph_window_listed(window), i < 3 ? i + 1 : 3);
    }
    /* Long ones: two of 2 s and one of 1.5 s make up less than 6 s, so four stay. */
    open_segment(window, false, NULL);
    add_part(window, 10, 1500 * PH_USEC_PER_MS, true);
    ph_window_close_segment(window);
    assert_int_equal(ph_window_listed(window), 4);
    ph_window_destroy(&window);
}

static void serves_what_has_left_the_playlist(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_AV);
    struct ph_window *window = test_window(&params);

    for (int i = 0; i < 6; i++) {
        add_segment(window, false, NULL);
    }
    /* 100 has just left. It stays for its own 2 s and the playlist's 10 s: six more segments. */
    assert_int_equal(first_listed(window), 101);
    for (int i = 0; i < 5; i++) {
        add_segment(window, false, NULL);
        assert_int_equal(first_held(window), 100);
    }
    add_segment(window, false, NULL);
    assert_int_equal(first_held(window), 101);
    for (int i = 0; i < 50; i++) {
        add_segment(window, false, NULL);
        struct ph_snapshot *s = snap(window);
        assert_int_equal(s->count, 11);
        assert_int_equal(s->listed_from, 6);
        ph_snapshot_unref(&s);
        assert_int_equal(ph_window_bytes(window), 11 * 8000);
    }
    ph_window_destroy(&window);
}

static void drops_the_oldest_above_max_bytes(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_AV);
    params.max_bytes = 7 * 8000;
    struct ph_window *window = test_window(&params);

    for (int i = 0; i < 20; i++) {
        add_segment(window, false, NULL);
        assert_true(ph_window_bytes(window) <= params.max_bytes);
    }
    /* The unlisted ones went first: the playlist is still whole. */
    assert_int_equal(ph_window_listed(window), 5);
    assert_int_equal(first_held(window), 113);
    assert_int_equal(first_listed(window), 115);

    /* Two big parts leave room for one listed segment more than what must stay. */
    open_segment(window, false, NULL);
    add_part(window, 3 * 8000, TEST_PART, true);
    assert_int_equal(ph_window_listed(window), 4);
    assert_int_equal(first_listed(window), 116);
    add_part(window, 2 * 8000, TEST_PART, false);
    assert_int_equal(ph_window_listed(window), 2);

    /* Whatever comes: the segment under way and the one before it stay. */
    add_part(window, 20 * 8000, TEST_PART, false);
    assert_int_equal(ph_window_listed(window), 1);
    assert_int_equal(first_held(window), 119);
    assert_int_equal(ph_window_bytes(window), 26 * 8000);
    ph_window_close_segment(window);
    assert_int_equal(ph_window_listed(window), 1);
    assert_int_equal(first_held(window), 120);
    assert_int_equal(ph_window_bytes(window), 25 * 8000);
    ph_window_destroy(&window);
}

static void numbers_parts_in_a_row(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_AV);
    struct ph_window *window = test_window(&params);

    open_segment(window, false, NULL);
    add_parts(window, 3);
    ph_window_close_segment(window);
    open_segment(window, false, NULL);
    ph_window_close_segment(window);
    open_segment(window, false, NULL);
    add_parts(window, 2);

    struct ph_snapshot *s = snap(window);
    assert_int_equal(s->count, 1);
    assert_int_equal(s->segments[0]->parts[0].number, 0);
    assert_int_equal(s->segments[0]->parts[2].number, 2);
    assert_true(s->segments[0]->parts[0].is_independent);
    assert_false(s->segments[0]->parts[1].is_independent);
    assert_int_equal(s->segments[0]->duration, 3 * TEST_PART);
    assert_int_equal(s->segments[0]->bytes, 3000);
    assert_int_equal(s->open->msn, 101);
    assert_int_equal(s->open->parts[0].number, 3);
    assert_int_equal(s->next_part, 5);
    assert_int_equal(s->next_msn, 101);
    ph_snapshot_unref(&s);
    ph_window_destroy(&window);
}

static void a_segment_without_parts_vanishes(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_AV);
    struct ph_window *window = test_window(&params);
    struct ph_init *init = test_init(4);

    ph_window_close_segment(window); /* none is under way: nothing happens */
    add_segment(window, true, init);
    open_segment(window, true, init);
    assert_true(ph_window_has_open_segment(window));
    struct ph_snapshot *s = snap(window);
    assert_null(s->open);
    ph_snapshot_unref(&s);
    ph_window_close_segment(window);
    assert_false(ph_window_has_open_segment(window));
    assert_int_equal(ph_window_msn(window), 101);

    /* The discontinuity is not lost with it, nor is it counted twice. */
    add_segment(window, false, init);
    add_segment(window, false, init);
    s = snap(window);
    assert_int_equal(s->count, 3);
    assert_int_equal(s->segments[0]->discontinuity_number, 8);
    assert_true(s->segments[1]->is_discontinuity);
    assert_int_equal(s->segments[1]->discontinuity_number, 9);
    assert_false(s->segments[2]->is_discontinuity);
    assert_int_equal(s->segments[2]->discontinuity_number, 9);
    assert_int_equal(s->segments[2]->msn, 102);
    ph_snapshot_unref(&s);
    assert_int_equal(init->refs, 4);
    ph_window_destroy(&window);
    assert_int_equal(init->refs, 1);
    ph_init_unref(&init);
}

static void ends_and_goes_on(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_AV);
    struct ph_window *window = test_window(&params);

    open_segment(window, false, NULL);
    add_parts(window, 3);
    assert_int_equal(ph_window_open_duration(window), 3 * TEST_PART);
    ph_window_end(window);
    assert_true(ph_window_is_ended(window));
    assert_false(ph_window_has_open_segment(window));
    assert_int_equal(ph_window_open_duration(window), 0);
    assert_int_equal(ph_window_listed(window), 1);
    struct ph_snapshot *s = snap(window);
    assert_true(s->is_ended);
    ph_snapshot_unref(&s);

    open_segment(window, true, NULL);
    assert_false(ph_window_is_ended(window));
    assert_int_equal(ph_window_msn(window), 101);
    ph_window_destroy(&window);
}

static void reports_where_it_stands(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_AUDIO);
    struct ph_window *window = test_window(&params);

    assert_int_equal(ph_window_report(window).rendition, PH_RENDITION_NONE);
    open_segment(window, false, NULL);
    assert_int_equal(ph_window_report(window).rendition, PH_RENDITION_NONE);
    add_parts(window, 3);
    struct ph_report report = ph_window_report(window);
    assert_int_equal(report.rendition, PH_RENDITION_AUDIO);
    assert_int_equal(report.last_msn, 100);
    assert_int_equal(report.last_part, 2);
    ph_window_close_segment(window);
    open_segment(window, false, NULL);
    report = ph_window_report(window);
    assert_int_equal(report.last_msn, 100);
    assert_int_equal(report.last_part, 2);
    add_parts(window, 1);
    report = ph_window_report(window);
    assert_int_equal(report.last_msn, 101);
    assert_int_equal(report.last_part, 0);
    ph_window_destroy(&window);

    params = test_window_params(PH_RENDITION_TS);
    window = test_window(&params);
    open_segment(window, false, NULL);
    add_part(window, 100, TEST_SEGMENT, true);
    assert_int_equal(ph_window_report(window).rendition, PH_RENDITION_NONE);
    ph_window_close_segment(window);
    report = ph_window_report(window);
    assert_int_equal(report.last_msn, 100);
    assert_int_equal(report.last_part, -1);
    ph_window_destroy(&window);
}

static void add_whole(struct ph_window *window, size_t bytes, ph_usec duration)
{
    open_segment(window, false, NULL);
    add_part(window, bytes, duration, true);
    ph_window_close_segment(window);
}

static void measures_bitrates(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_AV);
    struct ph_window *window = test_window(&params);
    int64_t peak = -1;
    int64_t average = -1;

    ph_window_bitrate(window, &peak, &average);
    assert_int_equal(peak, 0);
    assert_int_equal(average, 0);
    add_whole(window, 250000, TEST_SEGMENT);
    ph_window_bitrate(window, &peak, &average);
    assert_int_equal(peak, 1000000);
    assert_int_equal(average, 1000000);
    add_whole(window, 500000, TEST_SEGMENT);
    ph_window_bitrate(window, &peak, &average);
    assert_int_equal(peak, 2000000);
    assert_int_equal(average, 1500000);

    /* 0.1 s with a key frame in it is no peak of its own, but it is one of the 2.1 s around it. */
    add_whole(window, 100000, 100 * PH_USEC_PER_MS);
    ph_window_bitrate(window, &peak, &average);
    assert_int_equal(peak, 600000 * 8 / 2.1);
    assert_int_equal(average, 850000 * 8 / 4.1);
    ph_window_destroy(&window);

    /* Nothing but short ones: the mean is all that there is. */
    window = test_window(&params);
    add_whole(window, 1000, 100 * PH_USEC_PER_MS);
    ph_window_bitrate(window, &peak, &average);
    assert_int_equal(peak, 80000);
    assert_int_equal(average, 80000);
    ph_window_destroy(&window);
}

static void bitrates_are_of_what_is_listed(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_AV);
    struct ph_window *window = test_window(&params);
    int64_t peak = 0;
    int64_t average = 0;

    add_whole(window, 2500000, TEST_SEGMENT);
    for (int i = 0; i < 5; i++) {
        add_whole(window, 250000, TEST_SEGMENT);
    }
    ph_window_bitrate(window, &peak, &average);
    assert_int_equal(peak, 1000000);
    assert_int_equal(average, 1000000);
    ph_window_destroy(&window);
}

static void a_snapshot_does_not_change(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_AV);
    struct ph_window *window = test_window(&params);
    struct ph_buf *index = ph_buf_copy("#EXTM3U\n", 8);
    struct ph_date_ranges ranges = {0};
    const struct ph_window_beside beside = {
        .reports = {{PH_RENDITION_AUDIO, 100, 3}, {PH_RENDITION_CARDS, 99, -1}},
        .index = index,
        .ranges = &ranges,
        .part_hold_back = 900000,
    };

    add_segment(window, false, NULL);
    open_segment(window, false, NULL);
    add_parts(window, 2);
    ph_date_ranges_set(&ranges, 1, TEST_DATE, ",X-SKU=\"A1\"");
    struct ph_snapshot *first = ph_window_snapshot(window, &beside);
    ph_date_ranges_set(&ranges, 2, TEST_DATE + PH_USEC_PER_S, NULL);
    add_parts(window, 30);
    ph_window_close_segment(window);
    struct ph_snapshot *second = snap(window);
    ph_window_destroy(&window);
    ph_date_ranges_fini(&ranges);

    assert_int_equal(first->count, 1);
    assert_int_equal(first->open->part_count, 2);
    assert_int_equal(first->open->duration, 2 * TEST_PART);
    assert_int_equal(first->reports[0].last_part, 3);
    assert_int_equal(first->reports[1].rendition, PH_RENDITION_CARDS);
    assert_int_equal(first->params.part_hold_back, 900000);
    assert_int_equal(first->range_count, 1);
    assert_string_equal(first->ranges[0]->attributes, ",X-SKU=\"A1\"");
    assert_true(first->ranges[0]->end == PH_USEC_NEVER); /* it was closed later */
    assert_ptr_equal(first->index, index);
    assert_int_equal(second->number, first->number + 1);
    assert_int_equal(second->count, 2);
    assert_int_equal(second->segments[1]->part_count, 32);
    assert_int_equal(second->reports[0].rendition, PH_RENDITION_NONE);
    assert_int_equal(second->params.part_hold_back, 768000);
    assert_int_equal(second->range_count, 0);
    /* The bytes are shared, not copied, and outlive the window. */
    assert_ptr_equal(first->segments[0], second->segments[0]);
    assert_ptr_equal(first->open->parts[1].bytes, second->segments[1]->parts[1].bytes);
    assert_int_equal(first->open->parts[1].bytes->data[999], 'm');
    ph_snapshot_unref(&second);
    assert_int_equal(first->open->parts[1].bytes->refs, 1);
    ph_snapshot_unref(&first);
    ph_snapshot_unref(&first);
    assert_int_equal(index->refs, 1);
    ph_buf_unref(&index);
}

static void an_open_ts_segment_is_not_in_the_snapshot(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_TS);
    struct ph_window *window = test_window(&params);

    open_segment(window, false, NULL);
    add_part(window, 188, TEST_SEGMENT, true);
    struct ph_snapshot *s = snap(window);
    assert_null(s->open);
    ph_snapshot_unref(&s);
    ph_window_destroy(&window);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_the_window),
        cmocka_unit_test(never_lists_less_than_three_target_durations),
        cmocka_unit_test(serves_what_has_left_the_playlist),
        cmocka_unit_test(drops_the_oldest_above_max_bytes),
        cmocka_unit_test(numbers_parts_in_a_row),
        cmocka_unit_test(a_segment_without_parts_vanishes),
        cmocka_unit_test(ends_and_goes_on),
        cmocka_unit_test(reports_where_it_stands),
        cmocka_unit_test(measures_bitrates),
        cmocka_unit_test(bitrates_are_of_what_is_listed),
        cmocka_unit_test(a_snapshot_does_not_change),
        cmocka_unit_test(an_open_ts_segment_is_not_in_the_snapshot),
    };

    return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
