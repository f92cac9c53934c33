/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/net/thread.h>

#include <phien/core/mem.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

enum { NOTES = 1000 };

/* A thread that notes what it is sent. */
struct world {
    struct ph_thread thread;
    unsigned got[NOTES];
    unsigned count;
    unsigned discarded;
    sem_t all;
    char name[16];
    ph_usec nap; /* between two looks; PH_USEC_NEVER: sleeps until there is mail */
    atomic_uint naps;
};

struct note {
    struct ph_mail mail;
    struct world *world;
    unsigned number;
};

static void deliver(struct ph_mail *mail)
{
    struct note *note = ph_container_of(mail, struct note, mail);
    struct world *world = note->world;

    world->got[world->count++] = note->number;
    if (world->count == NOTES) {
        sem_post(&world->all);
    }
    free(note);
}

static void discard(struct ph_mail *mail)
{
    struct note *note = ph_container_of(mail, struct note, mail);

    note->world->discarded++;
    free(note);
}

static void post(struct world *world, unsigned number)
{
    struct note *note = ph_new(struct note);

    *note = (struct note){{.deliver = deliver, .discard = discard}, world, number};
    ph_mailbox_post(&world->thread.mailbox, &note->mail);
}

static void run(void *arg)
{
    struct world *world = arg;
    bool goes_on = true;

    pthread_getname_np(pthread_self(), world->name, sizeof(world->name));
    while (goes_on) {
        ph_usec until = world->nap == PH_USEC_NEVER ? PH_USEC_NEVER : ph_clock_mono() + world->nap;
        goes_on = ph_thread_wait(&world->thread, until);
        if (atomic_fetch_add(&world->naps, 1) == 2 && world->nap != PH_USEC_NEVER) {
            sem_post(&world->all);
        }
    }
}

static struct world *create_world(ph_usec nap)
{
    struct world *world = calloc(1, sizeof(*world));

    ph_thread_init(&world->thread);
    sem_init(&world->all, 0, 0);
    world->nap = nap;
    return world;
}

static void destroy_world(struct world *world)
{
    sem_destroy(&world->all);
    free(world);
}

static void mail_comes_in_order(void **state)
{
    struct world *world = create_world(PH_USEC_NEVER);

    (void)state;
    post(world, 0); /* before it runs */
    assert_int_equal(ph_thread_start(&world->thread, "a-thread", run, world), PH_OK);
    for (unsigned i = 1; i < NOTES; i++) {
        post(world, i);
    }
    sem_wait(&world->all);
    ph_thread_fini(&world->thread);
    for (unsigned i = 0; i < NOTES; i++) {
        assert_int_equal(world->got[i], i);
    }
    assert_string_equal(world->name, "a-thread");
    destroy_world(world);
}

static void it_wakes_when_its_time_has_come(void **state)
{
    struct world *world = create_world(PH_USEC_PER_MS);
    ph_usec since = ph_clock_mono();

    (void)state;
    assert_int_equal(ph_thread_start(&world->thread, "napper", run, world), PH_OK);
    sem_wait(&world->all); /* without any mail, three naps */
    assert_true(ph_clock_mono() - since >= 3 * PH_USEC_PER_MS);
    ph_thread_stop(&world->thread);
    ph_thread_stop(&world->thread); /* which is nothing any more */
    ph_thread_fini(&world->thread);
    destroy_world(world);
}

static void the_last_mail_is_delivered_and_what_comes_later_is_not(void **state)
{
    struct world *world = create_world(PH_USEC_NEVER);

    (void)state;
    assert_int_equal(ph_thread_start(&world->thread, "last", run, world), PH_OK);
    for (unsigned i = 0; i < NOTES / 2; i++) {
        post(world, i);
    }
    ph_thread_stop(&world->thread);
    assert_int_equal(world->count, NOTES / 2);
    post(world, 0);
    ph_thread_fini(&world->thread);
    assert_int_equal(world->count, NOTES / 2);
    assert_int_equal(world->discarded, 1);
    destroy_world(world);
}

static void one_that_never_ran_discards_its_mail(void **state)
{
    struct world *world = create_world(PH_USEC_NEVER);

    (void)state;
    post(world, 0);
    ph_thread_fini(&world->thread);
    assert_int_equal(world->count, 0);
    assert_int_equal(world->discarded, 1);
    destroy_world(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mail_comes_in_order),
        cmocka_unit_test(it_wakes_when_its_time_has_come),
        cmocka_unit_test(the_last_mail_is_delivered_and_what_comes_later_is_not),
        cmocka_unit_test(one_that_never_ran_discards_its_mail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
