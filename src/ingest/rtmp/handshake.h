/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_RTMP_HANDSHAKE_H
#define PHIEN_INGEST_RTMP_HANDSHAKE_H

#include <phien/core/bytes.h>
#include <phien/core/close_reason.h>

#include <stdint.h>

#define PH_RTMP_HANDSHAKE_LEN 1536 /* of C1, C2, S1 and S2 */

enum ph_rtmp_handshake_state {
    PH_RTMP_HANDSHAKE_NONE,
    PH_RTMP_HANDSHAKE_C0,
    PH_RTMP_HANDSHAKE_C1,
    PH_RTMP_HANDSHAKE_C2,
    PH_RTMP_HANDSHAKE_DONE,
};

/* The server's side of the plain handshake, RTMP 1.0 §5.2. */
struct ph_rtmp_handshake {
    enum ph_rtmp_handshake_state state;
    size_t filled; /* bytes of C1 or C2 that came */
    uint8_t c1[PH_RTMP_HANDSHAKE_LEN];
    enum ph_close_reason refusal;
};

void ph_rtmp_handshake_init(struct ph_rtmp_handshake *handshake);

/*
 * Takes what belongs to the handshake from `in`. PH_OK: it is done, and the rest of `in` is
 * chunks. PH_EAGAIN: more is needed. PH_EPROTO: not RTMP, `refusal` says what it seems to be.
 *
 * S0, S1 and S2 are written to `out` together when C1 is complete: encoders wait for all three,
 * and some throw away what follows S2 in the same read, so nothing may be sent after them before
 * the peer's first command.
 */
PH_MUST_CHECK int ph_rtmp_handshake_feed(struct ph_rtmp_handshake *handshake, struct ph_reader *in,
                                         uint32_t now_ms, struct ph_writer *out);

#endif
