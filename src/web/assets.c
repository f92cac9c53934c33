/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks up what build.mjs has embedded. There are a handful of assets, so a walk over the table
 * is as quick as anything, and its order does not matter.
 */
#include "table.h"

#include <string.h>

const struct ph_asset *ph_asset_find(const char *name)
{
    for (size_t i = 0; i < ph_asset_table_count; i++) {
        if (strcmp(ph_asset_table[i].name, name) == 0) {
            return &ph_asset_table[i];
        }
    }
    return NULL;
}

const struct ph_asset *ph_asset_at(size_t index)
{
    return index < ph_asset_table_count ? &ph_asset_table[index] : NULL;
}
