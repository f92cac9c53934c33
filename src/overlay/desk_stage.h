/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_DESK_STAGE_H
#define PHIEN_OVERLAY_DESK_STAGE_H

#include "desk_places.h"

#include <phien/media/registry.h>

/* So many cards may be on their way into the stream at a time, for the log lines of their places.
 */
enum { PH_DESK_CARDS_ON_THEIR_WAY = 4 };

struct ph_desk_card_on_its_way {
    int64_t seq;
    char sku[PH_SKU_BYTES_MAX + 1]; /* "": none, the card was hidden */
};

/* How a desk's states get into the stream, as cues, and who waits for where they came to lie. */
struct ph_desk_stage {
    const struct ph_registry_entry *entry;
    struct ph_desk_places places;
    struct ph_desk_card_on_its_way cards[PH_DESK_CARDS_ON_THEIR_WAY];
    size_t next_card;
};

void ph_desk_stage_init(struct ph_desk_stage *stage, const struct ph_registry_entry *entry,
                        struct ph_loop *loop);

/* From the next picture on. Returns the seq by which the card's place will be told. */
int64_t ph_desk_stage_show_card(struct ph_desk_stage *stage, const struct ph_overlay_state *state);
void ph_desk_stage_show_shelf(struct ph_desk_stage *stage, const struct ph_overlay_state *state);

/*
 * Answers a write that is durable and shown; one of the card's once its place is known, as long as
 * the channel is on air. `cue_seq`: as show_card gave it; -1: the card is as it was.
 */
void ph_desk_stage_answer(struct ph_desk_stage *stage, struct ph_desk_write *write,
                          int64_t cue_seq);

#endif
