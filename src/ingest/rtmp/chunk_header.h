/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_RTMP_CHUNK_HEADER_H
#define PHIEN_INGEST_RTMP_CHUNK_HEADER_H

#include <phien/core/bytes.h>

/* The longest: three bytes of basic header, eleven of message header, four more of timestamp. */
#define PH_RTMP_CHUNK_HEADER_MAX 18

/* From this on a timestamp needs the four extra bytes, §5.3.1.3. */
#define PH_RTMP_CHUNK_EXTENDED 0xFFFFFF

/* What stands before a chunk's body, RTMP 1.0 §5.3.1. Fields that `fmt` leaves out are 0. */
struct ph_rtmp_chunk_header {
    unsigned fmt; /* 0..3: fewer fields with each */
    uint32_t csid;
    uint32_t field; /* the timestamp: absolute with fmt 0, else a difference */
    uint32_t len;
    uint32_t msid;
    uint8_t type;
    bool has_extended; /* fmt 0..2: the field came in the four extra bytes */
};

/*
 * How long a header is, as far as the first `len` bytes of it tell: more than `len` until it is
 * complete. What fmt 3 may repeat of an extended timestamp is not counted.
 */
size_t ph_rtmp_chunk_header_measure(const uint8_t *data, size_t len);

/* A complete header. */
void ph_rtmp_chunk_header_read(struct ph_rtmp_chunk_header *header, const uint8_t *data,
                               size_t len);

/* csid 2..63. A field of PH_RTMP_CHUNK_EXTENDED and more is written in full after any fmt. */
void ph_rtmp_chunk_header_write(struct ph_writer *out, const struct ph_rtmp_chunk_header *header);

#endif
