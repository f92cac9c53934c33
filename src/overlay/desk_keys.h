/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_DESK_KEYS_H
#define PHIEN_OVERLAY_DESK_KEYS_H

#include "store.h"

/* What was answered to the last requests that had an idempotency key. Plain value. */
struct ph_desk_keys {
    struct ph_store_answer items[PH_STORE_ANSWERS_MAX];
    size_t count;
    size_t next; /* is written next */
};

/* In place of the oldest, when it is full. */
void ph_desk_keys_add(struct ph_desk_keys *keys, const char *key, int64_t seq);

/* The seq that was answered; -1: the key is not known (any more). */
int64_t ph_desk_keys_find(const struct ph_desk_keys *keys, const char *key);

#endif
