/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_LOOP_ERRAND_H
#define PHIEN_TESTS_LOOP_ERRAND_H

#include <phien/core/mem.h>
#include <phien/net/loop.h>

#include <semaphore.h>

/* What a test does to a server whose loop runs in a thread is done there, and waited for. */
struct loop_errand {
    struct ph_mail mail;
    void (*call)(void);
    sem_t done;
};

static inline void loop_errand_deliver(struct ph_mail *mail)
{
    struct loop_errand *errand = ph_container_of(mail, struct loop_errand, mail);

    errand->call();
    sem_post(&errand->done);
}

static inline void loop_errand_run(struct ph_loop *loop, void (*call)(void))
{
    struct loop_errand errand = {
        .mail = {.deliver = loop_errand_deliver, .discard = loop_errand_deliver}, .call = call};

    sem_init(&errand.done, 0, 0);
    ph_mailbox_post(ph_loop_mailbox(loop), &errand.mail);
    sem_wait(&errand.done);
    sem_destroy(&errand.done);
}

#endif
