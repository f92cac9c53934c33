/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_CORE_BYTES_H
#define PHIEN_CORE_BYTES_H

#include <phien/core/buf.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A reader over borrowed bytes and a writer into memory of its own, both with a sticky error:
 * read or write a whole header, then test `failed` once. Multi-byte integers are big endian
 * unless the name says otherwise.
 */
struct ph_reader {
    const uint8_t *pos;
    const uint8_t *end;
    bool failed; /* something was read past the end; every later read gives 0 */
};

void ph_reader_init(struct ph_reader *r, const void *data, size_t len);
size_t ph_reader_left(const struct ph_reader *r);
uint8_t ph_read_u8(struct ph_reader *r);
uint16_t ph_read_u16(struct ph_reader *r);
uint32_t ph_read_u24(struct ph_reader *r);
int32_t ph_read_s24(struct ph_reader *r);
uint32_t ph_read_u32(struct ph_reader *r);
uint32_t ph_read_u32le(struct ph_reader *r);
uint64_t ph_read_u64(struct ph_reader *r);
double ph_read_f64(struct ph_reader *r);

/* `len` bytes in place, or NULL (and failed) if they are not there. Borrowed from the input. */
const uint8_t *ph_read_bytes(struct ph_reader *r, size_t len);
void ph_read_skip(struct ph_reader *r, size_t len);

/* A bit reader over borrowed bytes, with the same sticky error; for codec headers. */
struct ph_bits {
    const uint8_t *data;
    size_t len_bits;
    size_t pos_bits;
    bool failed;
};

void ph_bits_init(struct ph_bits *b, const void *data, size_t len);
uint32_t ph_bits_read(struct ph_bits *b, unsigned count); /* count <= 32 */
void ph_bits_skip(struct ph_bits *b, size_t count);

/*
 * Grows up to `limit` bytes; past that, or without memory, `failed` is set and the rest is lost.
 */
struct ph_writer {
    uint8_t *data;
    size_t len;
    size_t cap;
    size_t limit;
    bool failed;
};

void ph_writer_init(struct ph_writer *w, size_t limit);
void ph_writer_fini(struct ph_writer *w);
void ph_write_u8(struct ph_writer *w, uint8_t v);
void ph_write_u16(struct ph_writer *w, uint16_t v);
void ph_write_u24(struct ph_writer *w, uint32_t v);
void ph_write_u32(struct ph_writer *w, uint32_t v);
void ph_write_u32le(struct ph_writer *w, uint32_t v);
void ph_write_u64(struct ph_writer *w, uint64_t v);
void ph_write_f64(struct ph_writer *w, double v);
void ph_write_bytes(struct ph_writer *w, const void *data, size_t len);
void ph_write_text(struct ph_writer *w, const char *text);
void ph_write_format(struct ph_writer *w, const char *format, ...) PH_PRINTF(2, 3);

/*
 * Hands the written bytes over as a buffer and leaves the writer empty. NULL if the writer
 * failed.
 */
struct ph_buf *ph_writer_take(struct ph_writer *w);

#endif
