/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One change makes the next state of the one before. What the change leaves alone is shared, and
 * what it writes again as it was stays the one it was, so that pointers tell what changed.
 */
#include "state.h"

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

/* Where it stands, or would be added. */
static size_t place_of(const struct ph_overlay_state *state, const char *sku)
{
    size_t i = 0;

    while (i < state->count && strcmp(state->products[i]->sku, sku) != 0) {
        i++;
    }
    return i;
}

/* Puts `product` where the one of its sku stood, or behind all others. */
static void put(struct ph_overlay_state *next, struct ph_product **product)
{
    size_t place = place_of(next, (*product)->sku);

    if (place == next->count) {
        next->products[next->count++] = *product;
        *product = NULL;
    } else if (ph_product_is_same(next->products[place], *product)) {
        ph_product_unref(product);
    } else {
        ph_product_unref(&next->products[place]);
        next->products[place] = *product;
        *product = NULL;
    }
}

static int64_t last_position(const struct ph_overlay_state *state)
{
    int64_t last = 0;

    for (size_t i = 0; i < state->count; i++) {
        last = state->products[i]->position > last ? state->products[i]->position : last;
    }
    return last < PH_COUNT_MAX ? last + 1 : PH_COUNT_MAX;
}

static int put_product(struct ph_overlay_state *next, const struct ph_change *change,
                       struct ph_faults *faults)
{
    const struct ph_product *old = ph_overlay_state_find(next, change->sku);
    struct ph_product *product;

    if (old == NULL && next->count >= PH_SHELF_PRODUCTS_MAX) {
        ph_faults_add(faults, "", "the shelf has %d products already, and more do not fit",
                      PH_SHELF_PRODUCTS_MAX);
        return PH_EEXISTS;
    }
    product = ph_product_create(change->product);
    if (product->position == PH_NO_NUMBER) {
        product->position = old != NULL ? old->position : last_position(next);
    }
    if (product->sold == PH_NO_NUMBER) {
        product->sold = old != NULL ? old->sold : 0;
    }
    put(next, &product);
    return PH_OK;
}

/* `old` with what a patch has of it; the texts are borrowed of both. */
static struct ph_product *patched(const struct ph_overlay_state *state,
                                  const struct ph_product *old, const struct ph_change *change)
{
    const struct ph_product *patch = change->product;
    unsigned fields = change->fields;
    struct ph_product like = {
        .sku = old->sku,
        .title = fields & PH_FIELD_TITLE ? patch->title : old->title,
        .unit = fields & PH_FIELD_UNIT ? patch->unit : old->unit,
        .image = fields & PH_FIELD_IMAGE ? patch->image : old->image,
        .url = fields & PH_FIELD_URL ? patch->url : old->url,
        .badge = fields & PH_FIELD_BADGE ? patch->badge : old->badge,
        .origin = fields & PH_FIELD_ORIGIN ? patch->origin : old->origin,
        .price = fields & PH_FIELD_PRICE ? patch->price : old->price,
        .original_price =
            fields & PH_FIELD_ORIGINAL_PRICE ? patch->original_price : old->original_price,
        .stock = fields & PH_FIELD_STOCK ? patch->stock : old->stock,
        .sold = fields & PH_FIELD_SOLD ? patch->sold : old->sold,
        .position = fields & PH_FIELD_POSITION ? patch->position : old->position,
        .is_hidden = fields & PH_FIELD_HIDDEN ? patch->is_hidden : old->is_hidden,
    };

    memcpy(like.currency, fields & PH_FIELD_CURRENCY ? patch->currency : old->currency,
           sizeof(like.currency));
    if (like.sold == PH_NO_NUMBER) {
        like.sold = 0;
    }
    if (like.position == PH_NO_NUMBER) {
        like.position = last_position(state);
    }
    return ph_product_create(&like);
}

/* What is taken from the stock is sold; what is put back was not. */
static int count_stock(struct ph_product *product, const struct ph_change *change,
                       struct ph_faults *faults)
{
    int64_t delta = change->stock_delta;
    int64_t sold = product->sold - delta;

    if (delta == 0) {
        return PH_OK;
    }
    if (product->stock == PH_NO_NUMBER) {
        ph_faults_add(faults, "/stock_delta", "the stock is not counted: set stock first");
        return PH_EEXISTS;
    }
    if (product->stock + delta < 0) {
        ph_faults_add(faults, "/stock_delta", "only %" PRId64 " are left", product->stock);
        return PH_EEXISTS;
    }
    if (product->stock + delta > PH_COUNT_MAX) {
        ph_faults_add(faults, "/stock_delta", "the stock would be more than %" PRId64,
                      PH_COUNT_MAX);
        return PH_EEXISTS;
    }
    product->stock += delta;
    if ((change->fields & PH_FIELD_SOLD) == 0) {
        product->sold = sold < 0 ? 0 : sold > PH_COUNT_MAX ? PH_COUNT_MAX : sold;
    }
    return PH_OK;
}

static int check_prices(const struct ph_product *product, unsigned fields, struct ph_faults *faults)
{
    if (product->original_price == PH_NO_NUMBER || product->original_price >= product->price) {
        return PH_OK;
    }
    if (fields & PH_FIELD_ORIGINAL_PRICE) {
        ph_faults_add(faults, "/original_price",
                      "is the price before, and must not be below the price, %" PRId64,
                      product->price);
    } else {
        ph_faults_add(faults, "/price",
                      "must not be above original_price, %" PRId64 ": give that too, or null",
                      product->original_price);
    }
    return PH_EINVAL;
}

static int no_such_product(const char *sku, const char *pointer, struct ph_faults *faults)
{
    ph_faults_add(faults, pointer, "there is no product %s on the shelf", sku);
    return PH_ENOTFOUND;
}

static int patch_product(struct ph_overlay_state *next, const struct ph_change *change,
                         struct ph_faults *faults)
{
    const struct ph_product *old = ph_overlay_state_find(next, change->sku);
    struct ph_product *product;
    int err;

    if (old == NULL) {
        return no_such_product(change->sku, "", faults);
    }
    product = patched(next, old, change);
    err = count_stock(product, change, faults);
    if (err == PH_OK) {
        err = check_prices(product, change->fields, faults);
    }
    if (err == PH_OK) {
        put(next, &product);
    }
    ph_product_unref(&product);
    return err;
}

static int delete_product(struct ph_overlay_state *next, const struct ph_change *change,
                          struct ph_faults *faults)
{
    size_t place = place_of(next, change->sku);

    if (place == next->count) {
        return no_such_product(change->sku, "", faults);
    }
    ph_product_unref(&next->products[place]);
    next->count--;
    memmove(&next->products[place], &next->products[place + 1],
            (next->count - place) * sizeof(next->products[0]));
    return PH_OK;
}

/* The i-th product of a file, as it will stand on the shelf. */
static struct ph_product *imported(const struct ph_overlay_state *state,
                                   const struct ph_product *product, size_t i)
{
    size_t place = place_of(state, product->sku);
    struct ph_product *old = place < state->count ? state->products[place] : NULL;
    struct ph_product *made = ph_product_create(product);

    if (made->position == PH_NO_NUMBER) {
        made->position = (int64_t)i + 1;
    }
    if (made->sold == PH_NO_NUMBER) {
        made->sold = old != NULL ? old->sold : 0;
    }
    if (old != NULL && ph_product_is_same(old, made)) {
        ph_product_unref(&made);
        made = ph_product_ref(old);
    }
    return made;
}

static void import(struct ph_overlay_state *next, const struct ph_change *change)
{
    struct ph_product **products = ph_new_array(struct ph_product *, change->product_count + 1);

    for (size_t i = 0; i < change->product_count; i++) {
        products[i] = imported(next, change->products[i], i);
    }
    for (size_t i = 0; i < next->count; i++) {
        ph_product_unref(&next->products[i]);
    }
    free(next->products);
    next->products = products;
    next->count = change->product_count;
}

static int show_card(struct ph_overlay_state *next, const struct ph_change *change, ph_usec now,
                     struct ph_faults *faults)
{
    const struct ph_product *product = ph_overlay_state_find(next, change->sku);

    if (product == NULL) {
        return no_such_product(change->sku, "/sku", faults);
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

static int change_state(struct ph_overlay_state *next, const struct ph_change *change, ph_usec now,
                        struct ph_faults *faults)
{
    switch (change->kind) {
    case PH_CHANGE_PUT_PRODUCT:
        return put_product(next, change, faults);
    case PH_CHANGE_PATCH_PRODUCT:
        return patch_product(next, change, faults);
    case PH_CHANGE_DELETE_PRODUCT:
        return delete_product(next, change, faults);
    case PH_CHANGE_IMPORT:
        import(next, change);
        return PH_OK;
    case PH_CHANGE_SHOW_CARD:
        return show_card(next, change, now, faults);
    case PH_CHANGE_HIDE_CARD:
        ph_card_unref(&next->card);
        return PH_OK;
    case PH_CHANGE_NONE:
        break;
    }
    return PH_EINVAL;
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

    if (pinned == NULL || pinned->is_hidden) {
        ph_card_unref(&next->card);
    } else if (has_stale_flash(next, state, pinned)) {
        struct ph_card *card = ph_card_create(next->card);
        card->flash_price = PH_NO_NUMBER;
        card->ends_at = PH_USEC_NEVER;
        ph_card_unref(&next->card);
        next->card = card;
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
