/* SPDX-License-Identifier: Apache-2.0 */
/* The viewer of a flow: reads playlists and parts, and holds them to what RFC 8216bis says. */
#include "flow.h"

#include "mp4.h"

#include <phien/core/mem.h>

#include <libavutil/mathematics.h>
#include <math.h>

/* A pause and a discontinuity abandon a hint each; more of them may follow each other. */
enum { SKIPPED_MAX = 8 };

static uint64_t mix(uint64_t hash, const void *data, size_t len)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
    }
    return hash;
}

uint64_t flow_hash(const void *data, size_t len)
{
    return mix(UINT64_C(14695981039346656037), data, len);
}

void flow_add_unit(struct flow_units *units, struct flow_unit unit)
{
    if ((units->count & (units->count - 1)) == 0) {
        size_t capacity = units->count > 0 ? 2 * units->count : 1;
        units->at = ph_realloc_array(units->at, capacity, sizeof(unit));
    }
    units->at[units->count++] = unit;
}

static enum ph_track_kind kind_of(const struct ph_init *init, uint32_t track_id,
                                  uint32_t *time_scale)
{
    struct init_track track;

    for (int i = 0; init_track_read(init->bytes, i, &track); i++) {
        if (track.id == track_id) {
            *time_scale = track.time_scale;
            return strcmp(track.handler, "vide") == 0 ? PH_TRACK_VIDEO : PH_TRACK_AUDIO;
        }
    }
    fail_msg("no track %" PRIu32 " in the init segment", track_id);
    return PH_TRACK_NONE;
}

static ph_usec shown_at(const struct sample *sample, uint32_t time_scale)
{
    return av_rescale((int64_t)sample->dts + sample->cts, PH_USEC_PER_S, time_scale);
}

/* A segment's date is that of what is shown first, or heard when it has no pictures. */
static void date_zero(struct flow_viewer *viewer, const struct ph_segment *segment,
                      const struct ph_part *part)
{
    struct traf_reader traf;
    struct sample sample;
    enum ph_track_kind kind = PH_TRACK_NONE;

    for (int i = 0; kind != PH_TRACK_VIDEO && traf_open(&traf, part->bytes, i); i++) {
        ph_usec first = PH_USEC_NEVER;
        uint32_t time_scale = 0;
        kind = kind_of(segment->init, traf.track_id, &time_scale);
        while (traf_next(&traf, &sample)) {
            ph_usec shown = shown_at(&sample, time_scale);
            first = shown < first ? shown : first;
        }
        viewer->dated = segment->pdt - first;
    }
}

static void read_media(struct flow_viewer *viewer, const struct ph_segment *segment,
                       const struct ph_part *part)
{
    struct traf_reader traf;
    struct sample sample;
    uint64_t bytes = 0;

    for (int i = 0; traf_open(&traf, part->bytes, i); i++) {
        uint32_t time_scale = 0;
        enum ph_track_kind kind = kind_of(segment->init, traf.track_id, &time_scale);
        assert_true(kind != PH_TRACK_VIDEO || time_scale == 90000);
        while (traf_next(&traf, &sample)) {
            bytes += sample.size;
            flow_add_unit(&viewer->units[kind],
                          (struct flow_unit){
                              .hash = flow_hash(sample.data, sample.size),
                              .dts = (int64_t)sample.dts,
                              .cts = sample.cts,
                              .duration = sample.duration,
                              .shown = viewer->dated + shown_at(&sample, time_scale),
                          });
        }
    }
    assert_int_equal(box_find(box_of(part->bytes), "mdat", 0).len, bytes);
}

static void take_part(struct flow_viewer *viewer, const struct ph_segment *segment, size_t index)
{
    const struct ph_part *part = &segment->parts[index];
    size_t count = viewer->part_count;

    if (count > 0 && viewer->parts[count - 1].number >= part->number) {
        return;
    }
    /* In a row, but for what was hinted at and did not come before a segment. */
    int64_t next = count > 0 ? viewer->parts[count - 1].number + 1 : 0;
    assert_in_range(part->number, next, index == 0 ? next + SKIPPED_MAX : next);
    if ((count & (count - 1)) == 0) {
        viewer->parts =
            ph_realloc_array(viewer->parts, count > 0 ? 2 * count : 1, sizeof(struct flow_part));
    }
    if (count == 0 || viewer->parts[count - 1].init != segment->init->number) {
        viewer->media_hash =
            mix(viewer->media_hash, segment->init->bytes->data, segment->init->bytes->len);
    }
    viewer->parts[viewer->part_count++] = (struct flow_part){
        .msn = segment->msn,
        .number = part->number,
        .duration = part->duration,
        .is_independent = part->is_independent,
        .is_first = index == 0,
        .init = segment->init->number,
    };
    viewer->media_hash = mix(viewer->media_hash, part->bytes->data, part->bytes->len);
    if (index == 0) {
        date_zero(viewer, segment, part);
    }
    read_media(viewer, segment, part);
}

static void take_segment(struct flow_viewer *viewer, const struct ph_segment *segment, bool is_open)
{
    for (size_t i = 0; i < segment->part_count; i++) {
        take_part(viewer, segment, i);
    }
    for (size_t i = viewer->part_count; i > 0 && viewer->parts[i - 1].msn >= segment->msn; i--) {
        struct flow_part *part = &viewer->parts[i - 1];
        part->is_last = !is_open && part->number == segment->parts[segment->part_count - 1].number;
    }
}

/* A part is as long as promised, with the exceptions of RFC 8216bis section 4.4.4.9. */
static void check_part_durations(const struct m3u8 *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct m3u8_segment *segment = &list->segments[i];
        int64_t sum = 0;
        for (size_t k = 0; k < segment->part_count; k++) {
            const struct m3u8_part *part = &segment->parts[k];
            bool may_be_short =
                part->is_independent || (segment->duration_us >= 0 && k + 1 == segment->part_count);
            sum += part->duration_us;
            if (part->duration_us > list->part_target_us ||
                (!may_be_short && part->duration_us * 100 < list->part_target_us * 85)) {
                fail_msg("part %zu of segment %" PRId64 " lasts %" PRId64
                         " us with a part target of %" PRId64 " us",
                         k, segment->msn, part->duration_us, list->part_target_us);
            }
        }
        if (segment->part_count > 0 && segment->duration_us >= 0) {
            assert_int_equal(sum, segment->duration_us);
        }
        if (segment->duration_us >= 0 &&
            (segment->duration_us + 500000) / 1000000 > list->target_duration_s) {
            fail_msg("segment %" PRId64 " lasts %" PRId64 " us", segment->msn,
                     segment->duration_us);
        }
    }
}

/* Dates go with durations, unless a discontinuity lies between; they never go back. */
static void check_dates(const struct m3u8 *list)
{
    for (size_t i = 1; i < list->count; i++) {
        const struct m3u8_segment *last = &list->segments[i - 1];
        const struct m3u8_segment *next = &list->segments[i];
        double off = (double)(m3u8_date_ms(next->date) - m3u8_date_ms(last->date)) -
                     (double)last->duration_us / 1000;
        if (off < -100 || (fabs(off) > 45 && !next->has_discontinuity)) {
            fail_msg("segment %" PRId64 " is %.0f ms off in its date", next->msn, off);
        }
    }
}

/* What was said before stays true. */
static void check_unchanged(const struct m3u8 *before, const struct m3u8 *list)
{
    assert_true(list->media_sequence >= before->media_sequence);
    assert_true(list->discontinuity_sequence >= before->discontinuity_sequence);
    assert_int_equal(list->target_duration_s, before->target_duration_s);
    assert_int_equal(list->part_target_us, before->part_target_us);
    if (list->is_ended == before->is_ended) {
        assert_string_equal(list->server_control, before->server_control);
    }
    for (size_t i = 0; i < before->count; i++) {
        const struct m3u8_segment *old = &before->segments[i];
        const struct m3u8_segment *now = m3u8_find(list, old->msn);
        if (now == NULL) {
            assert_true(old->msn < list->media_sequence);
            continue;
        }
        assert_int_equal(now->discontinuity_number, old->discontinuity_number);
        assert_string_equal(now->map, old->map);
        assert_string_equal(now->date, old->date);
        assert_true(old->duration_us < 0 || old->duration_us == now->duration_us);
        for (size_t k = 0; k < old->part_count && now->part_count > 0; k++) {
            assert_string_equal(now->parts[k].uri, old->parts[k].uri);
            assert_int_equal(now->parts[k].duration_us, old->parts[k].duration_us);
        }
    }
}

/*
 * The part hinted at is the next one that is listed. After a discontinuity it must not be: a player
 * that has fetched it would decode it with the init segment of before.
 */
static void check_hint(const struct m3u8 *before, const struct flow_viewer *viewer,
                       size_t parts_before)
{
    if (before->hint[0] == '\0' || viewer->part_count == parts_before) {
        return;
    }
    const struct flow_part *part = &viewer->parts[parts_before];
    const struct m3u8_segment *segment = m3u8_find(viewer->list, part->msn);
    bool is_new_start = part->is_first && segment != NULL && segment->has_discontinuity;
    char uri[32];
    snprintf(uri, sizeof(uri), "-p%" PRId64 ".m4s", part->number);
    if ((strstr(before->hint, uri) != NULL) == is_new_start) {
        fail_msg("%s was hinted at, %s came%s", before->hint, uri,
                 is_new_start ? ", after a discontinuity" : "");
    }
}

static void read_playlist(struct flow_viewer *viewer, struct ph_snapshot *snapshot,
                          size_t parts_before)
{
    const struct ph_buf *text = ph_snapshot_playlist(snapshot, PH_PLAYLIST_FULL, false);
    struct m3u8 *recycled = viewer->before;

    assert_non_null(text);
    assert_true(text->len < FLOW_TEXT_BYTES);
    memcpy(viewer->text, text->data, text->len);
    viewer->text[text->len] = '\0';
    viewer->text_hash = mix(viewer->text_hash, text->data, text->len);
    viewer->before = viewer->list;
    viewer->list = recycled;
    m3u8_parse(viewer->list, text);
    assert_int_equal(viewer->list->skipped, -1);
    check_part_durations(viewer->list);
    check_dates(viewer->list);
    if (viewer->snapshots > 0) {
        check_unchanged(viewer->before, viewer->list);
        check_hint(viewer->before, viewer, parts_before);
    }
}

void flow_viewer_take(struct flow *flow, struct ph_snapshot *snapshot)
{
    struct flow_viewer *viewer = &flow->viewers[snapshot->rendition];
    size_t parts_before = viewer->part_count;

    if (!flow->is_recording || snapshot->rendition == PH_RENDITION_TS) {
        return;
    }
    for (size_t i = 0; i < snapshot->count; i++) {
        take_segment(viewer, snapshot->segments[i], false);
    }
    if (snapshot->open != NULL) {
        take_segment(viewer, snapshot->open, true);
    }
    viewer->part_target = snapshot->part_target;
    read_playlist(viewer, snapshot, parts_before);
    if (snapshot->index != NULL) {
        viewer->text_hash = mix(viewer->text_hash, snapshot->index->data, snapshot->index->len);
    }
    viewer->snapshots++;
}
