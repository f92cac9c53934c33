/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_SRC_HTTP_CONN_STATE_H
#define PHIEN_SRC_HTTP_CONN_STATE_H

#include "conn.h"
#include "exchange.h"
#include "h1.h"

#include <phien/net/timer.h>

/*
 * What the two halves of a connection share: conn.c reads requests and keeps the deadlines,
 * conn_answer.c writes answers.
 */
enum ph_http_phase {
    PH_HTTP_PHASE_NONE,
    PH_HTTP_PHASE_IDLE,
    PH_HTTP_PHASE_HEAD,
    PH_HTTP_PHASE_BODY,
    PH_HTTP_PHASE_HANDLING,  /* a handler holds the exchange */
    PH_HTTP_PHASE_STREAMING, /* the same, with its answer begun */
    PH_HTTP_PHASE_SENDING,   /* the answer waits for the client to read */
    PH_HTTP_PHASE_CLOSED,
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
    enum ph_http_phase phase;
    ph_usec since;      /* when the phase began; when a sending one last moved */
    ph_usec looked;     /* when a sending one was last looked at */
    ph_usec send_end;   /* when it must have ended */
    ph_usec timer_at;   /* what the timer is set to */
    size_t unsent;      /* at the last look */
    size_t body;        /* what of shared->bodies is this one's */
    size_t queue_limit; /* of a stream: what its client may leave unread */
    bool is_reading;    /* inside read_requests, which ends what is to be ended */
    bool is_paused;
    bool is_last;     /* closes after the answer under way */
    bool is_refused;  /* and lingers before */
    bool is_too_slow; /* its stream is to be cut from the loop */
};

/* How answers are given (conn_answer.c). */
extern const struct ph_http_exchange_ops ph_http_conn_exchange_ops;

/* Whether an answer that waits for its client has moved; cuts a client that does not read. */
void ph_http_conn_check_sending(struct ph_http_conn *conn);

/* The client did not read: counts that and cuts it. */
void ph_http_conn_cut_unread(struct ph_http_conn *conn, const char *reason);

/* The answer is on its way as a whole. May end the connection. */
void ph_http_conn_finish_answer(struct ph_http_conn *conn);

/* Ends the connection; its memory goes at once, or when read_requests is left (conn.c). */
void ph_http_conn_close(struct ph_http_conn *conn, bool flush);

void ph_http_conn_enter(struct ph_http_conn *conn, enum ph_http_phase phase);

/* Tells the shared account what this connection's body takes now. */
void ph_http_conn_count_body(struct ph_http_conn *conn);

/* Sets the timer to what the phase's deadline is now. */
void ph_http_conn_arm(struct ph_http_conn *conn);

/* When an answer must have moved, or be there as a whole. */
ph_usec ph_http_conn_sending_deadline(const struct ph_http_conn *conn);

#endif
