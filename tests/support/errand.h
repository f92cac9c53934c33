/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_ERRAND_H
#define PHIEN_TESTS_ERRAND_H

#include <phien/core/mem.h>
#include <phien/net/loop.h>

#include <pthread.h>

/*
 * Work that a test's thread has done on a loop's thread: posted like any mail, and waited for. What
 * the test posted to the loop before it has then been delivered, too.
 */
struct errand {
    struct ph_mail mail;
    void (*run)(void *arg);
    void *arg;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_done;
};

static inline void errand_deliver(struct ph_mail *mail)
{
    struct errand *errand = ph_container_of(mail, struct errand, mail);

    if (errand->run != NULL) {
        errand->run(errand->arg);
    }
    pthread_mutex_lock(&errand->mutex);
    errand->is_done = true;
    pthread_cond_signal(&errand->changed);
    pthread_mutex_unlock(&errand->mutex);
}

/* Never: the loop runs as long as somebody waits. */
static inline void errand_discard(struct ph_mail *mail)
{
    (void)mail;
    PH_ASSERT(false);
}

/* `run` may be NULL: waits until the loop has come here. */
static inline void run_on(struct ph_loop *loop, void (*run)(void *arg), void *arg)
{
    struct errand errand = {
        .mail = {.deliver = errand_deliver, .discard = errand_discard},
        .run = run,
        .arg = arg,
        .mutex = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER,
    };

    ph_mailbox_post(ph_loop_mailbox(loop), &errand.mail);
    pthread_mutex_lock(&errand.mutex);
    while (!errand.is_done) {
        pthread_cond_wait(&errand.changed, &errand.mutex);
    }
    pthread_mutex_unlock(&errand.mutex);
    pthread_mutex_destroy(&errand.mutex);
    pthread_cond_destroy(&errand.changed);
}

/*
 * A loop that is held up: it comes to the gate, and goes on when the test opens it.
 */
struct gate {
    struct ph_mail mail;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_reached;
    bool is_open;
    bool is_passed;
};

static inline void gate_deliver(struct ph_mail *mail)
{
    struct gate *gate = ph_container_of(mail, struct gate, mail);

    pthread_mutex_lock(&gate->mutex);
    gate->is_reached = true;
    pthread_cond_broadcast(&gate->changed);
    while (!gate->is_open) {
        pthread_cond_wait(&gate->changed, &gate->mutex);
    }
    gate->is_passed = true;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->mutex);
}

static inline void gate_await(struct gate *gate, const bool *what)
{
    pthread_mutex_lock(&gate->mutex);
    while (!*what) {
        pthread_cond_wait(&gate->changed, &gate->mutex);
    }
    pthread_mutex_unlock(&gate->mutex);
}

/* Returns when the loop stands still. */
static inline void gate_close(struct gate *gate, struct ph_loop *loop)
{
    *gate = (struct gate){
        .mail = {.deliver = gate_deliver, .discard = errand_discard},
        .mutex = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER,
    };
    ph_mailbox_post(ph_loop_mailbox(loop), &gate->mail);
    gate_await(gate, &gate->is_reached);
}

/* Returns when the loop goes on. */
static inline void gate_open(struct gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    gate->is_open = true;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->mutex);
    gate_await(gate, &gate->is_passed);
    pthread_mutex_destroy(&gate->mutex);
    pthread_cond_destroy(&gate->changed);
}

#endif
