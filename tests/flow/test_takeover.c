/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is on air when several publishers want one channel: over RTMP on two workers, and over SRT,
 * which is a thread of its own. All of it over loopback, with clients that block.
 */
#include "media_ts.h"
#include "rtmp_client.h"
#include "srt_caller.h"
#include "witness.h"

#include <phien/core/mem.h>
#include <phien/ingest/rtmp.h>
#include <phien/ingest/srt.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WORKERS = 2, LATENCY_MS = 60, ROUNDS = 6, ROUNDS_MAX = 40 };

/* How long the other one may stay on air that has fallen silent. */
#define PATIENCE (20 * PH_USEC_PER_S)

/* Where a publisher comes from. */
enum way { RTMP_0, RTMP_1, SRT, WAYS };

struct world {
    struct ph_conf conf[WORKERS]; /* one for each worker, since each has a port of its own */
    char listen[WAYS][32];
    int reserved[WAYS]; /* sockets that keep the ports ours */
    unsigned ports[WAYS];
    struct ph_loop *loops[WORKERS];
    struct ph_stats stats[WORKERS + 1];
    struct ph_link_stats link;
    struct ph_registry *registry;
    struct ph_publish_hub *hub;
    struct ph_peers *peers;
    struct ph_rtmp_server *rtmp[WORKERS];
    struct ph_srt_server *srt;
    struct camera camera;
    uint8_t *ts; /* what callers send */
    size_t ts_len;
    struct witness witness;
};

/* A port that nobody else gets: the socket is bound, but does not listen. */
static void reserve_port(struct world *world, enum way way)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, way == SRT ? SOCK_DGRAM : SOCK_STREAM, 0);
    int on = 1;

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    world->reserved[way] = fd;
    world->ports[way] = ntohs(address.sin_port);
    snprintf(world->listen[way], sizeof(world->listen[way]), "127.0.0.1:%u", world->ports[way]);
    if (way == SRT) {
        close(fd); /* libsrt would not share it */
    }
}

static void read_media(struct world *world)
{
    struct media_file file;

    camera_open(&world->camera, "h264_bframes_aac.mp4", "h264_bframes_aac.mp4");
    assert_int_equal(
        media_file_read(&file, PHIEN_SOURCE_DIR "/tests/golden/media/h264_bframes_aac.mp4"), PH_OK);
    world->ts = media_ts_mux(&file, &world->ts_len);
    media_file_fini(&file);
}

static void start_servers(struct world *world, struct ph_stats *const *stats)
{
    const struct ph_srt_server_params params = {
        .conf = &world->conf[0],
        .registry = world->registry,
        .hub = world->hub,
        .stats = &world->stats[WORKERS],
        .links = &world->link,
    };

    assert_int_equal(ph_srt_server_create(&world->srt, &params), PH_OK);
    for (unsigned i = 0; i < WORKERS; i++) {
        assert_int_equal(ph_rtmp_server_create(&world->rtmp[i], world->loops[i], &world->conf[i],
                                               world->hub, world->peers, stats[i]),
                         PH_OK);
        assert_int_equal(ph_loop_start(world->loops[i]), PH_OK);
    }
    assert_int_equal(ph_srt_server_start(world->srt), PH_OK);
}

static int set_up_with(void **state, enum ph_conf_takeover takeover)
{
    static struct ph_conf_channel channel = {
        .name = "sinho", .key = "s3cret-key", .title = "", .srt_passphrase = ""};
    struct world *world = calloc(1, sizeof(*world));
    struct ph_stats *stats[WORKERS] = {&world->stats[0], &world->stats[1]};

    witness_init(&world->witness);
    read_media(world);
    for (int way = RTMP_0; way < WAYS; way++) {
        reserve_port(world, (enum way)way);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        world->conf[i] = (struct ph_conf){
            .workers = WORKERS,
            .rtmp = {.listen = world->listen[i]},
            .srt = {.listen = world->listen[SRT],
                    .latency_ms = LATENCY_MS,
                    .passphrase = "",
                    .on_loss = PH_CONF_ON_LOSS_DROP,
                    .reorder_packets = 20},
            .publish = {.takeover = takeover,
                        .grace_s = 90,
                        .idle_timeout_s = 2 * WITNESS_PATIENCE_S},
            .channels = &channel,
            .channels_count = 1,
        };
        assert_int_equal(ph_loop_create(&world->loops[i], "test"), PH_OK);
    }
    world->registry = ph_registry_create(&world->conf[0], stats);
    world->hub = ph_publish_hub_create(&world->conf[0], world->registry, world->loops, stats);
    world->peers = ph_peers_create(0);
    ph_channel_add_sink(ph_registry_at(world->registry, 0)->channel, &witness_sink,
                        &world->witness);
    start_servers(world, stats);
    *state = world;
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, PH_CONF_TAKEOVER_NEWEST);
}

static int set_up_refusing(void **state)
{
    return set_up_with(state, PH_CONF_TAKEOVER_REFUSE);
}

static int tear_down(void **state)
{
    struct world *world = *state;

    for (unsigned i = 0; i < WORKERS; i++) {
        ph_loop_stop(world->loops[i]);
        ph_loop_join(world->loops[i]);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        ph_rtmp_server_destroy(&world->rtmp[i]);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        ph_publish_hub_close_home(world->hub, i);
    }
    ph_srt_server_destroy(&world->srt);
    for (unsigned i = 0; i < WORKERS; i++) {
        ph_loop_destroy(&world->loops[i]);
        close(world->reserved[i]);
    }
    ph_publish_hub_destroy(&world->hub);
    ph_peers_destroy(&world->peers);
    ph_registry_destroy(&world->registry);
    witness_fini(&world->witness);
    camera_close(&world->camera);
    free(world->ts);
    free(world);
    return 0;
}

/* ---- sellers ---- */

struct seller {
    enum way way;
    struct rtmp_client client;
    struct srt_caller caller;
};

static struct seller come(struct world *world, enum way way)
{
    const struct srt_caller_conf conf = {.port = world->ports[SRT],
                                         .streamid = "publish:sinho:s3cret-key"};
    struct seller seller = {.way = way};

    if (way == SRT) {
        assert_true(srt_caller_open(&seller.caller, &conf));
    } else {
        seller.client = rtmp_client_open(world->ports[way], "sinho?key=s3cret-key", 0);
    }
    return seller;
}

/* Whatever becomes of it: who is not welcome cannot send for long. */
static void send_media(struct world *world, struct seller *seller)
{
    if (seller->way == SRT) {
        (void)srt_caller_send(&seller->caller, world->ts, world->ts_len);
    } else {
        rtmp_client_send(&seller->client, &world->camera, 200);
    }
}

/* Something of what it sends now is on air when it returns. */
static void broadcast(struct world *world, struct seller *seller)
{
    unsigned before = witness_read(&world->witness, &world->witness.packets);

    send_media(world, seller);
    witness_await_count(&world->witness, &world->witness.packets, before + 20);
}

static void await_end(struct seller *seller)
{
    if (seller->way == SRT) {
        assert_true(srt_caller_await_end(&seller->caller, WITNESS_PATIENCE_S));
    } else {
        rtmp_client_read_to_end(&seller->client);
        assert_string_equal(rtmp_publisher_status(seller->client.publisher),
                            "NetStream.Publish.BadName");
    }
}

static void leave(struct seller *seller)
{
    if (seller->way == SRT) {
        srt_caller_close(&seller->caller);
    } else {
        rtmp_client_close(&seller->client);
    }
}

static unsigned count_starts(struct world *world)
{
    return witness_count_text(&world->witness, "event=publish.start");
}

static unsigned count_refusals(struct world *world)
{
    return witness_count_text(&world->witness, "event=publish.refused");
}

/* Comes and sends; whether it was taken. */
static bool try_to_come(struct world *world, enum way way, struct seller *out)
{
    unsigned starts = count_starts(world);
    unsigned refusals = count_refusals(world);

    *out = come(world, way);
    send_media(world, out);
    for (;;) {
        unsigned lines = witness_read(&world->witness, &world->witness.lines);
        if (count_starts(world) > starts || count_refusals(world) > refusals) {
            break;
        }
        witness_await_count(&world->witness, &world->witness.lines, lines + 1);
    }
    return count_starts(world) > starts;
}

/* ---- the tests ---- */

static void the_newest_wins_whatever_it_speaks(void **state)
{
    for (int i = 0; i < WAYS * WAYS; i++) {
        struct world *world = *state;
        struct seller old = come(world, (enum way)(i / WAYS));
        broadcast(world, &old);
        struct seller new = come(world, (enum way)(i % WAYS));
        broadcast(world, &new);
        await_end(&old);
        leave(&old);
        leave(&new);
        witness_await_texts(&world->witness, "event=publish.stop", 2);
        assert_int_equal(witness_count_text(&world->witness, "event=publish.takeover"), 1);
        assert_int_equal(witness_count_text(&world->witness, "reason=takeover"), 1);
        assert_int_equal(count_refusals(world), 0);
        tear_down(state);
        set_up(state);
    }
}

/*
 * Two phones, each of which comes back when it has lost the channel. On a busy machine the one on
 * air may seem silent, and a round not count.
 */
static struct seller fight(struct world *world, enum way a, enum way b)
{
    struct seller on_air = come(world, a);
    struct seller other;
    unsigned rounds = 0;

    broadcast(world, &on_air);
    while (try_to_come(world, rounds % 2 == 0 ? b : a, &other)) {
        await_end(&on_air);
        leave(&on_air);
        on_air = other;
        assert_true(++rounds < ROUNDS_MAX);
        broadcast(world, &on_air);
    }
    await_end(&other);
    leave(&other);
    assert_in_range(rounds, ROUNDS, ROUNDS_MAX);
    return on_air;
}

static void a_fight_ends(void **state, enum way a, enum way b)
{
    struct world *world = *state;
    struct seller on_air = fight(world, a, b);
    unsigned stops = witness_count_text(&world->witness, "event=publish.stop");
    struct seller other;

    witness_await_text(&world->witness, "reason=contested");
    broadcast(world, &on_air); /* undisturbed */
    assert_int_equal(witness_count_text(&world->witness, "event=publish.stop"), stops);
    /* It falls silent: a second later the other one is taken. */
    ph_usec until = ph_clock_mono() + PATIENCE;
    while (!try_to_come(world, b, &other)) {
        assert_true(ph_clock_mono() < until);
        await_end(&other);
        leave(&other);
    }
    await_end(&on_air);
    leave(&on_air);
    broadcast(world, &other);
    leave(&other);
    witness_await_texts(&world->witness, "event=publish.stop", stops + 2);
}

static void two_phones_fight_over_rtmp(void **state)
{
    a_fight_ends(state, RTMP_0, RTMP_1);
}

static void two_phones_fight_over_rtmp_and_srt(void **state)
{
    a_fight_ends(state, RTMP_1, SRT);
}

static void two_phones_fight_over_srt(void **state)
{
    a_fight_ends(state, SRT, SRT);
}

/* SRT says so in the handshake. */
static void expect_refusal(struct world *world, enum way way)
{
    const struct srt_caller_conf conf = {.port = world->ports[SRT],
                                         .streamid = "publish:sinho:s3cret-key"};
    struct seller seller = {.way = way};

    if (way == SRT) {
        assert_false(srt_caller_open(&seller.caller, &conf));
        assert_int_equal(seller.caller.rejection, 1409);
    } else {
        assert_false(try_to_come(world, way, &seller));
        await_end(&seller);
    }
    leave(&seller);
}

static void the_first_keeps_the_channel_where_that_is_wanted(void **state)
{
    struct world *world = *state;

    for (int i = 0; i < WAYS * WAYS; i++) {
        unsigned starts = count_starts(world);
        struct seller first = come(world, (enum way)(i / WAYS));
        broadcast(world, &first);
        expect_refusal(world, (enum way)(i % WAYS));
        broadcast(world, &first);
        assert_int_equal(count_starts(world), starts + 1);
        leave(&first);
        witness_await_texts(&world->witness, "event=publish.stop", starts + 1);
    }
    witness_await_texts(&world->witness, "reason=already_publishing", WAYS * WAYS);
    assert_int_equal(witness_count_text(&world->witness, "event=publish.takeover"), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_newest_wins_whatever_it_speaks),
        TEST(two_phones_fight_over_rtmp),
        TEST(two_phones_fight_over_rtmp_and_srt),
        TEST(two_phones_fight_over_srt),
        cmocka_unit_test_setup_teardown(the_first_keeps_the_channel_where_that_is_wanted,
                                        set_up_refusing, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
