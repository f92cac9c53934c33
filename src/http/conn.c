/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection of HTTP/1.1 between net/tcp and the router. One request is under way at a time:
 * what a client sends ahead waits here, and when that is too much, in the kernel. The answer's
 * head and body leave in one call; the body's slices are never copied.
 */
#include "conn.h"

#include "exchange.h"
#include "h1.h"
#include "request.h"

#include <phien/core/log.h>
#include <phien/core/mem.h>
#include <phien/net/timer.h>

#include <stdlib.h>
#include <string.h>

enum {
    /* Sent ahead beyond this, the connection is paused; one read may still overshoot it. */
    AHEAD_PAUSE_BYTES = 16 * 1024,
    AHEAD_BYTES_MAX = 1024 * 1024,
    /* An answer of up to so many slices needs no memory but its head. */
    SLICES_ON_STACK = 33,
    /* How often it is looked whether a stalled answer has moved. */
    STALL_CHECKS = 4,
};

enum phase {
    PHASE_NONE,
    PHASE_IDLE,
    PHASE_HEAD,
    PHASE_BODY,
    PHASE_HANDLING, /* a handler holds the exchange */
    PHASE_SENDING,  /* the answer waits for the client to read */
    PHASE_CLOSED,
};

struct ph_http_conn {
    struct ph_http_conn *prev;
    struct ph_http_conn *next;
    struct ph_http_shared *shared;
    struct ph_tcp_conn *tcp;
    struct ph_timer *timer;
    struct ph_h1 h1;
    struct ph_http_exchange exchange;
    struct ph_writer ahead; /* what came behind the request under way */
    enum phase phase;
    ph_usec since;    /* when the phase began; when a sending one last moved */
    ph_usec looked;   /* when a sending one was last looked at */
    ph_usec send_end; /* when it must have ended */
    ph_usec timer_at; /* what the timer is set to */
    size_t unsent;    /* at the last look */
    bool is_reading;  /* inside read_requests, which ends what is to be ended */
    bool is_paused;
    bool is_last;    /* closes after the answer under way */
    bool is_refused; /* and lingers before */
};

/* Stands for the request that could not be read. */
static const struct ph_http_request no_request = {.method = PH_HTTP_GET,
                                                  .path = "",
                                                  .query = "",
                                                  .host = "",
                                                  .accept_encoding = "",
                                                  .authorization = "",
                                                  .if_none_match = "",
                                                  .range = "",
                                                  .content_type = "",
                                                  .last_event_id = "",
                                                  .peer_ip = ""};

static void destroy(struct ph_http_conn *conn)
{
    struct ph_http_shared *shared = conn->shared;

    ph_writer_fini(&conn->ahead);
    ph_h1_fini(&conn->h1);
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

/* Ends the connection; its memory goes at once, or when read_requests is left. */
static void close_conn(struct ph_http_conn *conn, bool flush)
{
    conn->phase = PHASE_CLOSED;
    ph_http_exchange_abort(&conn->exchange);
    if (conn->tcp != NULL) {
        ph_tcp_conn_close(&conn->tcp, flush);
    }
    if (!conn->is_reading) {
        destroy(conn);
    }
}

static void enter(struct ph_http_conn *conn, enum phase phase)
{
    if (conn->phase != phase) {
        conn->phase = phase;
        conn->since = ph_loop_now(conn->shared->loop);
    }
}

static ph_usec earlier(ph_usec a, ph_usec b)
{
    return a < b ? a : b;
}

static ph_usec deadline(const struct ph_http_conn *conn)
{
    const struct ph_http_timeouts *timeouts = &conn->shared->timeouts;

    switch (conn->phase) {
    case PHASE_IDLE:
        /* A request that came ahead is read from the loop: an answer may be given from within
         * a walk over many exchanges, which must not be joined by new ones. */
        return conn->ahead.len > 0 ? conn->since : conn->since + timeouts->idle;
    case PHASE_HEAD:
        return conn->since + timeouts->head;
    case PHASE_BODY:
        return conn->since + timeouts->body;
    case PHASE_SENDING:
        return earlier(conn->looked + timeouts->stall / STALL_CHECKS, conn->send_end);
    default:
        return PH_USEC_NEVER;
    }
}

static void arm(struct ph_http_conn *conn)
{
    ph_usec at = deadline(conn);

    if (at != conn->timer_at) {
        conn->timer_at = at;
        ph_timer_set(conn->timer, at);
    }
}

/* The answer is on its way as a whole. May end the connection. */
static void on_sent(struct ph_http_conn *conn)
{
    if (conn->is_last) {
        /* Flushing reads what a refused client is still sending, so that a reset does not take
         * the answer from it. */
        close_conn(conn, true);
        return;
    }
    enter(conn, PHASE_IDLE);
    if (!conn->is_reading) {
        arm(conn);
    }
}

static void log_answer(const struct ph_http_conn *conn, const struct ph_response_plan *plan)
{
    const struct ph_http_request *request = conn->exchange.request;

    ph_log_debug("http.request", ph_kv("peer", ph_tcp_conn_peer(conn->tcp)),
                 ph_kv("method", ph_request_method_name(request->method)),
                 ph_kv("path", request->path), ph_kv_int("status", plan->status),
                 ph_kv_int("bytes", plan->body_len),
                 ph_kv("reason", conn->is_refused ? conn->h1.reason : NULL));
}

/* Head and body in one call. What becomes of a broken connection is told to on_close. */
static void write_answer(struct ph_http_conn *conn, const struct ph_response_plan *plan,
                         struct ph_buf *head)
{
    struct ph_slice stack[SLICES_ON_STACK];
    size_t count = plan->body_count + 1;
    struct ph_slice *slices =
        count <= SLICES_ON_STACK ? stack : ph_new_array(struct ph_slice, count);

    ph_stats_add(conn->shared->stats, PH_STAT_HTTP_BYTES, (int64_t)(head->len + plan->body_len));
    slices[0] = ph_slice_of(head);
    if (plan->body_count > 0) {
        memcpy(slices + 1, plan->body, plan->body_count * sizeof(slices[0]));
    }
    (void)ph_tcp_conn_write(conn->tcp, slices, count);
    if (slices != stack) {
        free(slices);
    }
}

static void on_respond(struct ph_http_exchange *exchange, const struct ph_http_response *response)
{
    struct ph_http_conn *conn = ph_container_of(exchange, struct ph_http_conn, exchange);
    struct ph_http_shared *shared = conn->shared;
    struct ph_response_plan plan;

    conn->is_last = conn->is_refused || !conn->h1.keep_alive || shared->is_draining;
    struct ph_response_frame frame = {.date = ph_response_date(&shared->date, ph_clock_wall()),
                                      .common_headers = shared->common_headers,
                                      .is_http10 = conn->h1.is_http10,
                                      .keep_alive = !conn->is_last};
    ph_response_settle(&plan, response, exchange->request);
    ph_stats_add(shared->stats, ph_stats_http_status(plan.status), 1);
    log_answer(conn, &plan);
    write_answer(conn, &plan, ph_response_format_head(&plan, response, &frame));
    if (!conn->is_refused) {
        ph_h1_next(&conn->h1);
    }
    enter(conn, PHASE_SENDING);
    conn->unsent = ph_tcp_conn_queued(conn->tcp);
    conn->looked = conn->since;
    conn->send_end = conn->since + shared->timeouts.send;
    if (conn->unsent == 0) {
        on_sent(conn);
    } else if (!conn->is_reading) {
        arm(conn);
    }
}

static const struct ph_http_exchange_ops exchange_ops = {.respond = on_respond};

/* Answers what cannot be read any further, and closes. */
static void refuse(struct ph_http_conn *conn)
{
    conn->is_refused = true;
    enter(conn, PHASE_HANDLING);
    ph_http_exchange_open(&conn->exchange, &no_request);
    ph_http_respond_problem(&conn->exchange, conn->h1.status, conn->h1.reason, NULL);
}

static void handle(struct ph_http_conn *conn)
{
    enter(conn, PHASE_HANDLING);
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

static bool is_reading_phase(enum phase phase)
{
    return phase == PHASE_IDLE || phase == PHASE_HEAD || phase == PHASE_BODY;
}

/* The reading phases follow the parser's. */
static void follow(struct ph_http_conn *conn)
{
    if (conn->h1.phase == PH_H1_HEAD) {
        enter(conn, PHASE_HEAD);
    } else if (conn->h1.phase == PH_H1_BODY) {
        enter(conn, PHASE_BODY);
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
            break;
        case PH_H1_EVENT_CONTINUE:
            follow(conn);
            send_continue(conn);
            break;
        case PH_H1_EVENT_REQUEST:
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
        close_conn(conn, false);
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
    if (done < len && conn->phase != PHASE_CLOSED) {
        keep_ahead(conn, data + done, len - done);
    }
    conn->is_reading = false;
    if (conn->phase == PHASE_CLOSED) {
        destroy(conn);
        return;
    }
    arm(conn);
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

    if (conn->phase == PHASE_SENDING && ph_tcp_conn_queued(conn->tcp) == 0) {
        on_sent(conn);
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
    close_conn(conn, false);
}

static const struct ph_tcp_conn_ops tcp_ops = {
    .on_read = on_tcp_read, .on_drain = on_tcp_drain, .on_close = on_tcp_close};

static void on_send_timer(struct ph_http_conn *conn)
{
    ph_usec now = ph_loop_now(conn->shared->loop);
    size_t unsent = ph_tcp_conn_queued(conn->tcp);

    conn->looked = now;
    if (unsent < conn->unsent) {
        conn->unsent = unsent;
        conn->since = now;
    }
    if (now >= earlier(conn->since + conn->shared->timeouts.stall, conn->send_end)) {
        ph_stats_add(conn->shared->stats, PH_STAT_WRITE_QUEUE_DROPS, 1);
        ph_log_debug("http.cut", ph_kv("peer", ph_tcp_conn_peer(conn->tcp)),
                     ph_kv("reason", "the client does not read its answer"),
                     ph_kv_int("unsent", unsent));
        close_conn(conn, false);
        return;
    }
    arm(conn);
}

static void on_timer(void *arg)
{
    struct ph_http_conn *conn = arg;

    conn->timer_at = PH_USEC_NEVER;
    switch (conn->phase) {
    case PHASE_IDLE:
        if (conn->ahead.len > 0) {
            take_ahead(conn);
        } else {
            close_conn(conn, true);
        }
        break;
    case PHASE_HEAD:
    case PHASE_BODY:
        ph_h1_fail(&conn->h1, 408, "the request took too long to arrive");
        refuse(conn);
        break;
    case PHASE_SENDING:
        on_send_timer(conn);
        break;
    default:
        arm(conn);
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
    ph_h1_init(&conn->h1, shared->body_limit);
    ph_http_exchange_init(&conn->exchange, &exchange_ops);
    conn->timer = ph_timer_create(shared->loop, on_timer, conn);
    conn->timer_at = PH_USEC_NEVER;
    enter(conn, PHASE_IDLE);
    arm(conn);
    ph_tcp_conn_open(tcp, &tcp_ops, conn);
}

void ph_http_conn_drain(struct ph_http_conn *conn)
{
    bool is_idle = conn->phase == PHASE_IDLE && conn->ahead.len == 0;

    conn->is_last = true;
    if (is_idle) {
        close_conn(conn, true);
    }
}

void ph_http_conn_cut(struct ph_http_conn *conn)
{
    close_conn(conn, false);
}

struct ph_http_conn *ph_http_conn_next(const struct ph_http_conn *conn)
{
    return conn->next;
}
