/* SPDX-License-Identifier: Apache-2.0 */
#include "desk_keys.h"

#include <phien/core/text.h>

#include <string.h>

void ph_desk_keys_add(struct ph_desk_keys *keys, const char *key, int64_t seq)
{
    struct ph_store_answer *item = &keys->items[keys->next];

    ph_text_copy(item->key, sizeof(item->key), key);
    item->seq = seq;
    keys->next = (keys->next + 1) % PH_STORE_ANSWERS_MAX;
    keys->count += keys->count < PH_STORE_ANSWERS_MAX;
}

int64_t ph_desk_keys_find(const struct ph_desk_keys *keys, const char *key)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (strcmp(keys->items[i].key, key) == 0) {
            return keys->items[i].seq;
        }
    }
    return -1;
}
