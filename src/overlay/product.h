/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_PRODUCT_H
#define PHIEN_OVERLAY_PRODUCT_H

#include <phien/core/clock.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No such number: no old price, not counted. */
#define PH_NO_NUMBER ((int64_t)-1)

enum {
    PH_SKU_BYTES_MAX = 64,    /* [A-Za-z0-9._-], so that it goes into any URL */
    PH_TITLE_CHARS_MAX = 120, /* code points, as people count */
    PH_UNIT_CHARS_MAX = 24,
    PH_BADGE_CHARS_MAX = 24,
    PH_ORIGIN_CHARS_MAX = 60,
    PH_NOTE_CHARS_MAX = 140,
    PH_URL_BYTES_MAX = 512,
};

#define PH_PRICE_MAX INT64_C(1000000000000)
#define PH_COUNT_MAX INT64_C(1000000000)

/* What stands on a shelf. Immutable, ref-counted; any thread. Texts are "" where there is none. */
struct ph_product {
    atomic_uint refs;
    const char *sku;
    const char *title;
    const char *unit;  /* "kg" */
    const char *image; /* "https://..." or the path of an uploaded one */
    const char *url;   /* where "buy" goes; may hold {sku} and {channel} */
    const char *badge;
    const char *origin; /* the village */
    char currency[4];   /* ISO 4217 */
    int64_t price;      /* in the currency's minor unit, of which VND has none */
    int64_t original_price;
    int64_t stock; /* PH_NO_NUMBER: not counted */
    int64_t sold;
    int64_t position; /* by which shelves are ordered; then by sku */
    bool is_hidden;
};

/*
 * A copy of all of it with a reference and texts of its own; a text that is NULL becomes "". Before
 * it is shared its numbers may be changed, its texts not: those are one block with it.
 */
struct ph_product *ph_product_create(const struct ph_product *like);
struct ph_product *ph_product_ref(struct ph_product *product);
void ph_product_unref(struct ph_product **product);

/* Counted, and none are left. */
bool ph_product_is_sold_out(const struct ph_product *product);

/* Nothing differs but how many are left and sold, which are few words to tell. */
bool ph_product_is_recounted(const struct ph_product *a, const struct ph_product *b);

/* Nothing differs that a viewer sees of the product by itself: all but place and being hidden. */
bool ph_product_looks_same(const struct ph_product *a, const struct ph_product *b);

/* Nothing differs. */
bool ph_product_is_same(const struct ph_product *a, const struct ph_product *b);

/* The one that is pinned, and what is said of it beside what the shelf says. Immutable. */
struct ph_card {
    atomic_uint refs;
    const char *sku;
    const char *note;
    int64_t flash_price;
    ph_usec ends_at;  /* wall clock: of the offer, the flash price; PH_USEC_NEVER: open */
    ph_usec shown_at; /* wall clock */
    ph_usec hides_at; /* wall clock: hides by itself; PH_USEC_NEVER: stays */
};

struct ph_card *ph_card_create(const struct ph_card *like);
struct ph_card *ph_card_ref(struct ph_card *card);
void ph_card_unref(struct ph_card **card);

#endif
