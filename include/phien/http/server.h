/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_HTTP_SERVER_H
#define PHIEN_HTTP_SERVER_H

#include <phien/core/err.h>
#include <phien/core/stats.h>
#include <phien/http/router.h>
#include <phien/net/loop.h>

/*
 * The HTTP server of one worker: accepts connections on its loop, reads requests, hands them to
 * the router. All functions: the loop's thread (or before the loop runs).
 */
struct ph_http_server;

struct ph_http_server_options {
    const char *listen;         /* see ph_tcp_listen */
    const char *common_headers; /* lines with CRLF in every response, whatever its status */
    size_t body_limit;          /* of a request's body; more is answered with 413 */
    unsigned max_connections;   /* of this worker; more are closed at once; 0: no limit */
};

PH_MUST_CHECK int ph_http_server_create(struct ph_http_server **out, struct ph_loop *loop,
                                        const struct ph_http_server_options *options,
                                        const struct ph_router *router, struct ph_stats *stats);

/* The port it listens on, for address:0. */
unsigned ph_http_server_port(const struct ph_http_server *server);

/*
 * Stops listening, closes idle connections, and closes the others once their current answer is
 * sent. Whoever holds exchanges must answer them. `on_drained` is called once, when the last
 * connection is gone or after five seconds, when the rest has been cut.
 */
void ph_http_server_drain(struct ph_http_server *server, void (*on_drained)(void *arg), void *arg);

/* Cuts whatever is still there. */
void ph_http_server_destroy(struct ph_http_server **server);

#endif
