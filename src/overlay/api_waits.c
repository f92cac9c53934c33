/* SPDX-License-Identifier: Apache-2.0 */
#include "api_waits.h"

#include "problem.h"

static void unlink_wait(struct ph_api_waits *waits, struct ph_api_wait *wait)
{
    *(wait->prev != NULL ? &wait->prev->next : &waits->first) = wait->next;
    *(wait->next != NULL ? &wait->next->prev : &waits->last) = wait->prev;
    wait->prev = wait->next = NULL;
    wait->waits = NULL;
}

static void on_abort(void *arg)
{
    struct ph_api_wait *wait = arg;

    unlink_wait(wait->waits, wait);
}

struct ph_http_exchange *ph_api_wait_end(struct ph_api_wait *wait)
{
    if (wait->waits == NULL) {
        return NULL;
    }
    unlink_wait(wait->waits, wait);
    ph_http_exchange_on_abort(wait->exchange, NULL, NULL);
    return wait->exchange;
}

static void arm(struct ph_api_waits *waits)
{
    ph_timer_set(waits->timer, waits->first != NULL ? waits->first->deadline : PH_USEC_NEVER);
}

static void on_timer(void *arg)
{
    struct ph_api_waits *waits = arg;
    ph_usec now = ph_loop_now(waits->loop);

    while (waits->first != NULL && waits->first->deadline <= now) {
        ph_problem_respond(ph_api_wait_end(waits->first), 503,
                           "the disk is slow: it is not known yet whether it will be saved; try "
                           "again with the same Idempotency-Key",
                           NULL);
    }
    arm(waits);
}

void ph_api_waits_init(struct ph_api_waits *waits, struct ph_loop *loop, ph_usec patience)
{
    *waits = (struct ph_api_waits){.loop = loop, .patience = patience};
    waits->timer = ph_timer_create(loop, on_timer, waits);
}

void ph_api_waits_fini(struct ph_api_waits *waits)
{
    while (waits->first != NULL) {
        unlink_wait(waits, waits->first);
    }
    ph_timer_destroy(&waits->timer);
}

void ph_api_wait_begin(struct ph_api_waits *waits, struct ph_api_wait *wait,
                       struct ph_http_exchange *exchange)
{
    *wait = (struct ph_api_wait){
        .waits = waits,
        .prev = waits->last,
        .exchange = exchange,
        .deadline = ph_loop_now(waits->loop) + waits->patience,
    };
    ph_http_exchange_on_abort(exchange, on_abort, wait);
    *(waits->last != NULL ? &waits->last->next : &waits->first) = wait;
    waits->last = wait;
    if (waits->first == wait) {
        arm(waits); /* otherwise it is armed, for this one's time or an earlier one */
    }
}
