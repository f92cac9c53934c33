/* SPDX-License-Identifier: Apache-2.0 */
/* Rooms whose readers are exchanges without a socket: what each was sent is written down. */
#include "http/sse.h"

#include "http/exchange.h"

#include <phien/core/mem.h>
#include <phien/net/timer.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { READERS = 4, CROWD = 1000, MOST_A_ROUND = 256, TEXT_BYTES = 2048 };

#define RETRY "retry: 2000\n\n"

struct client {
    struct ph_http_exchange exchange;
    char text[TEXT_BYTES]; /* all that it was sent, "[" and "]" around each write */
    size_t len;
    char head[256];
    size_t queue_limit;
    unsigned sends;
    bool has_ended;
};

static struct {
    struct ph_loop *loop;
    struct ph_stats stats;
    struct ph_sse_room *room;
    struct client clients[READERS];
    unsigned sends; /* to all */
    unsigned stop_after_sends;
} world;

static void say(struct client *client, const void *data, size_t len)
{
    assert_true(len < sizeof(client->text) - client->len);
    memcpy(client->text + client->len, data, len);
    client->len += len;
    client->text[client->len] = '\0';
}

static void on_begin(struct ph_http_exchange *exchange, const struct ph_http_response *response,
                     size_t queue_limit)
{
    struct client *client = ph_container_of(exchange, struct client, exchange);

    client->queue_limit = queue_limit;
    snprintf(client->head, sizeof(client->head), "%d %s %s", response->status,
             response->content_type, response->headers);
}

static void on_send(struct ph_http_exchange *exchange, struct ph_slice *slices, size_t count)
{
    struct client *client = ph_container_of(exchange, struct client, exchange);

    say(client, "[", 1);
    for (size_t i = 0; i < count; i++) {
        say(client, slices[i].data, slices[i].len);
        ph_slice_clear(&slices[i]);
    }
    say(client, "]", 1);
    client->sends++;
    if (++world.sends == world.stop_after_sends) {
        ph_loop_stop(world.loop);
    }
}

static void on_end(struct ph_http_exchange *exchange)
{
    struct client *client = ph_container_of(exchange, struct client, exchange);

    assert_false(client->has_ended);
    client->has_ended = true;
}

static const struct ph_http_exchange_ops ops = {
    .begin_stream = on_begin, .send_stream = on_send, .end_stream = on_end};

static void ask(struct client *client, enum ph_http_method method)
{
    static const struct ph_http_request requests[] = {
        [PH_HTTP_GET] = {.method = PH_HTTP_GET},
        [PH_HTTP_HEAD] = {.method = PH_HTTP_HEAD},
    };

    *client = (struct client){0};
    ph_http_exchange_init(&client->exchange, &ops);
    ph_http_exchange_open(&client->exchange, &requests[method]);
}

static void join(struct client *client, const char *first)
{
    ask(client, PH_HTTP_GET);
    ph_sse_room_join(world.room, &client->exchange,
                     first != NULL ? ph_buf_copy(first, strlen(first)) : NULL);
}

static void send_text(const char *text)
{
    struct ph_buf *event = ph_buf_copy(text, strlen(text));

    ph_sse_room_send(world.room, event);
    ph_buf_unref(&event);
}

static int set_up(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    assert_int_equal(ph_loop_create(&world.loop, "test"), PH_OK);
    world.room = ph_sse_room_create(world.loop, &world.stats);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ph_sse_room_destroy(&world.room);
    assert_null(world.room);
    assert_int_equal(world.stats.value[PH_STAT_EVENT_READERS], 0);
    ph_loop_destroy(&world.loop);
    return 0;
}

static void a_reader_is_greeted(void **state)
{
    struct client *client = world.clients;

    (void)state;
    join(client, "id: 1\n\n");
    join(client + 1, NULL);
    assert_string_equal(client->head, "200 text/event-stream X-Accel-Buffering: no\r\n");
    assert_string_equal(client->text, "[" RETRY "id: 1\n\n]");
    assert_string_equal(client[1].text, "[" RETRY "]");
    /* A long beginning must not cut a reader whose kernel has not taken it yet. */
    assert_int_equal(client->queue_limit, PH_SSE_QUEUE_BYTES_MAX + 7);
    assert_int_equal(client[1].queue_limit, PH_SSE_QUEUE_BYTES_MAX);
    assert_int_equal(ph_sse_room_count(world.room), 2);
    assert_int_equal(world.stats.value[PH_STAT_EVENT_READERS], 2);
}

static void head_is_answered_and_stays_outside(void **state)
{
    struct client *client = world.clients;

    (void)state;
    ask(client, PH_HTTP_HEAD);
    ph_sse_room_join(world.room, &client->exchange, ph_buf_copy("x", 1));
    assert_string_equal(client->head, "200 text/event-stream X-Accel-Buffering: no\r\n");
    assert_string_equal(client->text, "");
    assert_true(client->has_ended);
    assert_int_equal(ph_sse_room_count(world.room), 0);
}

static void an_event_goes_to_all_as_it_is(void **state)
{
    struct ph_buf *event = ph_buf_copy("a\n\n", 3);

    (void)state;
    ph_sse_room_send(world.room, event); /* nobody is there: kept for nobody */
    assert_int_equal(atomic_load(&event->refs), 1);
    join(&world.clients[0], NULL);
    join(&world.clients[1], NULL);
    ph_sse_room_send(world.room, event);
    join(&world.clients[2], NULL);
    send_text("b\n\n");
    assert_string_equal(world.clients[0].text, "[" RETRY "][a\n\n][b\n\n]");
    assert_string_equal(world.clients[1].text, "[" RETRY "][a\n\n][b\n\n]");
    assert_string_equal(world.clients[2].text, "[" RETRY "][b\n\n]");
    assert_int_equal(atomic_load(&event->refs), 1);
    ph_buf_unref(&event);
}

static void who_leaves_gets_nothing_more(void **state)
{
    (void)state;
    for (int i = 0; i < READERS; i++) {
        join(&world.clients[i], NULL);
    }
    ph_http_exchange_abort(&world.clients[0].exchange);
    ph_http_exchange_abort(&world.clients[2].exchange);
    ph_http_exchange_abort(&world.clients[3].exchange);
    assert_int_equal(ph_sse_room_count(world.room), 1);
    send_text("a\n\n");
    assert_string_equal(world.clients[0].text, "[" RETRY "]");
    assert_string_equal(world.clients[1].text, "[" RETRY "][a\n\n]");
    assert_string_equal(world.clients[2].text, "[" RETRY "]");
    assert_false(world.clients[0].has_ended);
    ph_http_exchange_abort(&world.clients[1].exchange);
    assert_int_equal(ph_sse_room_count(world.room), 0);
    assert_int_equal(world.stats.value[PH_STAT_EVENT_READERS], 0);
}

static struct client *make_crowd(void)
{
    struct client *crowd = ph_new_array(struct client, CROWD);

    for (int i = 0; i < CROWD; i++) {
        join(&crowd[i], NULL);
    }
    world.sends = 0;
    return crowd;
}

/* What comes in meanwhile gets its turn between the rounds. */
static void a_crowd_is_told_in_rounds(void **state)
{
    struct client *crowd = make_crowd();

    (void)state;
    send_text("a\n\n");
    assert_int_equal(world.sends, MOST_A_ROUND);
    send_text("b\n\n");
    assert_int_equal(world.sends, MOST_A_ROUND);
    /* Who comes now has seen both in its first events; who leaves does not hold up the rest. */
    join(&world.clients[0], "now\n\n");
    ph_http_exchange_abort(&crowd[0].exchange);
    ph_http_exchange_abort(&crowd[MOST_A_ROUND].exchange);
    ph_http_exchange_abort(&crowd[CROWD - 1].exchange);
    world.sends = 0;
    world.stop_after_sends = CROWD - 3; /* b alone, or both at once */
    ph_loop_run(world.loop);
    assert_string_equal(crowd[0].text, "[" RETRY "][a\n\n]");
    assert_string_equal(crowd[1].text, "[" RETRY "][a\n\n][b\n\n]");
    assert_string_equal(crowd[MOST_A_ROUND - 1].text, "[" RETRY "][a\n\n][b\n\n]");
    assert_string_equal(crowd[MOST_A_ROUND].text, "[" RETRY "]");
    assert_string_equal(crowd[MOST_A_ROUND + 1].text, "[" RETRY "][a\n\nb\n\n]");
    assert_string_equal(crowd[CROWD - 2].text, "[" RETRY "][a\n\nb\n\n]");
    assert_string_equal(world.clients[0].text, "[" RETRY "now\n\n]");
    ph_sse_room_close(world.room);
    assert_int_equal(world.sends, CROWD - 3);
    free(crowd);
}

/* Faster than the loop goes round: nothing is lost, and no more is kept than a few. */
static void many_events_in_one_round_reach_all(void **state)
{
    enum { EVENTS = 100 };
    struct client *crowd = make_crowd();
    struct ph_buf *events[EVENTS];
    unsigned kept = 0;
    char wanted[EVENTS * 4] = "";

    (void)state;
    for (int i = 0; i < EVENTS; i++) {
        char text[4];
        snprintf(text, sizeof(text), "%02d\n", i);
        strncat(wanted, text, sizeof(wanted) - strlen(wanted) - 1);
        events[i] = ph_buf_copy(text, 3);
        ph_sse_room_send(world.room, events[i]);
    }
    for (int i = 0; i < EVENTS; i++) {
        kept += atomic_load(&events[i]->refs) > 1;
    }
    assert_in_range(kept, 1, 16);
    ph_sse_room_close(world.room);
    for (int i = 0; i < CROWD; i++) {
        char got[TEXT_BYTES];
        size_t len = 0;
        for (const char *at = crowd[i].text + sizeof("[" RETRY "]") - 1; *at != '\0'; at++) {
            if (*at != '[' && *at != ']') {
                got[len++] = *at;
            }
        }
        got[len] = '\0';
        assert_string_equal(got, wanted);
        assert_true(crowd[i].has_ended);
    }
    for (int i = 0; i < EVENTS; i++) {
        assert_int_equal(atomic_load(&events[i]->refs), 1);
        ph_buf_unref(&events[i]);
    }
    free(crowd);
}

static void stop_loop(void *arg)
{
    (void)arg;
    ph_loop_stop(world.loop);
}

/* A room that goes away between two rounds takes the second along. */
static void a_room_is_destroyed_between_rounds(void **state)
{
    struct client *crowd = make_crowd();

    (void)state;
    send_text("a\n\n");
    ph_sse_room_destroy(&world.room);
    for (int i = 0; i < CROWD; i++) {
        assert_string_equal(crowd[i].text, "[" RETRY "][a\n\n]");
        assert_true(crowd[i].has_ended);
    }
    /* The round that was on its way comes, and finds nobody. */
    struct ph_timer *timer = ph_timer_create(world.loop, stop_loop, NULL);
    ph_timer_set(timer, ph_loop_now(world.loop) + 2 * PH_USEC_PER_MS);
    ph_loop_run(world.loop);
    assert_int_equal(world.sends, CROWD);
    ph_timer_destroy(&timer);
    free(crowd);
}

static void closing_ends_the_streams(void **state)
{
    (void)state;
    join(&world.clients[0], NULL);
    join(&world.clients[1], NULL);
    ph_sse_room_close(world.room);
    assert_true(world.clients[0].has_ended);
    assert_true(world.clients[1].has_ended);
    assert_int_equal(ph_sse_room_count(world.room), 0);
    send_text("a\n\n");
    assert_string_equal(world.clients[0].text, "[" RETRY "]");
    /* Whose request was under way meanwhile is told what there is, and comes back elsewhere. */
    join(&world.clients[2], "now\n\n");
    assert_string_equal(world.clients[2].text, "[" RETRY "now\n\n]");
    assert_true(world.clients[2].has_ended);
    assert_int_equal(ph_sse_room_count(world.room), 0);
}

static void the_silent_get_a_heartbeat(void **state)
{
    (void)state;
    ph_sse_room_set_heartbeat(world.room, 5 * PH_USEC_PER_MS);
    join(&world.clients[0], NULL);
    join(&world.clients[1], NULL);
    world.sends = 0;
    world.stop_after_sends = 6;
    ph_usec from = ph_clock_mono();
    ph_loop_run(world.loop);
    assert_true(ph_clock_mono() - from >= 3 * 5 * PH_USEC_PER_MS);
    assert_string_equal(world.clients[0].text, "[" RETRY "][:\n\n][:\n\n][:\n\n]");
    assert_string_equal(world.clients[1].text, "[" RETRY "][:\n\n][:\n\n][:\n\n]");
}

static void send_news(void *arg)
{
    struct ph_timer **timer = arg;

    send_text("a\n\n");
    ph_timer_set(*timer, ph_loop_now(world.loop) + 5 * PH_USEC_PER_MS);
}

/* Over several heartbeats' time, in which there was always news. */
static void those_who_hear_events_get_no_heartbeat(void **state)
{
    struct ph_timer *timer = ph_timer_create(world.loop, send_news, &timer);

    (void)state;
    ph_sse_room_set_heartbeat(world.room, 200 * PH_USEC_PER_MS);
    join(&world.clients[0], NULL);
    world.sends = 0;
    world.stop_after_sends = 100;
    ph_timer_set(timer, 0);
    ph_usec from = ph_clock_mono();
    ph_loop_run(world.loop);
    assert_true(ph_clock_mono() - from >= 2 * 200 * PH_USEC_PER_MS);
    assert_null(strstr(world.clients[0].text, ":\n\n"));
    ph_timer_destroy(&timer);
}

static void events_are_written(void **state)
{
    static const struct {
        const char *data;
        const char *wanted;
    } rows[] = {
        {"{}", "id: 12\nevent: card\ndata: {}\n\n"},
        {"", "id: 12\nevent: card\ndata: \n\n"},
        {"a\nb", "id: 12\nevent: card\ndata: a\ndata: b\n\n"},
        {"a\r\nb\rc", "id: 12\nevent: card\ndata: a\ndata: b\ndata: c\n\n"},
        {"a\n", "id: 12\nevent: card\ndata: a\ndata: \n\n"},
        {"\n\nid: 7", "id: 12\nevent: card\ndata: \ndata: \ndata: id: 7\n\n"},
        {"Cam s\xc3\xa0nh", "id: 12\nevent: card\ndata: Cam s\xc3\xa0nh\n\n"},
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        struct ph_buf *event = ph_sse_format(12, "card", rows[i].data);
        char text[128];
        snprintf(text, sizeof(text), "%.*s", (int)event->len, (const char *)event->data);
        assert_string_equal(text, rows[i].wanted);
        ph_buf_unref(&event);
    }
    struct ph_buf *last = ph_sse_format(INT64_MAX, "stock", "1");
    assert_memory_equal(last->data, "id: 9223372036854775807\n", 24);
    ph_buf_unref(&last);
}

#define ROOM(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM(a_reader_is_greeted),
        ROOM(head_is_answered_and_stays_outside),
        ROOM(an_event_goes_to_all_as_it_is),
        ROOM(who_leaves_gets_nothing_more),
        ROOM(a_crowd_is_told_in_rounds),
        ROOM(many_events_in_one_round_reach_all),
        ROOM(a_room_is_destroyed_between_rounds),
        ROOM(closing_ends_the_streams),
        ROOM(the_silent_get_a_heartbeat),
        ROOM(those_who_hear_events_get_no_heartbeat),
        cmocka_unit_test(events_are_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
