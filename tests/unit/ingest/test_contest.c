/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may take a channel over: phones that come back, and phones that fight for it.
 */
#include <ingest/contest.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define S PH_USEC_PER_S
#define MS PH_USEC_PER_MS
#define START (1000 * S)

enum { ROUNDS = 2 * PH_CONTEST_ROUNDS };

/* Both sides have their rounds, `apart`; the time of the last. */
static ph_usec fight(struct ph_contest *contest, ph_usec from, ph_usec apart)
{
    ph_usec now = from;

    for (int i = 0; i < ROUNDS; i++) {
        now = from + i * apart;
        if (!ph_contest_allows(contest, 20 * MS, 0, now)) {
            fail_msg("refused in round %d", i);
        }
    }
    return now;
}

static void a_phone_that_flaps_is_never_refused(void **state)
{
    struct ph_contest contest = {.next = 0};

    (void)state;
    for (int i = 0; i < 1000; i++) {
        assert_true(ph_contest_allows(&contest, PH_CONTEST_SILENCE + 1, 0, START + i * 2 * S));
    }
}

static void after_its_rounds_the_newcomer_is_refused(void **state)
{
    struct ph_contest contest = {.next = 0};

    (void)state;
    ph_usec now = fight(&contest, START, 2 * S);
    for (int i = 1; i < 100; i++) { /* however long it tries */
        assert_false(ph_contest_allows(&contest, 20 * MS, 0, now + i * 5 * S));
    }
}

static void takeovers_now_and_then_are_no_fight(void **state)
{
    struct ph_contest contest = {.next = 0};

    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_true(ph_contest_allows(&contest, 0, 0, START + i * PH_CONTEST_TIME / ROUNDS));
    }
}

static void it_is_over_when_nobody_comes_for_long_enough(void **state)
{
    struct ph_contest contest = {.next = 0};

    (void)state;
    ph_usec refused = fight(&contest, START, S) + 30 * S;
    assert_false(ph_contest_allows(&contest, 0, 0, refused));
    assert_false(ph_contest_allows(&contest, 0, 0, refused + PH_CONTEST_TIME - 1));
    refused += PH_CONTEST_TIME - 1;
    assert_true(ph_contest_allows(&contest, 0, 0, refused + PH_CONTEST_TIME));
    /* And another one can begin. */
    (void)fight(&contest, refused + 2 * PH_CONTEST_TIME, S);
    assert_false(ph_contest_allows(&contest, 0, 0, refused + 2 * PH_CONTEST_TIME + 10 * S));
}

static void who_is_silent_is_taken_over_at_once(void **state)
{
    struct ph_contest contest = {.next = 0};

    (void)state;
    ph_usec now = fight(&contest, START, S) + S;
    assert_false(ph_contest_allows(&contest, 0, 0, now));
    assert_false(ph_contest_allows(&contest, PH_CONTEST_SILENCE, 0, now + S));
    assert_true(ph_contest_allows(&contest, PH_CONTEST_SILENCE + 1, 0, now + S));
    /* The fight is not forgotten for that. */
    assert_false(ph_contest_allows(&contest, 0, 0, now + 2 * S));
}

/* Over SRT, what comes in now was sent the latency ago. */
static void what_comes_late_is_that_much_older(void **state)
{
    struct ph_contest contest = {.next = 0};

    (void)state;
    ph_usec now = fight(&contest, START, S) + S;
    assert_true(ph_contest_allows(&contest, 0, 2 * S, now));
    assert_true(ph_contest_allows(&contest, 501 * MS, 500 * MS, now));
    assert_false(ph_contest_allows(&contest, 499 * MS, 500 * MS, now));
    /* A newcomer that waited for its own latency saw media come all the time. */
    assert_false(ph_contest_allows(&contest, -2 * S, 2 * S, now));
}

/* The clock of a machine that has just started. */
static void early_times_are_times(void **state)
{
    struct ph_contest contest = {.next = 0};

    (void)state;
    ph_usec now = fight(&contest, 1, 1);
    assert_false(ph_contest_allows(&contest, 0, 0, now + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_phone_that_flaps_is_never_refused),
        cmocka_unit_test(after_its_rounds_the_newcomer_is_refused),
        cmocka_unit_test(takeovers_now_and_then_are_no_fight),
        cmocka_unit_test(it_is_over_when_nobody_comes_for_long_enough),
        cmocka_unit_test(who_is_silent_is_taken_over_at_once),
        cmocka_unit_test(what_comes_late_is_that_much_older),
        cmocka_unit_test(early_times_are_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
