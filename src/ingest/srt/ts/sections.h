/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_TS_SECTIONS_H
#define PHIEN_INGEST_SRT_TS_SECTIONS_H

#include "counter.h"

#include <phien/core/bytes.h>

/*
 * The sections of a PID (§2.4.4): put together from its packets, any number of packets to a
 * section and of sections to a packet.
 */
#define PH_TS_SECTION_BYTES_MAX (3 + 0xfff) /* what 12 bits of length can say */

/* Borrowed for the call: a whole section, as long as it says. */
typedef void (*ph_ts_section_cb)(void *arg, const uint8_t *data, size_t len);

struct ph_ts_sections {
    struct ph_ts_counter counter;
    uint64_t holes; /* in the counter */
    bool is_open;
    size_t len; /* of `section` */
    size_t last_len;
    uint8_t last[PH_TS_PACKET_BYTES]; /* the payload before, to know its copy */
    uint8_t section[PH_TS_SECTION_BYTES_MAX];
};

void ph_ts_sections_feed(struct ph_ts_sections *sections, const struct ph_ts_packet *packet,
                         ph_ts_section_cb on_section, void *arg);

/* So many packets, of whatever PID, may be missing here. */
void ph_ts_sections_lose(struct ph_ts_sections *sections, size_t packets);

/* Another PID from here on. */
void ph_ts_sections_reset(struct ph_ts_sections *sections);

#endif
