/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_CORE_BUF_H
#define PHIEN_CORE_BUF_H

#include <phien/core/err.h>

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Ref-counted bytes: a part, a rendered playlist, a reply. Written by its creator alone and
 * immutable from the moment a second reference exists; from then on any thread may hold one.
 */
struct ph_buf {
    atomic_uint refs;
    size_t len;
    uint8_t *data;
    void (*release)(void *opaque, uint8_t *data); /* NULL: data lies behind the struct */
    void *opaque;
};

/* A buffer of `len` uninitialised bytes, for sizes that we choose. Aborts without memory. */
struct ph_buf *ph_buf_create(size_t len);

/* The same for sizes that a peer chooses (already checked against a limit): PH_ENOMEM. */
PH_MUST_CHECK int ph_buf_try_create(struct ph_buf **out, size_t len);

/* A copy of `len` bytes. */
struct ph_buf *ph_buf_copy(const void *data, size_t len);

/*
 * Takes over `data`, which `release(opaque, data)` frees when the last reference goes, on
 * whichever thread that is.
 */
struct ph_buf *ph_buf_wrap(uint8_t *data, size_t len, void (*release)(void *, uint8_t *),
                           void *opaque);

struct ph_buf *ph_buf_ref(struct ph_buf *buf);
void ph_buf_unref(struct ph_buf **buf);

/*
 * A run of bytes inside a buffer. Holds a reference of its own where a function says that it
 * takes or gives slices; `buf` is NULL for static data.
 */
struct ph_slice {
    struct ph_buf *buf;
    const uint8_t *data;
    size_t len;
};

/* All of `buf`; takes the caller's reference over. */
struct ph_slice ph_slice_of(struct ph_buf *buf);

/* Bytes that live as long as the program. */
struct ph_slice ph_slice_static(const void *data, size_t len);

/* Releases the reference and empties the slice. */
void ph_slice_clear(struct ph_slice *slice);

#endif
