/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of the shelf, in a state that nobody else has yet. A product that comes out as it was
 * stays the one it was.
 */
#include "shelf.h"

#include <phien/core/mem.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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

static int no_such_product(const char *sku, struct ph_faults *faults)
{
    ph_faults_add(faults, "", "there is no product %s on the shelf", sku);
    return PH_ENOTFOUND;
}

static int patch_product(struct ph_overlay_state *next, const struct ph_change *change,
                         struct ph_faults *faults)
{
    const struct ph_product *old = ph_overlay_state_find(next, change->sku);
    struct ph_product *product;
    int err;

    if (old == NULL) {
        return no_such_product(change->sku, faults);
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
        return no_such_product(change->sku, faults);
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

int ph_shelf_change(struct ph_overlay_state *next, const struct ph_change *change,
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
    default:
        PH_ASSERT(false);
        return PH_EINVAL;
    }
}
