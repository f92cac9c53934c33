/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When cues are said: at once when they are new, and again for those who join. A card is small
 * and goes with each segment; a shelf is not, so it goes with some, and one that changes with
 * every keystroke of a seller is said once a second.
 */
#include "cues.h"

#define SHELF_PAUSE PH_USEC_PER_S
/* Ten seconds, but for what segments lack of being whole seconds long. */
#define SHELF_AGAIN (10 * PH_USEC_PER_S - PH_USEC_PER_S / 2)

void ph_cues_fini(struct ph_cues *cues)
{
    for (int kind = 0; kind < PH_CUE_KINDS; kind++) {
        ph_cue_unref(&cues->kinds[kind].cue);
    }
}

void ph_cues_set(struct ph_cues *cues, struct ph_cue *cue)
{
    struct ph_cue *last = cues->kinds[cue->kind].cue;

    if (last == cue) {
        return;
    }
    if (last == NULL) {
        cues->kinds[cue->kind].said_at = PH_USEC_NEVER;
    }
    cues->kinds[cue->kind].cue = ph_cue_ref(cue);
    cues->kinds[cue->kind].is_new = true;
    ph_cue_unref(&last);
}

void ph_cues_break(struct ph_cues *cues)
{
    for (int kind = 0; kind < PH_CUE_KINDS; kind++) {
        cues->kinds[kind].said_at = PH_USEC_NEVER;
    }
}

static bool is_due(enum ph_cue_kind kind, bool is_new, ph_usec since, bool is_segment_start)
{
    if (kind == PH_CUE_CARD) {
        return is_new || is_segment_start;
    }
    return (is_new && since >= SHELF_PAUSE) || (is_segment_start && since >= SHELF_AGAIN);
}

struct ph_cue *ph_cues_next(struct ph_cues *cues, enum ph_cue_kind kind, ph_usec at,
                            bool is_segment_start)
{
    bool was_said = cues->kinds[kind].said_at != PH_USEC_NEVER;

    if (cues->kinds[kind].cue == NULL ||
        (was_said && !is_due(kind, cues->kinds[kind].is_new, at - cues->kinds[kind].said_at,
                             is_segment_start))) {
        return NULL;
    }
    cues->kinds[kind].is_new = false;
    cues->kinds[kind].said_at = at;
    return cues->kinds[kind].cue;
}
