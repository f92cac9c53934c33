/* SPDX-License-Identifier: Apache-2.0 */
/* One packet of 188 bytes, ISO/IEC 13818-1 §2.4.3.2: between sync.c and the PIDs of demux.c. */
#include "packet.h"

#define HEADER_BYTES 4

bool ph_ts_packet_read(struct ph_ts_packet *packet, const uint8_t *data)
{
    bool is_erroneous = data[1] & 0x80;
    bool has_adaptation = data[3] & 0x20;
    size_t at = HEADER_BYTES;

    *packet = (struct ph_ts_packet){
        .pid = ph_ts_packet_pid(data),
        .counter = data[3] & 0x0f,
        .has_payload = data[3] & 0x10,
        .is_start = data[1] & 0x40,
        .is_scrambled = data[3] & 0xc0,
    };
    if (is_erroneous || (!has_adaptation && !packet->has_payload)) {
        return false;
    }
    if (has_adaptation) {
        size_t len = data[HEADER_BYTES];
        at += 1 + len;
        if (at > PH_TS_PACKET_BYTES) {
            return false;
        }
        packet->is_jump = len > 0 && (data[HEADER_BYTES + 1] & 0x80);
    }
    packet->payload = data + at;
    packet->len = packet->has_payload ? PH_TS_PACKET_BYTES - at : 0;
    return true;
}
