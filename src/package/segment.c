/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What windows and snapshots share: segments and init segments. The last reference may go on any
 * worker, long after the window has dropped its own.
 */
#include <phien/core/mem.h>
#include <phien/package/snapshot.h>

#include <stdlib.h>

struct ph_init *ph_init_create(struct ph_buf *bytes, int64_t number)
{
    struct ph_init *init = ph_new(struct ph_init);

    atomic_init(&init->refs, 1);
    init->bytes = bytes;
    init->number = number;
    return init;
}

struct ph_init *ph_init_ref(struct ph_init *init)
{
    atomic_fetch_add_explicit(&init->refs, 1, memory_order_relaxed);
    return init;
}

void ph_init_unref(struct ph_init **ref)
{
    struct ph_init *init = *ref;

    *ref = NULL;
    if (init == NULL || atomic_fetch_sub_explicit(&init->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    ph_buf_unref(&init->bytes);
    free(init);
}

struct ph_segment *ph_segment_ref(struct ph_segment *segment)
{
    atomic_fetch_add_explicit(&segment->refs, 1, memory_order_relaxed);
    return segment;
}

void ph_segment_unref(struct ph_segment **ref)
{
    struct ph_segment *segment = *ref;

    *ref = NULL;
    if (segment == NULL ||
        atomic_fetch_sub_explicit(&segment->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (size_t i = 0; i < segment->part_count; i++) {
        ph_buf_unref(&segment->parts[i].bytes);
    }
    free(segment->parts);
    ph_init_unref(&segment->init);
    free(segment);
}
