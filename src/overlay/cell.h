/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_CELL_H
#define PHIEN_OVERLAY_CELL_H

#include "draft.h"

/*
 * Sets the member to what the cell says, whose text must last as long as the draft. A price is read
 * by the draft's currency, which therefore is to be set before.
 */
void ph_cell_read(struct ph_draft *draft, const struct ph_member *member, const char *cell);

#endif
