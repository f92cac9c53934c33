/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One change makes the next state of the one before. What the change leaves alone is shared, and
 * what it writes again as it was stays the one it was, so that pointers tell what changed.
 */
#include "shelf.h"

#include <phien/core/mem.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A state that nobody else has yet, with room for one product more. */
static struct ph_overlay_state *begin(const struct ph_overlay_state *state)
{
    struct ph_overlay_state *next = ph_overlay_state_create();

    next->seq = state->seq + 1;
    next->rev = state->rev;
    next->products = ph_new_array(struct ph_product *, state->count + 1);
    for (size_t i = 0; i < state->count; i++) {
        next->products[next->count++] = ph_product_ref(state->products[i]);
    }
    next->card = state->card != NULL ? ph_card_ref(state->card) : NULL;
    next->card_seq = state->card_seq;
    return next;
}

static int show_card(struct ph_overlay_state *next, const struct ph_change *change, ph_usec now,
                     struct ph_faults *faults)
{
    const struct ph_product *product = ph_overlay_state_find(next, change->sku);

    if (product == NULL) {
        ph_faults_add(faults, "/sku", "there is no product %s on the shelf", change->sku);
        return PH_ENOTFOUND;
    }
    if (product->is_hidden) {
        ph_faults_add(faults, "/sku", "product %s is hidden: show it on the shelf first",
                      change->sku);
        return PH_EEXISTS;
    }
    if (change->card->flash_price != PH_NO_NUMBER && change->card->flash_price >= product->price) {
        ph_faults_add(faults, "/flash_price", "must be below the price, %" PRId64, product->price);
        return PH_EINVAL;
    }
    ph_card_unref(&next->card);
    next->card = ph_card_create(change->card);
    next->card->shown_at = now;
    next->card->hides_at = change->duration > 0 ? now + change->duration : PH_USEC_NEVER;
    return PH_OK;
}

static void end_offer(struct ph_card **at)
{
    struct ph_card *card = ph_card_create(*at);

    card->flash_price = PH_NO_NUMBER;
    card->ends_at = PH_USEC_NEVER;
    ph_card_unref(at);
    *at = card;
}

static int change_state(struct ph_overlay_state *next, const struct ph_change *change, ph_usec now,
                        struct ph_faults *faults)
{
    switch (change->kind) {
    case PH_CHANGE_SHOW_CARD:
        return show_card(next, change, now, faults);
    case PH_CHANGE_HIDE_CARD:
        ph_card_unref(&next->card);
        return PH_OK;
    case PH_CHANGE_END_OFFER:
        if (next->card != NULL) {
            end_offer(&next->card);
        }
        return PH_OK;
    default:
        return ph_shelf_change(next, change, faults);
    }
}

static int compare_places(const void *left, const void *right)
{
    const struct ph_product *a = *(struct ph_product *const *)left;
    const struct ph_product *b = *(struct ph_product *const *)right;

    if (a->position != b->position) {
        return a->position < b->position ? -1 : 1;
    }
    return strcmp(a->sku, b->sku);
}

/* A flash price says nothing any more when the price is no higher, or is another currency's. */
static bool has_stale_flash(const struct ph_overlay_state *next,
                            const struct ph_overlay_state *state, const struct ph_product *pinned)
{
    const struct ph_product *before = ph_overlay_state_pinned(state);

    return next->card->flash_price != PH_NO_NUMBER &&
           (next->card->flash_price >= pinned->price ||
            (next->card == state->card && strcmp(before->currency, pinned->currency) != 0));
}

static void settle_card(struct ph_overlay_state *next, const struct ph_overlay_state *state)
{
    const struct ph_product *pinned = ph_overlay_state_pinned(next);

    if (next->card == NULL) {
        return;
    }
    if (pinned == NULL || pinned->is_hidden) {
        ph_card_unref(&next->card);
    } else if (has_stale_flash(next, state, pinned)) {
        end_offer(&next->card);
    }
}

static bool has_same_shelf(const struct ph_overlay_state *a, const struct ph_overlay_state *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (a->products[i] != b->products[i]) {
            return false;
        }
    }
    return true;
}

static bool has_same_card(const struct ph_overlay_state *a, const struct ph_overlay_state *b)
{
    return a->card == b->card &&
           (a->card == NULL ||
            ph_product_looks_same(ph_overlay_state_pinned(a), ph_overlay_state_pinned(b)));
}

int ph_overlay_state_apply(const struct ph_overlay_state *state, const struct ph_change *change,
                           ph_usec now, struct ph_overlay_state **out, struct ph_faults *faults)
{
    struct ph_overlay_state *next;
    int err;

    *out = NULL;
    if (change->if_rev >= 0 && change->if_rev != state->rev) {
        ph_faults_add(faults, "", "the shelf has revision %" PRId64 " by now: read it again",
                      state->rev);
        return PH_ESTALE;
    }
    next = begin(state);
    err = change_state(next, change, now, faults);
    if (err != PH_OK) {
        ph_overlay_state_unref(&next);
        return err;
    }
    if (next->count > 0) {
        qsort(next->products, next->count, sizeof(next->products[0]), compare_places);
    }
    settle_card(next, state);
    next->rev = has_same_shelf(next, state) ? next->rev : next->seq;
    next->card_seq = has_same_card(next, state) ? next->card_seq : next->seq;
    *out = next;
    return PH_OK;
}
