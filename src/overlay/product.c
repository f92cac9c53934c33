/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands on a shelf, and the card that pins one of them. Each lies in one block of memory
 * with its texts behind it, and is never changed once a second thread can see it.
 */
#include "product.h"

#include <phien/core/mem.h>

#include <stdlib.h>
#include <string.h>

#define PRODUCT_TEXTS(X) X(sku) X(title) X(unit) X(image) X(url) X(badge) X(origin)
#define CARD_TEXTS(X) X(sku) X(note)

static size_t size_of(const char *text)
{
    return text != NULL ? strlen(text) + 1 : 1;
}

/* Puts a copy at `*at`, which moves behind it. */
static const char *keep(char **at, const char *text)
{
    size_t size = size_of(text);
    char *kept = memcpy(*at, text != NULL ? text : "", size);

    *at += size;
    return kept;
}

struct ph_product *ph_product_create(const struct ph_product *like)
{
    size_t size = sizeof(*like);
    struct ph_product *product;
    char *at;

#define X(name) size += size_of(like->name);
    PRODUCT_TEXTS(X)
#undef X
    product = ph_alloc(size);
    at = (char *)(product + 1);
#define X(name) product->name = keep(&at, like->name);
    PRODUCT_TEXTS(X)
#undef X
    atomic_init(&product->refs, 1);
    memcpy(product->currency, like->currency, sizeof(product->currency));
    product->price = like->price;
    product->original_price = like->original_price;
    product->stock = like->stock;
    product->sold = like->sold;
    product->position = like->position;
    product->is_hidden = like->is_hidden;
    return product;
}

struct ph_product *ph_product_ref(struct ph_product *product)
{
    atomic_fetch_add(&product->refs, 1);
    return product;
}

void ph_product_unref(struct ph_product **product)
{
    if (*product != NULL && atomic_fetch_sub(&(*product)->refs, 1) == 1) {
        free(*product);
    }
    *product = NULL;
}

bool ph_product_is_sold_out(const struct ph_product *product)
{
    return product->stock == 0;
}

/* All that a viewer sees of it by itself, but for its counts. */
static bool reads_same(const struct ph_product *a, const struct ph_product *b)
{
    bool is_same = memcmp(a->currency, b->currency, sizeof(a->currency)) == 0 &&
                   a->price == b->price && a->original_price == b->original_price;

#define X(name) is_same = is_same && strcmp(a->name, b->name) == 0;
    PRODUCT_TEXTS(X)
#undef X
    return is_same;
}

static bool stands_same(const struct ph_product *a, const struct ph_product *b)
{
    return a->position == b->position && a->is_hidden == b->is_hidden;
}

bool ph_product_is_recounted(const struct ph_product *a, const struct ph_product *b)
{
    return stands_same(a, b) && reads_same(a, b);
}

bool ph_product_looks_same(const struct ph_product *a, const struct ph_product *b)
{
    return reads_same(a, b) && a->stock == b->stock && a->sold == b->sold;
}

bool ph_product_is_same(const struct ph_product *a, const struct ph_product *b)
{
    return a == b || (stands_same(a, b) && ph_product_looks_same(a, b));
}

struct ph_card *ph_card_create(const struct ph_card *like)
{
    size_t size = sizeof(*like);
    struct ph_card *card;
    char *at;

#define X(name) size += size_of(like->name);
    CARD_TEXTS(X)
#undef X
    card = ph_alloc(size);
    at = (char *)(card + 1);
#define X(name) card->name = keep(&at, like->name);
    CARD_TEXTS(X)
#undef X
    atomic_init(&card->refs, 1);
    card->flash_price = like->flash_price;
    card->ends_at = like->ends_at;
    card->shown_at = like->shown_at;
    card->hides_at = like->hides_at;
    return card;
}

struct ph_card *ph_card_ref(struct ph_card *card)
{
    atomic_fetch_add(&card->refs, 1);
    return card;
}

void ph_card_unref(struct ph_card **card)
{
    if (*card != NULL && atomic_fetch_sub(&(*card)->refs, 1) == 1) {
        free(*card);
    }
    *card = NULL;
}
