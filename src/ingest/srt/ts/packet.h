/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_TS_PACKET_H
#define PHIEN_INGEST_SRT_TS_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A transport stream packet's header, adaptation field and payload (§2.4.3.2, §2.4.3.4). */
#define PH_TS_PACKET_BYTES 188
#define PH_TS_PIDS 8192

struct ph_ts_packet {
    const uint8_t *payload; /* in place */
    size_t len;
    uint16_t pid;
    uint8_t counter;
    bool has_payload; /* else the counter stands still */
    bool is_start;    /* payload_unit_start_indicator */
    bool is_scrambled;
    bool is_jump; /* discontinuity_indicator: the counter may be any */
};

static inline uint16_t ph_ts_packet_pid(const uint8_t *data)
{
    return (uint16_t)((data[1] & 0x1f) << 8 | data[2]);
}

/* False for one that must not be looked at: marked as erroneous, or its lengths are. */
bool ph_ts_packet_read(struct ph_ts_packet *packet, const uint8_t *data);

#endif
