/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_NET_TIMER_H
#define PHIEN_NET_TIMER_H

#include <phien/net/loop.h>

/* A one-shot timer of a loop. */
struct ph_timer;

struct ph_timer *ph_timer_create(struct ph_loop *loop, void (*on_timer)(void *arg), void *arg);

/*
 * Fires at `at` on the clock of ph_loop_now (at once if that is past), instead of whenever it was
 * set to before. PH_USEC_NEVER clears it. Resolution: a millisecond, never early.
 */
void ph_timer_set(struct ph_timer *timer, ph_usec at);

/* Never fires again; freed by the loop after its callbacks. */
void ph_timer_destroy(struct ph_timer **timer);

#endif
