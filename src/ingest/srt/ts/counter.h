/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_TS_COUNTER_H
#define PHIEN_INGEST_SRT_TS_COUNTER_H

#include "packet.h"

/*
 * A PID's continuity counter (§2.4.3.3): 4 bits that count its packets with payload. One copy of
 * a packet may follow it.
 */
struct ph_ts_counter {
    bool is_known;
    bool did_repeat;
    uint8_t last;
    size_t missing; /* packets that the transport may have lost since the last of this PID */
};

enum ph_ts_step {
    PH_TS_STEP_NONE = 0,
    PH_TS_STEP_NEXT, /* what follows the packet before, or the first one */
    PH_TS_STEP_COPY,
    PH_TS_STEP_HOLE, /* packets between the one before and this are missing */
};

/* Whether the packet, by its number, can be a copy of the one before. */
bool ph_ts_counter_may_repeat(const struct ph_ts_counter *counter,
                              const struct ph_ts_packet *packet);

/* The next packet of the PID; `is_copy`: its payload is that of the one before. */
enum ph_ts_step ph_ts_counter_step(struct ph_ts_counter *counter, const struct ph_ts_packet *packet,
                                   bool is_copy);

/*
 * `packets` of any PID may be missing here. True if so many are by now that the counter proves
 * nothing any more.
 */
bool ph_ts_counter_lose(struct ph_ts_counter *counter, size_t packets);

#endif
