/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joins RTMP sessions to sockets, and to the channels through publish: the only file of this
 * folder that knows TCP. Bytes come in from net/tcp, go through the session, and leave as tracks
 * and packets to ingest/publisher.
 */
#include "session.h"

#include <phien/core/log.h>
#include <phien/core/log_limit.h>
#include <phien/core/mem.h>
#include <phien/core/secret.h>
#include <phien/ingest/rtmp.h>
#include <phien/net/tcp.h>
#include <phien/net/timer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WRITE_LIMIT_BYTES = 256 * 1024,
    REPLY_SLICES = 16,
    /*
     * A phone that is gone answers nothing: its connection ends when our replies stay
     * unacknowledged for this long, or, since it is the phone that sends, our questions whether it
     * is there. With what goes by before either is noticed, within ten seconds.
     */
    USER_TIMEOUT_MS = 8000,
    KEEPALIVE_IDLE_S = 4,
    KEEPALIVE_INTERVAL_S = 1,
};

/* For applications that were asked to connect again. */
#define LEAVE_TIME (1500 * PH_USEC_PER_MS)

/* After a clean end the client closes first: GStreamer's rtmp2sink takes our close for an error. */
#define GOODBYE_TIME (2 * PH_USEC_PER_S)

struct connection {
    struct ph_rtmp_server *server;
    struct ph_tcp_conn *tcp;
    struct ph_rtmp_session *session;
    struct ph_publisher *publisher; /* NULL before publish */
    struct ph_timer *timer;
    ph_usec timer_at;
    const char *refused_channel; /* asked for without its key; NULL: none */
    bool has_ended;              /* the session is over; only the socket is still there */
    char id[9];
    struct connection *next;
    struct connection *prev;
};

struct ph_rtmp_server {
    struct ph_loop *loop;
    const struct ph_conf *conf;
    struct ph_rtmp_limits limits;
    struct ph_publish_hub *hub;
    struct ph_peers *peers;
    struct ph_stats *stats;
    struct ph_tcp_listener *listener;
    struct connection *connections;
    size_t sessions;              /* connections that have not ended */
    struct ph_log_limit refusals; /* the lines of those who never published */

    struct ph_timer *drain_timer;
    void (*on_drained)(void *arg); /* NULL: it does not drain, or has done so */
    void *drained_arg;
};

/* The last session of a server that drains: told from the loop, not from within. */
static void drain_soon(struct ph_rtmp_server *server)
{
    if (server->on_drained != NULL && server->sessions == 0) {
        ph_timer_set(server->drain_timer, ph_loop_now(server->loop));
    }
}

/* Frees the connection when its socket is already gone. */
static void destroy_connection(struct connection *c)
{
    struct ph_rtmp_server *server = c->server;

    if (c->next != NULL) {
        c->next->prev = c->prev;
    }
    if (c->prev != NULL) {
        c->prev->next = c->next;
    } else {
        server->connections = c->next;
    }
    server->sessions -= c->has_ended ? 0 : 1;
    ph_stats_add(server->stats, PH_STAT_RTMP_CONNECTIONS, -1);
    ph_timer_destroy(&c->timer);
    ph_rtmp_session_destroy(&c->session);
    free(c);
    drain_soon(server);
}

/* Sends what the session has to say. What cannot be sent is reported by on_close. */
static void send_replies(struct connection *c)
{
    struct ph_slice slices[REPLY_SLICES];
    size_t count = 0;

    while (c->tcp != NULL && ph_rtmp_session_pull(c->session, &slices[count])) {
        if (++count == REPLY_SLICES) {
            (void)ph_tcp_conn_write(c->tcp, slices, count);
            count = 0;
        }
    }
    if (count > 0) {
        (void)ph_tcp_conn_write(c->tcp, slices, count);
    }
}

static bool may_log(struct ph_rtmp_server *server)
{
    return ph_log_limit_take(&server->refusals, "rtmp.close", ph_loop_now(server->loop));
}

static void log_close(const struct connection *c, enum ph_close_reason reason, const char *detail)
{
    bool is_told = detail != NULL && *detail != '\0';

    ph_stats_closed(c->server->stats, reason);
    if (may_log(c->server)) {
        ph_log_info("rtmp.close", ph_kv("channel", c->refused_channel), ph_kv("session", c->id),
                    ph_kv("peer", ph_tcp_conn_peer(c->tcp)),
                    ph_kv("reason", ph_close_reason_name(reason)),
                    ph_kv("detail", is_told ? detail : ph_close_reason_text(reason)));
    }
}

/* Lets the socket go, once everything queued for it is sent. */
static void close_connection(struct connection *c)
{
    ph_peers_leave(c->server->peers, ph_tcp_conn_peer_ip(c->tcp));
    ph_tcp_conn_close(&c->tcp, true);
    destroy_connection(c);
}

/* The one way out of a session: gives the hold on the channel back and says why. */
static void finish(struct connection *c, enum ph_close_reason reason, const char *detail)
{
    if (c->publisher != NULL) {
        ph_publisher_close(&c->publisher, reason, detail);
    } else {
        log_close(c, reason, detail);
    }
    send_replies(c);
    if (reason != PH_CLOSE_UNPUBLISH) {
        close_connection(c);
        return;
    }
    c->has_ended = true;
    c->server->sessions--;
    c->timer_at = ph_loop_now(c->server->loop) + GOODBYE_TIME;
    ph_timer_set(c->timer, c->timer_at);
    drain_soon(c->server);
}

static void finish_by_session(struct connection *c)
{
    char detail[256];

    snprintf(detail, sizeof(detail), "%s", ph_rtmp_session_detail(c->session));
    finish(c, ph_rtmp_session_reason(c->session), *detail != '\0' ? detail : NULL);
}

/* The timer is only ever set earlier; one that fires too early looks again. */
static void keep_deadline(struct connection *c)
{
    ph_usec at = ph_rtmp_session_deadline(c->session);

    if (at < c->timer_at) {
        c->timer_at = at;
        ph_timer_set(c->timer, at);
    }
}

static void on_timer(void *arg)
{
    struct connection *c = arg;

    c->timer_at = PH_USEC_NEVER;
    if (c->has_ended) {
        close_connection(c);
        return;
    }
    int err = ph_rtmp_session_tick(c->session, ph_loop_now(c->server->loop));
    if (err != PH_OK) {
        finish_by_session(c);
        return;
    }
    send_replies(c);
    keep_deadline(c);
}

static void on_closed_by_home(void *arg, enum ph_close_reason reason)
{
    struct connection *c = arg;

    ph_rtmp_session_end(c->session, reason);
    finish(c, reason,
           reason == PH_CLOSE_LIMIT ? "more bits than rtmp.max_bitrate_kbps allows" : NULL);
}

static enum ph_close_reason on_session_publish(void *arg, const struct ph_rtmp_publish *publish,
                                               const char **message)
{
    struct connection *c = arg;
    char path[512];

    (void)message;
    snprintf(path, sizeof(path), "%s/%s", publish->app, publish->name);
    const struct ph_publish_request request = {
        .session = c->id,
        .protocol = "rtmp",
        .path = path,
        .query = publish->query,
        .peer = ph_tcp_conn_peer(c->tcp),
        .application = publish->flash_ver,
        .max_bitrate_kbps = c->server->conf->rtmp.max_bitrate_kbps,
        .called_at = ph_clock_mono(),
    };
    enum ph_close_reason refusal =
        ph_publisher_open(&c->publisher, c->server->hub, ph_loop_mailbox(c->server->loop), &request,
                          on_closed_by_home, c);
    if (refusal == PH_CLOSE_BAD_KEY) {
        c->refused_channel = ph_publish_channel_named(c->server->hub, path);
    }
    return refusal;
}

static void on_session_track(void *arg, struct ph_track *track)
{
    struct connection *c = arg;

    ph_publisher_track(c->publisher, track);
}

static void on_session_packet(void *arg, const AVPacket *packet)
{
    struct connection *c = arg;

    ph_publisher_packet(c->publisher, packet, ph_loop_now(c->server->loop));
}

static void on_session_encoder(void *arg, const char *encoder)
{
    struct connection *c = arg;

    ph_publisher_set_application(c->publisher, encoder);
}

static const struct ph_rtmp_ops session_ops = {
    .on_publish = on_session_publish,
    .on_track = on_session_track,
    .on_packet = on_session_packet,
    .on_encoder = on_session_encoder,
};

static void on_tcp_read(void *arg, const uint8_t *data, size_t len)
{
    struct connection *c = arg;

    ph_stats_add(c->server->stats, PH_STAT_INGEST_BYTES, (int64_t)len);
    if (c->has_ended) {
        return;
    }
    int err = ph_rtmp_session_feed(c->session, ph_loop_now(c->server->loop), data, len);
    if (err != PH_OK) {
        finish_by_session(c);
        return;
    }
    send_replies(c);
    keep_deadline(c);
}

static void on_tcp_close(void *arg, int err)
{
    struct connection *c = arg;
    enum ph_close_reason reason = err == PH_ECLOSED  ? PH_CLOSE_PEER_CLOSED
                                  : err == PH_ELIMIT ? PH_CLOSE_SLOW_READER
                                                     : PH_CLOSE_NETWORK;

    if (err == PH_ELIMIT) {
        ph_stats_add(c->server->stats, PH_STAT_WRITE_QUEUE_DROPS, 1);
    }
    if (c->publisher != NULL) {
        ph_publisher_close(&c->publisher, reason,
                           err == PH_ETIMEOUT ? "the peer stopped answering" : NULL);
    } else if (!c->has_ended) {
        log_close(c, reason, err == PH_ETIMEOUT ? "the peer stopped answering" : NULL);
    }
    ph_peers_leave(c->server->peers, ph_tcp_conn_peer_ip(c->tcp));
    c->tcp = NULL;
    destroy_connection(c);
}

static const struct ph_tcp_conn_ops tcp_ops = {
    .on_read = on_tcp_read,
    .on_close = on_tcp_close,
};

static void on_accept(void *arg, struct ph_tcp_conn *tcp)
{
    struct ph_rtmp_server *server = arg;
    ph_usec now = ph_loop_now(server->loop);

    if (!ph_peers_enter(server->peers, ph_tcp_conn_peer_ip(tcp))) {
        if (may_log(server)) {
            ph_log_warn("rtmp.close", ph_kv("peer", ph_tcp_conn_peer(tcp)),
                        ph_kv("reason", ph_close_reason_name(PH_CLOSE_TOO_MANY_CONNECTIONS)),
                        ph_kv_int("limit", server->conf->rtmp.max_connections_per_ip));
        }
        ph_stats_closed(server->stats, PH_CLOSE_TOO_MANY_CONNECTIONS);
        ph_tcp_conn_close(&tcp, false);
        return;
    }
    struct connection *c = ph_new(struct connection);
    if (ph_rtmp_session_create(&c->session, &server->limits, &session_ops, c, now) != PH_OK) {
        ph_peers_leave(server->peers, ph_tcp_conn_peer_ip(tcp));
        ph_tcp_conn_close(&tcp, false);
        free(c);
        return;
    }
    c->server = server;
    c->tcp = tcp;
    c->timer = ph_timer_create(server->loop, on_timer, c);
    c->timer_at = PH_USEC_NEVER;
    ph_secret_random_hex(c->id, sizeof(c->id) - 1);
    c->next = server->connections;
    if (c->next != NULL) {
        c->next->prev = c;
    }
    server->connections = c;
    server->sessions++;
    ph_stats_add(server->stats, PH_STAT_RTMP_CONNECTIONS, 1);
    ph_log_debug("rtmp.open", ph_kv("session", c->id), ph_kv("peer", ph_tcp_conn_peer(tcp)));
    ph_tcp_conn_open(tcp, &tcp_ops, c);
    keep_deadline(c);
}

static void end_connection(struct connection *c)
{
    if (c->has_ended) {
        close_connection(c);
    } else {
        ph_rtmp_session_end(c->session, PH_CLOSE_SHUTDOWN);
        finish(c, PH_CLOSE_SHUTDOWN, NULL);
    }
}

static void end_all(struct ph_rtmp_server *server)
{
    while (server->connections != NULL) {
        struct connection *first = server->connections;
        end_connection(first);
        PH_ASSERT(server->connections != first);
    }
}

static void on_drain_timer(void *arg)
{
    struct ph_rtmp_server *server = arg;
    void (*on_drained)(void *) = server->on_drained;

    server->on_drained = NULL;
    end_all(server);
    on_drained(server->drained_arg);
}

int ph_rtmp_server_create(struct ph_rtmp_server **out, struct ph_loop *loop,
                          const struct ph_conf *conf, struct ph_publish_hub *hub,
                          struct ph_peers *peers, struct ph_stats *stats)
{
    static const struct ph_tcp_options options = {
        .write_limit = WRITE_LIMIT_BYTES,
        .user_timeout_ms = USER_TIMEOUT_MS,
        .keepalive_idle_s = KEEPALIVE_IDLE_S,
        .keepalive_interval_s = KEEPALIVE_INTERVAL_S,
    };
    struct ph_rtmp_server *server = ph_new(struct ph_rtmp_server);

    server->loop = loop;
    server->conf = conf;
    server->limits = ph_rtmp_limits_default;
    server->limits.media_timeout = conf->publish.idle_timeout_s * PH_USEC_PER_S;
    server->hub = hub;
    server->peers = peers;
    server->stats = stats;
    server->drain_timer = ph_timer_create(loop, on_drain_timer, server);
    int err =
        ph_tcp_listen(&server->listener, loop, conf->rtmp.listen, &options, on_accept, server);
    if (err != PH_OK) {
        ph_timer_destroy(&server->drain_timer);
        free(server);
        return err;
    }
    *out = server;
    return PH_OK;
}

void ph_rtmp_server_drain(struct ph_rtmp_server *server, void (*on_done)(void *arg), void *arg)
{
    struct connection *next;

    ph_tcp_listener_close(&server->listener);
    for (struct connection *c = server->connections; c != NULL; c = next) {
        next = c->next;
        if (c->has_ended || !ph_rtmp_session_ask_to_reconnect(c->session)) {
            end_connection(c);
        } else {
            send_replies(c);
        }
    }
    server->on_drained = on_done;
    server->drained_arg = arg;
    ph_timer_set(server->drain_timer,
                 ph_loop_now(server->loop) + (server->sessions > 0 ? LEAVE_TIME : 0));
}

void ph_rtmp_server_destroy(struct ph_rtmp_server **ref)
{
    struct ph_rtmp_server *server = *ref;

    *ref = NULL;
    if (server == NULL) {
        return;
    }
    server->on_drained = NULL;
    ph_tcp_listener_close(&server->listener);
    end_all(server);
    ph_timer_destroy(&server->drain_timer);
    free(server);
}
