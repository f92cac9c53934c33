/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the packager, which knows when a cue begins to hold, and a rendition, which may not have
 * come that far.
 */
#include "events.h"

#include "emsg.h"

#include <libavutil/avutil.h>
#include <libavutil/mathematics.h>
#include <string.h>

/* Said again it has the same id. A change that makes both a card and a shelf makes two messages. */
static uint32_t id_of(const struct ph_cue *cue)
{
    return (uint32_t)((uint64_t)cue->seq << 1 | (cue->kind == PH_CUE_SHELF ? 1 : 0));
}

static void drop_first(struct ph_events *events, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ph_buf_unref(&events->items[i].tag);
    }
    events->count -= count;
    memmove(events->items, events->items + count, events->count * sizeof(events->items[0]));
}

void ph_events_clear(struct ph_events *events)
{
    drop_first(events, events->count);
}

void ph_events_add(struct ph_events *events, const struct ph_cue *cue, ph_usec at, const void *tag,
                   size_t len)
{
    if (events->count == PH_EVENTS_MAX) {
        drop_first(events, 1);
    }
    size_t last = events->count++;
    events->items[last].tag = ph_buf_copy(tag, len);
    events->items[last].kind = cue->kind;
    events->items[last].id = id_of(cue);
    events->items[last].at = at;
}

static bool is_newest(const struct ph_events *events, size_t i, size_t due)
{
    for (size_t later = i + 1; later < due; later++) {
        if (events->items[later].kind == events->items[i].kind) {
            return false;
        }
    }
    return true;
}

void ph_events_write(struct ph_events *events, ph_usec now, uint32_t timescale,
                     struct ph_writer *out)
{
    size_t due = 0;

    while (due < events->count && events->items[due].at <= now) {
        due++;
    }
    for (size_t i = 0; i < due; i++) {
        const struct ph_emsg emsg = {
            .timescale = timescale,
            .time = (uint64_t)av_rescale(now, timescale, AV_TIME_BASE),
            .id = events->items[i].id,
            .tag = events->items[i].tag->data,
            .tag_len = events->items[i].tag->len,
        };
        if (is_newest(events, i, due)) {
            ph_emsg_write(out, &emsg);
        }
    }
    drop_first(events, due);
}
