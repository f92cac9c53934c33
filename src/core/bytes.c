/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/core/bytes.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ph_reader_init(struct ph_reader *r, const void *data, size_t len)
{
    r->pos = data;
    r->end = len > 0 ? r->pos + len : r->pos;
    r->failed = false;
}

size_t ph_reader_left(const struct ph_reader *r)
{
    return (size_t)(r->end - r->pos);
}

const uint8_t *ph_read_bytes(struct ph_reader *r, size_t len)
{
    if (r->failed || ph_reader_left(r) < len) {
        r->failed = true;
        r->pos = r->end;
        return NULL;
    }
    const uint8_t *bytes = r->pos;
    if (len > 0) {
        r->pos += len;
    }
    return bytes;
}

void ph_read_skip(struct ph_reader *r, size_t len)
{
    (void)ph_read_bytes(r, len);
}

static uint64_t read_be(struct ph_reader *r, size_t size)
{
    const uint8_t *p = ph_read_bytes(r, size);
    uint64_t v = 0;

    for (size_t i = 0; p != NULL && i < size; i++) {
        v = v << 8 | p[i];
    }
    return v;
}

uint8_t ph_read_u8(struct ph_reader *r)
{
    return (uint8_t)read_be(r, 1);
}

uint16_t ph_read_u16(struct ph_reader *r)
{
    return (uint16_t)read_be(r, 2);
}

uint32_t ph_read_u24(struct ph_reader *r)
{
    return (uint32_t)read_be(r, 3);
}

int32_t ph_read_s24(struct ph_reader *r)
{
    int32_t v = (int32_t)read_be(r, 3);

    return v >= 0x800000 ? v - 0x1000000 : v;
}

uint32_t ph_read_u32(struct ph_reader *r)
{
    return (uint32_t)read_be(r, 4);
}

uint32_t ph_read_u32le(struct ph_reader *r)
{
    return __builtin_bswap32((uint32_t)read_be(r, 4));
}

uint64_t ph_read_u64(struct ph_reader *r)
{
    return read_be(r, 8);
}

double ph_read_f64(struct ph_reader *r)
{
    uint64_t bits = read_be(r, 8);
    double v;

    memcpy(&v, &bits, sizeof(v));
    return v;
}

void ph_bits_init(struct ph_bits *b, const void *data, size_t len)
{
    b->data = data;
    b->len_bits = len * 8;
    b->pos_bits = 0;
    b->failed = false;
}

uint32_t ph_bits_read(struct ph_bits *b, unsigned count)
{
    PH_ASSERT(count <= 32);
    if (b->failed || b->len_bits - b->pos_bits < count) {
        b->failed = true;
        b->pos_bits = b->len_bits;
        return 0;
    }
    uint64_t v = 0;
    for (unsigned i = 0; i < count; i++, b->pos_bits++) {
        v = v << 1 | (b->data[b->pos_bits / 8] >> (7 - b->pos_bits % 8) & 1);
    }
    return (uint32_t)v;
}

void ph_bits_skip(struct ph_bits *b, size_t count)
{
    if (b->failed || b->len_bits - b->pos_bits < count) {
        b->failed = true;
        b->pos_bits = b->len_bits;
        return;
    }
    b->pos_bits += count;
}

void ph_writer_init(struct ph_writer *w, size_t limit)
{
    *w = (struct ph_writer){.limit = limit};
}

void ph_writer_fini(struct ph_writer *w)
{
    free(w->data);
    *w = (struct ph_writer){.limit = w->limit};
}

/* Room for `len` more bytes and a NUL behind them (for vsnprintf), or NULL and `failed`. */
static uint8_t *reserve(struct ph_writer *w, size_t len)
{
    if (w->failed || len > w->limit || w->len > w->limit - len) {
        w->failed = true;
        return NULL;
    }
    size_t need = w->len + len + 1;
    if (need > w->cap) {
        size_t cap = w->cap * 2 > 256 ? w->cap * 2 : 256;
        cap = cap > need ? cap : need;
        uint8_t *grown = realloc(w->data, cap);
        if (grown == NULL) {
            w->failed = true;
            return NULL;
        }
        w->data = grown;
        w->cap = cap;
    }
    return w->data + w->len;
}

void ph_write_bytes(struct ph_writer *w, const void *data, size_t len)
{
    uint8_t *to = reserve(w, len);

    if (to != NULL && len > 0) {
        memcpy(to, data, len);
        w->len += len;
    }
}

static void write_be(struct ph_writer *w, uint64_t v, size_t size)
{
    uint8_t *to = reserve(w, size);

    if (to == NULL) {
        return;
    }
    for (size_t i = 0; i < size; i++) {
        to[i] = (uint8_t)(v >> 8 * (size - 1 - i));
    }
    w->len += size;
}

void ph_write_u8(struct ph_writer *w, uint8_t v)
{
    write_be(w, v, 1);
}

void ph_write_u16(struct ph_writer *w, uint16_t v)
{
    write_be(w, v, 2);
}

void ph_write_u24(struct ph_writer *w, uint32_t v)
{
    write_be(w, v, 3);
}

void ph_write_u32(struct ph_writer *w, uint32_t v)
{
    write_be(w, v, 4);
}

void ph_write_u32le(struct ph_writer *w, uint32_t v)
{
    write_be(w, __builtin_bswap32(v), 4);
}

void ph_write_u64(struct ph_writer *w, uint64_t v)
{
    write_be(w, v, 8);
}

void ph_write_f64(struct ph_writer *w, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof(bits));
    write_be(w, bits, 8);
}

void ph_write_text(struct ph_writer *w, const char *text)
{
    ph_write_bytes(w, text, strlen(text));
}

void ph_write_format(struct ph_writer *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    uint8_t *to = len >= 0 ? reserve(w, (size_t)len) : NULL;
    if (to == NULL) {
        w->failed = true;
        return;
    }
    va_start(args, format);
    vsnprintf((char *)to, (size_t)len + 1, format, args);
    va_end(args);
    w->len += (size_t)len;
}

static void free_written(void *opaque, uint8_t *data)
{
    (void)opaque;
    free(data);
}

struct ph_buf *ph_writer_take(struct ph_writer *w)
{
    struct ph_buf *buf = NULL;

    if (!w->failed) {
        buf = ph_buf_wrap(w->data, w->len, free_written, NULL);
        w->data = NULL;
    }
    ph_writer_fini(w);
    return buf;
}
