/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that go on, over real sockets: the server's loop runs in a thread, the test is a blocking
 * client and says from here what the handler sends.
 */
#include "http/exchange.h"
#include "http/server.h"

#include "blocking_client.h"
#include "loop_errand.h"

#include <phien/core/log.h>
#include <phien/http/sse.h>

#include <poll.h>

enum {
    QUEUE_LIMIT = 100 * 1000,
    EVENT_BYTES = 10 * 1000,
    STREAMS_MAX = 4,
    UPLOAD_LIMIT = 300 * 1000,
    BODY_LIMIT = 1000,
};

static struct {
    struct ph_loop *loop;
    struct ph_router *router;
    struct ph_http_server *server;
    struct ph_stats stats;
    struct ph_sse_room *room;
    struct ph_buf *event;
    struct ph_http_exchange *streams[STREAMS_MAX]; /* in the order in which they began */
    size_t begun;
    sem_t begin;
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

static void on_abort(void *arg)
{
    struct ph_http_exchange **stream = arg;

    *stream = NULL;
    sem_post(&fixture.aborted);
}

static const struct ph_http_response stream_head = {
    .status = 200, .content_type = "text/event-stream", .headers = "X-More: to come\r\n"};

static void on_stream(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                      void *arg)
{
    struct ph_http_exchange **stream = &fixture.streams[fixture.begun];
    bool is_head = ph_http_exchange_request(exchange)->method == PH_HTTP_HEAD;

    (void)params;
    (void)arg;
    ph_http_exchange_on_abort(exchange, on_abort, stream);
    ph_http_stream_begin(exchange, &stream_head, QUEUE_LIMIT);
    if (!is_head) {
        *stream = exchange;
        fixture.begun++;
        sem_post(&fixture.begin);
    }
}

/* All of a stream within its handler. */
static void on_short(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                     void *arg)
{
    struct ph_slice slices[] = {ph_slice_static("ab", 2), ph_slice_static("", 0),
                                ph_slice_static("cde", 3)};
    struct ph_slice nothing = ph_slice_of(ph_buf_create(0));

    (void)params;
    (void)arg;
    ph_http_stream_begin(exchange, &stream_head, QUEUE_LIMIT);
    ph_http_stream_send(exchange, slices, 3);
    ph_http_stream_send(exchange, &nothing, 1); /* must not end it */
    ph_http_stream_send(exchange, &(struct ph_slice){.data = (const uint8_t *)"f", .len = 1}, 1);
    ph_http_stream_end(exchange);
}

/* More than its client will ever read, within the handler. */
static void on_flood(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                     void *arg)
{
    static struct ph_http_exchange *flooded;

    (void)params;
    (void)arg;
    flooded = exchange;
    ph_http_exchange_on_abort(exchange, on_abort, &flooded);
    ph_http_stream_begin(exchange, &stream_head, QUEUE_LIMIT);
    for (int i = 0; i < 2000; i++) {
        struct ph_slice slice = ph_slice_of(ph_buf_ref(fixture.event));
        ph_http_stream_send(exchange, &slice, 1);
    }
}

static void on_room(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                    void *arg)
{
    (void)params;
    (void)arg;
    ph_sse_room_join(fixture.room, exchange, ph_sse_format(1, "overlay", "{}"));
    sem_post(&fixture.begin);
}

static void on_upload(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                      void *arg)
{
    char text[32];

    (void)params;
    (void)arg;
    snprintf(text, sizeof(text), "%zu", ph_http_exchange_request(exchange)->body_len);
    ph_http_respond_text(exchange, 201, "text/plain", text);
}

static struct ph_router *make_router(void)
{
    struct ph_router *router = ph_router_create();

    ph_router_add(router, 1u << PH_HTTP_GET, "/hello", on_hello, NULL);
    ph_router_add(router, 1u << PH_HTTP_GET, "/stream", on_stream, NULL);
    ph_router_add(router, 1u << PH_HTTP_GET, "/short", on_short, NULL);
    ph_router_add(router, 1u << PH_HTTP_GET, "/flood", on_flood, NULL);
    ph_router_add(router, 1u << PH_HTTP_GET, "/room", on_room, NULL);
    ph_router_add(router, 1u << PH_HTTP_PUT, "/small", on_upload, NULL);
    ph_router_add_upload(router, 1u << PH_HTTP_PUT, "/upload", UPLOAD_LIMIT, on_upload, NULL);
    return router;
}

static void on_log(void *arg, const char *line)
{
    (void)arg;
    if (strstr(line, "event=http.cut ") != NULL) {
        sem_post(&fixture.cut);
    }
}

static int start(const struct ph_http_timeouts *timeouts, ph_usec drain)
{
    const struct ph_http_server_options options = {
        .listen = "127.0.0.1:0", .common_headers = "X-Common: yes\r\n", .body_limit = BODY_LIMIT};

    memset(&fixture, 0, sizeof(fixture));
    sem_init(&fixture.begin, 0, 0);
    sem_init(&fixture.aborted, 0, 0);
    sem_init(&fixture.drained, 0, 0);
    sem_init(&fixture.cut, 0, 0);
    ph_log_divert(on_log, NULL);
    ph_log_setup(PH_LOG_DEBUG, PH_LOG_FORMAT_TEXT);
    fixture.event = ph_buf_create(EVENT_BYTES);
    memset(fixture.event->data, 'e', EVENT_BYTES);
    fixture.router = make_router();
    assert_int_equal(ph_loop_create(&fixture.loop, "test"), PH_OK);
    assert_int_equal(ph_http_server_create(&fixture.server, fixture.loop, &options, fixture.router,
                                           &fixture.stats),
                     PH_OK);
    fixture.room = ph_sse_room_create(fixture.loop, &fixture.stats);
    if (timeouts != NULL) {
        ph_http_server_set_timeouts(fixture.server, timeouts, drain);
    }
    return ph_loop_start(fixture.loop);
}

static int setup(void **state)
{
    (void)state;
    return start(NULL, 0);
}

enum { SHORT_US = 30 * 1000 };

/* Whatever a connection may wait for is over soon. */
static int setup_impatient(void **state)
{
    static const struct ph_http_timeouts timeouts = {
        .idle = SHORT_US, .head = SHORT_US, .body = SHORT_US, .stall = SHORT_US, .send = SHORT_US};

    (void)state;
    return start(&timeouts, SHORT_US);
}

static void destroy_server(void)
{
    ph_sse_room_destroy(&fixture.room);
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
    /* Every slice of every stream was given back, sent or not. */
    bool is_even = atomic_load(&fixture.event->refs) == 1 &&
                   atomic_load(&fixture.stats.value[PH_STAT_HTTP_CONNECTIONS]) == 0 &&
                   atomic_load(&fixture.stats.value[PH_STAT_EVENT_READERS]) == 0;
    ph_buf_unref(&fixture.event);
    sem_destroy(&fixture.begin);
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

/* Begins the next stream. */
static int dial_stream(struct answer *answer)
{
    int fd = dial();

    client_get(fd, "/stream");
    client_read_head(fd, answer);
    assert_int_equal(answer->status, 200);
    sem_wait(&fixture.begin);
    return fd;
}

static void send_text(struct ph_http_exchange *stream, const char *text)
{
    struct ph_slice slice = ph_slice_of(ph_buf_copy(text, strlen(text)));

    ph_http_stream_send(stream, &slice, 1);
}

static void send_to_all(void)
{
    for (size_t i = 0; i < fixture.begun; i++) {
        if (fixture.streams[i] != NULL) {
            send_text(fixture.streams[i], "news");
        }
    }
}

static void end_all(void)
{
    for (size_t i = 0; i < fixture.begun; i++) {
        if (fixture.streams[i] != NULL) {
            ph_http_stream_end(fixture.streams[i]);
            fixture.streams[i] = NULL;
        }
    }
}

/* Exactly these bytes come next. */
static void expect_bytes(int fd, const char *wanted)
{
    char got[1024] = "";
    size_t len = strlen(wanted);

    assert_true(len < sizeof(got));
    for (size_t at = 0; at < len;) {
        ssize_t n = TEMP_FAILURE_RETRY(recv(fd, got + at, len - at, 0));
        if (n <= 0) {
            fail_msg("the connection ended behind \"%s\"", got);
        }
        at += (size_t)n;
    }
    assert_string_equal(got, wanted);
}

static void a_stream_goes_out_chunk_by_chunk(void **state)
{
    struct answer answer;

    (void)state;
    int fd = dial_stream(&answer);
    assert_string_equal(client_header(&answer, "Transfer-Encoding"), "chunked");
    assert_string_equal(client_header(&answer, "Content-Type"), "text/event-stream");
    assert_string_equal(client_header(&answer, "Cache-Control"), "no-store");
    assert_string_equal(client_header(&answer, "X-Common"), "yes");
    assert_string_equal(client_header(&answer, "X-More"), "to come");
    assert_null(strstr(answer.head, "Content-Length"));
    assert_null(strstr(answer.head, "Connection"));
    on_loop(send_to_all);
    expect_bytes(fd, "4\r\nnews\r\n");
    on_loop(send_to_all);
    expect_bytes(fd, "4\r\nnews\r\n");
    on_loop(end_all);
    expect_bytes(fd, "0\r\n\r\n");
    assert_int_equal(stat(PH_STAT_HTTP_200), 1);
    assert_int_equal(stat(PH_STAT_HTTP_BYTES), strlen(answer.head) + 2 * 9 + 5);
    client_get(fd, "/hello");
    client_expect(fd, 200, "hello");
    close(fd);
}

static void a_stream_may_end_within_its_handler(void **state)
{
    static const char requests[] = "GET /short HTTP/1.1\r\nHost: a\r\n\r\n"
                                   "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
    struct answer answer;

    (void)state;
    int fd = dial();
    client_send(fd, requests);
    client_read_head(fd, &answer);
    expect_bytes(fd, "5\r\nabcde\r\n1\r\nf\r\n0\r\n\r\n");
    client_expect(fd, 200, "hello");
    for (size_t i = 0; i < sizeof(requests) - 1; i++) {
        client_send_bytes(fd, requests + i, 1);
    }
    client_read_head(fd, &answer);
    expect_bytes(fd, "5\r\nabcde\r\n1\r\nf\r\n0\r\n\r\n");
    client_expect(fd, 200, "hello");
    close(fd);
}

static void http10_gets_bytes_until_the_end(void **state)
{
    static const char *const requests[] = {
        "GET /short HTTP/1.0\r\n\r\n",
        "GET /short HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(requests); i++) {
        struct answer answer;
        int fd = dial();
        client_send(fd, requests[i]);
        client_read_head(fd, &answer);
        assert_null(strstr(answer.head, "Transfer-Encoding"));
        assert_null(strstr(answer.head, "Content-Length"));
        assert_string_equal(client_header(&answer, "Connection"), "close");
        expect_bytes(fd, "abcdef");
        client_expect_end(fd);
    }
}

static void a_client_that_wants_no_more_is_closed_behind_the_end(void **state)
{
    struct answer answer;

    (void)state;
    int fd = dial();
    client_send(fd, "GET /short HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    client_read_head(fd, &answer);
    assert_string_equal(client_header(&answer, "Connection"), "close");
    expect_bytes(fd, "5\r\nabcde\r\n1\r\nf\r\n0\r\n\r\n");
    client_expect_end(fd);
}

static void head_gets_the_head_alone(void **state)
{
    static const char *const paths[] = {"/stream", "/room"};

    (void)state;
    int fd = dial();
    for (size_t i = 0; i < PH_ARRAY_SIZE(paths); i++) {
        struct answer answer;
        char request[64];
        snprintf(request, sizeof(request), "HEAD %s HTTP/1.1\r\nHost: a\r\n\r\n", paths[i]);
        client_send(fd, request);
        client_read_head(fd, &answer);
        assert_int_equal(answer.status, 200);
        assert_string_equal(client_header(&answer, "Content-Type"), "text/event-stream");
    }
    client_get(fd, "/hello");
    client_expect(fd, 200, "hello");
    close(fd);
    assert_int_equal(sem_trywait(&fixture.aborted), -1);
}

static void requests_behind_a_stream_wait_for_its_end(void **state)
{
    struct answer answer;

    (void)state;
    int fd = dial_stream(&answer);
    client_get(fd, "/hello");
    client_send(fd, "GET /hello HTTP/1.1\r\nHo");
    on_loop(send_to_all);
    expect_bytes(fd, "4\r\nnews\r\n");
    on_loop(end_all);
    expect_bytes(fd, "0\r\n\r\n");
    client_expect(fd, 200, "hello");
    client_send(fd, "st: a\r\n\r\n");
    client_expect(fd, 200, "hello");
    close(fd);
}

static void a_client_that_leaves_is_noticed(void **state)
{
    struct answer answer;

    (void)state;
    int stays = dial_stream(&answer);
    int leaves = dial_stream(&answer);
    close(leaves);
    sem_wait(&fixture.aborted);
    assert_null(fixture.streams[1]);
    on_loop(send_to_all);
    expect_bytes(stays, "4\r\nnews\r\n");
    assert_int_equal(stat(PH_STAT_HTTP_CONNECTIONS), 1);
    assert_int_equal(stat(PH_STAT_WRITE_QUEUE_DROPS), 0);
    close(stays);
    sem_wait(&fixture.aborted);
}

/* That its exchange is gone is told later, not from within. */
static void flood_first(void)
{
    for (int i = 0; i < 2000; i++) {
        struct ph_slice slice = ph_slice_of(ph_buf_ref(fixture.event));
        ph_http_stream_send(fixture.streams[0], &slice, 1);
        assert_non_null(fixture.streams[0]);
    }
    send_text(fixture.streams[1], "news");
}

static void a_client_that_does_not_read_is_cut(void **state)
{
    struct answer answer;

    (void)state;
    int slow = dial_stream(&answer);
    int other = dial_stream(&answer);
    on_loop(flood_first);
    sem_wait(&fixture.aborted);
    assert_null(fixture.streams[0]);
    assert_int_equal(stat(PH_STAT_WRITE_QUEUE_DROPS), 1);
    assert_int_equal(sem_trywait(&fixture.cut), 0);
    expect_bytes(other, "4\r\nnews\r\n");
    /* Nothing of what it did not read is kept. */
    assert_int_equal(atomic_load(&fixture.event->refs), 1);
    close(slow);
    close(other);
    sem_wait(&fixture.aborted);
}

static void flood_and_end(void)
{
    flood_first();
    ph_http_stream_end(fixture.streams[0]);
    fixture.streams[0] = NULL;
}

/* Nobody holds it any more, so nobody is told. */
static void a_stream_may_end_before_it_is_cut(void **state)
{
    struct answer answer;

    (void)state;
    int slow = dial_stream(&answer);
    int other = dial_stream(&answer);
    on_loop(flood_and_end);
    sem_wait(&fixture.cut);
    assert_int_equal(stat(PH_STAT_WRITE_QUEUE_DROPS), 1);
    assert_int_equal(sem_trywait(&fixture.aborted), -1);
    assert_int_equal(stat(PH_STAT_HTTP_CONNECTIONS), 1);
    close(slow);
    close(other);
    sem_wait(&fixture.aborted);
}

static void a_flood_from_within_the_handler_is_cut_too(void **state)
{
    (void)state;
    int fd = dial();

    client_get(fd, "/flood");
    sem_wait(&fixture.aborted);
    assert_int_equal(stat(PH_STAT_WRITE_QUEUE_DROPS), 1);
    assert_int_equal(atomic_load(&fixture.event->refs), 1);
    close(fd);
}

static void send_event(void)
{
    struct ph_slice slice = ph_slice_of(ph_buf_ref(fixture.event));

    ph_http_stream_send(fixture.streams[0], &slice, 1);
}

/* A little at a time, and read: however much it is in all, nobody is cut. */
static void a_client_that_reads_is_never_cut(void **state)
{
    enum { EVENTS = 100, FRAME_BYTES = EVENT_BYTES + 8 };
    struct answer answer;
    char frame[FRAME_BYTES];

    (void)state;
    int fd = dial_stream(&answer);
    for (int i = 0; i < EVENTS; i++) {
        on_loop(send_event);
        for (size_t at = 0; at < FRAME_BYTES;) {
            ssize_t got = TEMP_FAILURE_RETRY(recv(fd, frame + at, FRAME_BYTES - at, 0));
            assert_true(got > 0);
            at += (size_t)got;
        }
        assert_memory_equal(frame, "2710\r\nee", 8);
        assert_memory_equal(frame + FRAME_BYTES - 4, "ee\r\n", 4);
    }
    assert_int_equal(stat(PH_STAT_WRITE_QUEUE_DROPS), 0);
    on_loop(end_all);
    expect_bytes(fd, "0\r\n\r\n");
    close(fd);
}

/* An idle connection beside it, begun later, tells that the time has passed. */
static void silence_does_not_end_a_stream(void **state)
{
    struct answer answer;

    (void)state;
    int fd = dial_stream(&answer);
    client_expect_end(dial());
    client_expect_end(dial());
    on_loop(send_to_all);
    expect_bytes(fd, "4\r\nnews\r\n");
    on_loop(end_all);
    expect_bytes(fd, "0\r\n\r\n");
    client_expect_end(fd);
}

static void on_drained(void *arg)
{
    sem_post(arg);
}

static void drain(void)
{
    ph_http_server_drain(fixture.server, on_drained, &fixture.drained);
}

static void close_room(void)
{
    ph_sse_room_close(fixture.room);
}

static void draining_waits_for_whoever_holds_streams(void **state)
{
    struct answer answer;

    (void)state;
    int fd = dial_stream(&answer);
    int reader = dial();
    client_get(reader, "/room");
    client_read_head(reader, &answer);
    on_loop(drain);
    on_loop(send_to_all);
    expect_bytes(fd, "4\r\nnews\r\n");
    on_loop(end_all);
    expect_bytes(fd, "0\r\n\r\n");
    client_expect_end(fd);
    assert_int_equal(sem_trywait(&fixture.drained), -1);
    on_loop(close_room);
    expect_bytes(reader, "2c\r\nretry: 2000\n\nid: 1\nevent: overlay\ndata: {}\n\n\r\n0\r\n\r\n");
    client_expect_end(reader);
    sem_wait(&fixture.drained);
}

static void draining_cuts_streams_that_nobody_ends(void **state)
{
    struct answer answer;

    (void)state;
    int fd = dial_stream(&answer);
    on_loop(drain);
    sem_wait(&fixture.aborted);
    sem_wait(&fixture.drained);
    assert_null(fixture.streams[0]);
    client_expect_end(fd);
}

static void a_server_is_destroyed_with_its_streams(void **state)
{
    struct answer answer;

    (void)state;
    int fd = dial_stream(&answer);
    int reader = dial();
    client_get(reader, "/room");
    client_read_head(reader, &answer);
    on_loop(destroy_server);
    sem_wait(&fixture.aborted);
    client_expect_end(fd);
    close(reader);
}

static void send_to_room(void)
{
    struct ph_buf *event = ph_sse_format(2, "stock", "{\"sku\":\"a\"}");

    ph_sse_room_send(fixture.room, event);
    ph_buf_unref(&event);
}

static void readers_of_both_versions_hear_the_same(void **state)
{
    struct answer answer;

    (void)state;
    int chunked = dial();
    int plain = dial();
    client_get(chunked, "/room");
    client_send(plain, "GET /room HTTP/1.0\r\nHost: a\r\n\r\n");
    client_read_head(chunked, &answer);
    assert_string_equal(client_header(&answer, "X-Accel-Buffering"), "no");
    client_read_head(plain, &answer);
    sem_wait(&fixture.begin);
    sem_wait(&fixture.begin);
    assert_int_equal(stat(PH_STAT_EVENT_READERS), 2);
    on_loop(send_to_room);
    expect_bytes(chunked, "2c\r\nretry: 2000\n\nid: 1\nevent: overlay\ndata: {}\n\n\r\n"
                          "26\r\nid: 2\nevent: stock\ndata: {\"sku\":\"a\"}\n\n\r\n");
    expect_bytes(plain, "retry: 2000\n\nid: 1\nevent: overlay\ndata: {}\n\n"
                        "id: 2\nevent: stock\ndata: {\"sku\":\"a\"}\n\n");
    close(chunked);
    on_loop(close_room);
    client_expect_end(plain);
}

static void bodies_are_as_large_as_their_route_takes(void **state)
{
    char *body = calloc(1, UPLOAD_LIMIT + 1);
    char head[128];

    (void)state;
    memset(body, 'x', UPLOAD_LIMIT);
    int fd = dial();
    snprintf(head, sizeof(head), "PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n",
             UPLOAD_LIMIT);
    client_send(fd, head);
    client_send(fd, body);
    client_expect(fd, 201, "300000");
    /* In chunks, and as a client that asks first. */
    client_send(fd, "PUT /upload HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n");
    client_expect(fd, 100, NULL);
    snprintf(head, sizeof(head), "%x\r\n", UPLOAD_LIMIT);
    client_send(fd, head);
    client_send(fd, body);
    client_send(fd, "\r\n0\r\n\r\n");
    client_expect(fd, 201, "300000");
    /* The next request on the connection has its own limit again. */
    client_send(fd, "PUT /small HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n");
    client_expect(fd, 413, NULL);
    client_expect_end(fd);
    free(body);
}

static void bodies_over_their_routes_limit_are_refused(void **state)
{
    static const char *const heads[] = {
        /* Refused by their heads alone, and not told to go on. */
        "PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 300001\r\n\r\n",
        ("PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 300001\r\n"
         "Expect: 100-continue\r\n\r\n"),
        "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n",
        "PUT /upload/ HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n",
        /* As soon as a chunk is too much. */
        "PUT /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n",
    };
    char chunk[1000 + 8];

    (void)state;
    memset(chunk, 'x', 1000);
    memcpy(chunk + 1000, "\r\n1\r\nx\r\n", 8);
    for (size_t i = 0; i < PH_ARRAY_SIZE(heads); i++) {
        int fd = dial();
        client_send(fd, heads[i]);
        if (strstr(heads[i], "chunked") != NULL) {
            client_send_bytes(fd, chunk, sizeof(chunk));
        }
        client_expect(fd, 413, NULL);
        client_expect_end(fd);
    }
    assert_int_equal(stat(PH_STAT_HTTP_413), PH_ARRAY_SIZE(heads));
}

static void limit_bodies(void)
{
    ph_http_server_set_bodies_limit(fixture.server, 100 * 1000);
}

/* Whoever sends a large body while others' fill the room; small ones still get through. */
static void large_bodies_together_have_a_limit(void **state)
{
    static const char head[] = "PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n";
    enum { FIRST_BYTES = 60 * 1000, SECOND_BYTES = 70 * 1000, SMALL_BYTES = 5000 };
    char *body = calloc(1, SECOND_BYTES + 1);
    char text[128];

    (void)state;
    memset(body, 'x', SECOND_BYTES);
    on_loop(limit_bodies);
    int first = dial();
    snprintf(text, sizeof(text), head, FIRST_BYTES);
    client_send(first, text);
    client_send_bytes(first, body, FIRST_BYTES - 1);
    int second = dial();
    snprintf(text, sizeof(text), head, SECOND_BYTES);
    client_send(second, text);
    client_send_bytes(second, body, SECOND_BYTES - 1);
    /* Either may be the one that finds the room full. */
    struct pollfd answered[2] = {{.fd = first, .events = POLLIN}, {.fd = second, .events = POLLIN}};
    assert_int_equal(TEMP_FAILURE_RETRY(poll(answered, 2, CLIENT_PATIENCE_S * 1000)), 1);
    int refused = answered[0].revents != 0 ? first : second;
    int taken = refused == first ? second : first;
    client_expect(refused, 503, NULL);
    client_expect_end(refused);
    int small = dial();
    snprintf(text, sizeof(text), head, SMALL_BYTES);
    client_send(small, text);
    client_send_bytes(small, body, SMALL_BYTES);
    client_expect(small, 201, "5000");
    client_send(taken, "x");
    client_expect(taken, 201, taken == first ? "60000" : "70000");
    /* The room is free again. */
    snprintf(text, sizeof(text), head, SECOND_BYTES);
    client_send(small, text);
    client_send_bytes(small, body, SECOND_BYTES);
    client_expect(small, 201, "70000");
    close(small);
    close(taken);
    free(body);
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define IMPATIENT(test) cmocka_unit_test_setup_teardown(test, setup_impatient, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(a_stream_goes_out_chunk_by_chunk),
        SERVED(a_stream_may_end_within_its_handler),
        SERVED(http10_gets_bytes_until_the_end),
        SERVED(a_client_that_wants_no_more_is_closed_behind_the_end),
        SERVED(head_gets_the_head_alone),
        SERVED(requests_behind_a_stream_wait_for_its_end),
        SERVED(a_client_that_leaves_is_noticed),
        SERVED(a_client_that_does_not_read_is_cut),
        SERVED(a_stream_may_end_before_it_is_cut),
        SERVED(a_flood_from_within_the_handler_is_cut_too),
        SERVED(a_client_that_reads_is_never_cut),
        IMPATIENT(silence_does_not_end_a_stream),
        SERVED(draining_waits_for_whoever_holds_streams),
        IMPATIENT(draining_cuts_streams_that_nobody_ends),
        SERVED(a_server_is_destroyed_with_its_streams),
        SERVED(readers_of_both_versions_hear_the_same),
        SERVED(bodies_are_as_large_as_their_route_takes),
        SERVED(bodies_over_their_routes_limit_are_refused),
        SERVED(large_bodies_together_have_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
