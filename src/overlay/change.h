/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_CHANGE_H
#define PHIEN_OVERLAY_CHANGE_H

#include "faults.h"
#include "product.h"

#include <stdint.h>

/* What a request wants changed, checked as far as that can be without the state. */
enum ph_change_kind {
    PH_CHANGE_NONE,
    PH_CHANGE_PUT_PRODUCT, /* all of a product, new or in place of the old */
    PH_CHANGE_PATCH_PRODUCT,
    PH_CHANGE_DELETE_PRODUCT,
    PH_CHANGE_IMPORT, /* the whole shelf */
    PH_CHANGE_SHOW_CARD,
    PH_CHANGE_HIDE_CARD,
    PH_CHANGE_END_OFFER, /* the card stays, its flash price and countdown are over */
};

/* The fields of a product, for what a patch has of them. */
enum ph_product_field {
    PH_FIELD_TITLE = 1 << 0,
    PH_FIELD_UNIT = 1 << 1,
    PH_FIELD_IMAGE = 1 << 2,
    PH_FIELD_URL = 1 << 3,
    PH_FIELD_BADGE = 1 << 4,
    PH_FIELD_ORIGIN = 1 << 5,
    PH_FIELD_CURRENCY = 1 << 6,
    PH_FIELD_PRICE = 1 << 7,
    PH_FIELD_ORIGINAL_PRICE = 1 << 8,
    PH_FIELD_STOCK = 1 << 9,
    PH_FIELD_SOLD = 1 << 10,
    PH_FIELD_POSITION = 1 << 11,
    PH_FIELD_HIDDEN = 1 << 12,
};

struct ph_change {
    enum ph_change_kind kind;
    int64_t if_rev; /* of the shelf, from If-Match; -1: whatever it is */
    char sku[PH_SKU_BYTES_MAX + 1];

    struct ph_product *product; /* PUT, PATCH (only what `fields` names): a reference of its own */
    unsigned fields;            /* of PATCH */
    int64_t stock_delta;        /* of PATCH; sold goes the other way, never below zero */

    struct ph_product **products; /* IMPORT, in the order of the file, owned */
    size_t product_count;

    struct ph_card *card; /* SHOW; shown_at is set when it is applied */
    ph_usec duration;     /* of SHOW; 0: until it is hidden */
};

/* Frees what it holds; a zeroed one holds nothing. */
void ph_change_fini(struct ph_change *change);

/* Limits of a body, in bytes: of one product or card, of a whole shelf. */
enum { PH_BODY_BYTES_MAX = 16 * 1024, PH_IMPORT_BYTES_MAX = 1024 * 1024 };

/*
 * The bodies of the API, JSON of at most eight levels. PH_EPROTO: not JSON, or not an object
 * (400); PH_ELIMIT: too long (413); PH_EINVAL: faults (422), of which all are told; unknown members
 * are among them. Whichever it is, `faults`, empty before, says why, and `out` holds nothing.
 *
 * `channel` is for the check of an image that was uploaded: it must be one of the channel's own
 * paths. For PUT the sku is that of the path; a body may repeat it. A position that is left out is
 * behind all others, and on PUT of a product that is there, where it was; `sold` then is what it
 * was. Both are PH_NO_NUMBER in the change.
 */
PH_MUST_CHECK int ph_change_read_put(struct ph_change *out, const char *channel, const char *sku,
                                     const void *body, size_t len, struct ph_faults *faults);
PH_MUST_CHECK int ph_change_read_patch(struct ph_change *out, const char *channel, const char *sku,
                                       const void *body, size_t len, struct ph_faults *faults);
PH_MUST_CHECK int ph_change_read_card(struct ph_change *out, const void *body, size_t len,
                                      ph_usec now, struct ph_faults *faults);

/*
 * {"products": [...]} or a list alone; each must have its sku. Positions that are left out are
 * places in the file; `sold` of a product that is there stays.
 */
PH_MUST_CHECK int ph_change_read_import(struct ph_change *out, const char *channel,
                                        const void *body, size_t len, struct ph_faults *faults);

/*
 * The same as CSV (RFC 4180) in UTF-8, with or without a byte order mark, comma, semicolon or tab:
 * the first line names the columns as JSON names the members, in any order; an empty cell is a
 * member left out. Pointers are "/ROW/COLUMN", rows from 1, the head being row 0.
 *
 * Since tables are written by people, prices are amounts of the currency as people write them:
 * "45.000", "45,000" and "45000 ₫" are all 45000 đồng, "12,50" is 1250 cents. What could be read in
 * two ways, as "12" euros, is wrong. Hidden is true, false, 1, 0, yes, no, có or không.
 */
PH_MUST_CHECK int ph_change_read_csv(struct ph_change *out, const char *channel, const void *body,
                                     size_t len, struct ph_faults *faults);

/* [A-Za-z0-9._-], 1..64 bytes, but not "." and "..". */
bool ph_sku_is_valid(const char *sku, size_t len);

#endif
