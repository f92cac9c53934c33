/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The RTMP server over loopback: two of them on loops in threads of their own, as two workers
 * have them, and clients that block.
 */
#include "errand.h"
#include "rtmp_client.h"
#include "witness.h"

#include <phien/core/log.h>
#include <phien/ingest/rtmp.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WORKERS = 2, PATIENCE_S = WITNESS_PATIENCE_S };

/* Of a machine that is busy with other things. */
#define SLOWNESS (2 * PH_USEC_PER_S)

struct world {
    struct ph_conf conf[WORKERS]; /* one for each server, since each has a port of its own */
    char listen[WORKERS][32];
    int reserved[WORKERS]; /* sockets that keep the ports ours */
    unsigned ports[WORKERS];
    struct ph_loop *loops[WORKERS];
    struct ph_stats stats[WORKERS];
    struct ph_registry *registry;
    struct ph_publish_hub *hub;
    struct ph_peers *peers;
    struct ph_rtmp_server *servers[WORKERS];
    const struct ph_registry_entry *entry;
    struct camera camera;

    struct witness witness;
    unsigned drained; /* counted by the witness */
};

/* A port that nobody else gets: the socket is bound, but does not listen. */
static void reserve_port(struct world *world, unsigned worker)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    world->reserved[worker] = fd;
    world->ports[worker] = ntohs(address.sin_port);
    snprintf(world->listen[worker], sizeof(world->listen[worker]), "127.0.0.1:%u",
             world->ports[worker]);
}

static int set_up_with(void **state, unsigned idle_timeout_s)
{
    static struct ph_conf_channel channel = {
        .name = "sinho", .key = "s3cret-key", .title = "", .overlay_token = ""};
    struct world *world = calloc(1, sizeof(*world));
    struct ph_stats *stats[WORKERS] = {&world->stats[0], &world->stats[1]};

    witness_init(&world->witness);
    camera_open(&world->camera, "h264_bframes_aac.mp4", "h264_bframes_aac.mp4");
    for (unsigned i = 0; i < WORKERS; i++) {
        reserve_port(world, i);
        world->conf[i] = (struct ph_conf){
            .workers = WORKERS,
            .rtmp = {.listen = world->listen[i]},
            .publish = {.grace_s = 90, .idle_timeout_s = idle_timeout_s},
            .channels = &channel,
            .channels_count = 1,
        };
        assert_int_equal(ph_loop_create(&world->loops[i], "test"), PH_OK);
    }
    world->registry = ph_registry_create(&world->conf[0], stats);
    world->hub = ph_publish_hub_create(&world->conf[0], world->registry, world->loops, stats);
    world->peers = ph_peers_create(1); /* which does not count for loopback */
    world->entry = ph_registry_at(world->registry, 0);
    ph_channel_add_sink(world->entry->channel, &witness_sink, &world->witness);
    for (unsigned i = 0; i < WORKERS; i++) {
        assert_int_equal(ph_rtmp_server_create(&world->servers[i], world->loops[i], &world->conf[i],
                                               world->hub, world->peers, stats[i]),
                         PH_OK);
        assert_int_equal(ph_loop_start(world->loops[i]), PH_OK);
    }
    *state = world;
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, 2 * PATIENCE_S);
}

static int set_up_impatient(void **state)
{
    return set_up_with(state, 1);
}

static int tear_down(void **state)
{
    struct world *world = *state;

    for (unsigned i = 0; i < WORKERS; i++) {
        ph_loop_stop(world->loops[i]);
        ph_loop_join(world->loops[i]);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        ph_rtmp_server_destroy(&world->servers[i]);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        ph_publish_hub_close_home(world->hub, i);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        ph_loop_destroy(&world->loops[i]);
        close(world->reserved[i]);
        assert_int_equal(world->stats[i].value[PH_STAT_RTMP_CONNECTIONS], 0);
        assert_int_equal(world->stats[i].value[PH_STAT_SESSIONS_RTMP], 0);
    }
    ph_publish_hub_destroy(&world->hub);
    ph_peers_destroy(&world->peers);
    ph_registry_destroy(&world->registry);
    witness_fini(&world->witness);
    camera_close(&world->camera);
    free(world);
    return 0;
}

/* ---- clients ---- */

static struct rtmp_client open_client(const struct world *world, unsigned worker, const char *name)
{
    return rtmp_client_open(world->ports[worker], name, 0);
}

static int open_socket(const struct world *world, unsigned worker)
{
    return rtmp_client_connect(world->ports[worker]);
}

/* Publishes `packets` of the camera and waits until they are on air. */
static void broadcast(struct world *world, struct rtmp_client *client, unsigned packets)
{
    unsigned before = witness_read(&world->witness, &world->witness.packets);
    rtmp_client_send(client, &world->camera, packets);
    witness_await_count(&world->witness, &world->witness.packets, before + packets);
}

static struct rtmp_client go_on_air(struct world *world, unsigned worker)
{
    struct rtmp_client client = open_client(world, worker, "sinho?key=s3cret-key");

    assert_string_equal(rtmp_publisher_status(client.publisher), "NetStream.Publish.Start");
    broadcast(world, &client, 200);
    return client;
}

/* ---- the tests ---- */

static void a_session_from_either_worker(void **state)
{
    struct world *world = *state;

    for (unsigned i = 0; i < WORKERS; i++) {
        struct rtmp_client client = go_on_air(world, i);
        rtmp_publisher_unpublish(client.publisher);
        rtmp_client_flush(&client);
        witness_await_count(&world->witness, &world->witness.pauses, i + 1);
        rtmp_client_close(&client);
    }
    witness_await_text(&world->witness, "reason=unpublish");
    assert_int_equal(witness_count_text(&world->witness, "s3cret"), 0);
    assert_true(world->stats[0].value[PH_STAT_INGEST_BYTES] > 10000);
}

/* The client closes first, and only if it does not, the server. */
static void after_the_end_the_client_closes(void **state)
{
    struct world *world = *state;
    struct rtmp_client client = go_on_air(world, 0);

    rtmp_publisher_unpublish(client.publisher);
    rtmp_client_flush(&client);
    witness_await_text(&world->witness, "event=publish.stop");
    rtmp_client_read_to_end(&client); /* two seconds later */
    rtmp_client_close(&client);
    assert_int_equal(witness_count_text(&world->witness, "event=rtmp.close"), 0);
}

static void the_newest_takes_over(void **state)
{
    struct world *world = *state;

    for (unsigned i = 0; i < 4; i++) {
        struct rtmp_client old = go_on_air(world, i & 1);
        struct rtmp_client new = go_on_air(world, i >> 1);
        rtmp_client_read_to_end(&old);
        assert_string_equal(rtmp_publisher_status(old.publisher), "NetStream.Publish.BadName");
        assert_true(strlen(rtmp_publisher_description(old.publisher)) > 10);
        witness_await_text(&world->witness, "reason=takeover");
        rtmp_client_close(&old);
        rtmp_client_close(&new);
        witness_await_count(&world->witness, &world->witness.pauses, 2 * (i + 1));
    }
}

static void who_has_no_right_is_told_so(void **state)
{
    static const char *const names[] = {"sinho?key=wrong", "sinho", "nobody?key=x", "wr0ng"};
    struct world *world = *state;

    for (size_t i = 0; i < PH_ARRAY_SIZE(names); i++) {
        struct rtmp_client client = open_client(world, i % WORKERS, names[i]);
        assert_false(rtmp_publisher_is_live(client.publisher));
        assert_string_equal(rtmp_publisher_status(client.publisher), "NetStream.Publish.BadName");
        rtmp_client_read_to_end(&client);
        rtmp_client_close(&client);
    }
    witness_await_text(&world->witness, "reason=bad_key");
    witness_await_text(&world->witness, "reason=unknown_channel");
    assert_int_equal(witness_count_text(&world->witness, "wrong"), 0);
    assert_int_equal(witness_count_text(&world->witness, "wr0ng"), 0);
    assert_int_equal(world->witness.packets, 0);
}

static void what_is_not_rtmp_is_known_for_what_it_is(void **state)
{
    static const char *const first_bytes[][2] = {
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "reason=http_on_rtmp_port"},
        {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "reason=tls_on_plain_port"},
        {"\xff\xff\xff\xff", "reason=bad_handshake"},
    };
    struct world *world = *state;

    for (size_t i = 0; i < PH_ARRAY_SIZE(first_bytes); i++) {
        int fd = open_socket(world, 0);
        uint8_t byte = 0;
        assert_true(send(fd, first_bytes[i][0], strlen(first_bytes[i][0]), MSG_NOSIGNAL) > 0);
        assert_int_equal(recv(fd, &byte, 1, 0), 0);
        close(fd);
        witness_await_text(&world->witness, first_bytes[i][1]);
    }
}

static void silence_ends_the_session(void **state)
{
    struct world *world = *state;
    struct rtmp_client client = go_on_air(world, 1);

    rtmp_client_read_to_end(&client); /* a second later */
    rtmp_client_close(&client);
    witness_await_text(&world->witness, "reason=timeout_media");
    assert_true(witness_count_text(&world->witness, "level=warn event=publish.stop") > 0);
}

static void a_client_that_goes_is_missed(void **state)
{
    struct world *world = *state;
    struct linger at_once = {.l_onoff = 1};

    struct rtmp_client client = go_on_air(world, 0);
    rtmp_client_close(&client);
    witness_await_text(&world->witness, "reason=peer_closed");
    client = go_on_air(world, 1);
    assert_int_equal(setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    rtmp_client_close(&client); /* with a reset */
    witness_await_text(&world->witness, "reason=network");
    witness_await_count(&world->witness, &world->witness.pauses, 2);
}

/*
 * The peer's machine is there no more: nothing comes of it, not even that there is no connection.
 * (The kernel drops all that is for the client's socket, before TCP sees it.)
 */
static void vanish(const struct rtmp_client *client)
{
    struct sock_filter nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    const struct sock_fprog program = {.len = PH_ARRAY_SIZE(nothing), .filter = nothing};

    assert_int_equal(
        setsockopt(client->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
}

static void a_peer_that_vanished_is_missed_within_ten_seconds(void **state)
{
    struct world *world = *state;
    struct rtmp_client quiet = go_on_air(world, 0);

    /* Whatever we had said has arrived: there is nothing whose acknowledgement could be missed. */
    while (rtmp_publisher_acknowledged(quiet.publisher) == 0) {
        rtmp_client_converse(&quiet);
    }
    vanish(&quiet);
    ph_usec began = ph_clock_mono();
    witness_await_text(&world->witness, "event=publish.stop");
    ph_usec took = ph_clock_mono() - began;
    witness_await_text(&world->witness, "the peer stopped answering");
    if (took > 10 * PH_USEC_PER_S + SLOWNESS) {
        fail_msg("it took %lld ms", (long long)(took / PH_USEC_PER_MS));
    }
    rtmp_client_close(&quiet);
}

/* The same with an answer under way. */
static void a_peer_that_vanished_with_our_words_too(void **state)
{
    struct world *world = *state;
    struct rtmp_client client = go_on_air(world, 1);

    vanish(&client);
    broadcast(world, &client, 10); /* its last packets, of which we try to tell it */
    ph_usec began = ph_clock_mono();
    witness_await_text(&world->witness, "event=publish.stop");
    ph_usec took = ph_clock_mono() - began;
    witness_await_text(&world->witness, "the peer stopped answering");
    if (took > 10 * PH_USEC_PER_S + SLOWNESS) {
        fail_msg("it took %lld ms", (long long)(took / PH_USEC_PER_MS));
    }
    rtmp_client_close(&client);
}

static void on_drained(void *arg)
{
    struct world *world = arg;

    witness_count(&world->witness, &world->drained);
}

static void drain(void *arg)
{
    struct world *world = arg;

    ph_rtmp_server_drain(world->servers[1], on_drained, world);
}

static void a_drain_ends_everything(void **state)
{
    struct world *world = *state;
    struct rtmp_client live = go_on_air(world, 1);
    int silent = open_socket(world, 1);
    uint8_t byte = 0;

    run_on(world->loops[1], drain, world);
    rtmp_client_read_to_end(&live);
    witness_await_text(&world->witness, "event=publish.stop");
    witness_await_text(&world->witness, "reason=shutdown");
    witness_await_count(&world->witness, &world->drained, 1);
    rtmp_client_close(&live);
    assert_true(recv(silent, &byte, 1, 0) <= 0);
    close(silent);
    assert_int_equal(open_socket(world, 1), -1);
    /* The other worker goes on. */
    struct rtmp_client client = go_on_air(world, 0);
    rtmp_client_close(&client);
}

static struct rtmp_client go_on_air_reconnectable(struct world *world)
{
    struct rtmp_client client = rtmp_client_open(world->ports[1], "sinho?key=s3cret-key", 1);

    assert_string_equal(rtmp_publisher_status(client.publisher), "NetStream.Publish.Start");
    broadcast(world, &client, 200);
    return client;
}

/* Enhanced RTMP's way: it finishes what it has to say, and the drain is done when it has gone. */
static void who_can_reconnect_is_asked_to(void **state)
{
    struct world *world = *state;
    struct rtmp_client client = go_on_air_reconnectable(world);

    run_on(world->loops[1], drain, world);
    rtmp_client_read_to_status(&client, "NetConnection.Connect.ReconnectRequest");
    assert_int_equal(open_socket(world, 1), -1);
    broadcast(world, &client, 10);
    assert_int_equal(witness_read(&world->witness, &world->drained), 0);
    rtmp_publisher_unpublish(client.publisher);
    rtmp_client_flush(&client);
    witness_await_count(&world->witness, &world->drained, 1);
    witness_await_text(&world->witness, "reason=unpublish");
    rtmp_client_read_to_end(&client);
    rtmp_client_close(&client);
}

static void who_does_not_leave_is_ended(void **state)
{
    struct world *world = *state;
    struct rtmp_client client = go_on_air_reconnectable(world);

    run_on(world->loops[1], drain, world);
    rtmp_client_read_to_status(&client, "NetConnection.Connect.ReconnectRequest");
    assert_int_equal(witness_count_text(&world->witness, "event=publish.stop"), 0);
    rtmp_client_read_to_end(&client); /* a moment later */
    witness_await_text(&world->witness, "reason=shutdown");
    witness_await_count(&world->witness, &world->drained, 1);
    rtmp_client_close(&client);
}

/* The server is destroyed while it waits for those that it asked. */
static void a_drain_can_be_cut(void **state)
{
    struct world *world = *state;
    struct rtmp_client client = go_on_air_reconnectable(world);

    run_on(world->loops[1], drain, world);
    rtmp_client_read_to_status(&client, "NetConnection.Connect.ReconnectRequest");
    ph_loop_stop(world->loops[1]);
    ph_loop_join(world->loops[1]);
    ph_rtmp_server_destroy(&world->servers[1]);
    rtmp_client_close(&client);
}

static void a_port_that_is_taken_is_an_error(void **state)
{
    struct world *world = *state;
    struct ph_conf conf = world->conf[0];
    struct ph_rtmp_server *server = NULL;
    struct ph_loop *loop = NULL;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char text[32];

    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(address.sin_port));
    conf.rtmp.listen = text;
    assert_int_equal(ph_loop_create(&loop, "test"), PH_OK);
    assert_int_equal(
        ph_rtmp_server_create(&server, loop, &conf, world->hub, world->peers, &world->stats[0]),
        PH_EADDRINUSE);
    assert_null(server);
    ph_loop_destroy(&loop);
    close(fd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_session_from_either_worker),
        TEST(after_the_end_the_client_closes),
        TEST(the_newest_takes_over),
        TEST(who_has_no_right_is_told_so),
        TEST(what_is_not_rtmp_is_known_for_what_it_is),
        cmocka_unit_test_setup_teardown(silence_ends_the_session, set_up_impatient, tear_down),
        TEST(a_client_that_goes_is_missed),
        TEST(a_peer_that_vanished_is_missed_within_ten_seconds),
        TEST(a_peer_that_vanished_with_our_words_too),
        TEST(a_drain_ends_everything),
        TEST(who_can_reconnect_is_asked_to),
        TEST(who_does_not_leave_is_ended),
        TEST(a_drain_can_be_cut),
        TEST(a_port_that_is_taken_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
