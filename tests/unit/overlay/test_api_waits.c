/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_note.h"

#include "overlay/api_waits.h"

#define PATIENCE (20 * PH_USEC_PER_MS)

enum { WAITS = 3 };

struct fixture {
    struct ph_loop *loop;
    struct ph_api_waits waits;
    struct ph_api_wait items[WAITS];
    struct note notes[WAITS];
};

static int set_up(void **state)
{
    struct fixture *f = ph_new(struct fixture);

    assert_int_equal(ph_loop_create(&f->loop, "test"), PH_OK);
    ph_api_waits_init(&f->waits, f->loop, PATIENCE);
    for (size_t i = 0; i < WAITS; i++) {
        note_init(&f->notes[i], PH_HTTP_PUT, "/");
        note_open(&f->notes[i]);
        ph_api_wait_begin(&f->waits, &f->items[i], &f->notes[i].exchange);
    }
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < WAITS; i++) {
        note_fini(&f->notes[i]);
    }
    ph_api_waits_fini(&f->waits);
    ph_loop_destroy(&f->loop);
    free(f);
    return 0;
}

static void stop_loop(void *arg)
{
    ph_loop_stop(arg);
}

/* Runs the loop for so long; once. */
static void let_pass(struct fixture *f, ph_usec duration)
{
    struct ph_timer *timer = ph_timer_create(f->loop, stop_loop, f->loop);

    ph_timer_set(timer, ph_loop_now(f->loop) + duration);
    ph_loop_run(f->loop);
    ph_timer_destroy(&timer);
}

static void who_waits_too_long_is_told_so(void **state)
{
    struct fixture *f = *state;

    let_pass(f, 2 * PATIENCE);
    for (size_t i = 0; i < WAITS; i++) {
        note_expect(&f->notes[i], 503, "the disk is slow");
        assert_null(ph_api_wait_end(&f->items[i]));
    }
}

/* Whichever comes back first, and whoever goes away. */
static void the_others_wait_on(void **state)
{
    struct fixture *f = *state;

    assert_ptr_equal(ph_api_wait_end(&f->items[1]), &f->notes[1].exchange);
    assert_null(ph_api_wait_end(&f->items[1]));
    ph_http_exchange_abort(&f->notes[0].exchange);
    assert_null(ph_api_wait_end(&f->items[0]));
    let_pass(f, 2 * PATIENCE);
    assert_int_equal(f->notes[0].status, 0);
    assert_int_equal(f->notes[1].status, 0);
    note_expect(&f->notes[2], 503, "Idempotency-Key");
}

static void begin_third(void *arg)
{
    struct fixture *f = arg;

    ph_api_wait_begin(&f->waits, &f->items[2], &f->notes[2].exchange);
}

/* Each has the whole time, also one that came while others waited. */
static void who_comes_later_waits_longer(void **state)
{
    struct fixture *f = *state;
    struct ph_timer *timer = ph_timer_create(f->loop, begin_third, f);

    assert_ptr_equal(ph_api_wait_end(&f->items[2]), &f->notes[2].exchange);
    ph_timer_set(timer, ph_loop_now(f->loop) + PATIENCE / 2);
    let_pass(f, 4 * PATIENCE);
    ph_timer_destroy(&timer);
    assert_true(f->items[2].deadline >= f->items[0].deadline + PATIENCE / 2);
    for (size_t i = 0; i < WAITS; i++) {
        note_expect(&f->notes[i], 503, NULL);
    }
}

static void what_is_left_at_the_end_may_be_ended(void **state)
{
    struct fixture *f = *state;

    ph_api_waits_fini(&f->waits);
    for (size_t i = 0; i < WAITS; i++) {
        assert_null(ph_api_wait_end(&f->items[i]));
        assert_int_equal(f->notes[i].status, 0);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(who_waits_too_long_is_told_so),
        TEST(the_others_wait_on),
        TEST(who_comes_later_waits_longer),
        TEST(what_is_left_at_the_end_may_be_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
