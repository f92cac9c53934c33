/* SPDX-License-Identifier: Apache-2.0 */
/* What is under way to a worker that does not take its mail. */
#include "delivery/feed.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

enum { WORKERS = 2 };

struct world {
    struct ph_loop *loops[WORKERS];
    struct ph_stats stats[WORKERS];
    struct ph_stats *all_stats[WORKERS];
    struct ph_registry *registry;
    struct ph_feeds *feeds;
    unsigned home;
    unsigned away; /* the worker that watches */
    unsigned news[PH_RENDITION_COUNT];
};

static void on_news(void *arg, const struct ph_news *news)
{
    struct world *world = arg;

    world->news[news->rendition]++;
    assert_false(news->is_expected);
}

static int set_up(void **state)
{
    static struct ph_conf_channel channel = {
        .name = "sinho", .key = "key-of-sinho", .title = "", .overlay_token = ""};
    static struct ph_conf conf = {.workers = WORKERS, .channels = &channel, .channels_count = 1};
    static struct world world;

    memset(&world, 0, sizeof(world));
    conf.hls.part_ms = 250;
    conf.hls.segment_ms = 2000;
    conf.hls.window_s = 30;
    conf.hls.max_channel_bytes = 1 << 20;
    for (size_t i = 0; i < WORKERS; i++) {
        assert_int_equal(ph_loop_create(&world.loops[i], "test"), PH_OK);
        world.all_stats[i] = &world.stats[i];
    }
    world.registry = ph_registry_create(&conf, world.all_stats);
    world.home = ph_registry_at(world.registry, 0)->home;
    world.away = 1 - world.home;
    const struct ph_feeds_params params = {
        .conf = &conf,
        .registry = world.registry,
        .loops = world.loops,
        .stats = world.all_stats,
        .workers = WORKERS,
        .epoch = "e",
    };
    world.feeds = ph_feeds_create(&params);
    for (unsigned i = 0; i < WORKERS; i++) {
        ph_feeds_attach(world.feeds, i, on_news, &world);
    }
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    for (size_t i = 0; i < WORKERS; i++) {
        ph_loop_destroy(&world->loops[i]);
    }
    ph_feeds_destroy(&world->feeds);
    ph_registry_destroy(&world->registry);
    return 0;
}

static void ask(struct world *world, enum ph_rendition rendition)
{
    ph_feeds_want(world->feeds, ph_registry_at(world->registry, 0), world->away, rendition, true);
    ph_mailbox_deliver(ph_loop_mailbox(world->loops[world->home]));
}

static void take(struct world *world)
{
    ph_mailbox_deliver(ph_loop_mailbox(world->loops[world->away]));
}

static void each_wish_is_answered(void **state)
{
    struct world *world = *state;

    ask(world, PH_RENDITION_AV);
    take(world);
    assert_int_equal(world->news[PH_RENDITION_AV], 1);
    ask(world, PH_RENDITION_AV);
    take(world);
    assert_int_equal(world->news[PH_RENDITION_AV], 2);
}

static void a_late_worker_finds_the_newest_alone(void **state)
{
    struct world *world = *state;

    for (int i = 0; i < 1000; i++) {
        ask(world, PH_RENDITION_AV);
    }
    ask(world, PH_RENDITION_TS);
    take(world);
    assert_int_equal(world->news[PH_RENDITION_AV], 1);
    assert_int_equal(world->news[PH_RENDITION_TS], 1);
    take(world);
    assert_int_equal(world->news[PH_RENDITION_AV], 1);
}

static void what_is_under_way_at_the_end_is_freed(void **state)
{
    ask(*state, PH_RENDITION_AV);
    ask(*state, PH_RENDITION_AUDIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_wish_is_answered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_late_worker_finds_the_newest_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_under_way_at_the_end_is_freed, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
