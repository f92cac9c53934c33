/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/core/buf.h>
#include <phien/core/mem.h>

#include <stdlib.h>
#include <string.h>

int ph_buf_try_create(struct ph_buf **out, size_t len)
{
    if (len > SIZE_MAX - sizeof(struct ph_buf)) {
        return PH_ENOMEM;
    }
    struct ph_buf *buf = malloc(sizeof(*buf) + len);
    if (buf == NULL) {
        return PH_ENOMEM;
    }
    atomic_init(&buf->refs, 1);
    buf->len = len;
    buf->data = (uint8_t *)(buf + 1);
    buf->release = NULL;
    buf->opaque = NULL;
    *out = buf;
    return PH_OK;
}

struct ph_buf *ph_buf_create(size_t len)
{
    struct ph_buf *buf = NULL;
    int err = ph_buf_try_create(&buf, len);

    PH_ASSERT(err == PH_OK);
    return buf;
}

struct ph_buf *ph_buf_copy(const void *data, size_t len)
{
    struct ph_buf *buf = ph_buf_create(len);

    if (len > 0) {
        memcpy(buf->data, data, len);
    }
    return buf;
}

struct ph_buf *ph_buf_wrap(uint8_t *data, size_t len, void (*release)(void *, uint8_t *),
                           void *opaque)
{
    struct ph_buf *buf = ph_buf_create(0);

    buf->len = len;
    buf->data = data;
    buf->release = release;
    buf->opaque = opaque;
    return buf;
}

struct ph_buf *ph_buf_ref(struct ph_buf *buf)
{
    atomic_fetch_add_explicit(&buf->refs, 1, memory_order_relaxed);
    return buf;
}

void ph_buf_unref(struct ph_buf **ref)
{
    struct ph_buf *buf = *ref;

    *ref = NULL;
    if (buf == NULL || atomic_fetch_sub_explicit(&buf->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    if (buf->release != NULL) {
        buf->release(buf->opaque, buf->data);
    }
    free(buf);
}

struct ph_slice ph_slice_of(struct ph_buf *buf)
{
    return (struct ph_slice){.buf = buf, .data = buf->data, .len = buf->len};
}

struct ph_slice ph_slice_static(const void *data, size_t len)
{
    return (struct ph_slice){.buf = NULL, .data = data, .len = len};
}

void ph_slice_clear(struct ph_slice *slice)
{
    ph_buf_unref(&slice->buf);
    slice->data = NULL;
    slice->len = 0;
}
