/* SPDX-License-Identifier: Apache-2.0 */
#include "loop_uv.h"

#include <phien/core/mem.h>
#include <phien/net/timer.h>

#include <stdlib.h>

struct ph_timer {
    uv_timer_t uv;
    void (*on_timer)(void *arg);
    void *arg;
};

struct ph_timer *ph_timer_create(struct ph_loop *loop, void (*on_timer)(void *arg), void *arg)
{
    struct ph_timer *timer = ph_new(struct ph_timer);

    uv_timer_init(ph_loop_uv(loop), &timer->uv);
    timer->uv.data = timer;
    timer->on_timer = on_timer;
    timer->arg = arg;
    return timer;
}

static void on_uv_timer(uv_timer_t *uv)
{
    struct ph_timer *timer = uv->data;

    timer->on_timer(timer->arg);
}

void ph_timer_set(struct ph_timer *timer, ph_usec at)
{
    if (at == PH_USEC_NEVER) {
        uv_timer_stop(&timer->uv);
        return;
    }
    /* libuv counts from its cached time, which has the same origin as our clock. */
    ph_usec from = (ph_usec)uv_now(timer->uv.loop) * PH_USEC_PER_MS;
    ph_usec delay = at > from ? at - from : 0;
    uv_timer_start(&timer->uv, on_uv_timer,
                   (uint64_t)((delay + PH_USEC_PER_MS - 1) / PH_USEC_PER_MS), 0);
}

static void free_timer(uv_handle_t *handle)
{
    free(handle->data);
}

void ph_timer_destroy(struct ph_timer **timer)
{
    if (*timer != NULL) {
        uv_close((uv_handle_t *)&(*timer)->uv, free_timer);
        *timer = NULL;
    }
}
