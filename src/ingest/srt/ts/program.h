/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_TS_PROGRAM_H
#define PHIEN_INGEST_SRT_TS_PROGRAM_H

#include "demux.h"

/* What the PAT and the PMT say (§2.4.4), read from sections that are whole. */
enum ph_ts_table_id {
    PH_TS_TABLE_PAT = 0,
    PH_TS_TABLE_PMT = 2,
};

struct ph_ts_pat {
    uint16_t program; /* the first that is one; 0: none */
    uint16_t pmt_pid;
};

struct ph_ts_pmt {
    uint16_t program;
    uint32_t crc; /* tells one map from another */
    size_t count;
    struct ph_ts_stream streams[PH_TS_STREAMS_MAX]; /* the first ones, if there are more */
};

/*
 * PH_EAGAIN: another table, or one that does not apply yet. PH_EPROTO: its CRC, or its lengths
 * are wrong.
 */
PH_MUST_CHECK int ph_ts_pat_read(struct ph_ts_pat *pat, const uint8_t *section, size_t len);
PH_MUST_CHECK int ph_ts_pmt_read(struct ph_ts_pmt *pmt, const uint8_t *section, size_t len);

#endif
