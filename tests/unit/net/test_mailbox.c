/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/core/mem.h>
#include <phien/net/mailbox.h>

#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

enum { SENDERS = 4, MAILS = 20000 };

struct parcel {
    struct ph_mail mail;
    int sender;
    int number;
    struct log *log;
};

struct log {
    int last[SENDERS];
    int delivered;
    int discarded;
    int out_of_order;
};

static atomic_int wakes;

static void count_wake(void *arg)
{
    (void)arg;
    atomic_fetch_add(&wakes, 1);
}

static void deliver(struct ph_mail *mail)
{
    struct parcel *parcel = ph_container_of(mail, struct parcel, mail);
    struct log *log = parcel->log;

    log->out_of_order += parcel->number != log->last[parcel->sender] + 1;
    log->last[parcel->sender] = parcel->number;
    log->delivered++;
    free(parcel);
}

static void discard(struct ph_mail *mail)
{
    struct parcel *parcel = ph_container_of(mail, struct parcel, mail);

    parcel->log->discarded++;
    free(parcel);
}

static struct parcel *create_parcel(struct log *log, int sender, int number)
{
    struct parcel *parcel = ph_new(struct parcel);

    *parcel = (struct parcel){
        .mail = {.deliver = deliver, .discard = discard},
        .sender = sender,
        .number = number,
        .log = log,
    };
    return parcel;
}

static void delivers_in_order_and_wakes_once_for_a_batch(void **state)
{
    struct ph_mailbox box;
    struct log log = {0};

    (void)state;
    atomic_store(&wakes, 0);
    ph_mailbox_init(&box, count_wake, NULL);
    for (int i = 1; i <= 10; i++) {
        ph_mailbox_post(&box, &create_parcel(&log, 0, i)->mail);
    }
    assert_int_equal(atomic_load(&wakes), 1);
    ph_mailbox_deliver(&box);
    assert_int_equal(log.delivered, 10);
    assert_int_equal(log.out_of_order, 0);
    ph_mailbox_post(&box, &create_parcel(&log, 0, 11)->mail);
    assert_int_equal(atomic_load(&wakes), 2);
    ph_mailbox_deliver(&box);
    assert_int_equal(log.delivered, 11);
    ph_mailbox_fini(&box);
    assert_int_equal(log.discarded, 0);
}

static void discards_what_was_not_delivered(void **state)
{
    struct ph_mailbox box;
    struct log log = {0};

    (void)state;
    ph_mailbox_init(&box, count_wake, NULL);
    for (int i = 1; i <= 3; i++) {
        ph_mailbox_post(&box, &create_parcel(&log, 0, i)->mail);
    }
    ph_mailbox_fini(&box);
    assert_int_equal(log.discarded, 3);
    assert_int_equal(log.delivered, 0);
}

struct sender {
    pthread_t thread;
    struct ph_mailbox *box;
    struct log *log;
    int index;
};

static void *send_all(void *arg)
{
    struct sender *sender = arg;

    for (int i = 1; i <= MAILS; i++) {
        ph_mailbox_post(sender->box, &create_parcel(sender->log, sender->index, i)->mail);
    }
    return NULL;
}

static void keeps_each_senders_order_over_threads(void **state)
{
    struct ph_mailbox box;
    struct log log = {0};
    struct sender senders[SENDERS];

    (void)state;
    ph_mailbox_init(&box, count_wake, NULL);
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.box = &box, .log = &log, .index = i};
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_all, &senders[i]), 0);
    }
    while (log.delivered < SENDERS * MAILS) {
        ph_mailbox_deliver(&box);
    }
    for (int i = 0; i < SENDERS; i++) {
        pthread_join(senders[i].thread, NULL);
    }
    ph_mailbox_fini(&box);
    assert_int_equal(log.out_of_order, 0);
    assert_int_equal(log.discarded, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delivers_in_order_and_wakes_once_for_a_batch),
        cmocka_unit_test(discards_what_was_not_delivered),
        cmocka_unit_test(keeps_each_senders_order_over_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
