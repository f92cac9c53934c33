/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_ARENA_H
#define PHIEN_PACKAGE_ARENA_H

#include <phien/core/buf.h>

/*
 * Memory for a rendition's media, in blocks that are filled from front to back and freed as a
 * whole. Parts come and go in the same order and stay for a minute, while all else is freed
 * within moments: mixed in one heap, they would leave it full of holes of all sizes, and looking
 * through those would soon cost more than all of the packaging.
 */
struct ph_arena_block;

struct ph_arena {
    struct ph_arena_block *block; /* being filled; NULL: none */
};

/* Zeroed is empty. What was copied stays as long as it is referenced. */
void ph_arena_fini(struct ph_arena *arena);

/* A copy of the bytes, immutable, to be released by any thread. PH_ENOMEM. */
PH_MUST_CHECK int ph_arena_copy(struct ph_arena *arena, struct ph_buf **out, const void *data,
                                size_t len);

#endif
