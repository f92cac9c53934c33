/* SPDX-License-Identifier: Apache-2.0 */
#include "watcher.h"

#include <phien/core/mem.h>

#include <stdlib.h>

/* Sound begins with its packets, up to 64 ms long, and with B-frames two frames beside pictures. */
enum { APART_MS = 150, DATE_OFF_MS = 100 };

void watcher_init(struct watcher *w)
{
    *w = (struct watcher){.first_msn = -1};
    for (int r = 0; r < PH_RENDITION_COUNT; r++) {
        w->renditions[r].greatest_part = -1;
    }
}

void watcher_fini(struct watcher *w)
{
    for (int r = 0; r < PH_RENDITION_COUNT; r++) {
        free(w->renditions[r].list);
        free(w->renditions[r].before);
        free(w->renditions[r].is_abandoned);
    }
    free(w->segments);
}

static int64_t number_in(const char *name)
{
    const char *at = strstr(name, "-p");

    assert_non_null(at);
    return strtoll(at + 2, NULL, 10);
}

int64_t watcher_hint(const struct watcher *w, enum ph_rendition rendition)
{
    const struct m3u8 *list = w->renditions[rendition].list;

    return list != NULL && list->hint[0] != '\0' ? number_in(list->hint) : -1;
}

static struct watcher_segment *segment_at(struct watcher *w, int64_t msn)
{
    if (w->first_msn < 0) {
        w->first_msn = msn;
    }
    assert_true(msn >= w->first_msn);
    size_t index = (size_t)(msn - w->first_msn);
    if (index >= w->segment_count) {
        size_t count = 2 * index + 16;
        w->segments = ph_realloc_array(w->segments, count, sizeof(*w->segments));
        memset(w->segments + w->segment_count, 0,
               (count - w->segment_count) * sizeof(*w->segments));
        w->segment_count = count;
    }
    return &w->segments[index];
}

/* The same number means the same place in every rendition. */
static void check_place(struct watcher *w, enum ph_rendition rendition,
                        const struct m3u8_segment *segment)
{
    struct watcher_segment *known = segment_at(w, segment->msn);
    int64_t date_ms = m3u8_date_ms(segment->date);
    bool is_sound = rendition == PH_RENDITION_AUDIO;

    if (!known->is_known && is_sound) {
        return; /* dates are the pictures' */
    }
    if (!known->is_known) {
        *known = (struct watcher_segment){true, segment->discontinuity_number,
                                          segment->has_discontinuity, date_ms};
    }
    int64_t apart = llabs(known->date_ms - date_ms);
    if (known->discontinuity_number != segment->discontinuity_number ||
        known->has_discontinuity != segment->has_discontinuity ||
        (apart > (is_sound ? APART_MS : 0) && !(is_sound && w->is_sound_free))) {
        fail_msg("%s: segment %" PRId64 " has discontinuity number %" PRId64 " (tag: %d), %" PRId64
                 " (tag: %d) elsewhere, and is %" PRId64 " ms off",
                 ph_rendition_name(rendition), segment->msn, segment->discontinuity_number,
                 segment->has_discontinuity, known->discontinuity_number, known->has_discontinuity,
                 apart);
    }
}

static void check_durations(const struct m3u8 *list, const struct m3u8_segment *segment)
{
    if (segment->duration_us >= 0 &&
        (segment->duration_us + 500000) / 1000000 > list->target_duration_s) {
        fail_msg("segment %" PRId64 " lasts %" PRId64 " us", segment->msn, segment->duration_us);
    }
    for (size_t i = 0; i < segment->part_count; i++) {
        assert_true(segment->parts[i].duration_us > 0);
        assert_true(segment->parts[i].duration_us <= list->part_target_us);
    }
}

static bool is_abandoned(const struct watcher_rendition *r, int64_t number)
{
    return (size_t)number < r->abandoned_cap && r->is_abandoned[number];
}

/* In a row, there to be had, and none that a viewer was told will not come. */
static void check_parts(const struct watcher_rendition *r, const struct ph_snapshot *snapshot,
                        const struct m3u8_segment *segment)
{
    for (size_t i = 0; i < segment->part_count; i++) {
        int64_t number = number_in(segment->parts[i].uri);
        if (is_abandoned(r, number)) {
            fail_msg("part %" PRId64 " came after it was given up", number);
        }
        assert_int_equal(number, number_in(segment->parts[0].uri) + (int64_t)i);
        assert_non_null(ph_snapshot_part(snapshot, number));
    }
    if (segment->map[0] != '\0') {
        const char *at = strstr(segment->map, "-i");
        assert_non_null(at);
        assert_non_null(ph_snapshot_init(snapshot, strtoll(at + 2, NULL, 10)));
    }
}

static void check_unchanged(const struct m3u8 *before, const struct m3u8 *list)
{
    assert_true(list->media_sequence >= before->media_sequence);
    assert_true(list->discontinuity_sequence >= before->discontinuity_sequence);
    assert_int_equal(list->target_duration_s, before->target_duration_s);
    assert_int_equal(list->part_target_us, before->part_target_us);
    for (size_t i = 0; i < before->count; i++) {
        const struct m3u8_segment *old = &before->segments[i];
        const struct m3u8_segment *now = m3u8_find(list, old->msn);
        if (now == NULL) {
            assert_true(old->msn < list->media_sequence);
            continue;
        }
        assert_int_equal(now->discontinuity_number, old->discontinuity_number);
        assert_int_equal(now->has_discontinuity, old->has_discontinuity);
        assert_string_equal(now->map, old->map);
        assert_string_equal(now->date, old->date);
        assert_true(old->duration_us < 0 || old->duration_us == now->duration_us);
        assert_true(now->part_count == 0 || now->part_count >= old->part_count);
        for (size_t k = 0; k < old->part_count && now->part_count > 0; k++) {
            assert_string_equal(now->parts[k].uri, old->parts[k].uri);
            assert_int_equal(now->parts[k].duration_us, old->parts[k].duration_us);
        }
    }
}

/* What ends in one place begins in the next, unless a tag says otherwise; nothing goes back. */
static void check_dates(const struct m3u8 *list, enum ph_rendition rendition, bool is_free)
{
    for (size_t i = 1; i < list->count; i++) {
        const struct m3u8_segment *last = &list->segments[i - 1];
        const struct m3u8_segment *next = &list->segments[i];
        int64_t off =
            m3u8_date_ms(next->date) - m3u8_date_ms(last->date) - last->duration_us / 1000;
        if (!is_free && (off < -APART_MS || (off > DATE_OFF_MS && !next->has_discontinuity))) {
            fail_msg("%s: segment %" PRId64 " is %" PRId64 " ms off in its date",
                     ph_rendition_name(rendition), next->msn, off);
        }
        if (!next->has_discontinuity) {
            assert_string_equal(next->map, last->map);
        }
    }
}

static bool lists_part(const struct m3u8 *list, int64_t number)
{
    for (size_t i = 0; i < list->count; i++) {
        for (size_t k = 0; k < list->segments[i].part_count; k++) {
            if (number_in(list->segments[i].parts[k].uri) == number) {
                return true;
            }
        }
    }
    return false;
}

static void note_hint(struct watcher_rendition *r)
{
    int64_t was = r->before->hint[0] != '\0' ? number_in(r->before->hint) : -1;
    int64_t is = r->list->hint[0] != '\0' ? number_in(r->list->hint) : INT64_MAX;

    if (was < 0 || was == is || lists_part(r->list, was)) {
        return;
    }
    assert_true(is > was);
    if ((size_t)was >= r->abandoned_cap) {
        size_t cap = 2 * (size_t)was + 16;
        r->is_abandoned = ph_realloc_array(r->is_abandoned, cap, sizeof(bool));
        memset(r->is_abandoned + r->abandoned_cap, 0, cap - r->abandoned_cap);
        r->abandoned_cap = cap;
    }
    r->is_abandoned[was] = true;
    r->abandoned++;
}

/* EXT-X-MAP is said again after each discontinuity. */
static void check_maps(const struct ph_snapshot *snapshot, const struct ph_buf *text)
{
    static const char tag[] = "#EXT-X-DISCONTINUITY\n";
    const char *pos = (const char *)text->data;
    const char *end = pos + text->len;

    while (snapshot->part_target > 0 &&
           (pos = memmem(pos, (size_t)(end - pos), tag, sizeof(tag) - 1)) != NULL) {
        pos += sizeof(tag) - 1;
        assert_true(end - pos > 11 && strncmp(pos, "#EXT-X-MAP:", 11) == 0);
    }
}

void watcher_take(struct watcher *w, struct ph_snapshot *snapshot)
{
    struct watcher_rendition *r = &w->renditions[snapshot->rendition];
    struct ph_buf *text = ph_snapshot_playlist(snapshot, PH_PLAYLIST_FULL, false);
    struct m3u8 *recycled = r->before != NULL ? r->before : ph_new(struct m3u8);
    bool is_free = w->is_sound_free && snapshot->rendition == PH_RENDITION_AUDIO;

    assert_non_null(text);
    r->before = r->list;
    r->list = recycled;
    m3u8_parse(r->list, text);
    for (size_t i = 0; i < r->list->count; i++) {
        check_durations(r->list, &r->list->segments[i]);
        check_place(w, snapshot->rendition, &r->list->segments[i]);
        check_parts(r, snapshot, &r->list->segments[i]);
    }
    check_dates(r->list, snapshot->rendition, is_free);
    check_maps(snapshot, text);
    if (r->before != NULL) {
        check_unchanged(r->before, r->list);
        note_hint(r);
    }
    w->lists++;
}
