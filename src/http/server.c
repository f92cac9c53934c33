/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP server of one worker: a listener, the connections that it accepted, and how both come
 * to an end.
 */
#include "server.h"

#include <phien/core/log.h>
#include <phien/core/mem.h>
#include <phien/net/timer.h>

#include <stdlib.h>

/* The bytes of one answer are counted as they wait, so this is room for the largest segment. */
#define WRITE_LIMIT_BYTES ((size_t)64 * 1024 * 1024)

/* Large bodies of all clients of one worker: thirty images of 2 MB. */
#define BODIES_LIMIT_BYTES ((size_t)64 * 1024 * 1024)

#define USER_TIMEOUT_MS 30000
#define DRAIN_US (2 * PH_USEC_PER_S)

static const struct ph_http_timeouts default_timeouts = {
    .idle = 75 * PH_USEC_PER_S,
    .head = 10 * PH_USEC_PER_S,
    .body = 30 * PH_USEC_PER_S,
    .stall = 30 * PH_USEC_PER_S,
    .send = 120 * PH_USEC_PER_S,
};

struct ph_http_server {
    struct ph_http_shared shared;
    struct ph_tcp_listener *listener;
    unsigned port;
    unsigned max_connections;
    bool is_full_told;
    char *common_headers;
    ph_usec drain_us;
    struct ph_timer *drain_timer;
    void (*on_drained)(void *arg);
    void *drained_arg;
};

void ph_http_server_destroy(struct ph_http_server **ref)
{
    struct ph_http_server *server = *ref;

    *ref = NULL;
    if (server == NULL) {
        return;
    }
    server->on_drained = NULL;
    while (server->shared.conns != NULL) {
        ph_http_conn_cut(server->shared.conns);
    }
    ph_timer_destroy(&server->drain_timer);
    if (server->listener != NULL) {
        ph_tcp_listener_close(&server->listener);
    }
    ph_chunked_fini(&server->shared.chunked);
    free(server->common_headers);
    free(server);
}

static void on_accept(void *arg, struct ph_tcp_conn *tcp)
{
    struct ph_http_server *server = arg;

    if (server->max_connections > 0 && server->shared.count >= server->max_connections) {
        if (!server->is_full_told) {
            ph_log_warn("http.full", ph_kv("peer", ph_tcp_conn_peer(tcp)),
                        ph_kv_int("connections", server->max_connections),
                        ph_kv("hint", "raise the limit of open files (ulimit -n, LimitNOFILE)"));
        }
        server->is_full_told = true;
        ph_tcp_conn_close(&tcp, false);
        return;
    }
    /* Not at the first place that gets free: a crowd that comes and goes would fill the log. */
    if (server->shared.count <= server->max_connections / 2) {
        server->is_full_told = false;
    }
    ph_http_conn_open(&server->shared, tcp);
}

/* The last connection of a server that is draining: told from the loop, not from within. */
static void on_gone(struct ph_http_shared *shared)
{
    struct ph_http_server *server = ph_container_of(shared, struct ph_http_server, shared);

    if (server->on_drained != NULL && shared->count == 0) {
        ph_timer_set(server->drain_timer, ph_loop_now(shared->loop));
    }
}

static void on_drain_timer(void *arg)
{
    struct ph_http_server *server = arg;
    void (*on_drained)(void *arg) = server->on_drained;
    void *drained_arg = server->drained_arg;

    server->on_drained = NULL;
    while (server->shared.conns != NULL) {
        ph_http_conn_cut(server->shared.conns);
    }
    if (on_drained != NULL) {
        on_drained(drained_arg);
    }
}

int ph_http_server_create(struct ph_http_server **out, struct ph_loop *loop,
                          const struct ph_http_server_options *options,
                          const struct ph_router *router, struct ph_stats *stats)
{
    const struct ph_tcp_options tcp_options = {.write_limit = WRITE_LIMIT_BYTES,
                                               .user_timeout_ms = USER_TIMEOUT_MS};
    struct ph_http_server *server = ph_new(struct ph_http_server);

    server->max_connections = options->max_connections;
    server->drain_us = DRAIN_US;
    if (options->common_headers != NULL) {
        server->common_headers = ph_strdup(options->common_headers);
    }
    server->shared = (struct ph_http_shared){.loop = loop,
                                             .router = router,
                                             .stats = stats,
                                             .common_headers = server->common_headers,
                                             .body_limit = options->body_limit,
                                             .bodies_limit = BODIES_LIMIT_BYTES,
                                             .timeouts = default_timeouts,
                                             .on_gone = on_gone};
    int err =
        ph_tcp_listen(&server->listener, loop, options->listen, &tcp_options, on_accept, server);
    if (err != PH_OK) {
        ph_http_server_destroy(&server);
        return err;
    }
    server->port = ph_tcp_listener_port(server->listener);
    server->drain_timer = ph_timer_create(loop, on_drain_timer, server);
    *out = server;
    return PH_OK;
}

unsigned ph_http_server_port(const struct ph_http_server *server)
{
    return server->port;
}

void ph_http_server_set_timeouts(struct ph_http_server *server,
                                 const struct ph_http_timeouts *timeouts, ph_usec drain)
{
    server->shared.timeouts = *timeouts;
    server->drain_us = drain;
}

void ph_http_server_set_bodies_limit(struct ph_http_server *server, size_t bodies_limit)
{
    server->shared.bodies_limit = bodies_limit;
}

void ph_http_server_drain(struct ph_http_server *server, void (*on_drained)(void *arg), void *arg)
{
    struct ph_http_shared *shared = &server->shared;

    if (server->listener != NULL) {
        ph_tcp_listener_close(&server->listener);
    }
    shared->is_draining = true;
    for (struct ph_http_conn *conn = shared->conns; conn != NULL;) {
        struct ph_http_conn *next = ph_http_conn_next(conn);
        ph_http_conn_drain(conn);
        conn = next;
    }
    server->on_drained = on_drained;
    server->drained_arg = arg;
    ph_timer_set(server->drain_timer,
                 ph_loop_now(shared->loop) + (shared->count == 0 ? 0 : server->drain_us));
}
