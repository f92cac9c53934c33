/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_DELIVERY_HOLD_H
#define PHIEN_DELIVERY_HOLD_H

#include "target.h"

#include <phien/core/stats.h>
#include <phien/http/exchange.h>
#include <phien/net/loop.h>

/*
 * Requests that wait: a blocking reload for its part, a preload hint for its bytes, a first
 * viewer for the home's answer. A held request is tried again whenever there is news of its
 * rendition, and for the last time at its deadline. Everything is on one worker's thread.
 */
struct ph_view;

struct ph_hold {
    struct ph_http_exchange *exchange;
    struct ph_view *view;
    struct ph_target target;
    ph_usec deadline;
    struct ph_holds *holds;
    struct ph_hold_list *list; /* of its view and rendition */
    uint64_t tried;            /* the list's news when it was last tried */
    struct ph_hold *next;
    struct ph_hold *prev;
    struct ph_hold *next_due; /* all of the worker, by deadline */
    struct ph_hold *prev_due;
};

/* The holds of one view and rendition, those that the newest news still have to wake first. */
struct ph_hold_list {
    struct ph_hold *first;
    struct ph_hold *last;
    uint64_t news; /* how many there were */
    struct ph_hold_list *next_woken;
    bool is_woken; /* among those that have holds to be tried */
};

/* All holds of one worker. */
struct ph_holds;

/*
 * Tries to answer. True: the exchange was answered. Must answer if `is_last_try`.
 */
typedef bool ph_hold_try_cb(void *arg, struct ph_http_exchange *exchange, struct ph_view *view,
                            const struct ph_target *target, bool is_last_try);

struct ph_holds *ph_holds_create(struct ph_loop *loop, ph_usec hold_time, struct ph_stats *stats,
                                 ph_hold_try_cb *try_answer, void *arg);
void ph_holds_destroy(struct ph_holds **holds);

/*
 * Holds the exchange; if the client goes away, the hold vanishes. False: too many are held
 * already, the caller must answer.
 */
bool ph_holds_add(struct ph_holds *holds, struct ph_hold_list *list,
                  struct ph_http_exchange *exchange, struct ph_view *view,
                  const struct ph_target *target);

/*
 * There is news: tries all of the list again. Some now, and if there are many the others in the
 * loop's next rounds, so that thousands of viewers do not keep a publisher's bytes waiting.
 */
void ph_holds_wake(struct ph_holds *holds, struct ph_hold_list *list);

/* The last try for all of them, now. */
void ph_holds_flush(struct ph_holds *holds);

#endif
