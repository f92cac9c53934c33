/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change that a request wants, between the body it was read from (change_json.c, change_csv.c)
 * and the state that it makes (state_apply.c).
 */
#include "change.h"

#include <stdlib.h>
#include <string.h>

void ph_change_fini(struct ph_change *change)
{
    ph_card_unref(&change->card);
    for (size_t i = 0; i < change->product_count; i++) {
        ph_product_unref(&change->products[i]);
    }
    free(change->products);
    ph_product_unref(&change->product);
    memset(change, 0, sizeof(*change));
}

static bool is_sku_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

bool ph_sku_is_valid(const char *sku, size_t len)
{
    size_t dots = 0;

    if (len == 0 || len > PH_SKU_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!is_sku_char(sku[i])) {
            return false;
        }
        dots += sku[i] == '.';
    }
    /* As the last part of a path, browsers take these for the folder and the one above. */
    return dots < len || len > 2;
}
