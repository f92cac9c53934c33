/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a connection of HTTP/1.1 answers: a whole answer in one call, or the head at once and then
 * chunk after chunk (RFC 9112 section 7.1). The slices of bodies are never copied. Nothing here
 * calls a handler back, so that one may answer many exchanges in a walk over them: whoever is to
 * be cut is cut from the loop.
 */
#include "conn_state.h"
#include "request.h"

#include <phien/core/log.h>
#include <phien/core/mem.h>

#include <stdlib.h>
#include <string.h>

enum {
    /* An answer of up to so many slices needs no memory but its head. */
    SLICES_ON_STACK = 33,
    /* How often it is looked whether a stalled answer has moved. */
    STALL_CHECKS = 4,
};

static ph_usec earlier(ph_usec a, ph_usec b)
{
    return a < b ? a : b;
}

ph_usec ph_http_conn_sending_deadline(const struct ph_http_conn *conn)
{
    return earlier(conn->looked + conn->shared->timeouts.stall / STALL_CHECKS, conn->send_end);
}

void ph_http_conn_cut_unread(struct ph_http_conn *conn, const char *reason)
{
    ph_stats_add(conn->shared->stats, PH_STAT_WRITE_QUEUE_DROPS, 1);
    ph_log_debug("http.cut", ph_kv("peer", ph_tcp_conn_peer(conn->tcp)), ph_kv("reason", reason),
                 ph_kv_int("unsent", ph_tcp_conn_queued(conn->tcp)));
    ph_http_conn_close(conn, false);
}

void ph_http_conn_check_sending(struct ph_http_conn *conn)
{
    ph_usec now = ph_loop_now(conn->shared->loop);
    size_t unsent = ph_tcp_conn_queued(conn->tcp);

    conn->looked = now;
    if (unsent < conn->unsent) {
        conn->unsent = unsent;
        conn->since = now;
    }
    if (now >= earlier(conn->since + conn->shared->timeouts.stall, conn->send_end)) {
        ph_http_conn_cut_unread(conn, "the client does not read its answer");
        return;
    }
    ph_http_conn_arm(conn);
}

void ph_http_conn_finish_answer(struct ph_http_conn *conn)
{
    if (conn->is_last) {
        /* Flushing reads what a refused client is still sending, so that a reset does not take
         * the answer from it. */
        ph_http_conn_close(conn, true);
        return;
    }
    ph_http_conn_enter(conn, PH_HTTP_PHASE_IDLE);
    if (!conn->is_reading) {
        ph_http_conn_arm(conn);
    }
}

/* All of the answer is written; some of it may wait for the client. */
static void finish_writing(struct ph_http_conn *conn)
{
    if (!conn->is_refused) {
        ph_h1_next(&conn->h1);
        ph_http_conn_count_body(conn);
    }
    ph_http_conn_enter(conn, PH_HTTP_PHASE_SENDING);
    conn->unsent = ph_tcp_conn_queued(conn->tcp);
    conn->looked = conn->since;
    conn->send_end = conn->since + conn->shared->timeouts.send;
    if (conn->unsent == 0) {
        ph_http_conn_finish_answer(conn);
    } else if (!conn->is_reading) {
        ph_http_conn_arm(conn);
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

/* What stands in front, the slices and what stands behind, as far as these are there, in one
 * call. What becomes of a broken connection is told to on_close. */
static void write_around(struct ph_http_conn *conn, struct ph_slice front,
                         const struct ph_slice *slices, size_t count, struct ph_slice behind)
{
    struct ph_slice stack[SLICES_ON_STACK];
    size_t all_count = count + 2;
    struct ph_slice *all =
        all_count <= SLICES_ON_STACK ? stack : ph_new_array(struct ph_slice, all_count);
    size_t len = 0;

    all[0] = front;
    if (count > 0) {
        memcpy(all + 1, slices, count * sizeof(all[0]));
    }
    all[count + 1] = behind;
    for (size_t i = 0; i < all_count; i++) {
        len += all[i].len;
    }
    ph_stats_add(conn->shared->stats, PH_STAT_HTTP_BYTES, (int64_t)len);
    (void)ph_tcp_conn_write(conn->tcp, all, all_count);
    if (all != stack) {
        free(all);
    }
}

/* The head and what of the body the plan has. */
static void write_answer(struct ph_http_conn *conn, const struct ph_response_plan *plan,
                         const struct ph_http_response *response)
{
    struct ph_http_shared *shared = conn->shared;

    conn->is_last = conn->is_refused || !conn->h1.keep_alive || shared->is_draining ||
                    (plan->is_stream && conn->h1.is_http10);
    struct ph_response_frame frame = {.date = ph_response_date(&shared->date, ph_clock_wall()),
                                      .common_headers = shared->common_headers,
                                      .is_http10 = conn->h1.is_http10,
                                      .keep_alive = !conn->is_last};
    ph_stats_add(shared->stats, ph_stats_http_status(plan->status), 1);
    log_answer(conn, plan);
    write_around(conn, ph_slice_of(ph_response_format_head(plan, response, &frame)), plan->body,
                 plan->body_count, (struct ph_slice){0});
}

static void on_respond(struct ph_http_exchange *exchange, const struct ph_http_response *response)
{
    struct ph_http_conn *conn = ph_container_of(exchange, struct ph_http_conn, exchange);
    struct ph_response_plan plan;

    ph_response_settle(&plan, response, exchange->request);
    write_answer(conn, &plan, response);
    finish_writing(conn);
}

static void on_begin_stream(struct ph_http_exchange *exchange,
                            const struct ph_http_response *response, size_t queue_limit)
{
    struct ph_http_conn *conn = ph_container_of(exchange, struct ph_http_conn, exchange);
    struct ph_response_plan plan;

    conn->queue_limit = queue_limit;
    conn->is_too_slow = false;
    ph_http_conn_enter(conn, PH_HTTP_PHASE_STREAMING);
    ph_response_settle_stream(&plan, response);
    write_answer(conn, &plan, response);
    if (!conn->is_reading) {
        ph_http_conn_arm(conn);
    }
}

static void drop(struct ph_slice *slices, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ph_slice_clear(&slices[i]);
    }
}

static void on_send_stream(struct ph_http_exchange *exchange, struct ph_slice *slices, size_t count)
{
    struct ph_http_conn *conn = ph_container_of(exchange, struct ph_http_conn, exchange);
    struct ph_slice front = {0};
    struct ph_slice behind = {0};
    size_t len = 0;

    if (conn->is_too_slow) {
        drop(slices, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        len += slices[i].len;
    }
    if (!conn->h1.is_http10) {
        front = ph_chunked_begin(&conn->shared->chunked, len);
        behind = ph_chunked_end();
    }
    write_around(conn, front, slices, count, behind);
    /* Looked at behind the write: what the kernel has taken is no longer ours to keep. */
    if (ph_tcp_conn_queued(conn->tcp) > conn->queue_limit) {
        conn->is_too_slow = true;
        if (!conn->is_reading) {
            ph_http_conn_arm(conn);
        }
    }
}

static void on_end_stream(struct ph_http_exchange *exchange)
{
    struct ph_http_conn *conn = ph_container_of(exchange, struct ph_http_conn, exchange);

    if (conn->is_too_slow) {
        return; /* the loop is about to cut it */
    }
    if (!conn->h1.is_http10 && exchange->request->method != PH_HTTP_HEAD) {
        write_around(conn, ph_chunked_last(), NULL, 0, (struct ph_slice){0});
    }
    finish_writing(conn);
}

const struct ph_http_exchange_ops ph_http_conn_exchange_ops = {.respond = on_respond,
                                                               .begin_stream = on_begin_stream,
                                                               .send_stream = on_send_stream,
                                                               .end_stream = on_end_stream};
