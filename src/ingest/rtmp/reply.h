/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_RTMP_REPLY_H
#define PHIEN_INGEST_RTMP_REPLY_H

#include "chunk.h"
#include "status.h"

/*
 * What a session says to its peer, as chunks that wait to be pulled. Over the limit it fails for
 * good: the peer asks for more than it reads.
 */
struct ph_rtmp_reply {
    struct ph_rtmp_chunk_writer chunks;
    struct ph_writer out;
};

void ph_rtmp_reply_init(struct ph_rtmp_reply *reply, size_t limit);
void ph_rtmp_reply_fini(struct ph_rtmp_reply *reply);
bool ph_rtmp_reply_has_failed(const struct ph_rtmp_reply *reply);
bool ph_rtmp_reply_pull(struct ph_rtmp_reply *reply, struct ph_slice *out);

/* The control messages of RTMP 1.0 §5.4 whose payload is one number. */
void ph_rtmp_reply_control(struct ph_rtmp_reply *reply, enum ph_rtmp_type type, uint32_t value);
void ph_rtmp_reply_peer_bandwidth(struct ph_rtmp_reply *reply, uint32_t window);
void ph_rtmp_reply_event(struct ph_rtmp_reply *reply, enum ph_rtmp_event event, uint32_t value);

/*
 * A command message: write its AMF0 values to what _begin gives, then send it to the message
 * stream `msid`.
 */
struct ph_writer ph_rtmp_reply_begin(const char *command, double transaction);
void ph_rtmp_reply_send(struct ph_rtmp_reply *reply, uint32_t msid, struct ph_writer *command);

void ph_rtmp_reply_status(struct ph_rtmp_reply *reply, uint32_t msid,
                          const struct ph_rtmp_status *status);

#endif
