/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_NET_LOOP_H
#define PHIEN_NET_LOOP_H

#include <phien/core/clock.h>
#include <phien/core/err.h>
#include <phien/net/mailbox.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One libuv loop in one thread: what the design calls a worker runs on it. Everything created on
 * a loop (listeners, connections, timers) is used on its thread alone, and is created either
 * there or before ph_loop_start.
 */
struct ph_loop;

PH_MUST_CHECK int ph_loop_create(struct ph_loop **out, const char *name);

/* Starts the loop's thread. */
PH_MUST_CHECK int ph_loop_start(struct ph_loop *loop);

/*
 * Runs the loop on the calling thread until ph_loop_stop, for main and for tools. Returns when
 * stopped.
 */
void ph_loop_run(struct ph_loop *loop);

/* Any thread: lets the loop end once its current round is done. */
void ph_loop_stop(struct ph_loop *loop);

/* Waits for the thread of ph_loop_start to end. */
void ph_loop_join(struct ph_loop *loop);

/*
 * After the loop has ended: runs the close callbacks still due, discards undelivered mail.
 * Everything created on the loop must have been closed: asserts that nothing is left open.
 */
void ph_loop_destroy(struct ph_loop **loop);

/* Where other threads post to this loop. */
struct ph_mailbox *ph_loop_mailbox(struct ph_loop *loop);

/* The monotonic time (see ph_clock_mono) that timers of the loop are set by. */
ph_usec ph_loop_now(const struct ph_loop *loop);

/*
 * Calls `on_signal` on the loop's thread when the process gets SIGTERM or SIGINT, each time.
 * Once per process. SIGPIPE is ignored from then on.
 */
PH_MUST_CHECK int ph_loop_on_terminate(struct ph_loop *loop,
                                       void (*on_signal)(void *arg, int signal_number), void *arg);

#endif
