/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SRT thread: accepts callers, reads what libsrt has for them, keeps their deadlines, and
 * takes the mails of the other threads.
 *
 * libsrt's epoll can wait for nothing but libsrt, and wakes for every single packet, since each
 * has a time of its own at which it is due. So the thread waits for its mailbox instead, looks
 * for what is ready every few milliseconds while somebody is connected, and sleeps when nobody
 * is: the mail of the first caller wakes it.
 */
#include "connection.h"
#include "library.h"

#include <phien/core/log.h>
#include <phien/core/log_limit.h>
#include <phien/core/mem.h>
#include <phien/ingest/srt.h>
#include <phien/net/thread.h>

#include <srt/srt.h>
#include <stdlib.h>
#include <uthash.h>

/* Between two looks: a tenth of a frame's time at 20 frames a second. */
#define BEAT (5 * PH_USEC_PER_MS)

/* A handshake that was let pass ends at once, one way or the other. */
#define HANDSHAKE_TIMEOUT (10 * PH_USEC_PER_S)

enum { EVENTS_A_TURN = 256 };

struct seat {
    int socket;
    struct ph_srt_connection *connection;
    bool is_watched; /* by libsrt's epoll */
    UT_hash_handle hh;
};

struct ph_srt_server {
    struct ph_srt_shared shared;
    struct ph_srt_listener *listener;
    struct ph_thread thread;
    int epoll;
    struct seat *seats;
    struct ph_srt_call *calls; /* welcome, and not yet accepted */
    ph_usec calls_until;
    struct ph_log_limit refusals; /* their lines */

    struct ph_mail drain;
    void (*on_drained)(void *arg);
    void *drained_arg;
};

/* ---- seats ---- */

static void watch(struct ph_srt_server *server, int socket)
{
    int events = SRT_EPOLL_IN | SRT_EPOLL_ERR;

    srt_epoll_add_usock(server->epoll, socket, &events);
}

static void seat_connection(struct ph_srt_server *server, struct ph_srt_connection *connection)
{
    struct seat *seat = ph_new(struct seat);

    seat->socket = ph_srt_connection_socket(connection);
    seat->connection = connection;
    seat->is_watched = true;
    watch(server, seat->socket);
    HASH_ADD_INT(server->seats, socket, seat);
}

static void unwatch(struct ph_srt_server *server, struct seat *seat)
{
    if (seat->is_watched) {
        seat->is_watched = false;
        srt_epoll_remove_usock(server->epoll, seat->socket);
    }
}

static void clear_seat(struct ph_srt_server *server, struct seat *seat)
{
    unwatch(server, seat);
    HASH_DEL(server->seats, seat); /* NOLINT(clang-analyzer-unix.Malloc): not yet freed */
    ph_srt_connection_destroy(&seat->connection);
    free(seat);
}

/* ---- callers ---- */

static void log_refusal(struct ph_srt_server *server, const struct ph_srt_call *call,
                        const char *detail)
{
    const struct ph_srt_verdict *verdict = &call->verdict;

    ph_stats_closed(server->shared.stats, verdict->refusal);
    if (!ph_log_limit_take(&server->refusals, "srt.refused", ph_clock_mono())) {
        return;
    }
    ph_log_warn("srt.refused",
                ph_kv("channel", verdict->entry != NULL ? verdict->entry->conf->name : NULL),
                ph_kv("peer", call->peer), ph_kv("reason", ph_close_reason_name(verdict->refusal)),
                ph_kv("detail", detail != NULL ? detail : ph_close_reason_text(verdict->refusal)),
                ph_kv("streamid", call->streamid), ph_kv("hint", verdict->hint));
}

/* libsrt has broken the handshake off. */
static void refuse_by_library(struct ph_srt_server *server, struct ph_srt_call *call)
{
    char word[24];
    bool is_known = ph_srt_library_rejection(call->socket, word, sizeof(word));
    const char *passphrase = ph_conf_srt_passphrase(server->shared.conf, call->verdict.entry->conf);

    if (is_known ? strcmp(word, "BADSECRET") == 0 : *passphrase != '\0') {
        ph_srt_access_refuse(&call->verdict, PH_CLOSE_BAD_PASSPHRASE,
                             "compare the passphrase in the app with the channel's");
        log_refusal(server, call, is_known ? "the SRT passphrase is wrong" : NULL);
    } else if (is_known && strcmp(word, "UNSECURE") == 0) {
        ph_srt_access_refuse(&call->verdict, PH_CLOSE_BAD_PASSPHRASE,
                             *passphrase != '\0'
                                 ? "set the channel's passphrase in the app"
                                 : "remove the passphrase from the app, or set srt_passphrase");
        log_refusal(server, call,
                    *passphrase != '\0' ? "the app has no SRT passphrase"
                                        : "the app has an SRT passphrase, the channel has none");
    } else {
        ph_srt_access_refuse(&call->verdict, PH_CLOSE_PROTOCOL,
                             "set the app to SRT's live mode with its default options");
        log_refusal(server, call, is_known ? word : NULL);
    }
}

/* The callback has taken its decision; the call is ours. */
static void on_call(void *arg, struct ph_srt_call *call)
{
    struct ph_srt_server *server = arg;

    if (call->verdict.refusal != PH_CLOSE_NONE) {
        log_refusal(server, call, NULL);
        ph_srt_call_destroy(&call);
    } else if (ph_srt_listener_socket(server->listener) == SRT_INVALID_SOCK) {
        ph_srt_call_destroy(&call); /* libsrt closes what its listener had not handed out */
    } else {
        call->next = server->calls;
        server->calls = call;
        server->calls_until = ph_clock_mono() + HANDSHAKE_TIMEOUT;
    }
}

static struct ph_srt_call *take_call(struct ph_srt_server *server, int socket)
{
    for (struct ph_srt_call **at = &server->calls; *at != NULL; at = &(*at)->next) {
        if ((*at)->socket == socket) {
            struct ph_srt_call *call = *at;
            *at = call->next;
            return call;
        }
    }
    return NULL;
}

/* True: there may be another. */
static bool accept_caller(struct ph_srt_server *server, ph_usec now)
{
    SRTSOCKET socket = srt_accept(ph_srt_listener_socket(server->listener), NULL, NULL);

    if (socket == SRT_INVALID_SOCK) {
        return false;
    }
    /* Its mail was under way before libsrt had it to accept. */
    ph_mailbox_deliver(&server->thread.mailbox);
    struct ph_srt_call *call = take_call(server, socket);
    if (call == NULL) {
        srt_close(socket);
        return true;
    }
    struct ph_srt_connection *connection = ph_srt_connection_create(&server->shared, &call, now);
    seat_connection(server, connection);
    /* libsrt's epoll never tells of one that has left before it was watched. */
    (void)ph_srt_connection_receive(connection, now);
    return true;
}

/* Those that libsrt turned away after the callback: closed, and never to be accepted. */
static void review_calls(struct ph_srt_server *server, ph_usec now)
{
    struct ph_srt_call *next;

    for (struct ph_srt_call *call = server->calls; call != NULL; call = next) {
        next = call->next;
        if (srt_getsockstate(call->socket) >= SRTS_CLOSED || now >= server->calls_until) {
            (void)take_call(server, call->socket);
            refuse_by_library(server, call);
            ph_srt_call_destroy(&call);
        }
    }
}

/* ---- the thread's rounds ---- */

/* True: there is more. */
static bool serve_socket(struct ph_srt_server *server, int socket, ph_usec now)
{
    struct seat *seat = NULL;

    if (socket == ph_srt_listener_socket(server->listener)) {
        return accept_caller(server, now);
    }
    HASH_FIND_INT(server->seats, &socket, seat);
    return seat != NULL && ph_srt_connection_receive(seat->connection, now);
}

static bool serve_sockets(struct ph_srt_server *server, ph_usec now)
{
    SRT_EPOLL_EVENT events[EVENTS_A_TURN];
    int count = srt_epoll_uwait(server->epoll, events, EVENTS_A_TURN, 0);
    bool has_more = count > EVENTS_A_TURN;

    /* Where there are more than fit, libsrt says one more than fit. */
    count = has_more ? EVENTS_A_TURN : count;
    for (int i = 0; i < count; i++) {
        has_more |= serve_socket(server, events[i].fd, now);
    }
    return has_more;
}

static void tend_connections(struct ph_srt_server *server, ph_usec now)
{
    struct seat *seat;
    struct seat *next;

    HASH_ITER(hh, server->seats, seat, next)
    {
        struct ph_srt_connection *connection = seat->connection;
        if (!ph_srt_connection_is_over(connection) && now >= ph_srt_connection_due(connection)) {
            ph_srt_connection_tick(connection, now);
        }
        if (ph_srt_connection_is_over(connection)) {
            clear_seat(server, seat);
        } else if (ph_srt_connection_is_ebbing(connection)) {
            unwatch(server, seat);
        }
    }
}

static void run(void *arg)
{
    struct ph_srt_server *server = arg;
    ph_usec until = PH_USEC_NEVER;

    while (ph_thread_wait(&server->thread, until)) {
        ph_usec now = ph_clock_mono();
        bool has_more = serve_sockets(server, now);
        review_calls(server, now);
        tend_connections(server, now);
        bool is_idle = server->seats == NULL && server->calls == NULL;
        until = is_idle ? PH_USEC_NEVER : has_more ? now : now + BEAT;
    }
}

/* ---- the server ---- */

/* Ends what there is; also what is left when the thread was not asked to drain. */
static void end_all(struct ph_srt_server *server)
{
    struct ph_srt_call *call;
    struct seat *seat;
    struct seat *next;

    if (ph_srt_listener_socket(server->listener) != SRT_INVALID_SOCK) {
        srt_epoll_remove_usock(server->epoll, ph_srt_listener_socket(server->listener));
        ph_srt_listener_close(server->listener);
    }
    while ((call = server->calls) != NULL) {
        server->calls = call->next;
        ph_srt_call_destroy(&call);
    }
    HASH_ITER(hh, server->seats, seat, next)
    {
        ph_srt_connection_end(seat->connection, PH_CLOSE_SHUTDOWN, NULL);
        clear_seat(server, seat);
    }
}

static void deliver_drain(struct ph_mail *mail)
{
    struct ph_srt_server *server = ph_container_of(mail, struct ph_srt_server, drain);

    end_all(server);
    server->on_drained(server->drained_arg);
}

static void discard_drain(struct ph_mail *mail)
{
    (void)mail;
}

static void free_server(struct ph_srt_server *server)
{
    ph_thread_fini(&server->thread);
    ph_srt_listener_destroy(&server->listener);
    free(server->shared.newest);
    free(server);
}

int ph_srt_server_create(struct ph_srt_server **out, const struct ph_srt_server_params *params)
{
    struct ph_srt_server *server;
    int err = ph_srt_library_start();

    if (err != PH_OK) {
        return err;
    }
    server = ph_new(struct ph_srt_server);
    ph_thread_init(&server->thread);
    server->shared = (struct ph_srt_shared){
        .conf = params->conf,
        .hub = params->hub,
        .mailbox = &server->thread.mailbox,
        .stats = params->stats,
        .links = params->links,
        .newest = ph_alloc(ph_registry_count(params->registry) * sizeof(void *)),
    };
    const struct ph_srt_listener_params listener = {
        .conf = params->conf,
        .registry = params->registry,
        .hub = params->hub,
        .mailbox = &server->thread.mailbox,
        .on_call = on_call,
        .arg = server,
    };
    err = ph_srt_listener_create(&server->listener, &listener);
    if (err != PH_OK) {
        ph_srt_library_stop();
        free_server(server);
        return err;
    }
    server->epoll = srt_epoll_create();
    srt_epoll_set(server->epoll, SRT_EPOLL_ENABLE_EMPTY);
    watch(server, ph_srt_listener_socket(server->listener));
    *out = server;
    return PH_OK;
}

int ph_srt_server_start(struct ph_srt_server *server)
{
    int err = ph_srt_listener_open(server->listener);

    if (err != PH_OK) {
        return err;
    }
    return ph_thread_start(&server->thread, "srt", run, server);
}

void ph_srt_server_drain(struct ph_srt_server *server, void (*on_done)(void *arg), void *arg)
{
    server->drain = (struct ph_mail){.deliver = deliver_drain, .discard = discard_drain};
    server->on_drained = on_done;
    server->drained_arg = arg;
    ph_mailbox_post(&server->thread.mailbox, &server->drain);
}

void ph_srt_server_destroy(struct ph_srt_server **ref)
{
    struct ph_srt_server *server = *ref;

    *ref = NULL;
    if (server == NULL) {
        return;
    }
    ph_thread_stop(&server->thread);
    end_all(server);
    srt_epoll_release(server->epoll);
    ph_srt_library_stop();
    free_server(server);
}
