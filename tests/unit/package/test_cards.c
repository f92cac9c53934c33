/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The captions behind a leader that is made by hand: what it lists, they list.
 */
#include "window_fixture.h"

#include "package/cards.h"

#define S PH_USEC_PER_S

struct pair {
    struct ph_stats stats;
    struct ph_fmp4 leader;
    struct ph_cards cards;
    ph_usec at; /* on the timeline */
};

static int set_up(void **state)
{
    struct pair *pair = ph_new(struct pair);
    struct ph_window_params leads = test_window_params(PH_RENDITION_AV);
    struct ph_window_params follows = test_window_params(PH_RENDITION_CARDS);

    follows.first_msn = 5; /* its own counts for nothing */
    follows.first_discontinuity = 1;
    ph_output_init(&pair->leader.output, &leads, &pair->stats);
    pair->leader.output.part_target = TEST_SEGMENT;
    ph_cards_init(&pair->cards, &follows, &pair->stats);
    *state = pair;
    return 0;
}

static int tear_down(void **state)
{
    struct pair *pair = *state;

    ph_cards_fini(&pair->cards);
    ph_output_fini(&pair->leader.output);
    free(pair);
    return 0;
}

/* The leader makes a segment of one part and ends it. */
static void lead(struct pair *pair, ph_usec duration)
{
    struct ph_fmp4 *leader = &pair->leader;

    leader->closed.pdt = TEST_DATE + pair->at;
    leader->closed.start = pair->at;
    leader->closed.duration = duration;
    if (duration > 0) {
        ph_output_add_part(&leader->output, ph_buf_copy("m", 1), leader->closed.pdt, duration,
                           true);
        ph_output_close_segment(&leader->output);
    }
    pair->at += duration;
    ph_cards_end_segment(&pair->cards, leader);
}

static struct ph_snapshot *snapshot_of(struct ph_output *output)
{
    struct ph_snapshot *s = ph_output_snapshot(output, &(struct ph_window_beside){0});

    assert_non_null(s);
    return s;
}

static void assert_aligned(struct pair *pair, size_t count)
{
    struct ph_snapshot *a = snapshot_of(&pair->leader.output);
    struct ph_snapshot *b = snapshot_of(&pair->cards.output);

    assert_int_equal(b->count, count);
    assert_int_equal(a->count, count);
    assert_int_equal(b->next_msn, a->next_msn);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(b->segments[i]->msn, a->segments[i]->msn);
        assert_int_equal(b->segments[i]->pdt, a->segments[i]->pdt);
        assert_int_equal(b->segments[i]->duration, a->segments[i]->duration);
        assert_int_equal(b->segments[i]->is_discontinuity, a->segments[i]->is_discontinuity);
        assert_int_equal(b->segments[i]->discontinuity_number,
                         a->segments[i]->discontinuity_number);
        assert_null(b->segments[i]->init);
        assert_int_equal(b->segments[i]->part_count, 1);
    }
    ph_snapshot_unref(&a);
    ph_snapshot_unref(&b);
}

static void assert_text(struct pair *pair, int64_t msn, const char *wanted)
{
    struct ph_snapshot *s = snapshot_of(&pair->cards.output);
    const struct ph_segment *segment = ph_snapshot_segment(s, msn);

    assert_non_null(segment);
    assert_int_equal(segment->bytes, strlen(wanted));
    assert_memory_equal(segment->parts[0].bytes->data, wanted, segment->bytes);
    ph_snapshot_unref(&s);
}

static void follows_the_leader(void **state)
{
    struct pair *pair = *state;

    assert_null(ph_output_snapshot(&pair->cards.output, NULL));
    ph_cards_set(&pair->cards, 1 * S, "a");
    lead(pair, 2 * S);
    lead(pair, 1500000);
    ph_cards_set(&pair->cards, 4 * S, NULL);
    lead(pair, 2 * S);
    lead(pair, 2 * S);
    assert_aligned(pair, 4);
    assert_text(pair, 100,
                "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n"
                "00:00:01.000 --> 00:00:02.000 line:-1\na\n\n");
    assert_text(pair, 101,
                "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:180000,LOCAL:00:00:02.000\n\n"
                "00:00:02.000 --> 00:00:03.500 line:-1\na\n\n");
    assert_text(pair, 102,
                "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:315000,LOCAL:00:00:03.500\n\n"
                "00:00:03.500 --> 00:00:04.000 line:-1\na\n\n");
    assert_text(pair, 103, "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:495000,LOCAL:00:00:05.500\n\n");
}

static void a_segment_without_media_is_none(void **state)
{
    struct pair *pair = *state;

    lead(pair, 0);
    assert_null(ph_output_snapshot(&pair->cards.output, NULL));
    lead(pair, 2 * S);
    lead(pair, 0);
    lead(pair, 2 * S);
    assert_aligned(pair, 2);
}

static void has_the_leaders_discontinuities(void **state)
{
    struct pair *pair = *state;

    ph_output_break(&pair->leader.output); /* of nothing */
    lead(pair, 2 * S);
    ph_output_break(&pair->leader.output);
    lead(pair, 0); /* it is not lost with a segment that was not to be */
    lead(pair, 2 * S);
    lead(pair, 2 * S);
    pair->at += 3600 * S;
    ph_output_break(&pair->leader.output);
    lead(pair, 1 * S);
    assert_aligned(pair, 4);
    struct ph_snapshot *s = snapshot_of(&pair->cards.output);
    assert_int_equal(s->segments[0]->discontinuity_number, 7);
    assert_true(s->segments[1]->is_discontinuity);
    assert_true(s->segments[3]->is_discontinuity);
    assert_int_equal(s->segments[3]->discontinuity_number, 9);
    ph_snapshot_unref(&s);
}

static void ends_and_goes_on_with_the_leader(void **state)
{
    struct pair *pair = *state;

    lead(pair, 2 * S);
    ph_output_end(&pair->leader.output);
    ph_output_end(&pair->cards.output);
    struct ph_snapshot *s = snapshot_of(&pair->cards.output);
    assert_true(s->is_ended);
    ph_snapshot_unref(&s);
    ph_output_break(&pair->leader.output);
    lead(pair, 2 * S);
    assert_aligned(pair, 2);
    s = snapshot_of(&pair->cards.output);
    assert_false(s->is_ended);
    ph_snapshot_unref(&s);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(follows_the_leader),
        TEST(a_segment_without_media_is_none),
        TEST(has_the_leaders_discontinuities),
        TEST(ends_and_goes_on_with_the_leader),
    };

    return cmocka_run_group_tests_name("cards", tests, NULL, NULL);
}
