/* SPDX-License-Identifier: Apache-2.0 */
#include "desk_places.h"

#define PATIENCE (2 * PH_USEC_PER_S)

static void arm(struct ph_desk_places *places)
{
    const struct ph_desk_write *first = places->waiting.first;

    ph_timer_set(places->timer, first != NULL ? first->deadline : PH_USEC_NEVER);
}

static void on_timer(void *arg)
{
    struct ph_desk_places *places = arg;
    ph_usec now = ph_loop_now(places->loop);

    while (places->waiting.first != NULL && places->waiting.first->deadline <= now) {
        ph_desk_write_answer(ph_desk_list_take(&places->waiting));
    }
    arm(places);
}

void ph_desk_places_init(struct ph_desk_places *places, struct ph_loop *loop)
{
    *places = (struct ph_desk_places){.loop = loop};
    places->timer = ph_timer_create(loop, on_timer, places);
}

void ph_desk_places_wait(struct ph_desk_places *places, struct ph_desk_write *write,
                         int64_t cue_seq)
{
    if (places->is_closed) {
        ph_desk_write_answer(write);
        return;
    }
    write->cue_seq = cue_seq;
    write->deadline = ph_loop_now(places->loop) + PATIENCE;
    ph_desk_list_add(&places->waiting, write);
    arm(places);
}

void ph_desk_places_found(struct ph_desk_places *places, int64_t cue_seq,
                          const struct ph_cue_place *place)
{
    while (places->waiting.first != NULL && places->waiting.first->cue_seq <= cue_seq) {
        struct ph_desk_write *write = ph_desk_list_take(&places->waiting);
        if (write->cue_seq == cue_seq) {
            write->answer.is_placed = true;
            write->answer.place = *place;
        }
        ph_desk_write_answer(write);
    }
    arm(places);
}

void ph_desk_places_flush(struct ph_desk_places *places)
{
    places->is_closed = true;
    while (places->waiting.first != NULL) {
        ph_desk_write_answer(ph_desk_list_take(&places->waiting));
    }
    arm(places);
}

void ph_desk_places_detach(struct ph_desk_places *places)
{
    ph_timer_destroy(&places->timer);
}

void ph_desk_places_fini(struct ph_desk_places *places)
{
    while (places->waiting.first != NULL) {
        ph_desk_write_discard(ph_desk_list_take(&places->waiting));
    }
}
