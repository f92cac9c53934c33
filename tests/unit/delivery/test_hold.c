/* SPDX-License-Identifier: Apache-2.0 */
/* Holds with exchanges that only count, and a try that succeeds when the test says so. */
#include "delivery/hold.h"
#include "http/exchange.h"

#include <phien/net/timer.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

enum { REQUESTS = 5 };

struct world {
    struct ph_loop *loop;
    struct ph_holds *holds;
    struct ph_hold_list list;
    struct ph_stats stats;
    struct ph_http_exchange exchanges[REQUESTS];
    int status[REQUESTS]; /* of the answers */
    int64_t ready;        /* parts up to this one are there */
    unsigned tries;
    unsigned stop_after_answers;
    unsigned answers;
};

static struct world world;

static void on_respond(struct ph_http_exchange *exchange, const struct ph_http_response *response)
{
    world.status[exchange - world.exchanges] = response->status;
    for (size_t i = 0; i < response->body_count; i++) {
        ph_slice_clear(&response->body[i]);
    }
    if (++world.answers == world.stop_after_answers) {
        ph_loop_stop(world.loop);
    }
}

static bool try_answer(void *arg, struct ph_http_exchange *exchange, struct ph_view *view,
                       const struct ph_target *target, bool is_last_try)
{
    (void)arg;
    (void)view;
    world.tries++;
    if (target->number <= world.ready) {
        ph_http_respond_text(exchange, 200, "text/plain", "");
        return true;
    }
    if (is_last_try) {
        ph_http_respond_text(exchange, 503, "text/plain", "");
    }
    return is_last_try;
}

static int set_up(void **state)
{
    static const struct ph_http_exchange_ops ops = {.respond = on_respond};
    static const struct ph_http_request request = {.method = PH_HTTP_GET};

    (void)state;
    world = (struct world){.ready = -1};
    assert_int_equal(ph_loop_create(&world.loop, "test"), PH_OK);
    world.holds = ph_holds_create(world.loop, 20 * PH_USEC_PER_MS, &world.stats, try_answer, NULL);
    for (int i = 0; i < REQUESTS; i++) {
        struct ph_target target = {.number = i};
        ph_http_exchange_init(&world.exchanges[i], &ops);
        ph_http_exchange_open(&world.exchanges[i], &request);
        assert_true(ph_holds_add(world.holds, &world.list, &world.exchanges[i], NULL, &target));
    }
    assert_int_equal(world.stats.value[PH_STAT_HOLDS], REQUESTS);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ph_holds_flush(world.holds);
    assert_int_equal(world.stats.value[PH_STAT_HOLDS], 0);
    assert_null(world.list.first);
    assert_null(world.list.last);
    ph_holds_destroy(&world.holds);
    ph_loop_destroy(&world.loop);
    return 0;
}

static void news_answers_those_it_satisfies(void **state)
{
    static const int want[REQUESTS] = {200, 200, 0, 0, 0};

    (void)state;
    world.ready = 1;
    ph_holds_wake(world.holds, &world.list);
    assert_int_equal(world.tries, REQUESTS);
    assert_memory_equal(world.status, want, sizeof(want));
    assert_int_equal(world.stats.value[PH_STAT_HOLDS], 3);
    ph_holds_wake(world.holds, &world.list);
    assert_int_equal(world.tries, REQUESTS + 3);
}

static void a_client_that_goes_away_takes_its_hold_along(void **state)
{
    static const int want[REQUESTS] = {0, 200, 0, 200, 0};

    (void)state;
    ph_http_exchange_abort(&world.exchanges[0]);
    ph_http_exchange_abort(&world.exchanges[2]);
    ph_http_exchange_abort(&world.exchanges[4]);
    assert_int_equal(world.stats.value[PH_STAT_HOLDS], 2);
    world.ready = REQUESTS;
    ph_holds_wake(world.holds, &world.list);
    assert_memory_equal(world.status, want, sizeof(want));
}

static void the_deadline_is_the_last_try(void **state)
{
    static const int want[REQUESTS] = {503, 503, 503, 503, 503};

    (void)state;
    world.stop_after_answers = REQUESTS;
    ph_loop_run(world.loop);
    assert_memory_equal(world.status, want, sizeof(want));
}

enum { CROWD = 1000, MOST_A_ROUND = 256 };

static void count_answer(struct ph_http_exchange *exchange, const struct ph_http_response *response)
{
    (void)exchange;
    for (size_t i = 0; i < response->body_count; i++) {
        ph_slice_clear(&response->body[i]);
    }
    world.answers++;
}

static void hold_crowd(struct ph_http_exchange *crowd, struct ph_hold_list *list, int64_t number)
{
    static const struct ph_http_exchange_ops ops = {.respond = count_answer};
    static const struct ph_http_request request = {.method = PH_HTTP_GET};
    struct ph_target target = {.number = number};

    for (int i = 0; i < CROWD; i++) {
        ph_http_exchange_init(&crowd[i], &ops);
        ph_http_exchange_open(&crowd[i], &request);
        assert_true(ph_holds_add(world.holds, list, &crowd[i], NULL, &target));
    }
}

/* What comes in meanwhile gets its turn between the rounds. */
static void a_crowd_is_woken_in_rounds(void **state)
{
    static struct ph_http_exchange crowd[CROWD];
    unsigned rounds = 0;

    (void)state;
    hold_crowd(crowd, &world.list, REQUESTS);
    world.ready = REQUESTS;
    ph_holds_wake(world.holds, &world.list);
    assert_in_range(world.answers, 1, MOST_A_ROUND);
    for (; world.answers < CROWD + REQUESTS && rounds < 100; rounds++) {
        unsigned before = world.answers;
        ph_mailbox_deliver(ph_loop_mailbox(world.loop));
        assert_in_range(world.answers - before, 1, MOST_A_ROUND);
    }
    assert_int_equal(world.answers, CROWD + REQUESTS);
    ph_mailbox_deliver(ph_loop_mailbox(world.loop));
    assert_int_equal(world.tries, CROWD + REQUESTS);
}

static void news_between_rounds_are_for_all(void **state)
{
    static struct ph_http_exchange crowd[CROWD];

    (void)state;
    hold_crowd(crowd, &world.list, REQUESTS);
    ph_holds_wake(world.holds, &world.list);
    assert_int_equal(world.answers, 0);
    world.ready = REQUESTS;
    ph_holds_wake(world.holds, &world.list);
    for (int i = 0; i < 100; i++) {
        ph_mailbox_deliver(ph_loop_mailbox(world.loop));
    }
    assert_int_equal(world.answers, CROWD + REQUESTS);
}

static void a_small_list_does_not_wait_for_a_crowd(void **state)
{
    static struct ph_http_exchange crowd[CROWD];
    struct ph_hold_list other = {0};

    (void)state;
    hold_crowd(crowd, &other, 0);
    world.ready = -1;
    ph_holds_wake(world.holds, &other);
    world.ready = REQUESTS;
    ph_holds_wake(world.holds, &world.list);
    ph_mailbox_deliver(ph_loop_mailbox(world.loop));
    ph_mailbox_deliver(ph_loop_mailbox(world.loop));
    assert_null(world.list.first);
    assert_non_null(other.first);
    ph_holds_flush(world.holds);
}

/* A round is still to come when the holds go. */
static void the_end_comes_between_rounds(void **state)
{
    static struct ph_http_exchange crowd[CROWD];

    (void)state;
    hold_crowd(crowd, &world.list, REQUESTS);
    ph_holds_wake(world.holds, &world.list);
    ph_holds_flush(world.holds);
    assert_int_equal(world.answers, CROWD + REQUESTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(news_answers_those_it_satisfies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_client_that_goes_away_takes_its_hold_along, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_deadline_is_the_last_try, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_crowd_is_woken_in_rounds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(news_between_rounds_are_for_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_small_list_does_not_wait_for_a_crowd, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_end_comes_between_rounds, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
