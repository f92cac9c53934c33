/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_NET_THREAD_H
#define PHIEN_NET_THREAD_H

#include <phien/core/clock.h>
#include <phien/core/err.h>
#include <phien/net/mailbox.h>

#include <pthread.h>
#include <stdbool.h>

/*
 * A thread without a loop that sleeps on its mailbox, for what no loop can wait for: a library with
 * an event loop of its own, a disk. Embedded in its owner.
 */
struct ph_thread {
    struct ph_mailbox mailbox; /* to be posted to from `init` on */
    pthread_t id;
    bool is_running;
    void (*run)(void *arg);
    void *arg;
    const char *name;

    pthread_mutex_t mutex;
    pthread_cond_t woken;
    bool is_woken;
    bool should_stop;
};

void ph_thread_init(struct ph_thread *thread);

/* `name`: at most 15 characters, static. `run` ends soon after ph_thread_wait has said false. */
PH_MUST_CHECK int ph_thread_start(struct ph_thread *thread, const char *name,
                                  void (*run)(void *arg), void *arg);

/*
 * The thread itself: sleeps until there is mail, or until `until` (monotonic; PH_USEC_NEVER for no
 * such time), and delivers what there is. False: it is to end, and this was the last mail.
 */
bool ph_thread_wait(struct ph_thread *thread, ph_usec until);

/* Another thread: lets it end and waits for that. Nothing, if it does not run. */
void ph_thread_stop(struct ph_thread *thread);

/* Stops it; discards what is still posted. */
void ph_thread_fini(struct ph_thread *thread);

#endif
