/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection of HTTP/1.1 between net/tcp and the router. One request is under way at a time:
 * what a client sends ahead waits here, and when that is too much, in the kernel. This half
 * reads, and keeps the deadlines; conn_answer.c writes.
 */
#include "conn_state.h"

#include <phien/core/log.h>
#include <phien/core/mem.h>
#include <phien/net/timer.h>

#include <stdlib.h>
#include <string.h>

enum {
    /* Sent ahead beyond this, the connection is paused; one read may still overshoot it. */
    AHEAD_PAUSE_BYTES = 16 * 1024,
    AHEAD_BYTES_MAX = 1024 * 1024,
    /* A body that may be large has a second more for each so many bytes: 2 MB from a phone. */
    BODY_BYTES_PER_S = 32 * 1024,
    /* Bodies up to this size are taken even while large ones fill all the room there is. */
    SMALL_BODY_BYTES = 16 * 1024,
};

/* Stands for the request that could not be read. */
static const struct ph_http_request no_request = {.method = PH_HTTP_GET,
                                                  .path = "",
                                                  .query = "",
                                                  .host = "",
                                                  .accept_encoding = "",
                                                  .authorization = "",
                                                  .if_none_match = "",
                                                  .if_match = "",
                                                  .idempotency_key = "",
                                                  .range = "",
                                                  .content_type = "",
                                                  .last_event_id = "",
                                                  .peer_ip = ""};

static void destroy(struct ph_http_conn *conn)
{
    struct ph_http_shared *shared = conn->shared;

    ph_writer_fini(&conn->ahead);
    ph_h1_fini(&conn->h1);
    ph_http_conn_count_body(conn);
    ph_timer_destroy(&conn->timer);
    if (conn->prev != NULL) {
        conn->prev->next = conn->next;
    } else {
        shared->conns = conn->next;
    }
    if (conn->next != NULL) {
        conn->next->prev = conn->prev;
    }
    free(conn);
    shared->count--;
    ph_stats_add(shared->stats, PH_STAT_HTTP_CONNECTIONS, -1);
    shared->on_gone(shared);
}

void ph_http_conn_close(struct ph_http_conn *conn, bool flush)
{
    conn->phase = PH_HTTP_PHASE_CLOSED;
    ph_http_exchange_abort(&conn->exchange);
    if (conn->tcp != NULL) {
        ph_tcp_conn_close(&conn->tcp, flush);
    }
    if (!conn->is_reading) {
        destroy(conn);
    }
}

void ph_http_conn_enter(struct ph_http_conn *conn, enum ph_http_phase phase)
{
    if (conn->phase != phase) {
        conn->phase = phase;
        conn->since = ph_loop_now(conn->shared->loop);
    }
}

static ph_usec deadline(const struct ph_http_conn *conn)
{
    const struct ph_http_timeouts *timeouts = &conn->shared->timeouts;

    switch (conn->phase) {
    case PH_HTTP_PHASE_IDLE:
        /* A request that came ahead is read from the loop: an answer may be given from within
         * a walk over many exchanges, which must not be joined by new ones. */
        return conn->ahead.len > 0 ? conn->since : conn->since + timeouts->idle;
    case PH_HTTP_PHASE_HEAD:
        return conn->since + timeouts->head;
    case PH_HTTP_PHASE_BODY:
        return conn->since + timeouts->body +
               (ph_usec)(conn->h1.body.limit / BODY_BYTES_PER_S) * PH_USEC_PER_S;
    case PH_HTTP_PHASE_STREAMING:
        /* How long it goes on without a word is up to whoever holds it. */
        return conn->is_too_slow ? conn->since : PH_USEC_NEVER;
    case PH_HTTP_PHASE_SENDING:
        return ph_http_conn_sending_deadline(conn);
    default:
        return PH_USEC_NEVER;
    }
}

void ph_http_conn_arm(struct ph_http_conn *conn)
{
    ph_usec at = deadline(conn);

    if (at != conn->timer_at) {
        conn->timer_at = at;
        ph_timer_set(conn->timer, at);
    }
}

/* Answers what cannot be read any further, and closes. */
static void refuse(struct ph_http_conn *conn)
{
    conn->is_refused = true;
    ph_http_conn_enter(conn, PH_HTTP_PHASE_HANDLING);
    ph_http_exchange_open(&conn->exchange, &no_request);
    ph_http_respond_problem(&conn->exchange, conn->h1.status, conn->h1.reason, NULL);
}

static void handle(struct ph_http_conn *conn)
{
    ph_http_conn_enter(conn, PH_HTTP_PHASE_HANDLING);
    conn->h1.request.peer_ip = ph_tcp_conn_peer_ip(conn->tcp);
    ph_http_exchange_open(&conn->exchange, &conn->h1.request);
    ph_router_dispatch(conn->shared->router, &conn->exchange);
}

static void send_continue(struct ph_http_conn *conn)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct ph_slice slice = ph_slice_static(text, sizeof(text) - 1);

    (void)ph_tcp_conn_write(conn->tcp, &slice, 1);
}

static bool is_reading_phase(enum ph_http_phase phase)
{
    return phase == PH_HTTP_PHASE_IDLE || phase == PH_HTTP_PHASE_HEAD ||
           phase == PH_HTTP_PHASE_BODY;
}

/* The reading phases follow the parser's. */
static void follow(struct ph_http_conn *conn)
{
    if (conn->h1.phase == PH_H1_HEAD) {
        ph_http_conn_enter(conn, PH_HTTP_PHASE_HEAD);
    } else if (conn->h1.phase == PH_H1_BODY) {
        ph_http_conn_enter(conn, PH_HTTP_PHASE_BODY);
    }
}

void ph_http_conn_count_body(struct ph_http_conn *conn)
{
    conn->shared->bodies -= conn->body;
    conn->body = conn->h1.body.cap;
    conn->shared->bodies += conn->body;
}

/* One body is bounded by its route; this bounds what many clients make us keep at once. */
static void check_bodies(struct ph_http_conn *conn)
{
    ph_http_conn_count_body(conn);
    if (conn->body > SMALL_BODY_BYTES && conn->shared->bodies > conn->shared->bodies_limit) {
        ph_h1_fail(&conn->h1, 503, "too many large bodies are on their way");
        refuse(conn);
    }
}

/* Reads requests until there is nothing left or one is not answered at once. */
static size_t read_requests(struct ph_http_conn *conn, const uint8_t *data, size_t len)
{
    size_t done = 0;

    while (done < len && is_reading_phase(conn->phase)) {
        size_t used;
        switch (ph_h1_feed(&conn->h1, data + done, len - done, &used)) {
        case PH_H1_EVENT_NONE:
            follow(conn);
            check_bodies(conn);
            break;
        case PH_H1_EVENT_CONTINUE:
            follow(conn);
            send_continue(conn);
            break;
        case PH_H1_EVENT_REQUEST:
            ph_http_conn_count_body(conn);
            handle(conn);
            break;
        case PH_H1_EVENT_FAILURE:
            refuse(conn);
            break;
        }
        done += used;
    }
    return done;
}

static void keep_ahead(struct ph_http_conn *conn, const uint8_t *data, size_t len)
{
    PH_ASSERT(conn->is_reading); /* so closing it does not free it here */
    ph_write_bytes(&conn->ahead, data, len);
    if (conn->ahead.failed) {
        ph_log_debug("http.cut", ph_kv("peer", ph_tcp_conn_peer(conn->tcp)),
                     ph_kv("reason", "too much was sent ahead"));
        ph_http_conn_close(conn, false);
        return;
    }
    if (conn->ahead.len >= AHEAD_PAUSE_BYTES && !conn->is_paused) {
        conn->is_paused = true;
        ph_tcp_conn_pause(conn->tcp);
    }
}

/* All input comes through here. Frees the connection if it has ended meanwhile. */
static void take_input(struct ph_http_conn *conn, const uint8_t *data, size_t len)
{
    conn->is_reading = true;
    size_t done = conn->ahead.len == 0 ? read_requests(conn, data, len) : 0;
    if (done < len && conn->phase != PH_HTTP_PHASE_CLOSED) {
        keep_ahead(conn, data + done, len - done);
    }
    conn->is_reading = false;
    if (conn->phase == PH_HTTP_PHASE_CLOSED) {
        destroy(conn);
        return;
    }
    ph_http_conn_arm(conn);
}

/* Reads what was sent ahead, now that the answer before it is sent. */
static void take_ahead(struct ph_http_conn *conn)
{
    struct ph_writer ahead = conn->ahead;

    ph_writer_init(&conn->ahead, AHEAD_BYTES_MAX);
    if (conn->is_paused) {
        conn->is_paused = false;
        ph_tcp_conn_resume(conn->tcp);
    }
    take_input(conn, ahead.data, ahead.len);
    ph_writer_fini(&ahead);
}

static void on_tcp_read(void *arg, const uint8_t *data, size_t len)
{
    take_input(arg, data, len);
}

static void on_tcp_drain(void *arg)
{
    struct ph_http_conn *conn = arg;

    if (conn->phase == PH_HTTP_PHASE_SENDING && ph_tcp_conn_queued(conn->tcp) == 0) {
        ph_http_conn_finish_answer(conn);
    }
}

static void on_tcp_close(void *arg, int err)
{
    struct ph_http_conn *conn = arg;

    ph_log_debug("http.close", ph_kv("peer", ph_tcp_conn_peer(conn->tcp)),
                 ph_kv("reason", ph_err_text(err)));
    if (err == PH_ELIMIT) {
        ph_stats_add(conn->shared->stats, PH_STAT_WRITE_QUEUE_DROPS, 1);
    }
    conn->tcp = NULL;
    ph_http_conn_close(conn, false);
}

static const struct ph_tcp_conn_ops tcp_ops = {
    .on_read = on_tcp_read, .on_drain = on_tcp_drain, .on_close = on_tcp_close};

static void on_timer(void *arg)
{
    struct ph_http_conn *conn = arg;

    conn->timer_at = PH_USEC_NEVER;
    switch (conn->phase) {
    case PH_HTTP_PHASE_IDLE:
        if (conn->ahead.len > 0) {
            take_ahead(conn);
        } else {
            ph_http_conn_close(conn, true);
        }
        break;
    case PH_HTTP_PHASE_HEAD:
    case PH_HTTP_PHASE_BODY:
        ph_h1_fail(&conn->h1, 408, "the request took too long to arrive");
        refuse(conn);
        break;
    case PH_HTTP_PHASE_SENDING:
        ph_http_conn_check_sending(conn);
        break;
    case PH_HTTP_PHASE_STREAMING:
        if (conn->is_too_slow) {
            ph_http_conn_cut_unread(conn, "the client does not read its stream");
        }
        break;
    default:
        ph_http_conn_arm(conn);
        break;
    }
}

void ph_http_conn_open(struct ph_http_shared *shared, struct ph_tcp_conn *tcp)
{
    struct ph_http_conn *conn = ph_new(struct ph_http_conn);

    conn->shared = shared;
    conn->tcp = tcp;
    conn->next = shared->conns;
    if (conn->next != NULL) {
        conn->next->prev = conn;
    }
    shared->conns = conn;
    shared->count++;
    ph_stats_add(shared->stats, PH_STAT_HTTP_CONNECTIONS, 1);
    ph_writer_init(&conn->ahead, AHEAD_BYTES_MAX);
    ph_h1_init(&conn->h1, shared->router, shared->body_limit);
    ph_http_exchange_init(&conn->exchange, &ph_http_conn_exchange_ops);
    conn->timer = ph_timer_create(shared->loop, on_timer, conn);
    conn->timer_at = PH_USEC_NEVER;
    ph_http_conn_enter(conn, PH_HTTP_PHASE_IDLE);
    ph_http_conn_arm(conn);
    ph_tcp_conn_open(tcp, &tcp_ops, conn);
}

void ph_http_conn_drain(struct ph_http_conn *conn)
{
    bool is_idle = conn->phase == PH_HTTP_PHASE_IDLE && conn->ahead.len == 0;

    conn->is_last = true;
    if (is_idle) {
        ph_http_conn_close(conn, true);
    }
}

void ph_http_conn_cut(struct ph_http_conn *conn)
{
    ph_http_conn_close(conn, false);
}

struct ph_http_conn *ph_http_conn_next(const struct ph_http_conn *conn)
{
    return conn->next;
}
