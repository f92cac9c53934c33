/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The measured frame duration, on which part targets, the moment at which a part is full and the
 * duration of its last frame rest. Decoding times and not presentation times, because with
 * B-frames only the former come in even steps.
 */
#include "pace.h"

#include <phien/core/err.h>

#include <phien/core/err.h>

enum { SURE_COUNT = 2 };

void ph_pace_init(struct ph_pace *pace, ph_usec hint)
{
    *pace = (struct ph_pace){.hint = hint, .frame = hint};
}

void ph_pace_break(struct ph_pace *pace)
{
    pace->has_last = false;
}

static ph_usec median(const ph_usec *values, unsigned count)
{
    ph_usec sorted[PH_PACE_DELTAS];

    for (unsigned i = 0; i < count; i++) {
        unsigned k = i;
        for (; k > 0 && sorted[k - 1] > values[i]; k--) {
            sorted[k] = sorted[k - 1];
        }
        sorted[k] = values[i];
    }
    PH_ASSERT(count > 0);
    return sorted[count / 2];
}

static ph_usec measure(const struct ph_pace *pace)
{
    ph_usec middle = median(pace->deltas, pace->count);
    ph_usec sum = 0;
    unsigned used = 0;

    for (unsigned i = 0; i < pace->count; i++) {
        ph_usec delta = pace->deltas[i];
        if (delta >= middle / 2 && delta <= middle + middle / 2) {
            sum += delta;
            used++;
        }
    }
    PH_ASSERT(used > 0); /* the one in the middle */
    return (sum + used / 2) / used;
}

/* Whether the headers may be right: cameras jitter, so a few frames measure no better than this. */
static bool agrees(ph_usec frame, ph_usec hint)
{
    return frame - hint <= hint / 10 && hint - frame <= hint / 10;
}

void ph_pace_feed(struct ph_pace *pace, ph_usec dts)
{
    if (pace->has_last && dts > pace->last_dts) {
        pace->deltas[pace->next] = dts - pace->last_dts;
        pace->next = (pace->next + 1) % PH_PACE_DELTAS;
        pace->count += pace->count < PH_PACE_DELTAS ? 1 : 0;
        pace->frame = measure(pace);
        if (pace->count < PH_PACE_DELTAS && agrees(pace->frame, pace->hint)) {
            pace->frame = pace->hint;
        }
    }
    pace->last_dts = dts;
    pace->has_last = true;
}

bool ph_pace_is_sure(const struct ph_pace *pace)
{
    return pace->count >= SURE_COUNT || (pace->count > 0 && agrees(pace->frame, pace->hint));
}
