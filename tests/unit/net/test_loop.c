/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/core/mem.h>
#include <phien/net/timer.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

struct record {
    struct ph_loop *loop;
    struct ph_timer *timers[3];
    int order[3];
    int fired;
    ph_usec set_at;
    ph_usec fired_at;
};

struct shot {
    struct record *record;
    int index;
};

static void on_timer(void *arg)
{
    struct shot *shot = arg;
    struct record *record = shot->record;

    record->order[record->fired++] = shot->index;
    record->fired_at = ph_clock_mono();
    if (record->fired == 2) {
        ph_loop_stop(record->loop);
    }
}

static void timers_fire_in_order_never_early_and_can_be_cleared(void **state)
{
    struct record record = {0};
    struct shot shots[3] = {{&record, 0}, {&record, 1}, {&record, 2}};

    (void)state;
    assert_int_equal(ph_loop_create(&record.loop, "test"), PH_OK);
    for (int i = 0; i < 3; i++) {
        record.timers[i] = ph_timer_create(record.loop, on_timer, &shots[i]);
    }
    record.set_at = ph_loop_now(record.loop);
    ph_timer_set(record.timers[0], record.set_at + 25 * PH_USEC_PER_MS);
    ph_timer_set(record.timers[1], record.set_at + 5 * PH_USEC_PER_MS);
    ph_timer_set(record.timers[2], record.set_at + 10 * PH_USEC_PER_MS);
    ph_timer_set(record.timers[2], PH_USEC_NEVER);
    ph_loop_run(record.loop);
    assert_int_equal(record.order[0], 1);
    assert_int_equal(record.order[1], 0);
    assert_true(record.fired_at >= record.set_at + 25 * PH_USEC_PER_MS);
    for (int i = 0; i < 3; i++) {
        ph_timer_destroy(&record.timers[i]);
    }
    ph_loop_destroy(&record.loop);
}

struct call {
    struct ph_mail mail;
    struct ph_loop *loop;
    struct ph_loop *reply_to;
    bool *was_called;
};

static void stop_both(struct ph_mail *mail)
{
    struct call *call = ph_container_of(mail, struct call, mail);

    *call->was_called = true;
    ph_loop_stop(call->loop);
    if (call->reply_to != NULL) {
        ph_loop_stop(call->reply_to);
    }
}

static void a_post_wakes_a_loop_in_its_thread(void **state)
{
    struct ph_loop *worker = NULL;
    struct ph_loop *here = NULL;
    bool was_called = false;

    (void)state;
    assert_int_equal(ph_loop_create(&worker, "worker"), PH_OK);
    assert_int_equal(ph_loop_create(&here, "here"), PH_OK);
    assert_int_equal(ph_loop_start(worker), PH_OK);
    struct call call = {{.deliver = stop_both}, worker, here, &was_called};
    ph_mailbox_post(ph_loop_mailbox(worker), &call.mail);
    ph_loop_run(here);
    ph_loop_join(worker);
    assert_true(was_called);
    ph_loop_destroy(&worker);
    ph_loop_destroy(&here);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_in_order_never_early_and_can_be_cleared),
        cmocka_unit_test(a_post_wakes_a_loop_in_its_thread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
