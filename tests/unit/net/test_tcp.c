/* SPDX-License-Identifier: Apache-2.0 */
/* Both ends of a connection on one loop, over loopback. */
#include <phien/net/address.h>
#include <phien/net/tcp.h>
#include <phien/net/timer.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct end {
    struct ph_tcp_conn *conn;
    size_t got;
    uint32_t sum; /* of the bytes read, in order */
    unsigned drains;
    unsigned closes;
    int close_err;
    struct world *world;
};

struct world {
    struct ph_loop *loop;
    struct ph_tcp_listener *listener;
    struct ph_timer *guard;
    struct end server;
    struct end client;
    size_t write_limit;
    void (*on_accepted)(struct world *world);
    void (*on_connected)(struct world *world);
    size_t stop_at; /* bytes at the client */
    bool has_timed_out;
    char peer[64];
};

static uint32_t add_up(uint32_t sum, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        sum = sum * 31 + data[i];
    }
    return sum;
}

static void on_read(void *arg, const uint8_t *data, size_t len)
{
    struct end *end = arg;

    end->got += len;
    end->sum = add_up(end->sum, data, len);
    if (end == &end->world->client && end->got == end->world->stop_at) {
        ph_loop_stop(end->world->loop);
    }
}

static void on_drain(void *arg)
{
    struct end *end = arg;

    if (end->drains++ == 0 && end == &end->world->client && end->world->on_connected != NULL) {
        end->world->on_connected(end->world);
    }
}

static void on_close(void *arg, int err)
{
    struct end *end = arg;

    end->conn = NULL;
    end->closes++;
    end->close_err = err;
    ph_loop_stop(end->world->loop);
}

static const struct ph_tcp_conn_ops ops = {on_read, on_drain, on_close};

static void on_accept(void *arg, struct ph_tcp_conn *conn)
{
    struct world *world = arg;

    world->server.conn = conn;
    ph_tcp_conn_open(conn, &ops, &world->server);
    if (world->on_accepted != NULL) {
        world->on_accepted(world);
    }
}

static void on_guard(void *arg)
{
    struct world *world = arg;

    world->has_timed_out = true;
    ph_loop_stop(world->loop);
}

/* Connects, runs until a callback stops the loop, and checks that it was not the guard. */
static void run_world(struct world *world)
{
    struct ph_tcp_options options = {.write_limit = world->write_limit};
    char address[32];

    world->server.world = world;
    world->client.world = world;
    assert_int_equal(ph_loop_create(&world->loop, "test"), PH_OK);
    assert_int_equal(
        ph_tcp_listen(&world->listener, world->loop, "127.0.0.1:0", &options, on_accept, world),
        PH_OK);
    snprintf(address, sizeof(address), "127.0.0.1:%u", ph_tcp_listener_port(world->listener));
    assert_int_equal(
        ph_tcp_connect(&world->client.conn, world->loop, address, &options, &ops, &world->client),
        PH_OK);
    world->guard = ph_timer_create(world->loop, on_guard, world);
    ph_timer_set(world->guard, ph_loop_now(world->loop) + 30 * PH_USEC_PER_S);
    ph_loop_run(world->loop);
    assert_false(world->has_timed_out);
}

static void end_world(struct world *world)
{
    ph_tcp_conn_close(&world->server.conn, false);
    ph_tcp_conn_close(&world->client.conn, false);
    ph_tcp_listener_close(&world->listener);
    ph_timer_destroy(&world->guard);
    ph_loop_destroy(&world->loop);
}

enum {
    BIG_BYTES = 5 * 1000 * 1000,
    RESET_BYTES = 40 * 1000, /* less than a window: all of it has arrived before the reset */
};

static struct ph_buf *create_big(void)
{
    struct ph_buf *big = ph_buf_create(BIG_BYTES);

    for (size_t i = 0; i < BIG_BYTES; i++) {
        big->data[i] = (uint8_t)(i * 7 + i / 251);
    }
    return big;
}

static void write_big(struct world *world)
{
    struct ph_slice slices[2] = {ph_slice_static("head", 4), ph_slice_of(create_big())};

    assert_int_equal(ph_tcp_conn_write(world->server.conn, slices, 2), PH_OK);
    assert_true(ph_tcp_conn_queued(world->server.conn) > 0);
}

static void sends_more_than_the_kernel_takes_at_once(void **state)
{
    struct world world = {
        .write_limit = BIG_BYTES + 4, .on_accepted = write_big, .stop_at = BIG_BYTES + 4};
    struct ph_buf *big = create_big();

    (void)state;
    run_world(&world);
    assert_int_equal(world.client.sum,
                     add_up(add_up(0, (const uint8_t *)"head", 4), big->data, big->len));
    assert_int_equal(ph_tcp_conn_queued(world.server.conn), 0);
    ph_buf_unref(&big);
    end_world(&world);
}

static void write_past_the_limit(struct world *world)
{
    struct ph_slice slice = ph_slice_of(create_big());

    assert_int_equal(ph_tcp_conn_write(world->server.conn, &slice, 1), PH_ELIMIT);
    assert_null(slice.buf);
    assert_int_equal(world->server.closes, 0);
}

static void a_full_queue_ends_the_connection(void **state)
{
    struct world world = {.write_limit = 1000, .on_accepted = write_past_the_limit};

    (void)state;
    run_world(&world);
    while (world.server.closes == 0) {
        ph_loop_run(world.loop);
    }
    assert_int_equal(world.server.closes, 1);
    assert_int_equal(world.server.close_err, PH_ELIMIT);
    end_world(&world);
}

static void write_and_close(struct world *world)
{
    struct ph_slice slice = ph_slice_of(create_big());

    assert_int_equal(ph_tcp_conn_write(world->server.conn, &slice, 1), PH_OK);
    ph_tcp_conn_close(&world->server.conn, true);
}

/* What the client says meanwhile must not turn the close into a reset that eats our last words. */
static void say_something(struct world *world)
{
    struct ph_slice slice = ph_slice_static("words that nobody reads", 23);

    assert_int_equal(ph_tcp_conn_write(world->client.conn, &slice, 1), PH_OK);
}

static void a_flushing_close_sends_everything(void **state)
{
    struct world world = {
        .write_limit = BIG_BYTES, .on_accepted = write_and_close, .on_connected = say_something};

    (void)state;
    run_world(&world);
    assert_int_equal(world.client.got, BIG_BYTES);
    assert_int_equal(world.client.closes, 1);
    assert_int_equal(world.client.close_err, PH_ECLOSED);
    assert_int_equal(world.server.closes, 0);
    end_world(&world);
}

static void close_at_once(struct world *world)
{
    ph_tcp_conn_close(&world->server.conn, false);
}

static void tells_that_the_peer_has_closed(void **state)
{
    struct world world = {.write_limit = 1000, .on_accepted = close_at_once};

    (void)state;
    run_world(&world);
    assert_int_equal(world.client.closes, 1);
    assert_int_equal(world.client.close_err, PH_ECLOSED);
    end_world(&world);
}

/* Called at both ends; acts once both are there. */
static void write_and_reset_from_client(struct world *world)
{
    static const char reply[] = "read by nobody";
    struct ph_slice to_client = ph_slice_static(reply, sizeof(reply));
    struct ph_slice to_server = ph_slice_of(ph_buf_create(RESET_BYTES));

    memset(to_server.buf->data, 0, RESET_BYTES);
    if (world->server.conn == NULL || world->client.drains == 0) {
        ph_slice_clear(&to_server);
        return;
    }
    ph_tcp_conn_pause(world->client.conn);
    assert_int_equal(ph_tcp_conn_write(world->server.conn, &to_client, 1), PH_OK);
    assert_int_equal(ph_tcp_conn_write(world->client.conn, &to_server, 1), PH_OK);
    ph_tcp_conn_close(&world->client.conn, false);
}

static void reads_what_came_before_a_reset(void **state)
{
    struct world world = {.write_limit = BIG_BYTES,
                          .on_accepted = write_and_reset_from_client,
                          .on_connected = write_and_reset_from_client};

    (void)state;
    run_world(&world);
    assert_int_equal(world.server.got, RESET_BYTES);
    assert_int_equal(world.server.closes, 1);
    assert_int_equal(world.server.close_err, PH_EIO);
    end_world(&world);
}

static void pause_and_write_from_client(struct world *world)
{
    struct ph_slice slice = ph_slice_static("abc", 3);

    assert_int_equal(ph_tcp_conn_write(world->client.conn, &slice, 1), PH_OK);
    ph_tcp_conn_close(&world->client.conn, true);
}

static void pause_server(struct world *world)
{
    ph_tcp_conn_pause(world->server.conn);
}

static void a_paused_connection_notices_that_its_peer_is_gone(void **state)
{
    struct world world = {.write_limit = 1000,
                          .on_accepted = pause_server,
                          .on_connected = pause_and_write_from_client};

    (void)state;
    run_world(&world);
    assert_int_equal(world.server.got, 0);
    assert_int_equal(world.server.closes, 1);
    assert_int_equal(world.server.close_err, PH_ECLOSED);
    end_world(&world);
}

static void a_refused_connection_is_told(void **state)
{
    struct world world = {.write_limit = 1000};
    struct ph_tcp_options options = {.write_limit = 1000};
    char address[32];

    (void)state;
    world.client.world = &world;
    assert_int_equal(ph_loop_create(&world.loop, "test"), PH_OK);
    assert_int_equal(
        ph_tcp_listen(&world.listener, world.loop, "127.0.0.1:0", &options, on_accept, &world),
        PH_OK);
    snprintf(address, sizeof(address), "127.0.0.1:%u", ph_tcp_listener_port(world.listener));
    ph_tcp_listener_close(&world.listener);
    if (ph_tcp_connect(&world.client.conn, world.loop, address, &options, &ops, &world.client) ==
        PH_OK) {
        ph_loop_run(world.loop);
        assert_int_equal(world.client.closes, 1);
        assert_int_equal(world.client.close_err, PH_EIO);
    }
    ph_loop_destroy(&world.loop);
}

static void workers_share_a_port(void **state)
{
    struct ph_tcp_options options = {.write_limit = 1000};
    struct ph_tcp_listener *first = NULL;
    struct ph_tcp_listener *second = NULL;
    struct ph_loop *loop = NULL;
    struct world world = {0};
    char address[32];

    (void)state;
    assert_int_equal(ph_loop_create(&loop, "test"), PH_OK);
    assert_int_equal(ph_tcp_listen(&first, loop, "127.0.0.1:0", &options, on_accept, &world),
                     PH_OK);
    snprintf(address, sizeof(address), "127.0.0.1:%u", ph_tcp_listener_port(first));
    assert_int_equal(ph_tcp_listen(&second, loop, address, &options, on_accept, &world), PH_OK);
    assert_int_equal(ph_tcp_listener_port(first), ph_tcp_listener_port(second));
    assert_int_equal(ph_tcp_probe(address), PH_EADDRINUSE);
    ph_tcp_listener_close(&first);
    ph_tcp_listener_close(&second);
    assert_int_equal(ph_tcp_probe(address), PH_OK);
    assert_int_equal(ph_tcp_probe("127.0.0.1"), PH_EINVAL);
    ph_loop_destroy(&loop);
}

enum { CROWD = 300, LINGERING_MAX = 256 };

static void close_gently(void *arg, struct ph_tcp_conn *conn)
{
    struct world *world = arg;

    ph_tcp_conn_close(&conn, true);
    if (++world->server.closes == CROWD) {
        ph_loop_stop(world->loop);
    }
}

static int count_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL) {
        count++;
    }
    closedir(dir);
    return count;
}

static int connect_raw(unsigned port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

/* Peers that never close their end must not take all descriptors. */
static void only_so_many_closed_connections_linger(void **state)
{
    struct ph_tcp_options options = {.write_limit = 1000};
    struct world world = {0};
    int clients[CROWD];

    (void)state;
    assert_int_equal(ph_loop_create(&world.loop, "test"), PH_OK);
    assert_int_equal(
        ph_tcp_listen(&world.listener, world.loop, "127.0.0.1:0", &options, close_gently, &world),
        PH_OK);
    for (size_t i = 0; i < CROWD; i++) {
        clients[i] = connect_raw(ph_tcp_listener_port(world.listener));
    }
    int before = count_descriptors();
    ph_loop_run(world.loop);
    assert_int_equal(count_descriptors() - before, LINGERING_MAX);
    for (size_t i = 0; i < CROWD; i++) {
        close(clients[i]);
    }
    ph_tcp_listener_close(&world.listener);
    ph_loop_destroy(&world.loop);
}

static void note_peer(void *arg, struct ph_tcp_conn *conn)
{
    struct world *world = arg;

    snprintf(world->peer, sizeof(world->peer), "%s", ph_tcp_conn_peer(conn));
    ph_tcp_conn_close(&conn, false);
    ph_loop_stop(world->loop);
}

static void an_ipv4_peer_looks_the_same_on_an_ipv6_socket(void **state)
{
    struct ph_tcp_options options = {.write_limit = 1000};
    struct world world = {0};
    int err;

    (void)state;
    assert_int_equal(ph_loop_create(&world.loop, "test"), PH_OK);
    err = ph_tcp_listen(&world.listener, world.loop, "*:0", &options, note_peer, &world);
    if (err == PH_OK) {
        int client = connect_raw(ph_tcp_listener_port(world.listener));
        ph_loop_run(world.loop);
        if (strncmp(world.peer, "127.0.0.1:", 10) != 0) {
            fail_msg("peer shown as %s", world.peer);
        }
        close(client);
        ph_tcp_listener_close(&world.listener);
    }
    ph_loop_destroy(&world.loop);
    if (err != PH_OK) {
        skip(); /* a machine without IPv6 */
    }
}

static void knows_addresses(void **state)
{
    static const char *const valid[] = {"127.0.0.1:80", "0.0.0.0:0",      "[::]:65535",
                                        "*:8080",       "localhost:1935", "[2001:db8::1]:1"};
    static const char *const invalid[] = {"",     "127.0.0.1",    "127.0.0.1:",  "127.0.0.1:65536",
                                          ":80",  "::1:80",       "[::1:80",     "127.0.0.1:-1",
                                          "a:80", "256.0.0.1:80", "127.0.0.1:8x"};

    struct sockaddr_storage parsed;

    (void)state;
    for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
        if (ph_address_parse(&parsed, valid[i]) != PH_OK) {
            fail_msg("refused: %s", valid[i]);
        }
    }
    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
        if (ph_address_parse(&parsed, invalid[i]) == PH_OK) {
            fail_msg("accepted: %s", invalid[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_more_than_the_kernel_takes_at_once),
        cmocka_unit_test(a_full_queue_ends_the_connection),
        cmocka_unit_test(a_flushing_close_sends_everything),
        cmocka_unit_test(tells_that_the_peer_has_closed),
        cmocka_unit_test(reads_what_came_before_a_reset),
        cmocka_unit_test(a_paused_connection_notices_that_its_peer_is_gone),
        cmocka_unit_test(a_refused_connection_is_told),
        cmocka_unit_test(workers_share_a_port),
        cmocka_unit_test(only_so_many_closed_connections_linger),
        cmocka_unit_test(an_ipv4_peer_looks_the_same_on_an_ipv6_socket),
        cmocka_unit_test(knows_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
