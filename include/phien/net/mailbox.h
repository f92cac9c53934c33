/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_NET_MAILBOX_H
#define PHIEN_NET_MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>

/*
 * How threads talk: any thread posts, the owner's thread alone delivers, in the order of posting
 * for each sender. Lock-free; posting wakes the owner once for a batch.
 *
 * A mail is embedded in whatever is sent. Exactly one of its two functions is called, once, and
 * releases the mail: `deliver` on the owner's thread, or `discard` on the thread that closes the
 * mailbox when the owner is gone. The box itself has no limit: each sender bounds what it has
 * under way (see ingest/publish).
 */
struct ph_mail {
    struct ph_mail *next; /* the mailbox's while the mail is in it */
    void (*deliver)(struct ph_mail *mail);
    void (*discard)(struct ph_mail *mail);
};

struct ph_mailbox {
    struct ph_mail *_Atomic head; /* newest first */
    void (*wake)(void *arg);      /* called from the posting thread; must be thread-safe */
    void *arg;
};

void ph_mailbox_init(struct ph_mailbox *box, void (*wake)(void *arg), void *arg);

/* Any thread, until the box is closed for good (after all threads are joined). */
void ph_mailbox_post(struct ph_mailbox *box, struct ph_mail *mail);

/* The owner's thread: delivers what is there. Mails posted meanwhile wake the owner again. */
void ph_mailbox_deliver(struct ph_mailbox *box);

/* After the owner's thread has ended: discards what is left. */
void ph_mailbox_fini(struct ph_mailbox *box);

#endif
