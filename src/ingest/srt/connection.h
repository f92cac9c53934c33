/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_CONNECTION_H
#define PHIEN_INGEST_SRT_CONNECTION_H

#include "listener.h"
#include "session.h"

#include <phien/core/link_stats.h>
#include <phien/ingest/publish.h>

/*
 * One accepted caller: the messages of its socket go to its session, the session's tracks and
 * packets to publish, and the link's figures to the log and to /metrics. The SRT thread.
 */
struct ph_srt_connection;

/* What all connections share. */
struct ph_srt_shared {
    const struct ph_conf *conf;
    struct ph_publish_hub *hub;
    struct ph_mailbox *mailbox;
    struct ph_stats *stats;
    struct ph_link_stats *links;       /* by the registry's index */
    struct ph_srt_connection **newest; /* whose figures those are; by the registry's index */
};

/*
 * Takes the call, whose socket has been accepted, over. May be over at once: see
 * ph_srt_connection_is_over.
 */
struct ph_srt_connection *ph_srt_connection_create(struct ph_srt_shared *shared,
                                                   struct ph_srt_call **call, ph_usec now);

/* Closes the socket. The connection is over. */
void ph_srt_connection_destroy(struct ph_srt_connection **connection);

/* Reads what there is, up to a fair share. True: there is more. */
bool ph_srt_connection_receive(struct ph_srt_connection *connection, ph_usec now);

/* When ph_srt_connection_tick is due. */
ph_usec ph_srt_connection_due(const struct ph_srt_connection *connection);
void ph_srt_connection_tick(struct ph_srt_connection *connection, ph_usec now);

/* Ends it from our side. */
void ph_srt_connection_end(struct ph_srt_connection *connection, enum ph_close_reason reason,
                           const char *detail);

/* Nothing more will come of it: it is to be destroyed. */
bool ph_srt_connection_is_over(const struct ph_srt_connection *connection);

/* The peer is gone, and libsrt's epoll need not watch the socket any longer. */
bool ph_srt_connection_is_ebbing(const struct ph_srt_connection *connection);

int ph_srt_connection_socket(const struct ph_srt_connection *connection);

#endif
