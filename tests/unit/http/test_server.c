/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server over real sockets: its loop runs in a thread, the test is a blocking client. What
 * is done to the server from here is posted to its loop and waited for.
 */
#include "http/server.h"

#include "blocking_client.h"
#include "loop_errand.h"

#include <phien/core/log.h>
#include <phien/core/mem.h>

#include <poll.h>
#include <semaphore.h>

enum {
    BODY_LIMIT = 1000,
    BIG_BYTES = 24 * 1024 * 1024,
    BIG_SLICES = 100,
};

#define COMMON "Access-Control-Allow-Origin: *\r\nX-Common: yes\r\n"

static struct fixture {
    struct ph_loop *loop;
    struct ph_router *router;
    struct ph_http_server *server;
    struct ph_stats stats;
    struct ph_buf *big;
    struct ph_http_exchange *held; /* of the handler below */
    sem_t held_up;
    sem_t aborted;
    sem_t drained;
    sem_t cut; /* a connection was cut, says the log */
} fixture;

static void on_loop(void (*call)(void))
{
    loop_errand_run(fixture.loop, call);
}

static void on_hello(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                     void *arg)
{
    (void)params;
    (void)arg;
    ph_http_respond_text(exchange, 200, "text/plain", "hello");
}

static void on_echo(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                    void *arg)
{
    const struct ph_http_request *request = ph_http_exchange_request(exchange);
    struct ph_slice body = ph_slice_of(ph_buf_copy(request->body, request->body_len));
    struct ph_http_response response = {
        .status = 201, .content_type = request->content_type, .body = &body, .body_count = 1};

    (void)params;
    (void)arg;
    ph_http_respond(exchange, &response);
}

static void on_peer(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                    void *arg)
{
    (void)params;
    (void)arg;
    ph_http_respond_text(exchange, 200, "text/plain", ph_http_exchange_request(exchange)->peer_ip);
}

static void on_big(struct ph_http_exchange *exchange, const struct ph_http_param *params, void *arg)
{
    struct ph_slice slices[BIG_SLICES];
    struct ph_http_response response = {.status = 200,
                                        .content_type = "video/mp4",
                                        .etag = "\"big\"",
                                        .allow_ranges = true,
                                        .body = slices,
                                        .body_count = BIG_SLICES};
    size_t at = 0;

    (void)params;
    (void)arg;
    for (size_t i = 0; i < BIG_SLICES; i++) {
        size_t end = fixture.big->len * (i + 1) / BIG_SLICES;
        slices[i] = (struct ph_slice){
            .buf = ph_buf_ref(fixture.big), .data = fixture.big->data + at, .len = end - at};
        at = end;
    }
    ph_http_respond(exchange, &response);
}

static void on_abort(void *arg)
{
    (void)arg;
    fixture.held = NULL;
    sem_post(&fixture.aborted);
}

static void on_held(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                    void *arg)
{
    (void)params;
    (void)arg;
    fixture.held = exchange;
    ph_http_exchange_on_abort(exchange, on_abort, NULL);
    sem_post(&fixture.held_up);
}

static void answer_held(void)
{
    struct ph_http_exchange *exchange = fixture.held;

    fixture.held = NULL;
    ph_http_respond_text(exchange, 200, "text/plain", "held");
}

static struct ph_router *make_router(void)
{
    struct ph_router *router = ph_router_create();

    ph_router_add(router, 1u << PH_HTTP_GET, "/hello", on_hello, NULL);
    ph_router_add(router, 1u << PH_HTTP_GET, "/big", on_big, NULL);
    ph_router_add(router, 1u << PH_HTTP_GET, "/held", on_held, NULL);
    ph_router_add(router, 1u << PH_HTTP_GET, "/peer", on_peer, NULL);
    ph_router_add(router, 1u << PH_HTTP_PUT, "/echo", on_echo, NULL);
    return router;
}

static void on_log(void *arg, const char *line)
{
    (void)arg;
    if (strstr(line, "event=http.cut ") != NULL) {
        sem_post(&fixture.cut);
    }
}

static int start(unsigned max_connections, const struct ph_http_timeouts *timeouts, ph_usec drain)
{
    const struct ph_http_server_options options = {.listen = "127.0.0.1:0",
                                                   .common_headers = COMMON,
                                                   .body_limit = BODY_LIMIT,
                                                   .max_connections = max_connections};

    memset(&fixture, 0, sizeof(fixture));
    sem_init(&fixture.held_up, 0, 0);
    sem_init(&fixture.aborted, 0, 0);
    sem_init(&fixture.drained, 0, 0);
    sem_init(&fixture.cut, 0, 0);
    ph_log_divert(on_log, NULL);
    ph_log_setup(PH_LOG_DEBUG, PH_LOG_FORMAT_TEXT);
    fixture.big = ph_buf_create(BIG_BYTES);
    for (size_t i = 0; i < BIG_BYTES; i++) {
        fixture.big->data[i] = (uint8_t)(i * 2654435761u >> 24);
    }
    fixture.router = make_router();
    assert_int_equal(ph_loop_create(&fixture.loop, "test"), PH_OK);
    assert_int_equal(ph_http_server_create(&fixture.server, fixture.loop, &options, fixture.router,
                                           &fixture.stats),
                     PH_OK);
    if (timeouts != NULL) {
        ph_http_server_set_timeouts(fixture.server, timeouts, drain);
    }
    return ph_loop_start(fixture.loop);
}

static int setup(void **state)
{
    (void)state;
    return start(0, NULL, 0);
}

/* One timeout is short, the others are longer than any test. */
static const struct ph_http_timeouts long_ones = {.idle = 100 * PH_USEC_PER_S,
                                                  .head = 100 * PH_USEC_PER_S,
                                                  .body = 100 * PH_USEC_PER_S,
                                                  .stall = 100 * PH_USEC_PER_S,
                                                  .send = 100 * PH_USEC_PER_S};
enum { SHORT_US = 60 * 1000 };

static int setup_short_idle(void **state)
{
    struct ph_http_timeouts timeouts = long_ones;

    (void)state;
    timeouts.idle = SHORT_US;
    return start(0, &timeouts, SHORT_US);
}

static int setup_short_head(void **state)
{
    struct ph_http_timeouts timeouts = long_ones;

    (void)state;
    timeouts.head = SHORT_US;
    return start(0, &timeouts, SHORT_US);
}

static int setup_short_body(void **state)
{
    struct ph_http_timeouts timeouts = long_ones;

    (void)state;
    timeouts.body = SHORT_US;
    return start(0, &timeouts, SHORT_US);
}

static int setup_short_send(void **state)
{
    struct ph_http_timeouts timeouts = long_ones;

    (void)state;
    timeouts.send = SHORT_US;
    return start(0, &timeouts, SHORT_US);
}

static int setup_short_stall(void **state)
{
    struct ph_http_timeouts timeouts = long_ones;

    (void)state;
    timeouts.stall = SHORT_US;
    return start(0, &timeouts, SHORT_US);
}

static int setup_two_connections(void **state)
{
    (void)state;
    return start(2, NULL, 0);
}

static void destroy_server(void)
{
    ph_http_server_destroy(&fixture.server);
}

static int teardown(void **state)
{
    (void)state;
    on_loop(destroy_server);
    ph_loop_stop(fixture.loop);
    ph_loop_join(fixture.loop);
    ph_loop_destroy(&fixture.loop);
    ph_router_destroy(&fixture.router);
    /* Every slice of every answer was given back, sent or not. */
    int64_t open = atomic_load(&fixture.stats.value[PH_STAT_HTTP_CONNECTIONS]);
    bool is_even = atomic_load(&fixture.big->refs) == 1 && open == 0;
    ph_buf_unref(&fixture.big);
    sem_destroy(&fixture.held_up);
    sem_destroy(&fixture.aborted);
    sem_destroy(&fixture.drained);
    sem_destroy(&fixture.cut);
    ph_log_divert(NULL, NULL);
    ph_log_setup(PH_LOG_INFO, PH_LOG_FORMAT_TEXT);
    return is_even ? 0 : -1;
}

static int dial(void)
{
    return client_connect(ph_http_server_port(fixture.server));
}

static void nothing(void)
{
}

static int64_t stat(enum ph_stat which)
{
    on_loop(nothing);
    return atomic_load(&fixture.stats.value[which]);
}

static void a_connection_carries_many_requests(void **state)
{
    (void)state;
    static const char bytes[] = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
    struct answer answer;
    int fd = dial();

    client_get(fd, "/hello");
    client_read(fd, &answer);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "hello");
    assert_string_equal(client_header(&answer, "Content-Type"), "text/plain");
    assert_string_equal(client_header(&answer, "X-Common"), "yes");
    assert_string_equal(client_header(&answer, "Cache-Control"), "no-store");
    assert_int_equal(strlen(client_header(&answer, "Date")), 29);
    client_drop(&answer);
    for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
        client_send_bytes(fd, bytes + i, 1);
    }
    client_expect(fd, 200, "hello");
    client_get(fd, "/peer");
    client_expect(fd, 200, "127.0.0.1");
    assert_int_equal(stat(PH_STAT_HTTP_200), 3);
    assert_int_equal(stat(PH_STAT_HTTP_CONNECTIONS), 1);
    assert_true(stat(PH_STAT_HTTP_BYTES) > 3 * 100);
    close(fd);
}

static void every_status_has_the_common_headers(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        int status;
    } rows[] = {
        {"OPTIONS /hello HTTP/1.1\r\nHost: a\r\n\r\n", 204},
        {"GET /none HTTP/1.1\r\nHost: a\r\n\r\n", 404},
        {"PUT /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", 405},
        {"GET /big HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"big\"\r\n\r\n", 304},
        {"GET /big HTTP/1.1\r\nHost: a\r\nRange: bytes=99999999-\r\n\r\n", 416},
        {"GET /big HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\n\r\n", 206},
        {"GET /a//b HTTP/1.1\r\nHost: a\r\n\r\n", 404}, /* from here on they close */
    };
    int fd = dial();

    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        struct answer answer;
        client_send(fd, rows[i].request);
        client_read(fd, &answer);
        assert_int_equal(answer.status, rows[i].status);
        assert_string_equal(client_header(&answer, "Access-Control-Allow-Origin"), "*");
        client_drop(&answer);
    }
    client_expect_end(fd);
    assert_int_equal(stat(PH_STAT_HTTP_404), 2);
    assert_int_equal(stat(PH_STAT_HTTP_206), 1);
}

static void bad_requests_are_answered_and_closed(void **state)
{
    (void)state;
    struct answer answer;
    int fd = dial();

    client_get(fd, "/hello");
    client_send(fd, "\x16\x03\x01\x02");
    client_expect(fd, 200, "hello");
    client_read(fd, &answer);
    assert_int_equal(answer.status, 400);
    assert_string_equal(client_header(&answer, "Content-Type"), "application/problem+json");
    assert_string_equal(client_header(&answer, "Connection"), "close");
    assert_string_equal(client_header(&answer, "X-Common"), "yes");
    assert_non_null(strstr(answer.body, "\"status\":400"));
    client_drop(&answer);
    client_expect_end(fd);
    assert_int_equal(stat(PH_STAT_HTTP_400), 1);
}

static void head_sends_no_body(void **state)
{
    (void)state;
    struct answer answer;
    int fd = dial();

    client_send(fd, "HEAD /big HTTP/1.1\r\nHost: a\r\n\r\n");
    client_read_head(fd, &answer);
    assert_int_equal(answer.status, 200);
    assert_int_equal(strtol(client_header(&answer, "Content-Length"), NULL, 10), BIG_BYTES);
    client_get(fd, "/hello");
    client_expect(fd, 200, "hello");
    close(fd);
}

static void versions_close_as_they_should(void **state)
{
    (void)state;
    struct answer answer;
    int fd = dial();

    client_send(fd, "GET /hello HTTP/1.0\r\n\r\n");
    client_expect(fd, 200, "hello");
    client_expect_end(fd);

    fd = dial();
    client_send(fd, "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    client_read(fd, &answer);
    assert_string_equal(client_header(&answer, "Connection"), "keep-alive");
    client_drop(&answer);
    client_send(fd, "GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    client_read(fd, &answer);
    assert_string_equal(client_header(&answer, "Connection"), "close");
    assert_memory_equal(answer.body, fixture.big->data, BIG_BYTES);
    client_drop(&answer);
    client_expect_end(fd);
}

static void bodies_are_read(void **state)
{
    (void)state;
    struct answer answer;
    int fd = dial();

    client_send(fd, "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/x\r\n"
                    "Content-Length: 5\r\n\r\nab");
    client_send(fd, "cde");
    client_read(fd, &answer);
    assert_string_equal(client_header(&answer, "Content-Type"), "text/x");
    assert_string_equal(answer.body, "abcde");
    client_drop(&answer);
    client_send(fd, "PUT /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n");
    client_expect(fd, 100, NULL);
    client_send(fd, "3\r\nxyz\r\n0\r\n\r\n");
    client_expect(fd, 201, "xyz");
    close(fd);
}

static void a_body_too_large_still_gets_its_answer(void **state)
{
    (void)state;
    enum { BODY_BYTES = 200000 };
    char *body = calloc(1, BODY_BYTES);
    int fd = dial();

    /* The client sends all of it before it looks: a reset must not take the answer away. */
    client_send(fd, "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n");
    client_send_bytes(fd, body, BODY_BYTES);
    client_expect(fd, 413, NULL);
    client_expect_end(fd);
    free(body);
}

static void large_answers_arrive_whole(void **state)
{
    (void)state;
    struct answer answer;
    int fd = dial();

    for (int i = 0; i < 2; i++) {
        client_get(fd, "/big");
        client_read(fd, &answer);
        assert_int_equal(answer.len, BIG_BYTES);
        assert_memory_equal(answer.body, fixture.big->data, BIG_BYTES);
        client_drop(&answer);
    }
    client_send(fd, "GET /big HTTP/1.1\r\nHost: a\r\nRange: bytes=1000000-2999999\r\n\r\n");
    client_read(fd, &answer);
    assert_int_equal(answer.status, 206);
    assert_int_equal(answer.len, 2000000);
    assert_memory_equal(answer.body, fixture.big->data + 1000000, 2000000);
    client_drop(&answer);
    close(fd);
}

static void answers_keep_the_order_of_requests(void **state)
{
    (void)state;
    int fd = dial();

    client_send(fd, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\nGET /held HTTP/1.1\r\nHost: a\r\n\r\n"
                    "GET /peer HTTP/1.1\r\nHost: a\r\n\r\nGET /held HTTP/1.1\r\nHost: a\r\n\r\n"
                    "GET /hel");
    client_expect(fd, 200, "hello");
    sem_wait(&fixture.held_up);
    client_send(fd, "lo HTTP/1.1\r\nHost: a\r\n\r\n");
    on_loop(answer_held);
    client_expect(fd, 200, "held");
    client_expect(fd, 200, "127.0.0.1");
    sem_wait(&fixture.held_up);
    on_loop(answer_held);
    client_expect(fd, 200, "held");
    client_expect(fd, 200, "hello");
    close(fd);
}

static void what_is_sent_ahead_is_limited(void **state)
{
    (void)state;
    enum { AHEAD_BYTES_MAX = 64 * 1024 * 1024, REQUEST_BYTES = 8000 };
    static const char start_line[] = "GET /hello HTTP/1.1\r\nHost: a\r\nX: ";
    char request[REQUEST_BYTES];
    size_t sent = 0;
    int fd = dial();

    memset(request, 'x', sizeof(request));
    memcpy(request, start_line, sizeof(start_line) - 1);
    memcpy(request + sizeof(request) - 4, "\r\n\r\n", 4);
    client_get(fd, "/held");
    sem_wait(&fixture.held_up);
    for (;;) {
        size_t at = sent % REQUEST_BYTES;
        ssize_t got = send(fd, request + at, REQUEST_BYTES - at, MSG_DONTWAIT | MSG_NOSIGNAL);
        struct pollfd ready = {.fd = fd, .events = POLLOUT};
        if (got > 0) {
            sent += (size_t)got;
            assert_true(sent < AHEAD_BYTES_MAX);
        } else if (poll(&ready, 1, 100) == 0) {
            break; /* all buffers between us are full, and stay so */
        }
    }
    on_loop(answer_held);
    client_expect(fd, 200, "held");
    for (size_t i = 0; i < sent / REQUEST_BYTES; i++) {
        client_expect(fd, 200, "hello");
    }
    client_send_bytes(fd, request + sent % REQUEST_BYTES, REQUEST_BYTES - sent % REQUEST_BYTES);
    client_expect(fd, 200, "hello");
    close(fd);
}

static void a_client_that_leaves_is_noticed(void **state)
{
    (void)state;
    int fd = dial();

    client_get(fd, "/held");
    sem_wait(&fixture.held_up);
    close(fd);
    sem_wait(&fixture.aborted);
    assert_null(fixture.held);
    assert_int_equal(stat(PH_STAT_HTTP_CONNECTIONS), 0);
}

static void a_client_that_leaves_is_noticed_behind_what_it_sent_ahead(void **state)
{
    (void)state;
    char *filler = malloc(100000);
    int fd = dial();

    memset(filler, 'x', 100000);
    client_get(fd, "/held");
    sem_wait(&fixture.held_up);
    client_send_bytes(fd, filler, 100000);
    close(fd);
    sem_wait(&fixture.aborted);
    free(filler);
}

static void idle_connections_are_closed(void **state)
{
    (void)state;
    int fd = dial();

    client_get(fd, "/hello");
    client_expect(fd, 200, "hello");
    client_expect_end(fd);
    client_expect_end(dial());
}

static void slow_heads_time_out(void **state)
{
    (void)state;
    int fd = dial();

    client_get(fd, "/hello");
    client_expect(fd, 200, "hello");
    client_send(fd, "GET /hello HTTP/1.1\r\nHost: a\r\n");
    client_expect(fd, 408, NULL);
    client_expect_end(fd);
}

static void slow_bodies_time_out(void **state)
{
    (void)state;
    int fd = dial();

    client_send(fd, "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
    client_expect(fd, 408, NULL);
    client_expect_end(fd);
}

static void clients_that_do_not_read_are_cut(void **state)
{
    (void)state;
    struct answer answer;
    int fd = dial();

    client_get(fd, "/big");
    client_read_head(fd, &answer);
    /* Nothing more is read until the server has given up. */
    sem_wait(&fixture.cut);
    assert_int_equal(stat(PH_STAT_WRITE_QUEUE_DROPS), 1);
    assert_int_equal(stat(PH_STAT_HTTP_CONNECTIONS), 0);
    close(fd);
}

/* However steadily they read: what they wait for is held in memory. */
static void clients_that_read_too_slowly_are_cut(void **state)
{
    (void)state;
    char byte;
    int fd = dial();

    client_get(fd, "/big");
    while (sem_trywait(&fixture.cut) != 0) {
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        poll(&readable, 1, 1);
        (void)!read(fd, &byte, 1);
    }
    assert_int_equal(stat(PH_STAT_WRITE_QUEUE_DROPS), 1);
    close(fd);
}

static void connections_over_the_limit_are_closed(void **state)
{
    (void)state;
    int first = dial();
    int second = dial();

    client_get(first, "/hello");
    client_expect(first, 200, "hello");
    client_get(second, "/hello");
    client_expect(second, 200, "hello");
    client_expect_end(dial());
    client_get(first, "/hello");
    client_expect(first, 200, "hello");
    close(first);
    close(second);
}

static void on_drained(void *arg)
{
    sem_post(arg);
}

static void drain(void)
{
    ph_http_server_drain(fixture.server, on_drained, &fixture.drained);
}

static void draining_ends_idle_ones_and_lets_answers_finish(void **state)
{
    (void)state;
    struct answer answer;
    int idle = dial();
    int held = dial();
    int half = dial();
    int big = dial();

    client_get(idle, "/hello");
    client_expect(idle, 200, "hello");
    client_get(held, "/held");
    sem_wait(&fixture.held_up);
    client_get(half, "/hello");
    client_expect(half, 200, "hello");
    client_send(half, "GET /hello HTTP/1.1\r\n");
    client_get(big, "/big");
    client_read_head(big, &answer);
    assert_int_equal(stat(PH_STAT_HTTP_CONNECTIONS), 4);
    on_loop(drain);
    client_expect_end(idle);
    client_send(half, "Host: a\r\n\r\n");
    client_read(half, &answer);
    assert_string_equal(client_header(&answer, "Connection"), "close");
    client_drop(&answer);
    client_expect_end(half);
    on_loop(answer_held);
    client_read(held, &answer);
    assert_string_equal(client_header(&answer, "Connection"), "close");
    assert_string_equal(answer.body, "held");
    client_drop(&answer);
    client_expect_end(held);
    char *rest = malloc(BIG_BYTES);
    for (size_t at = 0; at < BIG_BYTES;) {
        ssize_t got = TEMP_FAILURE_RETRY(recv(big, rest + at, BIG_BYTES - at, 0));
        assert_true(got > 0);
        at += (size_t)got;
    }
    assert_memory_equal(rest, fixture.big->data, BIG_BYTES);
    free(rest);
    client_expect_end(big);
    sem_wait(&fixture.drained);
}

static void draining_an_empty_server_is_done_at_once(void **state)
{
    (void)state;
    on_loop(drain);
    sem_wait(&fixture.drained);
}

static void draining_cuts_what_takes_too_long(void **state)
{
    (void)state;
    int fd = dial();

    client_get(fd, "/held");
    sem_wait(&fixture.held_up);
    on_loop(drain);
    sem_wait(&fixture.aborted);
    sem_wait(&fixture.drained);
    client_expect_end(fd);
    assert_int_equal(stat(PH_STAT_HTTP_CONNECTIONS), 0);
}

static void a_server_is_destroyed_with_all_it_has(void **state)
{
    (void)state;
    int idle = dial();
    int held = dial();
    int big = dial();
    struct answer answer;

    client_get(idle, "/hello");
    client_expect(idle, 200, "hello");
    client_get(held, "/held");
    sem_wait(&fixture.held_up);
    client_get(big, "/big");
    client_read_head(big, &answer);
    on_loop(destroy_server);
    sem_wait(&fixture.aborted);
    client_expect_end(idle);
    client_expect_end(held);
    close(big);
}

static void a_bad_address_is_refused(void **state)
{
    (void)state;
    const struct ph_http_server_options options = {.listen = "nowhere"};
    struct ph_http_server *server = NULL;
    struct ph_loop *loop;

    assert_int_equal(ph_loop_create(&loop, "test"), PH_OK);
    assert_int_equal(ph_http_server_create(&server, loop, &options, NULL, NULL), PH_EINVAL);
    assert_null(server);
    ph_loop_destroy(&loop);
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(a_connection_carries_many_requests),
        SERVED(every_status_has_the_common_headers),
        SERVED(bad_requests_are_answered_and_closed),
        SERVED(head_sends_no_body),
        SERVED(versions_close_as_they_should),
        SERVED(bodies_are_read),
        SERVED(a_body_too_large_still_gets_its_answer),
        SERVED(large_answers_arrive_whole),
        SERVED(answers_keep_the_order_of_requests),
        SERVED(what_is_sent_ahead_is_limited),
        SERVED(a_client_that_leaves_is_noticed),
        SERVED(a_client_that_leaves_is_noticed_behind_what_it_sent_ahead),
        cmocka_unit_test_setup_teardown(idle_connections_are_closed, setup_short_idle, teardown),
        cmocka_unit_test_setup_teardown(slow_heads_time_out, setup_short_head, teardown),
        cmocka_unit_test_setup_teardown(slow_bodies_time_out, setup_short_body, teardown),
        cmocka_unit_test_setup_teardown(clients_that_do_not_read_are_cut, setup_short_stall,
                                        teardown),
        cmocka_unit_test_setup_teardown(clients_that_read_too_slowly_are_cut, setup_short_send,
                                        teardown),
        cmocka_unit_test_setup_teardown(connections_over_the_limit_are_closed,
                                        setup_two_connections, teardown),
        SERVED(draining_ends_idle_ones_and_lets_answers_finish),
        SERVED(draining_an_empty_server_is_done_at_once),
        cmocka_unit_test_setup_teardown(draining_cuts_what_takes_too_long, setup_short_idle,
                                        teardown),
        SERVED(a_server_is_destroyed_with_all_it_has),
        cmocka_unit_test(a_bad_address_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
