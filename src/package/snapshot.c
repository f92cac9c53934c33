/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots: what the home hands to the workers. Lookups for the delivery of media, the rules of
 * blocking playlist reload (RFC 8216bis section 6.2.5.2), and the playlists' texts, rendered by
 * the first thread that asks.
 */
#include "gzip.h"
#include "playlist.h"

#include <phien/core/mem.h>
#include <phien/package/snapshot.h>

#include <stdlib.h>

struct ph_snapshot *ph_snapshot_ref(struct ph_snapshot *snapshot)
{
    atomic_fetch_add_explicit(&snapshot->refs, 1, memory_order_relaxed);
    return snapshot;
}

void ph_snapshot_unref(struct ph_snapshot **ref)
{
    struct ph_snapshot *snapshot = *ref;

    *ref = NULL;
    if (snapshot == NULL ||
        atomic_fetch_sub_explicit(&snapshot->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (int form = 0; form < PH_PLAYLIST_FORMS; form++) {
        for (int gzip = 0; gzip < 2; gzip++) {
            struct ph_buf *text =
                atomic_load_explicit(&snapshot->rendered[form][gzip], memory_order_acquire);
            ph_buf_unref(&text);
        }
    }
    ph_buf_unref(&snapshot->index);
    ph_segment_unref(&snapshot->open);
    for (size_t i = 0; i < snapshot->count; i++) {
        ph_segment_unref(&snapshot->segments[i]);
    }
    free(snapshot->segments);
    for (size_t i = 0; i < snapshot->range_count; i++) {
        ph_date_range_unref(&snapshot->ranges[i]);
    }
    free(snapshot->ranges);
    free(snapshot);
}

/*
 * Two threads may render the same text at once, which is rare and cheaper than a lock: the one
 * that comes second frees its own and takes the other's.
 */
static struct ph_buf *publish(struct ph_buf *_Atomic *slot, struct ph_buf *text)
{
    struct ph_buf *first = NULL;

    if (atomic_compare_exchange_strong_explicit(slot, &first, text, memory_order_acq_rel,
                                                memory_order_acquire)) {
        return text;
    }
    ph_buf_unref(&text);
    return first;
}

/* NOLINTNEXTLINE(misc-no-recursion): once, for the text that gzip packs */
static struct ph_buf *render(struct ph_snapshot *snapshot, enum ph_playlist_form form, bool gzip)
{
    if (gzip) {
        struct ph_buf *text = ph_snapshot_playlist(snapshot, form, false);
        return text != NULL ? ph_gzip_pack(text) : NULL;
    }
    if (form == PH_PLAYLIST_INDEX) {
        return snapshot->index != NULL ? ph_buf_ref(snapshot->index) : NULL;
    }
    return ph_playlist_format(snapshot, form);
}

/* NOLINTNEXTLINE(misc-no-recursion): see render */
struct ph_buf *ph_snapshot_playlist(struct ph_snapshot *snapshot, enum ph_playlist_form form,
                                    bool gzip)
{
    struct ph_buf *_Atomic *slot = &snapshot->rendered[form][gzip];
    struct ph_buf *text = atomic_load_explicit(slot, memory_order_acquire);

    if (text != NULL) {
        return text;
    }
    text = render(snapshot, form, gzip);
    return text != NULL ? publish(slot, text) : NULL;
}

int64_t ph_snapshot_last_msn(const struct ph_snapshot *snapshot)
{
    return snapshot->count > 0 ? snapshot->segments[snapshot->count - 1]->msn : -1;
}

bool ph_snapshot_has(const struct ph_snapshot *snapshot, int64_t msn, int64_t part)
{
    if (snapshot->is_ended) {
        return true;
    }
    if (snapshot->count == 0 && snapshot->open == NULL) {
        return false;
    }
    if (msn < snapshot->next_msn - 1) {
        return true;
    }
    if (part < 0 || snapshot->part_target == 0) {
        return msn < snapshot->next_msn;
    }
    int64_t open_parts = snapshot->open != NULL ? (int64_t)snapshot->open->part_count : 0;
    if (msn == snapshot->next_msn) {
        return part < open_parts;
    }
    /* The last finished segment: a part past its end is part 0 of the segment under way. */
    const struct ph_segment *last = ph_snapshot_segment(snapshot, msn);
    return msn < snapshot->next_msn &&
           (open_parts > 0 || (last != NULL && part < (int64_t)last->part_count));
}

/* RFC 8216bis section 6.2.5.2: three parts, or as many as make up three seconds if they are short.
 */
static int64_t advance_part_limit(ph_usec part_target)
{
    if (part_target >= PH_USEC_PER_S) {
        return 3;
    }
    return (3 * PH_USEC_PER_S + part_target - 1) / part_target;
}

int ph_snapshot_check_ahead(const struct ph_snapshot *snapshot, int64_t msn, int64_t part)
{
    /*
     * Not ph_snapshot_last_msn: before the first segment is finished, the one before it counts as
     * the last.
     */
    int64_t last_msn = snapshot->next_msn - 1;

    if (snapshot->is_ended || msn <= last_msn + 1) {
        /*
         * No limit to the part within the segment under way: with its low latency mode off, hls.js
         * asks for a very high part in order to wait for the whole segment.
         */
        return PH_OK;
    }
    if (msn > last_msn + 2) {
        return PH_EINVAL;
    }
    /*
     * At best the segment under way ends with its newest part, and then part N of the one after
     * it is N + 1 parts ahead.
     */
    return snapshot->part_target > 0 && part >= advance_part_limit(snapshot->part_target)
               ? PH_EINVAL
               : PH_OK;
}

const struct ph_segment *ph_snapshot_segment(const struct ph_snapshot *snapshot, int64_t msn)
{
    if (snapshot->count == 0 || msn < snapshot->segments[0]->msn ||
        msn > ph_snapshot_last_msn(snapshot)) {
        return NULL;
    }
    return snapshot->segments[msn - snapshot->segments[0]->msn];
}

/* The parts of a segment are numbered in a row. */
static const struct ph_part *find_part(const struct ph_segment *segment, int64_t number)
{
    int64_t index = number - segment->parts[0].number;

    return index >= 0 && index < (int64_t)segment->part_count ? &segment->parts[index] : NULL;
}

const struct ph_part *ph_snapshot_part(const struct ph_snapshot *snapshot, int64_t number)
{
    size_t low = 0;
    size_t high = snapshot->count;

    if (number < 0) {
        return NULL;
    }
    if (snapshot->open != NULL && number >= snapshot->open->parts[0].number) {
        return find_part(snapshot->open, number);
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (snapshot->segments[middle]->parts[0].number <= number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 ? find_part(snapshot->segments[low - 1], number) : NULL;
}

const struct ph_init *ph_snapshot_init(const struct ph_snapshot *snapshot, int64_t number)
{
    if (snapshot->open != NULL && snapshot->open->init != NULL &&
        snapshot->open->init->number == number) {
        return snapshot->open->init;
    }
    /* From the newest on, since that is the one that nearly everybody asks for. */
    for (size_t i = snapshot->count; i > 0; i--) {
        const struct ph_init *init = snapshot->segments[i - 1]->init;
        if (init != NULL && init->number == number) {
            return init;
        }
    }
    return NULL;
}

const char *ph_rendition_name(enum ph_rendition rendition)
{
    static const char *const names[PH_RENDITION_COUNT] = {
        [PH_RENDITION_NONE] = "none",   [PH_RENDITION_AV] = "av",
        [PH_RENDITION_AUDIO] = "audio", [PH_RENDITION_TS] = "ts",
        [PH_RENDITION_CARDS] = "cards",
    };

    return (unsigned)rendition < PH_RENDITION_COUNT ? names[rendition] : names[0];
}
