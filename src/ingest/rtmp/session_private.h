/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_RTMP_SESSION_PRIVATE_H
#define PHIEN_INGEST_RTMP_SESSION_PRIVATE_H

#include "chunk.h"
#include "connect.h"
#include "handshake.h"
#include "media.h"
#include "reply.h"

enum ph_rtmp_phase {
    PH_RTMP_PHASE_NONE,
    PH_RTMP_PHASE_HANDSHAKE,
    PH_RTMP_PHASE_CONNECT, /* waits for connect */
    PH_RTMP_PHASE_PUBLISH, /* waits for publish */
    PH_RTMP_PHASE_MEDIA,
    PH_RTMP_PHASE_OVER,
};

/* What session.c and command.c share. */
struct ph_rtmp_session {
    const struct ph_rtmp_ops *ops;
    void *arg;
    struct ph_rtmp_limits limits;
    struct ph_rtmp_limits early_limits; /* of messages before publish, when anybody may speak */
    ph_usec now;                        /* of the call that is running */
    enum ph_rtmp_phase phase;
    ph_usec phase_deadline; /* up to publish; media has its own */

    struct ph_rtmp_handshake handshake;
    struct ph_rtmp_chunk_reader chunks;
    struct ph_rtmp_reply reply;
    struct ph_rtmp_connect connect;
    struct ph_rtmp_media media;

    unsigned commands;     /* before publish */
    uint32_t last_msid;    /* of createStream */
    uint32_t publish_msid; /* 0: neither publish nor play came yet */
    bool is_publishing;
    bool has_encoder;

    uint64_t received; /* all bytes, as acknowledgements count them */
    uint64_t acknowledged;
    uint32_t ack_bytes; /* this many unacknowledged ones are too many */
    ph_usec ack_at;
    ph_usec ping_at;
    ph_usec heard_at; /* the last bytes came */

    int err; /* when it is over */
    enum ph_close_reason reason;
    char detail[160];
};

void ph_rtmp_session_enter(struct ph_rtmp_session *session, enum ph_rtmp_phase phase,
                           ph_usec timeout);

/*
 * Ends the session, and tells the peer so where that helps. The first end counts. Returns `err`.
 */
int ph_rtmp_session_fail(struct ph_rtmp_session *session, int err, enum ph_close_reason reason,
                         const char *format, ...) PH_PRINTF(4, 5);

/* A message of type 20 or 17: command.c. */
PH_MUST_CHECK int ph_rtmp_command_take(struct ph_rtmp_session *session,
                                       const struct ph_rtmp_message *message);

/* A message of type 18 or 15: metadata. Never fails, since nothing depends on it. */
void ph_rtmp_metadata_take(struct ph_rtmp_session *session, const struct ph_rtmp_message *message);

#endif
