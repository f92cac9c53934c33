/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_ES_ANNEXB_H
#define PHIEN_INGEST_SRT_ES_ANNEXB_H

#include <phien/core/bytes.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Byte streams of NAL units with start codes between them (H.264 and H.265, annex B). */

#define PH_ANNEXB_START_BYTES 3 /* 00 00 01; a fourth zero before it is padding */

/* Where the first start code at or after `from` begins, or `len` when there is none. */
size_t ph_annexb_find(const uint8_t *data, size_t len, size_t from);

/* `len` without the zero bytes at the end: a NAL unit never ends with one. */
size_t ph_annexb_trim(const uint8_t *nal, size_t len);

/*
 * The first bytes of a NAL unit, for reading: without its header and without the bytes that keep
 * start codes from appearing by chance. What is read past PH_RBSP_BYTES fails, as at the end.
 */
#define PH_RBSP_BYTES 1024

struct ph_rbsp {
    struct ph_bits bits;
    uint8_t data[PH_RBSP_BYTES];
};

/* At most `limit` bytes, header included, are looked at. */
void ph_rbsp_open(struct ph_rbsp *rbsp, const uint8_t *nal, size_t len, size_t header_bytes,
                  size_t limit);
uint32_t ph_rbsp_read(struct ph_rbsp *rbsp, unsigned count);
bool ph_rbsp_read_flag(struct ph_rbsp *rbsp);

/* Exp-Golomb codes (9.1). More than 31 leading zeros are malformed and fail. */
uint32_t ph_rbsp_read_ue(struct ph_rbsp *rbsp);
int32_t ph_rbsp_read_se(struct ph_rbsp *rbsp);

#endif
