/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the segmenter and the snapshots: segments come in at one end part by part, leave the
 * playlist and then memory at the other (RFC 8216bis sections 6.2.2 and 6.2.5). A segment is
 * written by the window alone while it is under way; closed, it is shared as it is.
 */
#include "window.h"

#include <phien/core/mem.h>

#include <stdlib.h>
#include <string.h>

struct ph_window {
    struct ph_window_params params;
    ph_usec part_target;

    struct ph_segment **segments; /* closed, oldest first */
    size_t count;
    size_t cap;
    size_t listed_from;
    ph_usec listed_duration;
    ph_usec unlisted_duration;

    struct ph_segment *open; /* under way, NULL between two segments */
    size_t open_cap;         /* parts that open->parts has room for */

    size_t bytes;
    int64_t next_msn; /* the open segment's, or the next one's */
    int64_t next_part;
    int64_t discontinuity_number; /* of the last closed segment */
    int64_t snapshot_number;
    bool is_discontinuity_due; /* a segment with one vanished: the next inherits it */
    bool is_ended;
};

struct ph_window *ph_window_create(const struct ph_window_params *params)
{
    struct ph_window *window = ph_new(struct ph_window);

    window->params = *params;
    window->next_msn = params->first_msn;
    window->next_part = params->first_part;
    window->discontinuity_number = params->first_discontinuity;
    return window;
}

void ph_window_destroy(struct ph_window **ref)
{
    struct ph_window *window = *ref;

    *ref = NULL;
    if (window == NULL) {
        return;
    }
    ph_segment_unref(&window->open);
    for (size_t i = 0; i < window->count; i++) {
        ph_segment_unref(&window->segments[i]);
    }
    free(window->segments);
    free(window);
}

void ph_window_set_part_target(struct ph_window *window, ph_usec part_target)
{
    PH_ASSERT(window->next_part == window->params.first_part);
    window->part_target = part_target;
}

/* The shortest time that the playlist may list: section 6.2.2 forbids less than three targets. */
static ph_usec listed_minimum(const struct ph_window *window)
{
    ph_usec targets = 3 * (ph_usec)window->params.playlist.target_duration_s * PH_USEC_PER_S;

    return window->params.window > targets ? window->params.window : targets;
}

static void drop_oldest(struct ph_window *window)
{
    struct ph_segment *segment = window->segments[0];

    if (window->listed_from > 0) {
        window->listed_from--;
        window->unlisted_duration -= segment->duration;
    } else {
        window->listed_duration -= segment->duration;
    }
    window->bytes -= segment->bytes;
    window->count--;
    memmove(window->segments, window->segments + 1, window->count * sizeof(struct ph_segment *));
    ph_segment_unref(&segment);
}

static void enforce_max_bytes(struct ph_window *window)
{
    while (window->bytes > window->params.max_bytes && window->count > 1) {
        drop_oldest(window);
    }
}

/*
 * A segment that leaves the playlist stays for its own duration and that of the playlist, as
 * section 6.2.2 asks; the segments that left after it are the clock.
 */
static void slide(struct ph_window *window)
{
    ph_usec minimum = listed_minimum(window);

    while (window->listed_from + 1 < window->count) {
        ph_usec duration = window->segments[window->listed_from]->duration;
        if (window->listed_duration - duration < minimum) {
            break;
        }
        window->listed_from++;
        window->listed_duration -= duration;
        window->unlisted_duration += duration;
    }
    while (window->listed_from > 0) {
        ph_usec duration = window->segments[0]->duration;
        if (window->unlisted_duration - duration < duration + window->listed_duration) {
            break;
        }
        drop_oldest(window);
    }
}

void ph_window_open_segment(struct ph_window *window, ph_usec pdt, bool is_discontinuity,
                            struct ph_init *init)
{
    PH_ASSERT(window->open == NULL);
    struct ph_segment *segment = ph_new(struct ph_segment);

    atomic_init(&segment->refs, 1);
    segment->msn = window->next_msn;
    segment->pdt = pdt;
    segment->is_discontinuity = is_discontinuity || window->is_discontinuity_due;
    segment->discontinuity_number =
        window->discontinuity_number + (segment->is_discontinuity ? 1 : 0);
    segment->init = init != NULL ? ph_init_ref(init) : NULL;
    window->open = segment;
    window->open_cap = 0;
    window->is_discontinuity_due = false;
    window->is_ended = false;
}

void ph_window_add_part(struct ph_window *window, struct ph_buf *bytes, ph_usec duration,
                        bool is_independent)
{
    struct ph_segment *open = window->open;

    PH_ASSERT(open != NULL && duration >= 0);
    if (open->part_count == window->open_cap) {
        window->open_cap = window->open_cap > 0 ? 2 * window->open_cap : 8;
        open->parts = ph_realloc_array(open->parts, window->open_cap, sizeof(*open->parts));
    }
    open->parts[open->part_count++] = (struct ph_part){
        .bytes = bytes,
        .number = window->next_part++,
        .duration = duration,
        .is_independent = is_independent,
    };
    open->duration += duration;
    open->bytes += bytes->len;
    window->bytes += bytes->len;
    enforce_max_bytes(window);
}

void ph_window_skip_part(struct ph_window *window)
{
    PH_ASSERT(window->open == NULL);
    window->next_part++;
}

static void append(struct ph_window *window, struct ph_segment *segment)
{
    if (window->count == window->cap) {
        window->cap = window->cap > 0 ? 2 * window->cap : 16;
        window->segments =
            ph_realloc_array(window->segments, window->cap, sizeof(struct ph_segment *));
    }
    window->segments[window->count++] = segment;
    window->listed_duration += segment->duration;
    window->discontinuity_number = segment->discontinuity_number;
    window->next_msn = segment->msn + 1;
}

void ph_window_close_segment(struct ph_window *window)
{
    struct ph_segment *segment = window->open;

    if (segment == NULL) {
        return;
    }
    window->open = NULL;
    if (segment->part_count == 0) {
        window->is_discontinuity_due = segment->is_discontinuity;
        ph_segment_unref(&segment);
        return;
    }
    append(window, segment);
    slide(window);
    enforce_max_bytes(window);
}

void ph_window_end(struct ph_window *window)
{
    ph_window_close_segment(window);
    window->is_ended = true;
}

bool ph_window_has_open_segment(const struct ph_window *window)
{
    return window->open != NULL;
}

bool ph_window_is_ended(const struct ph_window *window)
{
    return window->is_ended;
}

int64_t ph_window_msn(const struct ph_window *window)
{
    return window->next_msn;
}

int64_t ph_window_next_part(const struct ph_window *window)
{
    return window->next_part;
}

ph_usec ph_window_open_duration(const struct ph_window *window)
{
    return window->open != NULL ? window->open->duration : 0;
}

size_t ph_window_bytes(const struct ph_window *window)
{
    return window->bytes;
}

size_t ph_window_listed(const struct ph_window *window)
{
    return window->count - window->listed_from;
}

ph_usec ph_window_oldest(const struct ph_window *window)
{
    const struct ph_segment *oldest =
        ph_window_listed(window) > 0 ? window->segments[window->listed_from] : window->open;

    return oldest != NULL ? oldest->pdt : PH_USEC_NEVER;
}

struct ph_report ph_window_report(const struct ph_window *window)
{
    const struct ph_segment *last = window->open;

    if (last == NULL || last->part_count == 0 || window->part_target == 0) {
        last = window->count > 0 ? window->segments[window->count - 1] : NULL;
    }
    if (last == NULL) {
        return (struct ph_report){.rendition = PH_RENDITION_NONE, .last_msn = -1, .last_part = -1};
    }
    return (struct ph_report){
        .rendition = window->params.rendition,
        .last_msn = last->msn,
        .last_part = window->part_target > 0 ? (int64_t)last->part_count - 1 : -1,
    };
}

static int64_t bits_per_second(size_t bytes, ph_usec duration)
{
    return duration > 0 ? (int64_t)((double)bytes * 8 * PH_USEC_PER_S / (double)duration) : 0;
}

/*
 * The highest rate of the runs of segments that begin with segment `from` and last 0.5 to 1.5
 * target durations. Shorter ones do not count: a key frame alone is a multiple of the stream.
 */
static int64_t peak_from(const struct ph_window *window, size_t from)
{
    ph_usec target = (ph_usec)window->params.playlist.target_duration_s * PH_USEC_PER_S;
    ph_usec duration = 0;
    size_t bytes = 0;
    int64_t peak = 0;

    for (size_t i = from; i < window->count; i++) {
        duration += window->segments[i]->duration;
        bytes += window->segments[i]->bytes;
        if (duration > target + target / 2) {
            break;
        }
        int64_t rate = duration >= target / 2 ? bits_per_second(bytes, duration) : 0;
        peak = rate > peak ? rate : peak;
    }
    return peak;
}

void ph_window_bitrate(const struct ph_window *window, int64_t *peak_bps, int64_t *average_bps)
{
    size_t bytes = 0;
    int64_t peak = 0;

    for (size_t i = window->listed_from; i < window->count; i++) {
        int64_t rate = peak_from(window, i);
        peak = rate > peak ? rate : peak;
        bytes += window->segments[i]->bytes;
    }
    *average_bps = bits_per_second(bytes, window->listed_duration);
    *peak_bps = peak > *average_bps ? peak : *average_bps;
}

/* The parts so far of the segment under way, as a segment of the snapshot's own. */
static struct ph_segment *copy_open(const struct ph_segment *open)
{
    struct ph_segment *copy = ph_new(struct ph_segment);

    atomic_init(&copy->refs, 1);
    copy->msn = open->msn;
    copy->pdt = open->pdt;
    copy->duration = open->duration;
    copy->discontinuity_number = open->discontinuity_number;
    copy->is_discontinuity = open->is_discontinuity;
    copy->init = open->init != NULL ? ph_init_ref(open->init) : NULL;
    copy->bytes = open->bytes;
    copy->part_count = open->part_count;
    copy->parts = ph_new_array(struct ph_part, open->part_count);
    for (size_t i = 0; i < open->part_count; i++) {
        copy->parts[i] = open->parts[i];
        ph_buf_ref(copy->parts[i].bytes);
    }
    return copy;
}

static void add_beside(struct ph_snapshot *snapshot, const struct ph_window_beside *beside)
{
    const struct ph_date_ranges *ranges = beside->ranges;

    memcpy(snapshot->reports, beside->reports, sizeof(snapshot->reports));
    snapshot->index = beside->index != NULL ? ph_buf_ref(beside->index) : NULL;
    if (beside->part_hold_back > 0) {
        snapshot->params.part_hold_back = beside->part_hold_back;
    }
    if (ranges == NULL || ranges->count == 0) {
        return;
    }
    snapshot->range_count = ranges->count;
    snapshot->ranges = ph_new_array(struct ph_date_range *, ranges->count);
    for (size_t i = 0; i < ranges->count; i++) {
        snapshot->ranges[i] = ph_date_range_ref(ranges->items[i]);
    }
}

struct ph_snapshot *ph_window_snapshot(struct ph_window *window,
                                       const struct ph_window_beside *beside)
{
    struct ph_snapshot *snapshot = ph_new(struct ph_snapshot);

    atomic_init(&snapshot->refs, 1);
    snapshot->rendition = window->params.rendition;
    snapshot->params = window->params.playlist;
    snapshot->part_target = window->part_target;
    snapshot->number = ++window->snapshot_number;
    snapshot->is_ended = window->is_ended;
    snapshot->segments = ph_new_array(struct ph_segment *, window->count);
    for (size_t i = 0; i < window->count; i++) {
        snapshot->segments[i] = ph_segment_ref(window->segments[i]);
    }
    snapshot->count = window->count;
    snapshot->listed_from = window->listed_from;
    /* Without parts, a segment is nothing to anybody before it is whole. */
    if (window->open != NULL && window->open->part_count > 0 && window->part_target > 0) {
        snapshot->open = copy_open(window->open);
    }
    snapshot->next_msn = window->next_msn;
    snapshot->next_part = window->next_part;
    if (beside != NULL) {
        add_beside(snapshot, beside);
    }
    for (int form = 0; form < PH_PLAYLIST_FORMS; form++) {
        atomic_init(&snapshot->rendered[form][0], NULL);
        atomic_init(&snapshot->rendered[form][1], NULL);
    }
    return snapshot;
}
