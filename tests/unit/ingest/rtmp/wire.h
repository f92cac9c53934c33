/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_UNIT_INGEST_RTMP_WIRE_H
#define PHIEN_TESTS_UNIT_INGEST_RTMP_WIRE_H

/* cmocka wants these four before itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ingest/rtmp/amf0.h>
#include <ingest/rtmp/chunk.h>
#include <phien/core/bytes.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes as a specification writes them: hex digits, blanks and '|' between them ignored. */
static inline void write_hex(struct ph_writer *out, const char *hex)
{
    int high = -1;

    for (; *hex != '\0'; hex++) {
        if (!isxdigit((unsigned char)*hex)) {
            continue;
        }
        int digit = *hex <= '9' ? *hex - '0' : (*hex | 0x20) - 'a' + 10;
        if (high >= 0) {
            ph_write_u8(out, (uint8_t)(high << 4 | digit));
            high = -1;
        } else {
            high = digit;
        }
    }
}

static inline struct ph_writer from_hex(const char *hex)
{
    struct ph_writer out;

    ph_writer_init(&out, SIZE_MAX / 4);
    write_hex(&out, hex);
    return out;
}

/* Fails with both sides in hex when they differ. */
static inline void expect_hex(const uint8_t *data, size_t len, const char *hex)
{
    struct ph_writer wanted = from_hex(hex);

    if (wanted.len != len || memcmp(wanted.data, data, len) != 0) {
        print_error("wanted %zu bytes: %s\n   got %zu bytes: ", wanted.len, hex, len);
        for (size_t i = 0; i < len; i++) {
            print_error("%02x", data[i]);
        }
        print_error("\n");
        ph_writer_fini(&wanted);
        fail();
    }
    ph_writer_fini(&wanted);
}

/* `len` bytes that differ from one another and from run to run of `seed`. */
static inline void write_pattern(struct ph_writer *out, size_t len, uint8_t seed)
{
    for (size_t i = 0; i < len; i++) {
        ph_write_u8(out, (uint8_t)(seed + i * 7 + i / 251));
    }
}

static inline bool is_pattern(const uint8_t *data, size_t len, uint8_t seed)
{
    for (size_t i = 0; i < len; i++) {
        if (data[i] != (uint8_t)(seed + i * 7 + i / 251)) {
            return false;
        }
    }
    return true;
}

#endif
