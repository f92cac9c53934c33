/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_DESK_PLACES_H
#define PHIEN_OVERLAY_DESK_PLACES_H

#include "desk_write.h"

#include <phien/net/timer.h>

/*
 * Those who have changed the card and wait to be told where in the stream it lies: for the receipt
 * of its cue, and for two seconds at most, after which they are told no place.
 */
struct ph_desk_places {
    struct ph_loop *loop;
    struct ph_timer *timer;
    struct ph_desk_list waiting; /* by the seq of their cues */
    bool is_closed;
};

void ph_desk_places_init(struct ph_desk_places *places, struct ph_loop *loop);

/* Answers it when the cue has its place, or the place was never found. */
void ph_desk_places_wait(struct ph_desk_places *places, struct ph_desk_write *write,
                         int64_t cue_seq);

/* The cue has its place; those before it never came to have one. */
void ph_desk_places_found(struct ph_desk_places *places, int64_t cue_seq,
                          const struct ph_cue_place *place);

/* Answers all; nobody waits from now on. */
void ph_desk_places_flush(struct ph_desk_places *places);

/* After the loop has ended, before it is destroyed. */
void ph_desk_places_detach(struct ph_desk_places *places);
void ph_desk_places_fini(struct ph_desk_places *places);

#endif
