/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the bytes of parts and segments lie, from the muxer to the last viewer.
 */
#include "arena.h"

#include <stdlib.h>
#include <string.h>

enum {
    /* A second of a phone's stream. At either end of a window a block may be nearly empty. */
    BLOCK_BYTES = 256 * 1024,
    /* What is longer gets blocks of its own, of few different sizes, so that they fit again. */
    STEP_BYTES = 64 * 1024,
    /* What is shorter (init segments, which live long) is not worth keeping a block for. */
    SHORT_BYTES = 2 * 1024,
};

struct ph_arena_block {
    atomic_uint refs; /* of the buffers in it, and the arena's */
    size_t used;
    size_t size;
    uint8_t bytes[];
};

static void unref_block(struct ph_arena_block *block)
{
    if (block != NULL && atomic_fetch_sub_explicit(&block->refs, 1, memory_order_acq_rel) == 1) {
        free(block);
    }
}

static void release(void *opaque, uint8_t *data)
{
    (void)data;
    unref_block(opaque);
}

void ph_arena_fini(struct ph_arena *arena)
{
    unref_block(arena->block);
    arena->block = NULL;
}

static int begin_block(struct ph_arena *arena, size_t len)
{
    size_t size = BLOCK_BYTES;

    if (len > BLOCK_BYTES) {
        size = (len + STEP_BYTES - 1) / STEP_BYTES * STEP_BYTES;
    }
    struct ph_arena_block *block = malloc(sizeof(*block) + size);
    if (block == NULL) {
        return PH_ENOMEM;
    }
    atomic_init(&block->refs, 1);
    block->used = 0;
    block->size = size;
    unref_block(arena->block);
    arena->block = block;
    return PH_OK;
}

int ph_arena_copy(struct ph_arena *arena, struct ph_buf **out, const void *data, size_t len)
{
    if (len < SHORT_BYTES) {
        *out = ph_buf_copy(data, len);
        return PH_OK;
    }
    if (arena->block == NULL || len > arena->block->size - arena->block->used) {
        int err = begin_block(arena, len);
        if (err != PH_OK) {
            return err;
        }
    }
    struct ph_arena_block *block = arena->block;
    uint8_t *copy = block->bytes + block->used;
    memcpy(copy, data, len);
    block->used += len;
    atomic_fetch_add_explicit(&block->refs, 1, memory_order_relaxed);
    *out = ph_buf_wrap(copy, len, release, block);
    return PH_OK;
}
