/* SPDX-License-Identifier: Apache-2.0 */
/* What a run of the server leaves to the next, and what the next makes of it. */
#include "delivery/view.h"
#include "delivery_fixture.h"

/* Far ahead of what START_WALL gives. */
#define AHEAD_MSN INT64_C(900000000)
#define AHEAD_DISCONTINUITY INT64_C(500000)

static struct ph_feed_record record_of(const struct world *world)
{
    struct ph_feed_record record;

    ph_feeds_record(world->feeds, world->entry, &record);
    return record;
}

/* The newest snapshot of the rendition, by way of a worker's wish. */
static struct ph_snapshot *look(struct world *world, struct ph_views *views,
                                enum ph_rendition rendition)
{
    struct ph_view *view = ph_views_find(views, "sinho", 5);

    assert_non_null(view);
    ph_views_use(views, view, rendition, 0);
    settle(world);
    assert_non_null(view->snapshots[rendition]);
    return view->snapshots[rendition];
}

static void ignore_news(void *arg, struct ph_view *view, enum ph_rendition rendition)
{
    (void)arg;
    (void)view;
    (void)rendition;
}

static void a_new_channel_has_the_clock_s_numbers(void **state)
{
    struct world *world = world_create();
    struct ph_feed_record record = record_of(world);

    (void)state;
    assert_true(record.next_msn > 0 && record.next_msn < AHEAD_MSN);
    assert_true(record.next_discontinuity > 0 && record.next_discontinuity < AHEAD_DISCONTINUITY);
    assert_int_equal(record.slate, PH_SLATE_NONE);
    assert_false(record.is_live);
    world_destroy(world);
}

static void numbers_go_on_from_what_is_ahead(void **state)
{
    const struct ph_feed_record left = {.next_msn = AHEAD_MSN,
                                        .next_discontinuity = AHEAD_DISCONTINUITY};
    struct world *world = world_create_after(&left);
    struct ph_feed_record record = record_of(world);

    (void)state;
    assert_int_equal(record.next_msn, AHEAD_MSN);
    assert_int_equal(record.next_discontinuity, AHEAD_DISCONTINUITY);
    world_destroy(world);
}

static void numbers_do_not_go_back_to_what_is_behind(void **state)
{
    static const struct ph_feed_record rows[] = {
        {.next_msn = 1, .next_discontinuity = 1, .is_live = true},
        {.next_msn = 0, .next_discontinuity = 0},
    };
    struct world *world = world_create();
    struct ph_feed_record wall = record_of(world);

    (void)state;
    world_destroy(world);
    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        world = world_create_after(&rows[i]);
        struct ph_feed_record record = record_of(world);
        assert_true(record.next_msn >= wall.next_msn);
        assert_true(record.next_msn <= wall.next_msn + 1);
        assert_true(record.next_discontinuity >= wall.next_discontinuity);
        world_destroy(world);
    }
}

static void first_segment_is(bool was_live)
{
    const struct ph_feed_record left = {
        .next_msn = AHEAD_MSN, .next_discontinuity = AHEAD_DISCONTINUITY, .is_live = was_live};
    struct world *world = world_create_after(&left);
    struct ph_views *views = ph_views_create(world->feeds, world->away, ignore_news, NULL);

    publish(world);
    play(world, 6000);
    for (enum ph_rendition r = PH_RENDITION_AV; r <= PH_RENDITION_AUDIO; r++) {
        const struct ph_segment *first = look(world, views, r)->segments[0];
        assert_true(first->msn >= AHEAD_MSN);
        assert_true(first->msn <= AHEAD_MSN + 1);
        assert_int_equal(first->is_discontinuity, was_live);
        assert_true(first->discontinuity_number >= AHEAD_DISCONTINUITY);
    }
    ph_views_destroy(&views);
    world_destroy(world);
}

static void who_watched_finds_a_discontinuity(void **state)
{
    (void)state;
    first_segment_is(true);
    first_segment_is(false);
}

/* Whatever is listed is below the record that is taken then. */
static void a_record_is_ahead_of_all_that_is_listed(void **state)
{
    struct world *world = world_create();
    struct ph_views *views = ph_views_create(world->feeds, world->away, ignore_news, NULL);

    (void)state;
    for (int session = 0; session < 5; session++) {
        publish(world);
        for (int i = 0; i < 12; i++) {
            play(world, 500);
            if (session == 0 && i < 8) {
                continue; /* nothing can be listed yet */
            }
            struct ph_feed_record record = record_of(world);
            const struct ph_snapshot *snapshot = look(world, views, PH_RENDITION_AV);
            const struct ph_segment *last = snapshot->segments[snapshot->count - 1];
            const struct ph_segment *newest = snapshot->open != NULL ? snapshot->open : last;
            assert_true(record.next_msn >= snapshot->next_msn);
            assert_true(record.next_msn > last->msn);
            assert_true(record.next_discontinuity >= newest->discontinuity_number);
        }
        unpublish(world);
    }
    ph_views_destroy(&views);
    world_destroy(world);
}

static void who_is_live_is_so_until_the_grace_period_is_over(void **state)
{
    struct world *world = world_create();

    (void)state;
    publish(world);
    play(world, 3000);
    assert_true(record_of(world).is_live);
    assert_true(record_of(world).is_publishing);
    assert_int_equal(record_of(world).slate, PH_SLATE_LANDSCAPE);
    unpublish(world);
    assert_true(record_of(world).is_live);
    assert_false(record_of(world).is_publishing);
    assert_int_equal(record_of(world).slate, PH_SLATE_LANDSCAPE);
    wait_for(world, 89 * S);
    assert_true(record_of(world).is_live);
    wait_for(world, 1 * S);
    assert_false(record_of(world).is_live);
    world_destroy(world);
}

static void who_is_resumed_is_live_until_it_is_over(void **state)
{
    const struct ph_feed_record left = {.next_msn = AHEAD_MSN,
                                        .next_discontinuity = AHEAD_DISCONTINUITY,
                                        .slate = PH_SLATE_PORTRAIT_SILENT,
                                        .is_live = true};
    struct world *world = world_create_after(&left);

    (void)state;
    ph_channel_resume(world->entry->channel, left.slate, 30 * S, world->now);
    assert_true(record_of(world).is_live);
    assert_int_equal(record_of(world).slate, PH_SLATE_PORTRAIT_SILENT);
    wait_for(world, 59 * S);
    assert_true(record_of(world).is_live);
    wait_for(world, 1 * S);
    assert_false(record_of(world).is_live);
    assert_int_equal(record_of(world).next_msn, AHEAD_MSN);
    world_destroy(world);
}

/* Also who watches nothing but the sound. */
static void whoever_waits_hears_that_nobody_comes(void **state)
{
    (void)state;
    for (enum ph_rendition r = PH_RENDITION_AV; r < PH_RENDITION_COUNT; r++) {
        struct world *world = world_create();
        struct ph_views *views = ph_views_create(world->feeds, world->away, ignore_news, NULL);
        struct ph_view *view = ph_views_find(views, "sinho", 5);
        ph_channel_resume(world->entry->channel, PH_SLATE_NONE, 0, world->now);
        ph_views_use(views, view, r, 0);
        settle(world);
        assert_true(view->is_known[r]);
        assert_true(view->is_expected);
        wait_for(world, 90 * S);
        settle(world);
        assert_false(view->is_expected);
        assert_null(view->snapshots[r]);
        ph_views_destroy(&views);
        world_destroy(world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_channel_has_the_clock_s_numbers),
        cmocka_unit_test(numbers_go_on_from_what_is_ahead),
        cmocka_unit_test(numbers_do_not_go_back_to_what_is_behind),
        cmocka_unit_test(who_watched_finds_a_discontinuity),
        cmocka_unit_test(a_record_is_ahead_of_all_that_is_listed),
        cmocka_unit_test(who_is_live_is_so_until_the_grace_period_is_over),
        cmocka_unit_test(who_is_resumed_is_live_until_it_is_over),
        cmocka_unit_test(whoever_waits_hears_that_nobody_comes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
