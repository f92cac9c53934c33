/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_API_WAITS_H
#define PHIEN_OVERLAY_API_WAITS_H

#include <phien/http/exchange.h>
#include <phien/net/timer.h>

/*
 * Requests that wait for the store: each is answered, with 503 when the store takes longer than
 * `patience`. What was asked for goes on all the same, as it does when the client goes away. All of
 * it: the worker's thread.
 */
struct ph_api_waits {
    struct ph_loop *loop;
    struct ph_timer *timer;
    ph_usec patience;
    struct ph_api_wait *first; /* by deadline */
    struct ph_api_wait *last;
};

/* Embedded in what is remembered of the request. */
struct ph_api_wait {
    struct ph_api_waits *waits; /* NULL: nobody waits */
    struct ph_api_wait *prev;
    struct ph_api_wait *next;
    struct ph_http_exchange *exchange;
    ph_usec deadline;
};

void ph_api_waits_init(struct ph_api_waits *waits, struct ph_loop *loop, ph_usec patience);

/* Nobody waits any more; what `waits` were embedded in may be freed later, on any thread. */
void ph_api_waits_fini(struct ph_api_waits *waits);

void ph_api_wait_begin(struct ph_api_waits *waits, struct ph_api_wait *wait,
                       struct ph_http_exchange *exchange);

/* Gives the exchange back to be answered; NULL: the client is gone, or has its answer. */
struct ph_http_exchange *ph_api_wait_end(struct ph_api_wait *wait);

#endif
