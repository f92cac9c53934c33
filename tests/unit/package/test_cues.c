/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "package/cues.h"

#include <stdio.h>

#define MS PH_USEC_PER_MS
#define S PH_USEC_PER_S

static struct ph_cues cues;
static int64_t seq;

static int set_up(void **state)
{
    (void)state;
    cues = (struct ph_cues){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ph_cues_fini(&cues);
    return 0;
}

/* A new cue holds; its sequence number. */
static int64_t set(enum ph_cue_kind kind)
{
    struct ph_cue *cue = ph_cue_create(kind, ++seq, "{}", NULL, NULL);

    ph_cues_set(&cues, cue);
    ph_cue_unref(&cue);
    return seq;
}

/* The sequence number of what is said; 0: nothing. */
static int64_t said(enum ph_cue_kind kind, ph_usec at, bool is_segment_start)
{
    const struct ph_cue *cue = ph_cues_next(&cues, kind, at, is_segment_start);

    assert_true(cue == NULL || cue->kind == kind);
    return cue != NULL ? cue->seq : 0;
}

static void silence(void **state)
{
    (void)state;
    assert_int_equal(said(PH_CUE_CARD, 0, true), 0);
    assert_int_equal(said(PH_CUE_SHELF, 0, true), 0);
    ph_cues_break(&cues);
    assert_int_equal(said(PH_CUE_CARD, 20 * S, true), 0);
    assert_int_equal(said(PH_CUE_SHELF, 20 * S, true), 0);
}

static void a_card_is_said_at_once_and_with_each_segment(void **state)
{
    (void)state;
    int64_t first = set(PH_CUE_CARD);
    assert_int_equal(said(PH_CUE_SHELF, 10 * S, false), 0);
    assert_int_equal(said(PH_CUE_CARD, 10 * S, false), first);
    assert_int_equal(said(PH_CUE_CARD, 10 * S + 33 * MS, false), 0);
    assert_int_equal(said(PH_CUE_CARD, 10 * S + 66 * MS, true), first);
    assert_int_equal(said(PH_CUE_CARD, 12 * S, true), first);
    /* Cards have no rest: each picture may have its own. */
    for (int i = 1; i < 10; i++) {
        int64_t next = set(PH_CUE_CARD);
        assert_int_equal(said(PH_CUE_CARD, 12 * S + i * 33 * MS, false), next);
    }
}

static void of_many_cards_the_newest_is_said(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        set(PH_CUE_CARD);
        set(PH_CUE_SHELF);
    }
    assert_int_equal(said(PH_CUE_CARD, 0, false), seq - 1);
    assert_int_equal(said(PH_CUE_SHELF, 0, false), seq);
    assert_int_equal(said(PH_CUE_CARD, 33 * MS, false), 0);
    assert_int_equal(said(PH_CUE_SHELF, 33 * MS, false), 0);
}

static void the_same_card_again_is_nothing_new(void **state)
{
    (void)state;
    struct ph_cue *cue = ph_cue_create(PH_CUE_CARD, 5, "{}", NULL, NULL);

    ph_cues_set(&cues, cue);
    assert_int_equal(said(PH_CUE_CARD, 0, false), 5);
    ph_cues_set(&cues, cue);
    assert_int_equal(said(PH_CUE_CARD, 33 * MS, false), 0);
    ph_cue_unref(&cue);
}

static void a_shelf_is_said_once_a_second_at_most(void **state)
{
    int times = 0;
    int64_t last = 0;

    (void)state;
    for (int frame = 0; frame <= 30 * 10; frame++) {
        ph_usec at = 100 * S + frame * S / 30;
        set(PH_CUE_SHELF);
        last = said(PH_CUE_SHELF, at, frame % 60 == 0);
        if (last != 0) {
            assert_int_equal(last, seq); /* the newest, with the first picture it may go with */
            assert_int_equal(frame % 30, 0);
            times++;
        }
    }
    assert_int_equal(times, 11);
    assert_int_equal(last, seq);
}

static void a_shelf_that_had_to_wait_is_said_then(void **state)
{
    (void)state;
    set(PH_CUE_SHELF);
    assert_int_equal(said(PH_CUE_SHELF, 5 * S, false), seq);
    set(PH_CUE_SHELF);
    assert_int_equal(said(PH_CUE_SHELF, 5 * S + 500 * MS, true), 0);
    assert_int_equal(said(PH_CUE_SHELF, 6 * S - 1, true), 0);
    assert_int_equal(said(PH_CUE_SHELF, 6 * S, false), seq);
    assert_int_equal(said(PH_CUE_SHELF, 7 * S, false), 0);
}

static void a_shelf_is_said_again_every_ten_seconds(void **state)
{
    (void)state;
    set(PH_CUE_SHELF);
    for (int segment = 0; segment < 40; segment++) {
        /* The clock of the camera runs a little fast: segments are short of two seconds. */
        ph_usec at = segment * (2 * S - 10 * MS);
        bool is_again = segment % 5 == 0;
        assert_int_equal(said(PH_CUE_SHELF, at, true), is_again ? seq : 0);
        assert_int_equal(said(PH_CUE_SHELF, at + 33 * MS, false), 0);
    }
    assert_int_equal(said(PH_CUE_SHELF, 1000 * S, false), 0); /* not in the middle of a segment */
    assert_int_equal(said(PH_CUE_SHELF, 1001 * S, true), seq);
}

static void after_a_break_all_is_said_again(void **state)
{
    (void)state;
    int64_t card = set(PH_CUE_CARD);
    int64_t shelf = set(PH_CUE_SHELF);
    assert_int_equal(said(PH_CUE_CARD, 5 * S, true), card);
    assert_int_equal(said(PH_CUE_SHELF, 5 * S, true), shelf);
    ph_cues_break(&cues);
    ph_cues_break(&cues);
    assert_int_equal(said(PH_CUE_CARD, 5 * S + 1, false), card);
    assert_int_equal(said(PH_CUE_SHELF, 5 * S + 1, false), shelf);
    assert_int_equal(said(PH_CUE_CARD, 5 * S + 2, false), 0);
    assert_int_equal(said(PH_CUE_SHELF, 5 * S + 2, false), 0);
    /* The first of its kind needs no break, wherever the timeline is. */
    ph_cues_fini(&cues);
    set_up(state);
    shelf = set(PH_CUE_SHELF);
    assert_int_equal(said(PH_CUE_SHELF, 0, false), shelf);
}

static void what_was_not_said_yet_survives_a_break(void **state)
{
    (void)state;
    set(PH_CUE_SHELF);
    assert_int_equal(said(PH_CUE_SHELF, 5 * S, true), seq);
    set(PH_CUE_SHELF);
    ph_cues_break(&cues);
    assert_int_equal(said(PH_CUE_SHELF, 5 * S + 10 * MS, false), seq);
    assert_int_equal(said(PH_CUE_SHELF, 8 * S, false), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(silence),
        TEST(a_card_is_said_at_once_and_with_each_segment),
        TEST(of_many_cards_the_newest_is_said),
        TEST(the_same_card_again_is_nothing_new),
        TEST(a_shelf_is_said_once_a_second_at_most),
        TEST(a_shelf_that_had_to_wait_is_said_then),
        TEST(a_shelf_is_said_again_every_ten_seconds),
        TEST(after_a_break_all_is_said_again),
        TEST(what_was_not_said_yet_survives_a_break),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
