/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All of a channel's overlay at one moment. Made by state_apply.c of the one before, or by the
 * store of what was kept; read by whoever holds a reference.
 */
#include "state.h"

#include <phien/core/mem.h>

#include <stdlib.h>
#include <string.h>

struct ph_overlay_state *ph_overlay_state_create(void)
{
    struct ph_overlay_state *state = ph_new(struct ph_overlay_state);

    atomic_init(&state->refs, 1);
    return state;
}

static void destroy(struct ph_overlay_state *state)
{
    ph_card_unref(&state->card);
    for (size_t i = 0; i < state->count; i++) {
        ph_product_unref(&state->products[i]);
    }
    free(state->products);
    free(state);
}

struct ph_overlay_state *ph_overlay_state_ref(struct ph_overlay_state *state)
{
    atomic_fetch_add(&state->refs, 1);
    return state;
}

void ph_overlay_state_unref(struct ph_overlay_state **state)
{
    if (*state != NULL && atomic_fetch_sub(&(*state)->refs, 1) == 1) {
        destroy(*state);
    }
    *state = NULL;
}

const struct ph_product *ph_overlay_state_find(const struct ph_overlay_state *state,
                                               const char *sku)
{
    for (size_t i = 0; i < state->count; i++) {
        if (strcmp(state->products[i]->sku, sku) == 0) {
            return state->products[i];
        }
    }
    return NULL;
}

const struct ph_product *ph_overlay_state_pinned(const struct ph_overlay_state *state)
{
    return state->card != NULL ? ph_overlay_state_find(state, state->card->sku) : NULL;
}
