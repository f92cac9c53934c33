/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_SRC_HTTP_CONN_H
#define PHIEN_SRC_HTTP_CONN_H

#include "chunked.h"
#include "response.h"

#include <phien/core/stats.h>
#include <phien/http/router.h>
#include <phien/net/tcp.h>

/*
 * One accepted connection that speaks HTTP/1.1: it owns the socket, reads one request after the
 * other, hands each to the router, and writes the answer. It ends by itself.
 */
struct ph_http_conn;

/* How long each phase of a connection may last. */
struct ph_http_timeouts {
    ph_usec idle;  /* between requests */
    ph_usec head;  /* from a request's first byte to the end of its headers */
    ph_usec body;  /* from there to the end of its body */
    ph_usec stall; /* without a byte of the answer being taken */
    ph_usec send;  /* all of an answer; one that takes longer keeps old media in memory */
};

/* What all connections of a server share. */
struct ph_http_shared {
    struct ph_loop *loop;
    const struct ph_router *router;
    struct ph_stats *stats;
    const char *common_headers;
    size_t body_limit;
    size_t bodies_limit; /* of all large bodies together that are on their way or being handled */
    size_t bodies;       /* what they take now */
    struct ph_http_timeouts timeouts;
    struct ph_response_date date;
    struct ph_chunked chunked;
    struct ph_http_conn *conns; /* all that are open */
    size_t count;
    bool is_draining;
    void (*on_gone)(struct ph_http_shared *shared); /* a connection has ended */
};

/* Takes over what ph_tcp_listen accepted. */
void ph_http_conn_open(struct ph_http_shared *shared, struct ph_tcp_conn *tcp);

/* Ends at once if it is between two requests, else after the answer under way. */
void ph_http_conn_drain(struct ph_http_conn *conn);

/* Ends at once; whoever holds its exchange is told. */
void ph_http_conn_cut(struct ph_http_conn *conn);

/* The list of the open connections. */
struct ph_http_conn *ph_http_conn_next(const struct ph_http_conn *conn);

#endif
