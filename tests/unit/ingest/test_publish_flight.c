/* SPDX-License-Identifier: Apache-2.0 */
/* What may be under way to a home that does not take its mail. */
#include <phien/ingest/publish.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

enum { HOMES = 2, TRIES = 100000 };

struct world {
    struct ph_loop *loops[HOMES];
    struct ph_stats stats[HOMES];
    struct ph_registry *registry;
    struct ph_publish_hub *hub;
    struct ph_publisher *publisher;
    enum ph_close_reason closed_by;
};

static void on_closed(void *arg, enum ph_close_reason reason)
{
    struct world *world = arg;

    world->closed_by = reason;
}

/* The session lives on the other loop than the channel. */
static struct ph_loop *session_loop(const struct world *world)
{
    return world->loops[1 - ph_registry_at(world->registry, 0)->home];
}

static void open_world(struct world *world)
{
    static struct ph_conf_channel channel = {
        .name = "sinho", .key = "key-of-sinho", .title = "", .overlay_token = ""};
    static const struct ph_conf conf = {
        .workers = HOMES, .channels = &channel, .channels_count = 1};
    struct ph_stats *stats[HOMES] = {&world->stats[0], &world->stats[1]};
    struct ph_publish_request request = {.session = "s",
                                         .protocol = "rtmp",
                                         .path = "key-of-sinho",
                                         .query = "",
                                         .peer = "192.0.2.1:1",
                                         .application = ""};

    memset(world, 0, sizeof(*world));
    for (size_t i = 0; i < HOMES; i++) {
        assert_int_equal(ph_loop_create(&world->loops[i], "test"), PH_OK);
    }
    world->registry = ph_registry_create(&conf, stats);
    world->hub = ph_publish_hub_create(&conf, world->registry, world->loops, stats);
    assert_int_equal(ph_publisher_open(&world->publisher, world->hub,
                                       ph_loop_mailbox(session_loop(world)), &request, on_closed,
                                       world),
                     PH_CLOSE_NONE);
}

static void close_world(struct world *world)
{
    ph_publisher_close(&world->publisher, PH_CLOSE_SHUTDOWN, NULL);
    for (unsigned i = 0; i < HOMES; i++) {
        ph_publish_hub_close_home(world->hub, i);
    }
    for (size_t i = 0; i < HOMES; i++) {
        ph_loop_destroy(&world->loops[i]);
    }
    ph_publish_hub_destroy(&world->hub);
    ph_registry_destroy(&world->registry);
}

/* How many packets of `size` bytes are posted before the session is told that it ends. */
static int count_until_closed(int size)
{
    struct world world;
    AVPacket *packet = av_packet_alloc();
    int count = 0;

    assert_int_equal(av_new_packet(packet, size), 0);
    memset(packet->data, 0, (size_t)size);
    packet->stream_index = PH_TRACK_AUDIO;
    open_world(&world);
    for (; count < TRIES && world.closed_by == PH_CLOSE_NONE; count++) {
        ph_publisher_packet(world.publisher, packet, 0);
        ph_mailbox_deliver(ph_loop_mailbox(session_loop(&world)));
    }
    assert_int_equal(world.closed_by, PH_CLOSE_OVERLOAD);
    close_world(&world);
    av_packet_free(&packet);
    return count;
}

static void large_packets_are_limited(void **state)
{
    int count = count_until_closed(1024 * 1024);

    (void)state;
    assert_in_range(count, 8, 10);
}

static void small_packets_in_great_number_are_limited(void **state)
{
    (void)state;
    assert_in_range(count_until_closed(1), 1000, 20000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_packets_are_limited),
        cmocka_unit_test(small_packets_in_great_number_are_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
