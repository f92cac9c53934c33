/* SPDX-License-Identifier: Apache-2.0 */
/* The home's feeds and the workers' views: who hears of what, and for how long. */
#include "delivery/view.h"
#include "delivery_fixture.h"
#include "errand.h"

/* What a worker's views told it. */
struct heard {
    unsigned count[PH_RENDITION_COUNT];
    int64_t number[PH_RENDITION_COUNT]; /* of the newest snapshot */
    int64_t next_part[PH_RENDITION_COUNT];
};

struct fixture {
    struct world *world;
    struct ph_views *views[WORKERS];
    struct heard heard[WORKERS];
};

static void on_news(void *arg, struct ph_view *view, enum ph_rendition rendition)
{
    struct heard *heard = arg;
    const struct ph_snapshot *snapshot = view->snapshots[rendition];

    heard->count[rendition]++;
    assert_true(view->is_known[rendition]);
    if (snapshot != NULL) {
        /* Newer ones only, but when the state was told anew. */
        assert_true(snapshot->number >= heard->number[rendition]);
        heard->number[rendition] = snapshot->number;
        heard->next_part[rendition] = snapshot->next_part;
    }
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->world = world_create();
    for (unsigned i = 0; i < WORKERS; i++) {
        f->views[i] = ph_views_create(f->world->feeds, i, on_news, &f->heard[i]);
    }
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < WORKERS; i++) {
        ph_views_destroy(&f->views[i]);
    }
    world_destroy(f->world);
    free(f);
    return 0;
}

static struct ph_view *use(struct fixture *f, unsigned worker, enum ph_rendition rendition,
                           ph_usec now)
{
    struct ph_view *view = ph_views_find(f->views[worker], "sinho", 5);

    assert_non_null(view);
    ph_views_use(f->views[worker], view, rendition, now);
    return view;
}

static void who_asks_is_told_the_state(void **state)
{
    struct fixture *f = *state;
    const struct ph_view *view = use(f, f->world->away, PH_RENDITION_AV, 0);

    assert_false(view->is_known[PH_RENDITION_AV]);
    settle(f->world);
    assert_true(view->is_known[PH_RENDITION_AV]);
    assert_null(view->snapshots[PH_RENDITION_AV]);
    assert_false(view->is_expected);
    assert_false(view->is_on_air);
    assert_int_equal(f->heard[f->world->away].count[PH_RENDITION_AV], 1);
    assert_null(ph_views_find(f->views[0], "nobody", 6));
}

static void news_come_in_order_and_only_to_who_wants_them(void **state)
{
    struct fixture *f = *state;
    struct world *world = f->world;
    const struct ph_view *view = use(f, world->away, PH_RENDITION_AV, 0);

    settle(world);
    publish(world);
    for (int i = 0; i < 120; i++) {
        int64_t part = f->heard[world->away].next_part[PH_RENDITION_AV];
        play(world, 100);
        settle(world);
        /* There is one part in this time, or two at a key frame: none is skipped. */
        int64_t more = f->heard[world->away].next_part[PH_RENDITION_AV] - part;
        assert_true(part == 0 || (more >= 0 && more <= 2));
    }
    assert_in_range(f->heard[world->away].count[PH_RENDITION_AV], 45, 65);
    assert_true(view->is_on_air);
    assert_true(view->is_expected);
    assert_int_equal(f->heard[world->away].count[PH_RENDITION_AUDIO], 0);
    /* Nothing is posted for nobody: for each part once, and when it went on air. */
    assert_in_range(atomic_load(&world->stats[world->home].value[PH_STAT_SNAPSHOTS]), 1,
                    f->heard[world->away].next_part[PH_RENDITION_AV] + 3);
    for (int r = PH_RENDITION_AV; r < PH_RENDITION_COUNT; r++) {
        assert_int_equal(f->heard[world->home].count[r], 0);
    }
    /* The second worker finds a window, not the beginning of one. */
    const struct ph_view *near = use(f, world->home, PH_RENDITION_AV, 0);
    settle(world);
    assert_ptr_equal(near->snapshots[PH_RENDITION_AV], view->snapshots[PH_RENDITION_AV]);
    assert_in_range(near->snapshots[PH_RENDITION_AV]->count, 5, 7);
}

static void the_end_of_a_session_is_news(void **state)
{
    struct fixture *f = *state;
    struct world *world = f->world;
    const struct ph_view *view = use(f, world->away, PH_RENDITION_AV, 0);

    publish(world);
    play(world, 6000);
    settle(world);
    assert_true(view->is_on_air);
    unpublish(world);
    settle(world);
    assert_false(view->is_on_air);
    assert_false(view->snapshots[PH_RENDITION_AV]->is_ended);
    wait_for(world, 90 * S);
    settle(world);
    assert_true(view->snapshots[PH_RENDITION_AV]->is_ended);
}

/* In the steps of a loop that has nothing else to do. */
static void let_pass(struct world *world, ph_usec duration)
{
    for (ph_usec end = world->now.mono + duration; world->now.mono < end;) {
        ph_usec at = ph_channel_deadline(world->entry->channel);
        wait_for(world, (at < end ? at : end) - world->now.mono);
        settle(world);
    }
}

static void the_slate_is_not_the_seller(void **state)
{
    struct fixture *f = *state;
    struct world *world = f->world;
    const struct ph_view *view = use(f, world->away, PH_RENDITION_AV, 0);
    struct ph_slate *slate;

    assert_int_equal(ph_slate_create(&slate), PH_OK);
    ph_channel_use_slate(world->entry->channel, slate);
    publish(world);
    settle(world);
    assert_false(view->is_away); /* nobody has seen anything that could come back */
    play(world, 6000);
    settle(world);
    assert_true(view->is_on_air);
    assert_false(view->is_away);
    unpublish(world);
    settle(world);
    assert_false(view->is_on_air);
    assert_true(view->is_away);
    assert_true(view->is_expected);

    int64_t parts = view->snapshots[PH_RENDITION_AV]->next_part;
    let_pass(world, 8 * S);
    assert_false(view->is_on_air);
    assert_true(view->is_away);
    assert_in_range(view->snapshots[PH_RENDITION_AV]->next_part - parts, 20, 30);

    publish(world);
    play(world, 2000);
    settle(world);
    assert_true(view->is_on_air);
    assert_false(view->is_away);
    unpublish(world);
    let_pass(world, 90 * S);
    assert_false(view->is_on_air);
    assert_false(view->is_away);
    assert_false(view->is_expected);
    assert_true(view->snapshots[PH_RENDITION_AV]->is_ended);
    ph_slate_destroy(&slate);
}

/* After a restart: viewers wait for a first snapshot, until nobody comes any more. */
static void who_waits_for_nothing_hears_of_it(void **state)
{
    struct fixture *f = *state;
    struct world *world = f->world;

    ph_channel_resume(world->entry->channel, PH_SLATE_NONE, 10 * S, world->now);
    const struct ph_view *view = use(f, world->away, PH_RENDITION_AV, 0);
    settle(world);
    assert_null(view->snapshots[PH_RENDITION_AV]);
    assert_true(view->is_away);
    assert_true(view->is_expected);
    let_pass(world, 80 * S);
    assert_false(view->is_away);
    assert_false(view->is_expected);
}

static void nobody_listens_for_ever(void **state)
{
    struct fixture *f = *state;
    struct world *world = f->world;
    struct ph_views *views = f->views[world->away];
    struct heard *heard = &f->heard[world->away];
    const struct ph_view *view = use(f, world->away, PH_RENDITION_AV, 100 * S);

    use(f, world->away, PH_RENDITION_TS, 100 * S);
    publish(world);
    play(world, 1); /* the wishes come before the stream */
    settle(world);
    play(world, 10000);
    settle(world);
    assert_non_null(view->snapshots[PH_RENDITION_AV]);
    assert_non_null(view->snapshots[PH_RENDITION_TS]);

    ph_views_sweep(views, 130 * S);
    assert_true(view->is_wanted[PH_RENDITION_TS]);
    ph_views_sweep(views, 130 * S + 1);
    assert_false(view->is_wanted[PH_RENDITION_TS]);
    assert_true(view->is_wanted[PH_RENDITION_AV]);
    assert_null(view->snapshots[PH_RENDITION_TS]);
    settle(world);
    unsigned ts = heard->count[PH_RENDITION_TS];
    unsigned av = heard->count[PH_RENDITION_AV];
    play(world, 3000);
    settle(world);
    assert_int_equal(heard->count[PH_RENDITION_TS], ts);
    assert_true(heard->count[PH_RENDITION_AV] > av);

    use(f, world->away, PH_RENDITION_AV, 155 * S); /* a viewer is still there */
    ph_views_sweep(views, 160 * S + 1);
    assert_true(view->is_wanted[PH_RENDITION_AV]);
    ph_views_sweep(views, 215 * S + 1);
    assert_false(view->is_wanted[PH_RENDITION_AV]);
    settle(world);
    av = heard->count[PH_RENDITION_AV];
    int64_t posted = atomic_load(&world->stats[world->home].value[PH_STAT_SNAPSHOTS]);
    play(world, 3000);
    settle(world);
    assert_int_equal(heard->count[PH_RENDITION_AV], av);
    assert_int_equal(atomic_load(&world->stats[world->home].value[PH_STAT_SNAPSHOTS]), posted);

    use(f, world->away, PH_RENDITION_AV, 300 * S);
    settle(world);
    assert_non_null(view->snapshots[PH_RENDITION_AV]); /* it went on without us */
}

/* What one worker lets go, another may still want. */
static void mpegts_is_made_while_anybody_wants_it(void **state)
{
    struct fixture *f = *state;
    struct world *world = f->world;

    publish(world);
    play(world, 5000);
    size_t without = ph_feeds_bytes(world->feeds, world->entry);
    use(f, world->away, PH_RENDITION_TS, 0);
    use(f, world->home, PH_RENDITION_TS, 20 * S);
    settle(world);
    play(world, 5000);
    settle(world);
    assert_true(f->heard[world->away].number[PH_RENDITION_TS] > 0);
    assert_int_equal(f->heard[world->away].number[PH_RENDITION_TS],
                     f->heard[world->home].number[PH_RENDITION_TS]);

    ph_views_sweep(f->views[world->away], 31 * S);
    ph_views_sweep(f->views[world->home], 31 * S);
    settle(world);
    int64_t number = f->heard[world->away].number[PH_RENDITION_TS];
    play(world, 5000);
    settle(world);
    assert_int_equal(f->heard[world->away].number[PH_RENDITION_TS], number);
    assert_true(f->heard[world->home].number[PH_RENDITION_TS] > number);

    size_t with = ph_feeds_bytes(world->feeds, world->entry);
    ph_views_sweep(f->views[world->home], 51 * S);
    settle(world);
    assert_true(ph_feeds_bytes(world->feeds, world->entry) < with);
    assert_true(ph_feeds_bytes(world->feeds, world->entry) > without);
}

static void wishes_and_news_under_way_at_the_end_are_freed(void **state)
{
    struct fixture *f = *state;
    struct world *world = f->world;

    use(f, world->away, PH_RENDITION_AV, 0);
    settle(world);
    publish(world);
    play(world, 5000);
    use(f, world->away, PH_RENDITION_AUDIO, 0);
    use(f, world->home, PH_RENDITION_TS, 0);
}

/* ---- the same in threads ---- */

static void publish_on_home(void *arg)
{
    struct fixture *f = arg;

    publish(f->world);
}

static void play_on_home(void *arg)
{
    struct fixture *f = arg;

    play(f->world, 500);
}

static void use_on_away(void *arg)
{
    struct fixture *f = arg;

    use(f, f->world->away, PH_RENDITION_AV, 0);
    use(f, f->world->away, PH_RENDITION_AUDIO, 0);
}

/* A viewer's side: renders playlists while the home goes on. */
static void read_on_away(void *arg)
{
    struct fixture *f = arg;
    struct ph_view *view = ph_views_find(f->views[f->world->away], "sinho", 5);
    struct ph_snapshot *snapshot = view->snapshots[PH_RENDITION_AV];

    if (snapshot != NULL) {
        assert_non_null(ph_snapshot_playlist(snapshot, PH_PLAYLIST_FULL, false));
        assert_non_null(ph_snapshot_playlist(snapshot, PH_PLAYLIST_FULL, true));
    }
}

static void news_cross_threads(void **state)
{
    struct fixture *f = *state;
    struct world *world = f->world;

    for (size_t i = 0; i < WORKERS; i++) {
        assert_int_equal(ph_loop_start(world->loops[i]), PH_OK);
    }
    run_on(world->loops[world->away], use_on_away, f);
    run_on(world->loops[world->home], publish_on_home, f);
    for (int i = 0; i < 40; i++) {
        run_on(world->loops[world->home], play_on_home, f);
        run_on(world->loops[world->away], read_on_away, f);
    }
    for (size_t i = 0; i < WORKERS; i++) {
        ph_loop_stop(world->loops[i]);
        ph_loop_join(world->loops[i]);
    }
    assert_in_range(f->heard[world->away].next_part[PH_RENDITION_AV], 95, 105);
    assert_in_range(f->heard[world->away].next_part[PH_RENDITION_AUDIO], 75, 105);
    assert_true(f->heard[world->away].count[PH_RENDITION_AV] >= 30);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(who_asks_is_told_the_state),
        TEST(news_come_in_order_and_only_to_who_wants_them),
        TEST(the_end_of_a_session_is_news),
        TEST(the_slate_is_not_the_seller),
        TEST(who_waits_for_nothing_hears_of_it),
        TEST(nobody_listens_for_ever),
        TEST(mpegts_is_made_while_anybody_wants_it),
        TEST(wishes_and_news_under_way_at_the_end_are_freed),
        TEST(news_cross_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
