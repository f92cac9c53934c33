/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_DRAFT_H
#define PHIEN_OVERLAY_DRAFT_H

#include "change.h"

/* A member of a product, as JSON and the columns of CSV name it, and what it may be. */
enum ph_member_kind {
    PH_MEMBER_NONE,
    PH_MEMBER_TEXT,
    PH_MEMBER_LINK,
    PH_MEMBER_IMAGE,
    PH_MEMBER_CURRENCY,
    PH_MEMBER_PRICE,
    PH_MEMBER_COUNT,
    PH_MEMBER_FLAG,
};

struct ph_member {
    const char *name;
    enum ph_product_field field;
    enum ph_member_kind kind;
    size_t offset; /* in struct ph_product */
    int64_t max;   /* characters of a text, the highest number */
};

/* All but the sku; NULL: a product has no such member. */
const struct ph_member *ph_member_find(const char *name);

/*
 * A product that is being read, member by member and whatever it is written in. Each value is
 * checked as it comes; what is wrong with it is said in `faults`. Texts are borrowed until the
 * draft is taken.
 */
struct ph_draft {
    const char *base; /* the pointer of the product in its body: "", "/products/3" */
    const char *channel;
    struct ph_faults *faults;
    struct ph_product product; /* what was not said, or is wrong, is unset: "", VND, PH_NO_NUMBER */
    unsigned fields;           /* what was said, wrong or not */
};

/* `sku` is that of the path; "": the body says it. */
void ph_draft_init(struct ph_draft *draft, const char *base, const char *channel, const char *sku,
                   struct ph_faults *faults);

/* A value of another kind than the member's is wrong. */
void ph_draft_set_sku(struct ph_draft *draft, const char *sku);
void ph_draft_set_text(struct ph_draft *draft, const struct ph_member *member, const char *text);
void ph_draft_set_number(struct ph_draft *draft, const struct ph_member *member, int64_t number);
void ph_draft_set_flag(struct ph_draft *draft, const struct ph_member *member, bool flag);

/* As if it had not been said, or, in a patch, unset. What is required is wrong then. */
void ph_draft_unset(struct ph_draft *draft, const struct ph_member *member);

/* Says what the member may be. */
void ph_draft_refuse(struct ph_draft *draft, const struct ph_member *member);

/* A fault of the member with this name, whether a product has it or not. */
void ph_draft_fault(struct ph_draft *draft, const char *name, const char *detail);

/* When all was read: what is missing from a whole product, and what does not go together. */
void ph_draft_check(struct ph_draft *draft);
void ph_draft_check_patch(struct ph_draft *draft);

/*
 * Checks the draft and puts it behind the products of an import, whose list has room for
 * PH_SHELF_PRODUCTS_MAX. A sku that is there already is wrong.
 */
void ph_draft_add_to(struct ph_draft *draft, struct ph_change *import);

#endif
