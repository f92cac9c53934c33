/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_STATE_H
#define PHIEN_OVERLAY_STATE_H

#include "change.h"
#include "product.h"

/*
 * All that is known of a channel's overlay at one moment. Immutable, ref-counted; any thread.
 * A change makes another state, which shares what is the same: by comparing pointers one sees what
 * changed.
 */
struct ph_overlay_state {
    atomic_uint refs;
    int64_t seq;                  /* of the last change of anything; 0: nothing was ever changed */
    int64_t rev;                  /* of the shelf: the seq of its last change */
    struct ph_product **products; /* by position, then by sku; hidden ones too */
    size_t count;
    struct ph_card *card; /* NULL: nothing is pinned; its product is on the shelf, not hidden */
    int64_t card_seq;     /* of the last change of what the card shows, its product included */
};

enum { PH_SHELF_PRODUCTS_MAX = 200 };

/* Empty. */
struct ph_overlay_state *ph_overlay_state_create(void);
struct ph_overlay_state *ph_overlay_state_ref(struct ph_overlay_state *state);
void ph_overlay_state_unref(struct ph_overlay_state **state);

/* NULL: not on the shelf. Borrowed. */
const struct ph_product *ph_overlay_state_find(const struct ph_overlay_state *state,
                                               const char *sku);

/* The product of the card that is shown; NULL: none is. Borrowed. */
const struct ph_product *ph_overlay_state_pinned(const struct ph_overlay_state *state);

/*
 * The state that `change` makes of `state` at the wall clock time `now`, with the next seq; the
 * caller owns it. Errors, all said in `faults`:
 * - PH_ENOTFOUND: there is no such product (404);
 * - PH_EEXISTS:   it does not fit what is there: the stock would go below zero, the shelf would
 *                 have too many, the product to be pinned is hidden (409);
 * - PH_ESTALE:    the shelf has another revision than the change is for (412);
 * - PH_EINVAL:    a value is wrong together with what is there (422).
 * A change that changes nothing gives a state with a new seq all the same.
 *
 * To delete or hide the product that is pinned hides the card as well.
 */
PH_MUST_CHECK int ph_overlay_state_apply(const struct ph_overlay_state *state,
                                         const struct ph_change *change, ph_usec now,
                                         struct ph_overlay_state **out, struct ph_faults *faults);

#endif
