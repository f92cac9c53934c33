/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message comes out of libsrt when its time has come, the latency after it was sent; what is
 * missing then is given up. So a link that ends leaves up to a latency's worth of messages in
 * libsrt, which come out one by one while the connection ebbs away.
 */
#include "connection.h"

#include "health.h"
#include "library.h"
#include "sequence.h"

#include <phien/core/log.h>
#include <phien/core/mem.h>
#include <phien/core/secret.h>

#include <srt/srt.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    MESSAGES_A_TURN = 64,
    LATENCY_MAX_MS = 10000,
    HEALTH_LINE_FIGURES = 10, /* a line of the log for so many figures, one a second */
};

#define FIGURES_INTERVAL PH_USEC_PER_S

/* After the last message's time has come. */
#define EBB_SLACK (50 * PH_USEC_PER_MS)

/* libsrt's timers are that coarse. */
#define SILENCE_SLACK (500 * PH_USEC_PER_MS)

struct ph_srt_connection {
    struct ph_srt_shared *shared;
    struct ph_srt_call *call;
    SRTSOCKET socket;
    struct ph_srt_session *session;
    struct ph_publisher *publisher; /* NULL before the first message */
    struct ph_srt_sequence sequence;
    bool is_over;
    char id[9];
    ph_usec latency;

    ph_usec fed_at;   /* the last message came out of libsrt */
    ph_usec heard_at; /* and had been received then */
    ph_usec gone_at;  /* the link ended; PH_USEC_NEVER: it stands */

    struct ph_srt_health health;
    struct ph_srt_figures figures;
    ph_usec figures_at; /* the next */
    uint64_t figures_count;
};

/* ---- the log ---- */

static const char *name_channel(const struct ph_srt_connection *c)
{
    return c->call->verdict.entry->conf->name;
}

static void log_health(const struct ph_srt_connection *c)
{
    struct ph_srt_session_counts counts;

    if (c->figures_count == 0) {
        return;
    }
    ph_srt_session_get_counts(c->session, &counts);
    const struct ph_log_field fields[] = {
        ph_kv("channel", name_channel(c)),
        ph_kv("session", c->id),
#define X(id, name, key, type, help) ph_kv_int(key, c->figures.value[PH_LINK_STAT_##id]),
        PH_LINK_STATS_MAP(X)
#undef X
            ph_kv_int("damaged",
                      counts.es[PH_TRACK_VIDEO].damaged + counts.es[PH_TRACK_AUDIO].damaged),
        ph_kv_int("unusable",
                  counts.es[PH_TRACK_VIDEO].unusable + counts.es[PH_TRACK_AUDIO].unusable),
        {0},
    };
    if (ph_log_is_on(PH_LOG_INFO)) {
        ph_log_write(PH_LOG_INFO, "srt.health", fields);
    }
}

static void log_notice(const struct ph_srt_connection *c, enum ph_srt_trouble trouble,
                       enum ph_srt_notice notice)
{
    const int64_t *value = c->figures.value;
    char hint[160];

    ph_srt_health_hint(trouble, &c->figures, hint, sizeof(hint));
    if (notice == PH_SRT_NOTICE_WARN) {
        ph_log_warn("srt.link_poor", ph_kv("channel", name_channel(c)), ph_kv("session", c->id),
                    ph_kv("trouble", ph_srt_trouble_name(trouble)),
                    ph_kv_int("rtt_ms", value[PH_LINK_STAT_RTT_MS]),
                    ph_kv_int("latency_ms", value[PH_LINK_STAT_LATENCY_MS]),
                    ph_kv_int("dropped", value[PH_LINK_STAT_DROPPED]), ph_kv("hint", hint));
    } else if (notice == PH_SRT_NOTICE_OVER) {
        ph_log_info("srt.link_good", ph_kv("channel", name_channel(c)), ph_kv("session", c->id),
                    ph_kv("trouble", ph_srt_trouble_name(trouble)),
                    ph_kv_int("rtt_ms", value[PH_LINK_STAT_RTT_MS]),
                    ph_kv_int("dropped", value[PH_LINK_STAT_DROPPED]));
    }
}

static void log_close(const struct ph_srt_connection *c, enum ph_close_reason reason,
                      const char *detail)
{
    ph_stats_closed(c->shared->stats, reason);
    ph_log_info("srt.close", ph_kv("channel", name_channel(c)), ph_kv("session", c->id),
                ph_kv("peer", c->call->peer), ph_kv("reason", ph_close_reason_name(reason)),
                ph_kv("detail", detail != NULL ? detail : ph_close_reason_text(reason)));
}

/* ---- the link's figures ---- */

static struct ph_srt_connection **newest_of(const struct ph_srt_connection *c)
{
    return &c->shared->newest[c->call->verdict.entry->index];
}

static void show_figures(const struct ph_srt_connection *c)
{
    struct ph_link_stats *link = &c->shared->links[c->call->verdict.entry->index];

    if (*newest_of(c) != c) {
        return;
    }
    for (size_t i = 0; i < PH_LINK_STAT_COUNT; i++) {
        atomic_store_explicit(&link->value[i], c->figures.value[i], memory_order_relaxed);
    }
    atomic_store_explicit(&link->is_up, true, memory_order_relaxed);
}

static void hide_figures(const struct ph_srt_connection *c)
{
    if (*newest_of(c) == c) {
        *newest_of(c) = NULL;
        atomic_store_explicit(&c->shared->links[c->call->verdict.entry->index].is_up, false,
                              memory_order_relaxed);
    }
}

static bool read_figures(struct ph_srt_connection *c)
{
    int64_t *value = c->figures.value;
    SRT_TRACEBSTATS stats;

    if (srt_bistats(c->socket, &stats, 1, 1) != 0) {
        return false;
    }
    value[PH_LINK_STAT_RTT_MS] = (int64_t)stats.msRTT;
    value[PH_LINK_STAT_LATENCY_MS] = c->latency / PH_USEC_PER_MS;
    value[PH_LINK_STAT_BUFFER_MS] = stats.msRcvBuf;
    value[PH_LINK_STAT_BITRATE_KBPS] = (int64_t)(stats.mbpsRecvRate * 1000);
    value[PH_LINK_STAT_RECEIVED] = stats.pktRecvTotal;
    value[PH_LINK_STAT_LOST] = stats.pktRcvLossTotal;
    value[PH_LINK_STAT_DROPPED] = stats.pktRcvDropTotal;
    value[PH_LINK_STAT_UNDECRYPTABLE] = stats.pktRcvUndecryptTotal;
    /* These two are counted by libsrt since the last reading only. */
    value[PH_LINK_STAT_RETRANSMITTED] += stats.pktRcvRetrans;
    value[PH_LINK_STAT_BELATED] += stats.pktRcvBelated;
    return true;
}

static void keep_figures(struct ph_srt_connection *c, ph_usec now)
{
    enum ph_srt_notice notices[PH_SRT_TROUBLE_COUNT];

    if (now < c->figures_at || ph_srt_connection_is_ebbing(c)) {
        return;
    }
    c->figures_at = now + FIGURES_INTERVAL;
    if (!read_figures(c)) {
        return;
    }
    show_figures(c);
    ph_srt_health_feed(&c->health, &c->figures, now, notices);
    for (unsigned i = 0; i < PH_SRT_TROUBLE_COUNT; i++) {
        log_notice(c, (enum ph_srt_trouble)i, notices[i]);
    }
    if (++c->figures_count % HEALTH_LINE_FIGURES == 0) {
        log_health(c);
    }
}

/* ---- the end ---- */

void ph_srt_connection_end(struct ph_srt_connection *c, enum ph_close_reason reason,
                           const char *detail)
{
    if (c->is_over) {
        return;
    }
    c->is_over = true;
    hide_figures(c);
    if (c->publisher != NULL) {
        log_health(c);
        ph_publisher_close(&c->publisher, reason, detail);
    } else {
        log_close(c, reason, detail);
    }
}

static void end_by_session(struct ph_srt_connection *c)
{
    const char *detail = ph_srt_session_detail(c->session);

    ph_srt_connection_end(c, ph_srt_session_reason(c->session), *detail != '\0' ? detail : NULL);
}

/*
 * libsrt does not tell: a caller that closes says so, and one that is out of reach is given up
 * after a silence, and both look the same from here. Whoever has been sending goes on sending, so
 * a silence before the end means that the link was lost first.
 */
static enum ph_close_reason tell_why_gone(const struct ph_srt_connection *c)
{
    ph_usec silence = c->publisher != NULL ? c->gone_at - c->heard_at : 0;

    return silence >= PH_SRT_PEER_IDLE_TIMEOUT_MS * PH_USEC_PER_MS - SILENCE_SLACK
               ? PH_CLOSE_TIMEOUT_LINK
               : PH_CLOSE_PEER_CLOSED;
}

static void end_as_gone(struct ph_srt_connection *c, ph_usec now)
{
    if (c->publisher != NULL) {
        ph_srt_session_flush(c->session, now);
    }
    ph_srt_connection_end(c, tell_why_gone(c), NULL);
}

static void on_closed_by_home(void *arg, enum ph_close_reason reason)
{
    ph_srt_connection_end(arg, reason,
                          reason == PH_CLOSE_LIMIT ? "more bits than srt.max_bitrate_kbps allows"
                                                   : NULL);
}

/* ---- messages ---- */

static bool open_publisher(struct ph_srt_connection *c)
{
    const struct ph_srt_shared *shared = c->shared;
    char application[32] = "";
    int version = 0;
    int len = sizeof(version);

    if (srt_getsockflag(c->socket, SRTO_PEERVERSION, &version, &len) == 0) {
        snprintf(application, sizeof(application), "SRT %d.%d.%d", version >> 16 & 0xff,
                 version >> 8 & 0xff, version & 0xff);
    }
    const struct ph_publish_request request = {
        .session = c->id,
        .protocol = "srt",
        .path = c->call->verdict.id.path,
        .query = c->call->verdict.id.query,
        .peer = c->call->peer,
        .application = application,
        .max_bitrate_kbps = shared->conf->srt.max_bitrate_kbps,
        .called_at = c->call->at,
        .late = c->latency,
    };
    enum ph_close_reason refusal = ph_publisher_open(&c->publisher, shared->hub, shared->mailbox,
                                                     &request, on_closed_by_home, c);
    if (refusal != PH_CLOSE_NONE) {
        ph_srt_connection_end(c, refusal, NULL);
        return false;
    }
    *newest_of(c) = c;
    return true;
}

/*
 * The channel is taken over with the first message, not with the handshake: a latency lies
 * between them, in which the session before is still on air.
 */
static void take_message(struct ph_srt_connection *c, ph_usec now, const uint8_t *data, size_t len,
                         size_t lost)
{
    ph_stats_add(c->shared->stats, PH_STAT_INGEST_BYTES, (int64_t)len);
    c->fed_at = now;
    c->heard_at = now - c->latency;
    if (c->publisher == NULL && !open_publisher(c)) {
        return;
    }
    if (ph_srt_session_feed(c->session, now, data, len, lost) != PH_OK) {
        end_by_session(c);
    }
}

static void handle_no_message(struct ph_srt_connection *c, ph_usec now)
{
    int err = ph_srt_library_err();

    if (err == PH_ECLOSED && !ph_srt_connection_is_ebbing(c)) {
        c->gone_at = now;
        ph_srt_call_release(c->call); /* for the same phone, coming back */
        if (c->publisher != NULL) {
            ph_publisher_set_gone(c->publisher);
        }
    } else if (err != PH_EAGAIN && err != PH_ECLOSED && !ph_srt_connection_is_ebbing(c)) {
        ph_srt_connection_end(c, PH_CLOSE_NETWORK, srt_getlasterror_str());
        return;
    }
    if (ph_srt_connection_is_ebbing(c) && (now >= c->gone_at + c->latency + EBB_SLACK ||
                                           srt_getsockstate(c->socket) >= SRTS_CLOSED)) {
        end_as_gone(c, now);
    }
}

bool ph_srt_connection_receive(struct ph_srt_connection *c, ph_usec now)
{
    /* Where the buffer is smaller than a message, libsrt hands it out never. */
    char data[PH_SRT_MESSAGE_BYTES_MAX];

    for (int i = 0; i < MESSAGES_A_TURN && !c->is_over; i++) {
        SRT_MSGCTRL control = srt_msgctrl_default;
        int len = srt_recvmsg2(c->socket, data, sizeof(data), &control);
        if (len <= 0) {
            handle_no_message(c, now);
            return false;
        }
        take_message(c, now, (const uint8_t *)data, (size_t)len,
                     ph_srt_sequence_feed(&c->sequence, control.pktseq));
    }
    return !c->is_over;
}

/* ---- the connection ---- */

static void on_session_track(void *arg, struct ph_track *track)
{
    struct ph_srt_connection *c = arg;

    ph_publisher_track(c->publisher, track);
}

static void on_session_packet(void *arg, const AVPacket *packet)
{
    struct ph_srt_connection *c = arg;

    ph_publisher_packet(c->publisher, packet, c->fed_at);
}

static const struct ph_srt_session_ops session_ops = {
    .on_track = on_session_track,
    .on_packet = on_session_packet,
};

/* A caller may only raise the latency. False: to what is no live stream any more. */
static bool check_latency(struct ph_srt_connection *c)
{
    char detail[128];
    int latency_ms = 0;
    int len = sizeof(latency_ms);

    if (srt_getsockflag(c->socket, SRTO_RCVLATENCY, &latency_ms, &len) != 0) {
        latency_ms = (int)ph_conf_srt_latency_ms(c->shared->conf, c->call->verdict.entry->conf);
    }
    c->latency = latency_ms * PH_USEC_PER_MS;
    if (latency_ms <= LATENCY_MAX_MS) {
        return true;
    }
    snprintf(detail, sizeof(detail), "the app asks for a latency of %d ms: %d are the most",
             latency_ms, LATENCY_MAX_MS);
    ph_srt_connection_end(c, PH_CLOSE_LIMIT, detail);
    return false;
}

struct ph_srt_connection *ph_srt_connection_create(struct ph_srt_shared *shared,
                                                   struct ph_srt_call **call, ph_usec now)
{
    struct ph_srt_connection *c = ph_new(struct ph_srt_connection);
    struct ph_srt_limits limits = ph_srt_limits_default;

    c->shared = shared;
    c->call = *call;
    *call = NULL;
    c->socket = c->call->socket;
    c->gone_at = PH_USEC_NEVER;
    c->figures_at = now + FIGURES_INTERVAL;
    ph_srt_health_init(&c->health);
    ph_secret_random_hex(c->id, sizeof(c->id) - 1);
    ph_stats_add(shared->stats, PH_STAT_SRT_CONNECTIONS, 1);
    if (check_latency(c)) {
        limits.media_timeout = shared->conf->publish.idle_timeout_s * PH_USEC_PER_S;
        if (limits.first_media_timeout > limits.media_timeout) {
            limits.first_media_timeout = limits.media_timeout;
        }
        limits.first_media_timeout += c->latency;
        if (ph_srt_session_create(&c->session, &limits, shared->conf->srt.on_loss, &session_ops, c,
                                  now) != PH_OK) {
            ph_srt_connection_end(c, PH_CLOSE_OVERLOAD, NULL);
        }
    }
    ph_log_debug("srt.open", ph_kv("session", c->id), ph_kv("channel", name_channel(c)),
                 ph_kv("peer", c->call->peer),
                 ph_kv_int("latency_ms", c->latency / PH_USEC_PER_MS));
    return c;
}

void ph_srt_connection_destroy(struct ph_srt_connection **ref)
{
    struct ph_srt_connection *c = *ref;

    *ref = NULL;
    if (c == NULL) {
        return;
    }
    PH_ASSERT(c->is_over);
    srt_close(c->socket);
    ph_stats_add(c->shared->stats, PH_STAT_SRT_CONNECTIONS, -1);
    ph_srt_session_destroy(&c->session);
    ph_srt_call_destroy(&c->call);
    free(c);
}

ph_usec ph_srt_connection_due(const struct ph_srt_connection *c)
{
    ph_usec session = ph_srt_session_deadline(c->session);

    if (ph_srt_connection_is_ebbing(c)) {
        return 0;
    }
    return session < c->figures_at ? session : c->figures_at;
}

void ph_srt_connection_tick(struct ph_srt_connection *c, ph_usec now)
{
    keep_figures(c, now);
    if (ph_srt_connection_is_ebbing(c)) {
        (void)ph_srt_connection_receive(c, now);
    } else if (ph_srt_session_tick(c->session, now) != PH_OK) {
        end_by_session(c);
    }
}

bool ph_srt_connection_is_over(const struct ph_srt_connection *c)
{
    return c->is_over;
}

bool ph_srt_connection_is_ebbing(const struct ph_srt_connection *c)
{
    return c->gone_at != PH_USEC_NEVER;
}

int ph_srt_connection_socket(const struct ph_srt_connection *c)
{
    return c->socket;
}
