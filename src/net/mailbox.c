/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stack that senders push onto with one compare-and-swap and that the owner takes as a whole
 * and turns around. Who pushes onto an empty stack wakes the owner.
 */
#include <phien/net/mailbox.h>

#include <stddef.h>

void ph_mailbox_init(struct ph_mailbox *box, void (*wake)(void *arg), void *arg)
{
    atomic_init(&box->head, NULL);
    box->wake = wake;
    box->arg = arg;
}

void ph_mailbox_post(struct ph_mailbox *box, struct ph_mail *mail)
{
    struct ph_mail *head = atomic_load_explicit(&box->head, memory_order_relaxed);

    do {
        mail->next = head;
    } while (!atomic_compare_exchange_weak_explicit(&box->head, &head, mail, memory_order_release,
                                                    memory_order_relaxed));
    if (head == NULL) {
        box->wake(box->arg);
    }
}

/* All mails, oldest first. */
static struct ph_mail *take_all(struct ph_mailbox *box)
{
    struct ph_mail *newest = atomic_exchange_explicit(&box->head, NULL, memory_order_acquire);
    struct ph_mail *oldest = NULL;

    while (newest != NULL) {
        struct ph_mail *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

void ph_mailbox_deliver(struct ph_mailbox *box)
{
    struct ph_mail *next;

    for (struct ph_mail *mail = take_all(box); mail != NULL; mail = next) {
        next = mail->next;
        mail->deliver(mail);
    }
}

void ph_mailbox_fini(struct ph_mailbox *box)
{
    struct ph_mail *next;

    /* Discarding a mail may post another, to this box too. */
    for (struct ph_mail *mail = take_all(box); mail != NULL; mail = take_all(box)) {
        for (; mail != NULL; mail = next) {
            next = mail->next;
            mail->discard(mail);
        }
    }
}
