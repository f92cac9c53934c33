/* SPDX-License-Identifier: Apache-2.0 */
#include "slice_queue.h"

#include <phien/core/err.h>
#include <phien/core/mem.h>

#include <stdlib.h>

enum { FIRST_CAPACITY = 16 };

static struct ph_slice *slot(const struct ph_slice_queue *queue, size_t index)
{
    return &queue->slots[(queue->first + index) & (queue->cap - 1)];
}

void ph_slice_queue_fini(struct ph_slice_queue *queue)
{
    for (size_t i = 0; i < queue->count; i++) {
        ph_slice_clear(slot(queue, i));
    }
    free(queue->slots);
    *queue = (struct ph_slice_queue){0};
}

static void grow(struct ph_slice_queue *queue)
{
    size_t cap = queue->cap > 0 ? queue->cap * 2 : FIRST_CAPACITY;
    struct ph_slice *slots = ph_new_array(struct ph_slice, cap);

    for (size_t i = 0; i < queue->count; i++) {
        slots[i] = *slot(queue, i);
    }
    free(queue->slots);
    queue->slots = slots;
    queue->cap = cap;
    queue->first = 0;
}

void ph_slice_queue_push(struct ph_slice_queue *queue, struct ph_slice slice)
{
    if (slice.len == 0) {
        ph_slice_clear(&slice);
        return;
    }
    if (queue->count == queue->cap) {
        grow(queue);
    }
    queue->count++;
    *slot(queue, queue->count - 1) = slice;
    queue->bytes += slice.len;
}

size_t ph_slice_queue_peek(const struct ph_slice_queue *queue, struct iovec *iov, size_t max)
{
    size_t count = queue->count < max ? queue->count : max;

    for (size_t i = 0; i < count; i++) {
        const struct ph_slice *slice = slot(queue, i);
        /* writev does not write to it; POSIX has no const iovec. */
        iov[i].iov_base = (void *)(uintptr_t)slice->data;
        iov[i].iov_len = slice->len;
    }
    return count;
}

void ph_slice_queue_consume(struct ph_slice_queue *queue, size_t len)
{
    PH_ASSERT(len <= queue->bytes);
    queue->bytes -= len;
    while (len > 0) {
        struct ph_slice *oldest = slot(queue, 0);
        if (len < oldest->len) {
            oldest->data += len;
            oldest->len -= len;
            return;
        }
        len -= oldest->len;
        ph_slice_clear(oldest);
        queue->first = (queue->first + 1) & (queue->cap - 1);
        queue->count--;
    }
}
