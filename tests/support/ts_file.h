/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_SUPPORT_TS_FILE_H
#define PHIEN_TESTS_SUPPORT_TS_FILE_H

#include <phien/core/clock.h>
#include <phien/core/err.h>

#include <stddef.h>
#include <stdint.h>

/*
 * A file of MPEG-TS in memory, as messages of SRT that are due at times of their own: those of
 * the program clock reference, in between as far as the bytes have got.
 */
struct ts_file {
    uint8_t *bytes;
    size_t size;
    ph_usec *due; /* of each message, since the first */
    size_t count;
};

/* Seven packets, which is what encoders send. */
#define TS_FILE_MESSAGE_BYTES ((size_t)7 * 188)

/* PH_EIO: it cannot be read. PH_EMEDIA: that is no MPEG-TS with a clock. */
PH_MUST_CHECK int ts_file_read(struct ts_file *file, const char *path);

/* Of bytes in memory, which are taken over. */
PH_MUST_CHECK int ts_file_take(struct ts_file *file, uint8_t *bytes, size_t size);

void ts_file_fini(struct ts_file *file);

/* The i-th message. */
const uint8_t *ts_file_message(const struct ts_file *file, size_t i, size_t *len);

#endif
