/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A long life of a channel by a seeded random plan: parts, segments, discontinuities, new
 * programs, gaps, ends, returns. After every step the playlists are read as a player would, and
 * each is held against the one before: only what RFC 8216bis section 6.2.1 allows may differ.
 */
#include "window_fixture.h"

#include "m3u8.h"

#include <phien/package/snapshot.h>

static struct m3u8 before;
static struct m3u8 now;
static struct m3u8 plain;
static struct m3u8 delta;
static struct m3u8 merged;
static struct m3u8 older; /* a copy that some slow player still has */

static uint32_t seed;
static int ranges_gone;

static uint32_t draw(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % below;
}

static void assert_same_segment(const struct m3u8_segment *a, const struct m3u8_segment *b)
{
    assert_int_equal(a->msn, b->msn);
    assert_int_equal(a->discontinuity_number, b->discontinuity_number);
    assert_int_equal(a->has_discontinuity, b->has_discontinuity);
    assert_string_equal(a->map, b->map);
    assert_string_equal(a->date, b->date);
}

static void assert_same_part(const struct m3u8_part *a, const struct m3u8_part *b)
{
    assert_string_equal(a->uri, b->uri);
    assert_int_equal(a->duration_us, b->duration_us);
    assert_int_equal(a->is_independent, b->is_independent);
}

/* What must hold in each playlist by itself. */
static void check_alone(const struct m3u8 *list)
{
    int64_t distance = 0;

    assert_true(list->count > 0);
    for (size_t i = list->count; i > 0; i--) {
        const struct m3u8_segment *segment = &list->segments[i - 1];
        int64_t sum = 0;
        for (size_t k = 0; k < segment->part_count; k++) {
            assert_true(segment->parts[k].duration_us <= list->part_target_us);
            sum += segment->parts[k].duration_us;
        }
        assert_string_not_equal(segment->map, "");
        if (segment->duration_us < 0) {
            assert_int_equal(i, list->count); /* only the last can be under way */
            assert_false(list->is_ended);
            distance += sum;
            continue;
        }
        /* Parts are there for the last three target durations, and all of them. */
        assert_int_equal(segment->part_count > 0,
                         distance < 3 * 1000000ll * list->target_duration_s);
        if (segment->part_count > 0) {
            assert_int_equal(segment->duration_us, sum);
        }
        assert_true((segment->duration_us + 500000) / 1000000 <= list->target_duration_s);
        distance += segment->duration_us;
    }
    assert_int_equal(list->is_ended, list->hint[0] == '\0');
    assert_int_equal(list->is_ended, strstr(list->server_control, "CAN-BLOCK-RELOAD") == NULL);
}

/* The segment of `b` that is also in `a`. */
static void check_kept(const struct m3u8_segment *a, const struct m3u8_segment *b)
{
    assert_same_segment(a, b);
    if (a->duration_us >= 0) {
        assert_int_equal(a->duration_us, b->duration_us);
        assert_string_equal(a->uri, b->uri);
        assert_true(b->part_count == a->part_count || b->part_count == 0);
    } else {
        assert_true(b->part_count >= a->part_count);
    }
    for (size_t i = 0; i < a->part_count && i < b->part_count; i++) {
        assert_same_part(&a->parts[i], &b->parts[i]);
    }
}

/* The first part that `b` has and `a` does not: it must be the one hinted at. */
static void check_hint(const struct m3u8 *a, const struct m3u8 *b)
{
    const struct m3u8_segment *last = &a->segments[a->count - 1];

    for (size_t i = 0; i < b->count; i++) {
        const struct m3u8_segment *segment = &b->segments[i];
        size_t known = segment->msn == last->msn ? last->part_count : 0;
        if (segment->msn >= last->msn && segment->part_count > known) {
            assert_string_equal(segment->parts[known].uri, a->hint);
            return;
        }
    }
    /* Nothing new: the promise stands. */
    if (!b->is_ended) {
        assert_string_equal(a->hint, b->hint);
    }
}

/* What may happen to date ranges: section 4.4.5.1. */
static void check_ranges(const struct m3u8 *a, const struct m3u8 *b)
{
    int64_t oldest_ms = m3u8_date_ms(b->segments[0].date);

    for (size_t i = 0; i < a->range_count; i++) {
        const struct m3u8_range *range = &a->ranges[i];
        const struct m3u8_range *kept = m3u8_find_range(b, range->id);
        if (kept == NULL) {
            assert_true(range->duration_ms >= 0);
            assert_true(m3u8_date_ms(range->start) + range->duration_ms <= oldest_ms);
            ranges_gone++;
            continue;
        }
        assert_string_equal(kept->start, range->start);
        assert_string_equal(kept->attributes, range->attributes);
        if (range->duration_ms >= 0) {
            assert_int_equal(kept->duration_ms, range->duration_ms);
        }
    }
    for (size_t i = 1; i < b->range_count; i++) {
        const struct m3u8_range *earlier = &b->ranges[i - 1];
        if (earlier->duration_ms <= 0) { /* only the last one can be open */
            fail_msg("%s lasts %" PRId64 " ms, %s follows", earlier->id, earlier->duration_ms,
                     b->ranges[i].id);
        }
        assert_true(m3u8_date_ms(earlier->start) + earlier->duration_ms <=
                    m3u8_date_ms(b->ranges[i].start));
    }
}

static void check_mutation(const struct m3u8 *a, const struct m3u8 *b, bool is_bytes_bound)
{
    int64_t listed = 0;
    int64_t gone = 0; /* discontinuities that left */

    assert_int_equal(a->version, b->version);
    assert_int_equal(a->target_duration_s, b->target_duration_s);
    assert_int_equal(a->part_target_us, b->part_target_us);
    if (a->is_ended == b->is_ended) {
        assert_string_equal(a->server_control, b->server_control);
    }
    assert_true(b->media_sequence >= a->media_sequence);
    assert_true(b->segments[b->count - 1].msn >= a->segments[a->count - 1].msn);
    for (size_t i = 0; i < a->count; i++) {
        const struct m3u8_segment *kept = m3u8_find(b, a->segments[i].msn);
        if (a->segments[i].msn < b->media_sequence) {
            assert_null(kept);
            gone += a->segments[i].has_discontinuity ? 1 : 0;
        } else {
            assert_non_null(kept);
            check_kept(&a->segments[i], kept);
        }
    }
    assert_int_equal(b->discontinuity_sequence, a->discontinuity_sequence + gone);
    for (size_t i = 0; i < b->count; i++) {
        listed += b->segments[i].duration_us > 0 ? b->segments[i].duration_us : 0;
    }
    if (b->media_sequence > a->media_sequence && !is_bytes_bound) {
        assert_true(listed >= 3 * 1000000ll * b->target_duration_s);
    }
    if (!a->is_ended) {
        check_hint(a, b);
    }
    check_ranges(a, b);
}

static void assert_same_ranges(const struct m3u8 *a, const struct m3u8 *b)
{
    assert_int_equal(a->range_count, b->range_count);
    for (size_t i = 0; i < a->range_count; i++) {
        assert_string_equal(a->ranges[i].id, b->ranges[i].id);
        assert_string_equal(a->ranges[i].start, b->ranges[i].start);
        assert_int_equal(a->ranges[i].duration_ms, b->ranges[i].duration_ms);
        assert_string_equal(a->ranges[i].attributes, b->ranges[i].attributes);
    }
}

/* The plain form: the same finished segments, and nothing of low latency. */
static void check_plain(struct ph_snapshot *s)
{
    struct ph_buf *text = ph_snapshot_playlist(s, PH_PLAYLIST_PLAIN, false);
    size_t finished = now.count - (now.segments[now.count - 1].duration_us < 0 ? 1 : 0);

    assert_int_equal(text != NULL, finished > 0);
    if (text == NULL) {
        return;
    }
    m3u8_parse(&plain, text);
    assert_int_equal(plain.count, finished);
    assert_int_equal(plain.media_sequence, now.media_sequence);
    assert_int_equal(plain.discontinuity_sequence, now.discontinuity_sequence);
    assert_int_equal(plain.is_ended, now.is_ended);
    assert_string_equal(plain.server_control, "");
    assert_string_equal(plain.hint, "");
    assert_string_equal(plain.report, "");
    assert_same_ranges(&plain, &now);
    for (size_t i = 0; i < plain.count; i++) {
        struct m3u8_segment *segment = &plain.segments[i];
        assert_int_equal(segment->part_count, 0);
        assert_int_equal(segment->duration_us, now.segments[i].duration_us);
        assert_int_equal(strncmp(segment->uri, "../", 3), 0);
        assert_string_equal(segment->uri + 3, now.segments[i].uri);
        assert_int_equal(strncmp(segment->map, "../", 3), 0);
        memmove(segment->map, segment->map + 3, sizeof(segment->map) - 3);
        assert_same_segment(segment, &now.segments[i]);
    }
}

/* A delta merged into any copy that still has the skipped segments gives the full playlist. */
static bool check_delta(struct ph_snapshot *s, const struct m3u8 *copy)
{
    struct ph_buf *text = ph_snapshot_playlist(s, PH_PLAYLIST_DELTA, false);

    if (text == NULL) {
        return false;
    }
    m3u8_parse(&delta, text);
    assert_int_equal(delta.version, now.version);
    assert_string_equal(delta.server_control, now.server_control);
    assert_string_equal(delta.hint, now.hint);
    assert_string_equal(delta.report, now.report);
    assert_same_ranges(&delta, &now);
    if (!m3u8_merge(&merged, copy, &delta)) {
        return false;
    }
    assert_int_equal(merged.media_sequence, now.media_sequence);
    assert_int_equal(merged.discontinuity_sequence, now.discontinuity_sequence);
    assert_int_equal(merged.count, now.count);
    for (size_t i = 0; i < now.count; i++) {
        const struct m3u8_segment *a = &merged.segments[i];
        const struct m3u8_segment *b = &now.segments[i];
        assert_same_segment(a, b);
        assert_int_equal(a->duration_us, b->duration_us);
        assert_string_equal(a->uri, b->uri);
        assert_int_equal(a->part_count, b->part_count);
        for (size_t k = 0; k < a->part_count; k++) {
            assert_same_part(&a->parts[k], &b->parts[k]);
        }
    }
    return true;
}

/* Whatever the playlists name can be fetched; what the reload rules promise is listed. */
static void check_lookups(const struct ph_snapshot *s)
{
    const struct m3u8_segment *last = &now.segments[now.count - 1];

    for (size_t i = 0; i < now.count; i++) {
        const struct m3u8_segment *segment = &now.segments[i];
        int64_t init = -1;
        assert_int_equal(sscanf(segment->map, "av-" TEST_EPOCH "-i%" SCNd64 ".mp4", &init), 1);
        assert_non_null(ph_snapshot_init(s, init));
        if (segment->duration_us >= 0) {
            assert_non_null(ph_snapshot_segment(s, segment->msn));
            assert_true(ph_snapshot_has(s, segment->msn, -1));
        }
        for (size_t k = 0; k < segment->part_count; k++) {
            int64_t number = -1;
            assert_int_equal(
                sscanf(segment->parts[k].uri, "av-" TEST_EPOCH "-p%" SCNd64 ".m4s", &number), 1);
            assert_int_equal(ph_snapshot_part(s, number)->duration, segment->parts[k].duration_us);
            assert_true(ph_snapshot_has(s, segment->msn, (int64_t)k));
        }
    }
    if (!now.is_ended) {
        int64_t next = last->duration_us < 0 ? last->msn : last->msn + 1;
        int64_t part = last->duration_us < 0 ? (int64_t)last->part_count : 0;
        assert_false(ph_snapshot_has(s, next, part));
        assert_false(ph_snapshot_has(s, next, -1));
        assert_int_equal(ph_snapshot_check_ahead(s, next, part), PH_OK);
    }
}

struct life {
    struct ph_window *window;
    struct ph_init *init;
    int64_t inits;
    ph_usec date;
    ph_usec segment_length;
    struct ph_date_ranges ranges;
    int64_t seq;
};

static void start_segment(struct life *life, bool is_discontinuity)
{
    if (draw(is_discontinuity ? 3 : 20) == 0) {
        ph_init_unref(&life->init);
        life->init = test_init(life->inits++);
    }
    ph_window_open_segment(life->window, life->date, is_discontinuity, life->init);
    life->segment_length = TEST_PART * (1 + draw(10));
}

static void go_on(struct life *life)
{
    uint32_t dice = draw(1000);

    if (!ph_window_has_open_segment(life->window)) {
        /* A gap, of which nothing is listed but the jump of the date. */
        bool is_discontinuity = ph_window_is_ended(life->window) || dice < 100;
        life->date += is_discontinuity ? draw(30000) * PH_USEC_PER_MS : 0;
        start_segment(life, is_discontinuity);
    } else if (dice < 3) {
        ph_window_end(life->window);
    } else if (dice < 20) {
        ph_window_close_segment(life->window); /* the publisher is gone, perhaps before a part */
    } else if (ph_window_open_duration(life->window) >= life->segment_length) {
        ph_window_close_segment(life->window);
        start_segment(life, dice < 60);
    } else {
        ph_usec duration = TEST_PART - draw(35000);
        add_part(life->window, 500 + draw(1500), duration, draw(4) == 0);
        life->date += duration;
    }
}

/* Now and then another card, the same one again, or none; it may be dated a little ahead. */
static void change_card(struct life *life)
{
    static const char *const cards[] = {NULL, ",X-SKU=\"A1\"", ",X-SKU=\"B2\",X-STOCK=0",
                                        ",X-SKU=\"C3\",X-TITLE=\"Mận, hậu\""};

    if (draw(20) == 0) {
        ph_date_ranges_set(&life->ranges, ++life->seq, life->date + draw(500) * PH_USEC_PER_MS,
                           cards[draw(4)]);
    }
    ph_date_ranges_expire(&life->ranges, ph_window_oldest(life->window));
}

static void live(uint32_t plan, int steps, size_t max_bytes)
{
    struct ph_window_params params = test_window_params(PH_RENDITION_AV);
    params.playlist.target_duration_s = 3;
    params.playlist.skip_until = 18 * PH_USEC_PER_S;
    params.window = 40 * PH_USEC_PER_S;
    params.max_bytes = max_bytes;
    struct life life = {
        .window = test_window(&params), .init = test_init(0), .inits = 1, .date = TEST_DATE};
    bool has_before = false;
    int merges = 0;
    int ends = 0;
    int old_merges = 0;

    seed = plan;
    ranges_gone = 0;
    before.count = 0;
    older.count = 0;
    for (int i = 0; i < steps; i++) {
        const struct ph_window_beside beside = {
            .reports = {{PH_RENDITION_AUDIO, 100 + i / 8, i % 8}},
            .ranges = &life.ranges,
        };
        go_on(&life);
        change_card(&life);
        struct ph_snapshot *s = ph_window_snapshot(life.window, &beside);
        struct ph_buf *text = ph_snapshot_playlist(s, PH_PLAYLIST_FULL, false);
        if (text != NULL) {
            m3u8_parse(&now, text);
            check_alone(&now);
            if (has_before) {
                check_mutation(&before, &now, max_bytes < 1000000);
                merges += check_delta(s, &before) ? 1 : 0;
                old_merges += check_delta(s, &older) ? 1 : 0;
            }
            check_plain(s);
            check_lookups(s);
            ends += now.is_ended && !before.is_ended ? 1 : 0;
            before = now;
            if (!has_before || draw(100) == 0) {
                older = now;
            }
            has_before = true;
        } else {
            assert_false(has_before);
        }
        ph_snapshot_unref(&s);
    }
    /* The plan went where it should. */
    assert_true(ends > 0);
    assert_true(life.inits > 3);
    assert_true(ranges_gone > steps / 200);
    if (max_bytes > 1000000) {
        assert_true(merges > steps / 3);
        assert_true(old_merges > steps / 20);
    }
    ph_init_unref(&life.init);
    ph_date_ranges_fini(&life.ranges);
    ph_window_destroy(&life.window);
}

static void only_allowed_mutations(void **state)
{
    (void)state;
    for (uint32_t plan = 1; plan <= 4; plan++) {
        live(plan * 2654435761u, 2500, (size_t)1 << 30);
    }
}

static void only_allowed_mutations_in_little_memory(void **state)
{
    (void)state;
    live(99, 2500, 60000);
    live(7, 2500, 15000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_allowed_mutations),
        cmocka_unit_test(only_allowed_mutations_in_little_memory),
    };

    return cmocka_run_group_tests_name("playlist_mutations", tests, NULL, NULL);
}
