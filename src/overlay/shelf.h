/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_SHELF_H
#define PHIEN_OVERLAY_SHELF_H

#include "state.h"

/*
 * Does to the products of `next`, which is being made and has room for one more, what `change` says
 * of them; their order is left to the caller. Errors as ph_overlay_state_apply; `next` then is of
 * no use.
 */
PH_MUST_CHECK int ph_shelf_change(struct ph_overlay_state *next, const struct ph_change *change,
                                  struct ph_faults *faults);

#endif
