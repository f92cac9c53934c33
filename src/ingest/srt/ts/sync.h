/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_TS_SYNC_H
#define PHIEN_INGEST_SRT_TS_SYNC_H

#include "packet.h"

#include <phien/core/bytes.h>

/*
 * Finds the packets in bytes that come in any portions. What comes out does not depend on how
 * the bytes were divided.
 *
 * It begins in sync, so that the first packet need not wait for others to prove it. Out of sync
 * it wants three sync bytes at a packet's distance.
 */
#define PH_TS_SYNC_PROOF_BYTES (2 * PH_TS_PACKET_BYTES + 1)

struct ph_ts_sync {
    uint64_t losses; /* times that no sync byte was where one should be */
    size_t skipped;  /* bytes passed over before the packet given last; the user clears it */
    bool is_lost;
    size_t begin; /* of what is in `held` */
    size_t end;
    uint8_t held[PH_TS_SYNC_PROOF_BYTES];
};

/* The next packet, valid until the next call. NULL: all of `in` was read, and more is needed. */
const uint8_t *ph_ts_sync_next(struct ph_ts_sync *sync, struct ph_reader *in);

/* Bytes are missing here, so what is held does not go on. True if anything was held. */
bool ph_ts_sync_cut(struct ph_ts_sync *sync);

#endif
