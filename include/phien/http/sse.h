/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_HTTP_SSE_H
#define PHIEN_HTTP_SSE_H

#include <phien/core/stats.h>
#include <phien/http/exchange.h>
#include <phien/net/loop.h>

/*
 * Server-sent events (WHATWG HTML section 9.2): a room is the readers of one stream of events on
 * one worker. An event is formatted once and goes to all of them as it is. Readers who hear nothing
 * else get a comment every fifteen seconds, so that proxies and phones keep the connection; who
 * does not read is cut at a byte limit. The loop's thread.
 */
struct ph_sse_room;

enum { PH_SSE_QUEUE_BYTES_MAX = 256 * 1024 };

struct ph_sse_room *ph_sse_room_create(struct ph_loop *loop, struct ph_stats *stats);

/* Ends the streams of those who are still there. */
void ph_sse_room_destroy(struct ph_sse_room **room);

/*
 * Answers the exchange with the stream, which begins with how soon to come back after a lost
 * connection and with the events `first` (may be NULL; the reference is taken over). What was sent
 * to the room before is not sent to this reader: `first` is what it has to know of that.
 */
void ph_sse_room_join(struct ph_sse_room *room, struct ph_http_exchange *exchange,
                      struct ph_buf *first);

/* To all; borrowed. */
void ph_sse_room_send(struct ph_sse_room *room, struct ph_buf *event);

/*
 * Ends all streams, as when the server drains: readers come back elsewhere, or later. Who joins
 * afterwards gets `first` alone.
 */
void ph_sse_room_close(struct ph_sse_room *room);

size_t ph_sse_room_count(const struct ph_sse_room *room);

/* "id: 12\nevent: card\ndata: ...\n\n"; `data` may have several lines. Never NULL. */
struct ph_buf *ph_sse_format(int64_t id, const char *event, const char *data);

#endif
