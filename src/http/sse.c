/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server-sent events (WHATWG HTML section 9.2): one event to many streams. The readers stand in
 * a row, whoever heard something goes to its end. So those who have events to come stand in front,
 * and behind them the next for a heartbeat.
 */
#include "sse.h"

#include <phien/core/bytes.h>
#include <phien/core/mem.h>
#include <phien/net/timer.h>

#include <stdlib.h>
#include <string.h>

enum {
    /* Served in one round of the loop: a millisecond or two of work. */
    READERS_A_ROUND = 256,
    /* Sent and not yet with all readers. */
    EVENTS_MAX = 16,
};

#define HEARTBEAT (15 * PH_USEC_PER_S)

struct reader {
    struct reader *prev;
    struct reader *next;
    struct ph_sse_room *room;
    struct ph_http_exchange *exchange;
    uint64_t next_event; /* the number of the first that it has not got */
    ph_usec heard_at;
};

/* Goes through the loop's mailbox to come back in its next round. */
struct round {
    struct ph_mail mail;
    struct ph_sse_room *room; /* NULL: it is gone */
};

struct ph_sse_room {
    struct ph_loop *loop;
    struct ph_stats *stats;
    struct ph_timer *timer;
    ph_usec heartbeat;
    struct reader *first;
    struct reader *last;
    size_t count;
    struct ph_buf *events[EVENTS_MAX]; /* number n at n % EVENTS_MAX */
    uint64_t events_begin;
    uint64_t events_end;
    struct round *next_round; /* NULL: all readers have all events */
    bool is_closed;
};

static void leave_row(struct reader *reader)
{
    struct ph_sse_room *room = reader->room;

    *(reader->prev != NULL ? &reader->prev->next : &room->first) = reader->next;
    *(reader->next != NULL ? &reader->next->prev : &room->last) = reader->prev;
}

static void enter_row(struct reader *reader, ph_usec now)
{
    struct ph_sse_room *room = reader->room;

    reader->next_event = room->events_end;
    reader->heard_at = now;
    reader->prev = room->last;
    reader->next = NULL;
    *(room->last != NULL ? &room->last->next : &room->first) = reader;
    room->last = reader;
}

/* Lets go of the events that everybody has got. */
static void forget_events(struct ph_sse_room *room)
{
    uint64_t needed = room->first != NULL ? room->first->next_event : room->events_end;

    while (room->events_begin < needed) {
        ph_buf_unref(&room->events[room->events_begin++ % EVENTS_MAX]);
    }
}

static void remove_reader(struct reader *reader)
{
    struct ph_sse_room *room = reader->room;

    leave_row(reader);
    free(reader);
    room->count--;
    ph_stats_add(room->stats, PH_STAT_EVENT_READERS, -1);
    forget_events(room);
}

static void on_abort(void *arg)
{
    remove_reader(arg);
}

/* All that the reader has not got, or a heartbeat, in one write. */
static void serve(struct reader *reader, ph_usec now)
{
    struct ph_sse_room *room = reader->room;
    struct ph_slice slices[EVENTS_MAX];
    size_t count = 0;

    for (uint64_t number = reader->next_event; number < room->events_end; number++) {
        slices[count++] = ph_slice_of(ph_buf_ref(room->events[number % EVENTS_MAX]));
    }
    if (count == 0) {
        slices[count++] = ph_slice_static(":\n\n", 3);
    }
    leave_row(reader);
    enter_row(reader, now);
    ph_http_stream_send(reader->exchange, slices, count);
}

static bool has_unserved(const struct ph_sse_room *room)
{
    return room->first != NULL && room->first->next_event < room->events_end;
}

/* Hands events out, to so many readers at most. */
static void serve_events(struct ph_sse_room *room, size_t readers)
{
    ph_usec now = ph_loop_now(room->loop);

    for (; readers > 0 && has_unserved(room); readers--) {
        serve(room->first, now);
    }
    forget_events(room);
}

static void run_round(struct ph_sse_room *room);

static void discard_round(struct ph_mail *mail)
{
    free(ph_container_of(mail, struct round, mail));
}

static void deliver_round(struct ph_mail *mail)
{
    struct ph_sse_room *room = ph_container_of(mail, struct round, mail)->room;

    discard_round(mail);
    if (room != NULL) {
        room->next_round = NULL;
        run_round(room);
    }
}

static void run_round(struct ph_sse_room *room)
{
    serve_events(room, READERS_A_ROUND);
    if (has_unserved(room)) {
        room->next_round = ph_new(struct round);
        *room->next_round = (struct round){
            .mail = {.deliver = deliver_round, .discard = discard_round}, .room = room};
        ph_mailbox_post(ph_loop_mailbox(room->loop), &room->next_round->mail);
    }
}

/* Not moved when somebody hears something: it goes off too early then and is set anew. */
static void arm(struct ph_sse_room *room, ph_usec earliest)
{
    if (room->first != NULL) {
        ph_usec due = room->first->heard_at + room->heartbeat;
        ph_timer_set(room->timer, due > earliest ? due : earliest);
    }
}

static void on_timer(void *arg)
{
    struct ph_sse_room *room = arg;
    ph_usec now = ph_loop_now(room->loop);

    for (size_t i = 0; i < READERS_A_ROUND && room->first != NULL &&
                       room->first->heard_at + room->heartbeat <= now;
         i++) {
        serve(room->first, now);
    }
    forget_events(room);
    arm(room, now + PH_USEC_PER_MS);
}

struct ph_sse_room *ph_sse_room_create(struct ph_loop *loop, struct ph_stats *stats)
{
    struct ph_sse_room *room = ph_new(struct ph_sse_room);

    room->loop = loop;
    room->stats = stats;
    room->timer = ph_timer_create(loop, on_timer, room);
    room->heartbeat = HEARTBEAT;
    return room;
}

void ph_sse_room_set_heartbeat(struct ph_sse_room *room, ph_usec heartbeat)
{
    room->heartbeat = heartbeat;
}

void ph_sse_room_destroy(struct ph_sse_room **ref)
{
    struct ph_sse_room *room = *ref;

    *ref = NULL;
    if (room == NULL) {
        return;
    }
    ph_sse_room_close(room);
    if (room->next_round != NULL) {
        room->next_round->room = NULL;
    }
    ph_timer_destroy(&room->timer);
    free(room);
}

/* How soon to come back, and what has happened so far. */
static void greet(struct ph_http_exchange *exchange, struct ph_buf *first)
{
    static const char retry[] = "retry: 2000\n\n";
    struct ph_slice slices[2] = {ph_slice_static(retry, sizeof(retry) - 1)};

    if (first != NULL) {
        slices[1] = ph_slice_of(first);
    }
    ph_http_stream_send(exchange, slices, first != NULL ? 2 : 1);
}

void ph_sse_room_join(struct ph_sse_room *room, struct ph_http_exchange *exchange,
                      struct ph_buf *first)
{
    static const struct ph_http_response response = {.status = 200,
                                                     .content_type = "text/event-stream",
                                                     /* nginx in front would collect events */
                                                     .headers = "X-Accel-Buffering: no\r\n"};
    bool is_head = ph_http_exchange_request(exchange)->method == PH_HTTP_HEAD;

    /* However much they are told at first, it is not held against them. */
    ph_http_stream_begin(exchange, &response,
                         PH_SSE_QUEUE_BYTES_MAX + (first != NULL ? first->len : 0));
    if (is_head) {
        ph_buf_unref(&first);
        return;
    }
    greet(exchange, first);
    if (room->is_closed) {
        /* Not an error, at which browsers would never come back. */
        ph_http_stream_end(exchange);
        return;
    }
    struct reader *reader = ph_new(struct reader);
    ph_usec now = ph_loop_now(room->loop);
    reader->room = room;
    reader->exchange = exchange;
    ph_http_exchange_on_abort(exchange, on_abort, reader);
    enter_row(reader, now);
    ph_stats_add(room->stats, PH_STAT_EVENT_READERS, 1);
    if (room->count++ == 0) {
        arm(room, now);
    }
}

void ph_sse_room_send(struct ph_sse_room *room, struct ph_buf *event)
{
    if (room->first == NULL) {
        return;
    }
    if (room->events_end - room->events_begin == EVENTS_MAX) {
        serve_events(room, SIZE_MAX);
    }
    room->events[room->events_end++ % EVENTS_MAX] = ph_buf_ref(event);
    if (room->next_round == NULL) {
        run_round(room);
    }
}

void ph_sse_room_close(struct ph_sse_room *room)
{
    serve_events(room, SIZE_MAX);
    while (room->first != NULL) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): who was removed is not the first any more */
        struct ph_http_exchange *exchange = room->first->exchange;
        remove_reader(room->first);
        ph_http_stream_end(exchange);
    }
    room->is_closed = true;
}

size_t ph_sse_room_count(const struct ph_sse_room *room)
{
    return room->count;
}

/* One line of data; returns what stands behind its end, NULL if it was the last. */
static const char *write_line(struct ph_writer *out, const char *data)
{
    size_t len = strcspn(data, "\r\n");
    const char *rest = data + len;

    ph_write_text(out, "data: ");
    ph_write_bytes(out, data, len);
    ph_write_u8(out, '\n');
    if (*rest == '\0') {
        return NULL;
    }
    return rest[0] == '\r' && rest[1] == '\n' ? rest + 2 : rest + 1;
}

struct ph_buf *ph_sse_format(int64_t id, const char *event, const char *data)
{
    struct ph_writer out;

    PH_ASSERT(event[strcspn(event, "\r\n")] == '\0');
    ph_writer_init(&out, SIZE_MAX);
    ph_write_format(&out, "id: %lld\nevent: %s\n", (long long)id, event);
    while (data != NULL) {
        data = write_line(&out, data);
    }
    ph_write_u8(&out, '\n');
    struct ph_buf *buf = ph_writer_take(&out);
    PH_ASSERT(buf != NULL);
    return buf;
}
