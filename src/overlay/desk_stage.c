/* SPDX-License-Identifier: Apache-2.0 */
#include "desk_stage.h"

#include "message.h"

#include <phien/core/log.h>
#include <phien/core/text.h>

static void log_card(const struct ph_desk_stage *stage, int64_t seq,
                     const struct ph_cue_place *place)
{
    char pdt[32];
    const char *sku = NULL;

    for (size_t i = 0; i < PH_DESK_CARDS_ON_THEIR_WAY; i++) {
        if (stage->cards[i].seq == seq && *stage->cards[i].sku != '\0') {
            sku = stage->cards[i].sku;
        }
    }
    ph_clock_format_utc(place->pdt, pdt);
    ph_log_info("overlay.card", ph_kv("channel", stage->entry->conf->name), ph_kv_int("seq", seq),
                ph_kv("sku", sku), ph_kv("pdt", pdt), ph_kv_int("msn", place->msn),
                ph_kv_int("part", place->part));
}

static void on_card_placed(void *arg, const struct ph_cue *cue, const struct ph_cue_place *place)
{
    struct ph_desk_stage *stage = arg;

    log_card(stage, cue->seq, place);
    ph_desk_places_found(&stage->places, cue->seq, place);
}

void ph_desk_stage_init(struct ph_desk_stage *stage, const struct ph_registry_entry *entry,
                        struct ph_loop *loop)
{
    *stage = (struct ph_desk_stage){.entry = entry};
    ph_desk_places_init(&stage->places, loop);
}

int64_t ph_desk_stage_show_card(struct ph_desk_stage *stage, const struct ph_overlay_state *state)
{
    struct ph_cue *cue = ph_message_card_cue(state, stage->entry->conf->name);
    size_t at = stage->next_card++ % PH_DESK_CARDS_ON_THEIR_WAY;
    struct ph_desk_card_on_its_way *card = &stage->cards[at];
    const struct ph_product *pinned = ph_overlay_state_pinned(state);
    int64_t seq = cue->seq;

    card->seq = seq;
    ph_text_copy(card->sku, sizeof(card->sku), pinned != NULL ? pinned->sku : "");
    ph_cue_on_placed(cue, on_card_placed, stage);
    ph_channel_set_cue(stage->entry->channel, cue);
    ph_cue_unref(&cue);
    return seq;
}

void ph_desk_stage_show_shelf(struct ph_desk_stage *stage, const struct ph_overlay_state *state)
{
    struct ph_cue *cue = ph_message_shelf_cue(state, stage->entry->conf->name);

    ph_channel_set_cue(stage->entry->channel, cue);
    ph_cue_unref(&cue);
}

static bool is_on_air(const struct ph_desk_stage *stage)
{
    struct ph_channel_status status;

    ph_channel_get_status(stage->entry->channel, &status);
    return status.is_on_air;
}

void ph_desk_stage_answer(struct ph_desk_stage *stage, struct ph_desk_write *write, int64_t cue_seq)
{
    enum ph_change_kind kind = write->change.kind;
    bool is_card = kind == PH_CHANGE_SHOW_CARD || kind == PH_CHANGE_HIDE_CARD;

    if (is_card && cue_seq >= 0 && write->mailbox != NULL && is_on_air(stage)) {
        ph_desk_places_wait(&stage->places, write, cue_seq);
    } else {
        ph_desk_write_answer(write);
    }
}
