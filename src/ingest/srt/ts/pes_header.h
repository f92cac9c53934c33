/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_TS_PES_HEADER_H
#define PHIEN_INGEST_SRT_TS_PES_HEADER_H

#include <phien/core/err.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The header of a PES packet (§2.4.3.6). */
#define PH_TS_PES_START_BYTES 6

struct ph_ts_pes_header {
    size_t len; /* the payload follows */
    int64_t pts;
    int64_t dts;
    bool is_padding;   /* no payload, only something to be thrown away */
    bool is_scrambled; /* the payload is, by the PES packet's own flag */
};

/*
 * From its first PH_TS_PES_START_BYTES, how long the whole packet is; 0: not told. PH_EPROTO:
 * no PES packet begins with them.
 */
PH_MUST_CHECK int ph_ts_pes_header_measure(size_t *total, const uint8_t *start);

/* PH_EAGAIN: longer than the bytes that are there. PH_EPROTO: malformed. */
PH_MUST_CHECK int ph_ts_pes_header_read(struct ph_ts_pes_header *header, const uint8_t *data,
                                        size_t len);

#endif
