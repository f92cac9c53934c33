/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_NET_SLICE_QUEUE_H
#define PHIEN_NET_SLICE_QUEUE_H

#include <phien/core/buf.h>

#include <sys/uio.h>

/* What waits to be written to a socket: slices in order, in a ring that grows as needed. */
struct ph_slice_queue {
    struct ph_slice *slots;
    size_t cap; /* a power of two, or 0 */
    size_t first;
    size_t count;
    size_t bytes;
};

void ph_slice_queue_fini(struct ph_slice_queue *queue);

/* Takes the slice's reference over. */
void ph_slice_queue_push(struct ph_slice_queue *queue, struct ph_slice slice);

/* Fills `iov` with the oldest bytes, at most `max` runs; returns how many. */
size_t ph_slice_queue_peek(const struct ph_slice_queue *queue, struct iovec *iov, size_t max);

/* Removes the oldest `len` bytes. */
void ph_slice_queue_consume(struct ph_slice_queue *queue, size_t len);

#endif
