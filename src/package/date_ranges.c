/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a channel's cards are in its playlists. Between on_cue, which says from when on a card is
 * shown, and the snapshots, which share the ranges as they are (RFC 8216bis section 4.4.5.1).
 */
#include "date_ranges.h"

#include <phien/core/mem.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every reload of every playlist repeats them. */
enum { RANGES_MAX = 64 };

static struct ph_date_range *create_range(const char *id, ph_usec start, const char *attributes)
{
    struct ph_date_range *range = ph_new(struct ph_date_range);

    atomic_init(&range->refs, 1);
    snprintf(range->id, sizeof(range->id), "%s", id);
    range->start = start;
    range->end = PH_USEC_NEVER;
    range->attributes = ph_strdup(attributes);
    return range;
}

struct ph_date_range *ph_date_range_ref(struct ph_date_range *range)
{
    atomic_fetch_add_explicit(&range->refs, 1, memory_order_relaxed);
    return range;
}

void ph_date_range_unref(struct ph_date_range **ref)
{
    struct ph_date_range *range = *ref;

    *ref = NULL;
    if (range == NULL || atomic_fetch_sub_explicit(&range->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    free(range->attributes);
    free(range);
}

void ph_date_ranges_fini(struct ph_date_ranges *ranges)
{
    for (size_t i = 0; i < ranges->count; i++) {
        ph_date_range_unref(&ranges->items[i]);
    }
    free(ranges->items);
    *ranges = (struct ph_date_ranges){0};
}

static void drop(struct ph_date_ranges *ranges, size_t i)
{
    ph_date_range_unref(&ranges->items[i]);
    ranges->count--;
    memmove(&ranges->items[i], &ranges->items[i + 1],
            (ranges->count - i) * sizeof(struct ph_date_range *));
    ranges->is_changed = true;
}

static void append(struct ph_date_ranges *ranges, struct ph_date_range *range)
{
    if (ranges->items == NULL) {
        ranges->items = ph_new_array(struct ph_date_range *, RANGES_MAX);
    }
    if (ranges->count == RANGES_MAX) {
        drop(ranges, 0);
    }
    ranges->items[ranges->count++] = range;
    ranges->is_changed = true;
}

/* The open one is shared with snapshots: another that has an end takes its place. */
static void close_last(struct ph_date_ranges *ranges, ph_usec end)
{
    struct ph_date_range **last = &ranges->items[ranges->count - 1];
    struct ph_date_range *closed = create_range((*last)->id, (*last)->start, (*last)->attributes);

    closed->end = end;
    ph_date_range_unref(last);
    *last = closed;
    ranges->is_changed = true;
}

/*
 * Dates in playlists have milliseconds: an open range lasts one at least, which also keeps ids
 * apart, and what has ended stays so.
 */
static ph_usec start_after(const struct ph_date_range *last, ph_usec start)
{
    if (last == NULL) {
        return start;
    }
    ph_usec earliest = last->end == PH_USEC_NEVER ? last->start + PH_USEC_PER_MS : last->end;
    return start > earliest ? start : earliest;
}

void ph_date_ranges_set(struct ph_date_ranges *ranges, int64_t seq, ph_usec start,
                        const char *attributes)
{
    const struct ph_date_range *last = ranges->count > 0 ? ranges->items[ranges->count - 1] : NULL;
    bool is_open = last != NULL && last->end == PH_USEC_NEVER;
    char id[sizeof(last->id)];

    if (is_open && attributes != NULL && strcmp(last->attributes, attributes) == 0) {
        return;
    }
    start = start_after(last, start);
    if (is_open) {
        close_last(ranges, start);
    }
    if (attributes != NULL) {
        snprintf(id, sizeof(id), "card-%lld-%lld", (long long)seq,
                 (long long)(start / PH_USEC_PER_MS));
        append(ranges, create_range(id, start, attributes));
    }
}

void ph_date_ranges_expire(struct ph_date_ranges *ranges, ph_usec oldest)
{
    while (ranges->count > 0 && ranges->items[0]->end < oldest) {
        drop(ranges, 0);
    }
}
