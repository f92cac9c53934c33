/* SPDX-License-Identifier: Apache-2.0 */
#include "window_fixture.h"

#include <phien/package/snapshot.h>

#include <pthread.h>
#include <stdlib.h>
#include <zlib.h>

/*
 * Segments 100..104 of eight parts each, and 105 under way with `open_parts` parts; 100 has left
 * the playlist if there are more than five.
 */
static struct ph_window *live_window(int segments, int open_parts)
{
    struct ph_window_params params = test_window_params(PH_RENDITION_AV);
    struct ph_window *window = test_window(&params);
    struct ph_init *init = test_init(0);

    for (int i = 0; i < segments; i++) {
        add_segment(window, i == 0, init);
    }
    if (open_parts > 0) {
        open_segment(window, false, init);
        add_parts(window, open_parts);
    }
    ph_init_unref(&init);
    return window;
}

static struct ph_snapshot *live_snapshot(int segments, int open_parts)
{
    struct ph_window *window = live_window(segments, open_parts);
    struct ph_snapshot *s = snap(window);

    ph_window_destroy(&window);
    return s;
}

/* A row of the tables: what a request asks for, and what it should get. */
struct row {
    int64_t msn;
    int64_t part;
    bool has;
    bool is_bad; /* status 400 */
};

static void check_rows(const struct ph_snapshot *s, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        bool has = ph_snapshot_has(s, row->msn, row->part);
        bool is_bad = ph_snapshot_check_ahead(s, row->msn, row->part) == PH_EINVAL;
        if (has != row->has || is_bad != row->is_bad) {
            fail_msg("msn %lld part %lld: has %d, 400 %d", (long long)row->msn,
                     (long long)row->part, has, is_bad);
        }
    }
}

static void blocks_by_the_rules(void **state)
{
    (void)state;
    /* Segments 100..104 are finished, 105 is under way with parts 0..2. The limit is 12 parts. */
    static const struct row rows[] = {
        {0, -1, true, false},           {0, 999, true, false},
        {99, -1, true, false},          {100, 3, true, false},
        {103, 999, true, false},        {104, -1, true, false},
        {104, 0, true, false},          {104, 7, true, false},
        {104, 8, true, false}, /* part 0 of 105 */
        {104, 99, true, false},         {105, -1, false, false},
        {105, 0, true, false},          {105, 2, true, false},
        {105, 3, false, false},         {105, 14, false, false},
        {105, 1000000, false, false}, /* hls.js with its low latency mode off */
        {105, INT64_MAX, false, false}, {106, -1, false, false},
        {106, 0, false, false},         {106, 11, false, false},
        {106, 12, false, true},         {106, INT64_MAX, false, true},
        {107, -1, false, true},         {107, 0, false, true},
        {INT64_MAX, -1, false, true},   {INT64_MAX, INT64_MAX, false, true},
    };
    struct ph_snapshot *s = live_snapshot(5, 3);

    check_rows(s, rows, PH_ARRAY_SIZE(rows));
    ph_snapshot_unref(&s);
}

static void rolls_a_part_past_the_end_over(void **state)
{
    (void)state;
    /* 104 is finished, nothing of 105 is there. */
    static const struct row rows[] = {
        {103, 8, true, false},  {104, -1, true, false},  {104, 7, true, false},
        {104, 8, false, false}, {104, 99, false, false}, {105, 0, false, false},
    };
    struct ph_snapshot *s = live_snapshot(5, 0);

    check_rows(s, rows, PH_ARRAY_SIZE(rows));
    ph_snapshot_unref(&s);

    /* With its first part, the hold for 104/8 is over. */
    s = live_snapshot(5, 1);
    assert_true(ph_snapshot_has(s, 104, 8));
    ph_snapshot_unref(&s);
}

static void waits_for_the_first_segment(void **state)
{
    (void)state;
    static const struct row rows_nothing[] = {
        {0, -1, false, false},  {99, -1, false, false},  {99, 0, false, false},
        {100, 0, false, false}, {100, -1, false, false}, {101, -1, false, false},
        {101, 12, false, true}, {102, -1, false, true},
    };
    static const struct row rows_two_parts[] = {
        {0, -1, true, false},    {99, 5, true, false},   {100, -1, false, false},
        {100, 1, true, false},   {100, 2, false, false}, {101, -1, false, false},
        {101, 11, false, false}, {102, -1, false, true},
    };
    struct ph_snapshot *s = live_snapshot(0, 0);

    check_rows(s, rows_nothing, PH_ARRAY_SIZE(rows_nothing));
    assert_int_equal(ph_snapshot_last_msn(s), -1);
    ph_snapshot_unref(&s);
    s = live_snapshot(0, 2);
    check_rows(s, rows_two_parts, PH_ARRAY_SIZE(rows_two_parts));
    assert_int_equal(ph_snapshot_last_msn(s), -1);
    ph_snapshot_unref(&s);
}

static void nobody_waits_for_an_ended_playlist(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {0, -1, true, false},
        {105, 9, true, false},
        {106, -1, true, false},
        {INT64_MAX, INT64_MAX, true, false},
    };
    struct ph_window *window = live_window(5, 3);

    ph_window_end(window);
    struct ph_snapshot *s = snap(window);
    check_rows(s, rows, PH_ARRAY_SIZE(rows));
    assert_int_equal(ph_snapshot_last_msn(s), 105);
    ph_snapshot_unref(&s);
    ph_window_destroy(&window);
}

static void the_advance_limit_follows_the_part_target(void **state)
{
    (void)state;
    static const struct {
        ph_usec part_target;
        int64_t limit;
    } cases[] = {{250000, 12}, {500000, 6},  {400000, 8}, {999999, 4},
                 {1000000, 3}, {2000000, 3}, {100000, 30}};

    for (size_t i = 0; i < PH_ARRAY_SIZE(cases); i++) {
        struct ph_snapshot *s = live_snapshot(2, 1);
        s->part_target = cases[i].part_target;
        assert_int_equal(ph_snapshot_check_ahead(s, 103, cases[i].limit - 1), PH_OK);
        assert_int_equal(ph_snapshot_check_ahead(s, 103, cases[i].limit), PH_EINVAL);
        ph_snapshot_unref(&s);
    }
}

static void finds_segments_by_msn(void **state)
{
    (void)state;
    struct ph_snapshot *s = live_snapshot(40, 3);

    assert_int_equal(ph_snapshot_last_msn(s), 139);
    assert_int_equal(s->segments[0]->msn, 129);
    assert_int_equal(s->segments[s->listed_from]->msn, 135);
    assert_null(ph_snapshot_segment(s, 128));
    for (int64_t msn = 129; msn <= 139; msn++) {
        assert_int_equal(ph_snapshot_segment(s, msn)->msn, msn);
    }
    /* Under way: it has no name of its own yet. */
    assert_null(ph_snapshot_segment(s, 140));
    assert_null(ph_snapshot_segment(s, -1));
    assert_null(ph_snapshot_segment(s, INT64_MAX));
    assert_null(ph_snapshot_segment(s, INT64_MIN));
    ph_snapshot_unref(&s);

    s = live_snapshot(0, 0);
    assert_null(ph_snapshot_segment(s, 100));
    ph_snapshot_unref(&s);
}

static void finds_parts_by_number(void **state)
{
    (void)state;
    struct ph_snapshot *s = live_snapshot(40, 3);

    /* 29 segments of eight parts are gone. */
    assert_null(ph_snapshot_part(s, -1));
    assert_null(ph_snapshot_part(s, 0));
    assert_null(ph_snapshot_part(s, 29 * 8 - 1));
    for (int64_t number = 29 * 8; number < 40 * 8 + 3; number++) {
        const struct ph_part *part = ph_snapshot_part(s, number);
        assert_non_null(part);
        assert_int_equal(part->number, number);
    }
    assert_null(ph_snapshot_part(s, 40 * 8 + 3));
    assert_int_equal(s->next_part, 40 * 8 + 3);
    assert_null(ph_snapshot_part(s, INT64_MAX));
    ph_snapshot_unref(&s);

    s = live_snapshot(1, 0);
    assert_non_null(ph_snapshot_part(s, 7));
    assert_null(ph_snapshot_part(s, 8));
    ph_snapshot_unref(&s);
    s = live_snapshot(0, 2);
    assert_non_null(ph_snapshot_part(s, 1));
    assert_null(ph_snapshot_part(s, 2));
    ph_snapshot_unref(&s);
    s = live_snapshot(0, 0);
    assert_null(ph_snapshot_part(s, 0));
    ph_snapshot_unref(&s);
}

static void finds_init_segments_while_in_use(void **state)
{
    (void)state;
    struct ph_window *window = live_window(2, 0);
    struct ph_init *next = test_init(5);

    open_segment(window, true, next);
    struct ph_snapshot *s = snap(window);
    assert_int_equal(ph_snapshot_init(s, 0)->number, 0);
    assert_null(ph_snapshot_init(s, 5));
    ph_snapshot_unref(&s);

    add_parts(window, 1);
    s = snap(window);
    assert_ptr_equal(ph_snapshot_init(s, 5), next);
    ph_snapshot_unref(&s);

    add_parts(window, 7);
    ph_window_close_segment(window);
    s = snap(window);
    assert_ptr_equal(ph_snapshot_init(s, 5), next);
    assert_non_null(ph_snapshot_init(s, 0));
    ph_snapshot_unref(&s);

    for (int i = 0; i < 11; i++) {
        add_segment(window, false, next);
    }
    s = snap(window);
    assert_null(ph_snapshot_init(s, 0));
    assert_ptr_equal(ph_snapshot_init(s, 5), next);
    ph_snapshot_unref(&s);
    ph_window_destroy(&window);
    ph_init_unref(&next);
}

static void ts_has_no_init_segment(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_TS);
    struct ph_window *window = test_window(&params);

    open_segment(window, false, NULL);
    add_part(window, 188, TEST_SEGMENT, true);
    ph_window_close_segment(window);
    struct ph_snapshot *s = snap(window);
    assert_null(ph_snapshot_init(s, 0));
    assert_true(ph_snapshot_has(s, 100, 0));
    assert_true(ph_snapshot_has(s, 100, 1)); /* it has no parts to count */
    assert_false(ph_snapshot_has(s, 101, -1));
    ph_snapshot_unref(&s);
    ph_window_destroy(&window);
}

static void renders_once(void **state)
{
    (void)state;
    struct ph_snapshot *s = live_snapshot(12, 3);

    for (int form = PH_PLAYLIST_FULL; form <= PH_PLAYLIST_PLAIN; form++) {
        for (int gzip = 0; gzip < 2; gzip++) {
            if (form == PH_PLAYLIST_DELTA) {
                assert_null(ph_snapshot_playlist(s, form, gzip)); /* the window is too short */
                continue;
            }
            struct ph_buf *text = ph_snapshot_playlist(s, form, gzip);
            assert_non_null(text);
            assert_ptr_equal(ph_snapshot_playlist(s, form, gzip), text);
            assert_int_equal(text->refs, 1);
        }
    }
    assert_ptr_not_equal(ph_snapshot_playlist(s, PH_PLAYLIST_FULL, false),
                         ph_snapshot_playlist(s, PH_PLAYLIST_PLAIN, false));
    assert_null(ph_snapshot_playlist(s, PH_PLAYLIST_INDEX, false));
    assert_null(ph_snapshot_playlist(s, PH_PLAYLIST_INDEX, true));
    ph_snapshot_unref(&s);
}

/* hls.js takes the part of the rendition it comes from. Here a segment is waited for, or none. */
static void captions_count_in_whole_segments(void **state)
{
    (void)state;
    struct ph_window_params params = test_window_params(PH_RENDITION_CARDS);
    struct ph_window *window = test_window(&params);
    static const struct row rows[] = {
        {101, -1, true, false},   {101, 0, true, false},  {101, 7, true, false},
        {102, -1, false, false},  {102, 0, false, false}, {102, 100, false, false},
        {103, 100, false, false}, {104, -1, false, true},
    };

    for (int i = 0; i < 2; i++) {
        open_segment(window, false, NULL);
        add_part(window, 60, TEST_SEGMENT, true);
        ph_window_close_segment(window);
    }
    struct ph_snapshot *s = snap(window);
    check_rows(s, rows, PH_ARRAY_SIZE(rows));
    assert_string_equal(ph_rendition_name(s->rendition), "cards");
    ph_snapshot_unref(&s);
    ph_window_destroy(&window);
}

static void keeps_its_ranges(void **state)
{
    (void)state;
    struct ph_window *window = live_window(1, 0);
    struct ph_date_ranges ranges = {0};
    ph_date_ranges_set(&ranges, 1, TEST_DATE, ",X-A=1");
    struct ph_date_range *range = ph_date_range_ref(ranges.items[0]);
    struct ph_snapshot *s =
        ph_window_snapshot(window, &(struct ph_window_beside){.ranges = &ranges});

    ph_date_ranges_fini(&ranges);
    ph_window_destroy(&window);
    assert_int_equal(range->refs, 2);
    assert_ptr_equal(s->ranges[0], range);
    ph_snapshot_unref(&s);
    assert_int_equal(range->refs, 1);
    ph_date_range_unref(&range);
    assert_null(range);
}

static void gives_the_index(void **state)
{
    (void)state;
    struct ph_window *window = live_window(1, 0);
    struct ph_buf *index = ph_buf_copy("#EXTM3U\n", 8);
    struct ph_snapshot *s = ph_window_snapshot(window, &(struct ph_window_beside){.index = index});

    assert_ptr_equal(ph_snapshot_playlist(s, PH_PLAYLIST_INDEX, false), index);
    assert_non_null(ph_snapshot_playlist(s, PH_PLAYLIST_INDEX, true));
    ph_snapshot_unref(&s);
    ph_window_destroy(&window);
    assert_int_equal(index->refs, 1);
    ph_buf_unref(&index);
}

static void nothing_is_rendered_of_nothing(void **state)
{
    (void)state;
    struct ph_snapshot *s = live_snapshot(0, 0);

    for (int form = 0; form < PH_PLAYLIST_FORMS; form++) {
        assert_null(ph_snapshot_playlist(s, form, false));
        assert_null(ph_snapshot_playlist(s, form, true));
    }
    ph_snapshot_unref(&s);
}

/* Inflates a gzip body as a browser does; the caller frees. */
static char *gunzip(const struct ph_buf *packed, size_t *len)
{
    size_t cap = 1 << 20;
    char *text = malloc(cap);
    z_stream z;

    memset(&z, 0, sizeof(z));
    assert_non_null(text);
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    z.next_in = packed->data;
    z.avail_in = (uInt)packed->len;
    z.next_out = (Bytef *)text;
    z.avail_out = (uInt)cap;
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    *len = z.total_out;
    inflateEnd(&z);
    return text;
}

static void assert_packs(const struct ph_buf *text, const struct ph_buf *packed)
{
    size_t len = 0;
    char *again = gunzip(packed, &len);

    assert_int_equal(packed->data[0], 0x1f);
    assert_int_equal(packed->data[1], 0x8b);
    assert_int_equal(len, text->len);
    assert_memory_equal(again, text->data, len);
    free(again);
}

static void gzip_comes_back_the_same(void **state)
{
    (void)state;
    struct ph_snapshot *s = live_snapshot(12, 3);
    struct ph_buf *text = ph_snapshot_playlist(s, PH_PLAYLIST_FULL, false);
    struct ph_buf *packed = ph_snapshot_playlist(s, PH_PLAYLIST_FULL, true);

    assert_packs(text, packed);
    assert_true(packed->len * 4 < text->len);
    ph_snapshot_unref(&s);
}

static void gzip_takes_any_length(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 4095, 4096, 4097, 100000, 1000000};
    struct ph_window *window = live_window(1, 0);

    for (size_t i = 0; i < PH_ARRAY_SIZE(lengths); i++) {
        struct ph_buf *text = ph_buf_create(lengths[i]);
        uint32_t seed = 1;
        for (size_t k = 0; k < text->len; k++) {
            seed = seed * 1664525 + 1013904223;
            text->data[k] = (uint8_t)(seed >> 24); /* cannot be packed, the worst case */
        }
        struct ph_snapshot *s =
            ph_window_snapshot(window, &(struct ph_window_beside){.index = text});
        assert_packs(text, ph_snapshot_playlist(s, PH_PLAYLIST_INDEX, true));
        ph_snapshot_unref(&s);
        ph_buf_unref(&text);
    }
    ph_window_destroy(&window);
}

enum { THREADS = 4, ROUNDS = 200 };

struct renderer {
    pthread_barrier_t *barrier;
    struct ph_snapshot *snapshots[ROUNDS];
    const struct ph_buf *texts[ROUNDS][3][2];
};

static void *run_renderer(void *arg)
{
    struct renderer *r = arg;

    for (int i = 0; i < ROUNDS; i++) {
        pthread_barrier_wait(r->barrier);
        for (int form = 0; form <= PH_PLAYLIST_PLAIN; form++) {
            r->texts[i][form][1] = ph_snapshot_playlist(r->snapshots[i], form, true);
            r->texts[i][form][0] = ph_snapshot_playlist(r->snapshots[i], form, false);
        }
        /* All texts are compared before the last reference goes. */
        pthread_barrier_wait(r->barrier);
        pthread_barrier_wait(r->barrier);
        ph_snapshot_unref(&r->snapshots[i]);
    }
    return NULL;
}

static void renders_from_many_threads(void **state)
{
    (void)state;
    static struct renderer renderers[THREADS];
    pthread_t threads[THREADS];
    pthread_barrier_t barrier;
    struct ph_window_params params = test_window_params(PH_RENDITION_AV);
    params.window = 30 * PH_USEC_PER_S;
    struct ph_window *window = test_window(&params);

    for (int i = 0; i < 16; i++) {
        add_segment(window, false, NULL);
    }
    pthread_barrier_init(&barrier, NULL, THREADS + 1);
    for (int i = 0; i < ROUNDS; i++) {
        struct ph_snapshot *s = snap(window);
        for (int t = 0; t < THREADS; t++) {
            renderers[t].snapshots[i] = ph_snapshot_ref(s);
        }
        ph_snapshot_unref(&s);
        if (!ph_window_has_open_segment(window)) {
            open_segment(window, false, NULL);
        }
        add_parts(window, 1);
        if (i % 8 == 7) {
            ph_window_close_segment(window);
        }
    }
    for (int t = 0; t < THREADS; t++) {
        renderers[t].barrier = &barrier;
        assert_int_equal(pthread_create(&threads[t], NULL, run_renderer, &renderers[t]), 0);
    }
    /* The home goes on, and lets go of its own references, while the workers render. */
    for (int i = 0; i < ROUNDS; i++) {
        pthread_barrier_wait(&barrier);
        add_segment(window, false, NULL);
        pthread_barrier_wait(&barrier);
        for (int t = 1; t < THREADS; t++) {
            assert_memory_equal(renderers[t].texts[i], renderers[0].texts[i],
                                sizeof(renderers[0].texts[i]));
        }
        assert_non_null(renderers[0].texts[i][PH_PLAYLIST_DELTA][1]);
        pthread_barrier_wait(&barrier);
    }
    for (int t = 0; t < THREADS; t++) {
        pthread_join(threads[t], NULL);
    }
    pthread_barrier_destroy(&barrier);
    ph_window_destroy(&window);
}

static void renditions_have_names(void **state)
{
    (void)state;
    assert_string_equal(ph_rendition_name(PH_RENDITION_AV), "av");
    assert_string_equal(ph_rendition_name(PH_RENDITION_AUDIO), "audio");
    assert_string_equal(ph_rendition_name(PH_RENDITION_TS), "ts");
    assert_string_equal(ph_rendition_name(PH_RENDITION_NONE), "none");
    assert_string_equal(ph_rendition_name(PH_RENDITION_COUNT), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_by_the_rules),
        cmocka_unit_test(rolls_a_part_past_the_end_over),
        cmocka_unit_test(waits_for_the_first_segment),
        cmocka_unit_test(nobody_waits_for_an_ended_playlist),
        cmocka_unit_test(the_advance_limit_follows_the_part_target),
        cmocka_unit_test(finds_segments_by_msn),
        cmocka_unit_test(finds_parts_by_number),
        cmocka_unit_test(finds_init_segments_while_in_use),
        cmocka_unit_test(ts_has_no_init_segment),
        cmocka_unit_test(renders_once),
        cmocka_unit_test(captions_count_in_whole_segments),
        cmocka_unit_test(keeps_its_ranges),
        cmocka_unit_test(gives_the_index),
        cmocka_unit_test(nothing_is_rendered_of_nothing),
        cmocka_unit_test(gzip_comes_back_the_same),
        cmocka_unit_test(gzip_takes_any_length),
        cmocka_unit_test(renders_from_many_threads),
        cmocka_unit_test(renditions_have_names),
    };

    return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
