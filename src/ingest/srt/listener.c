/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libsrt asks by its listen callback, after the caller has answered the handshake's cookie and
 * before keys are exchanged. What it refuses afterwards (the passphrase above all) the callback
 * never learns: server.c finds such a caller's socket closed, without having accepted it.
 */
#include "listener.h"

#include "library.h"

#include <phien/core/log.h>
#include <phien/core/mem.h>
#include <phien/ingest/peers.h>
#include <phien/ingest/publish.h>
#include <phien/net/address.h>
#include <phien/net/udp.h>

#include <srt/access_control.h>
#include <srt/srt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BACKLOG = 128,
    /* A phone that comes back with a new address, twice, while libsrt has not missed it yet. */
    CHANNEL_CONNECTIONS_MAX = 4,
    /* Calls that the server has not yet looked at. */
    CALLS_UNDER_WAY_MAX = 256,
    /* One socket receives for all publishers: some tens of milliseconds for hundreds of them. */
    UDP_RECEIVE_BYTES = 8 * 1024 * 1024,
    MSS_BYTES = 1500,
    PAYLOAD_BYTES = 1316,
    HEADERS_BYTES = 28, /* libsrt counts its buffers in packets of MSS_BYTES - HEADERS_BYTES */
    RECEIVE_PACKETS_MIN = 8192,
    RECEIVE_PACKETS_MAX = 25600, /* libsrt's own flow window */
    DEFAULT_RATE_KBPS = 20000,
};

struct ph_srt_listener {
    struct ph_srt_listener_params params;
    struct ph_peers *peers;
    atomic_uint *places; /* taken, by the registry's index */
    atomic_uint calls_under_way;
    SRTSOCKET socket;
};

/* ---- calls ---- */

void ph_srt_call_release(struct ph_srt_call *call)
{
    struct ph_srt_listener *listener = call->listener;

    if (call->has_place) {
        atomic_fetch_sub(&listener->places[call->verdict.entry->index], 1);
        ph_peers_leave(listener->peers, call->ip);
        call->has_place = false;
    }
}

void ph_srt_call_destroy(struct ph_srt_call **ref)
{
    struct ph_srt_call *call = *ref;

    *ref = NULL;
    if (call != NULL) {
        ph_srt_call_release(call);
        free(call);
    }
}

static void take_places(struct ph_srt_call *call)
{
    struct ph_srt_listener *listener = call->listener;
    atomic_uint *channel = &listener->places[call->verdict.entry->index];

    if (!ph_peers_enter(listener->peers, call->ip)) {
        ph_srt_access_refuse(&call->verdict, PH_CLOSE_TOO_MANY_CONNECTIONS,
                             "srt.max_connections_per_ip is reached");
    } else if (atomic_fetch_add(channel, 1) >= CHANNEL_CONNECTIONS_MAX) {
        atomic_fetch_sub(channel, 1);
        ph_peers_leave(listener->peers, call->ip);
        ph_srt_access_refuse(&call->verdict, PH_CLOSE_TOO_MANY_CONNECTIONS,
                             "several apps push to this channel at once: stop all but one");
    } else {
        call->has_place = true;
    }
}

static int is_channel_name(void *arg, const char *word, size_t len)
{
    return ph_registry_find(arg, word, len) != NULL;
}

static void describe_peer(struct ph_srt_call *call, const struct sockaddr *peer)
{
    struct sockaddr_storage address = {0};

    memcpy(&address, peer,
           peer->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
    ph_address_format_peer(&address, call->ip, call->peer);
}

static void deliver_call(struct ph_mail *mail)
{
    struct ph_srt_call *call = ph_container_of(mail, struct ph_srt_call, mail);
    struct ph_srt_listener *listener = call->listener;

    atomic_fetch_sub(&listener->calls_under_way, 1);
    listener->params.on_call(listener->params.arg, call);
}

static void discard_call(struct ph_mail *mail)
{
    struct ph_srt_call *call = ph_container_of(mail, struct ph_srt_call, mail);

    ph_srt_call_destroy(&call);
}

static bool set_for_channel(SRTSOCKET socket, const struct ph_conf *conf,
                            const struct ph_conf_channel *channel)
{
    const char *passphrase = ph_conf_srt_passphrase(conf, channel);
    int latency_ms = (int)ph_conf_srt_latency_ms(conf, channel);

    return srt_setsockflag(socket, SRTO_RCVLATENCY, &latency_ms, sizeof(latency_ms)) == 0 &&
           (*passphrase == '\0' ||
            srt_setsockflag(socket, SRTO_PASSPHRASE, passphrase, (int)strlen(passphrase)) == 0);
}

static int refuse(SRTSOCKET socket, int code)
{
    srt_setrejectreason(socket, code);
    return -1;
}

/* A thread of libsrt. */
static int on_listen(void *opaque, SRTSOCKET socket, int handshake_version,
                     const struct sockaddr *peer, const char *streamid)
{
    struct ph_srt_listener *listener = opaque;
    const struct ph_srt_listener_params *params = &listener->params;

    if (atomic_fetch_add(&listener->calls_under_way, 1) >= CALLS_UNDER_WAY_MAX) {
        atomic_fetch_sub(&listener->calls_under_way, 1);
        return refuse(socket, SRT_REJX_OVERLOAD);
    }
    struct ph_srt_call *call = ph_new(struct ph_srt_call);
    call->mail = (struct ph_mail){.deliver = deliver_call, .discard = discard_call};
    call->listener = listener;
    call->socket = socket;
    call->at = ph_clock_mono();
    streamid = streamid != NULL ? streamid : "";
    describe_peer(call, peer);
    ph_srt_streamid_redact(call->streamid, sizeof(call->streamid), streamid, is_channel_name,
                           (void *)(uintptr_t)params->registry);
    ph_srt_access_check(&call->verdict, params->registry, handshake_version, streamid);
    if (call->verdict.refusal == PH_CLOSE_NONE &&
        ph_publish_hub_is_kept(params->hub, call->verdict.entry)) {
        ph_srt_access_refuse(&call->verdict, PH_CLOSE_ALREADY_PUBLISHING,
                             "stop the other publisher, or set publish.takeover: newest");
    }
    if (call->verdict.refusal == PH_CLOSE_NONE) {
        take_places(call);
    }
    if (call->verdict.refusal == PH_CLOSE_NONE &&
        !set_for_channel(socket, params->conf, call->verdict.entry->conf)) {
        ph_srt_call_release(call);
        ph_srt_access_refuse(&call->verdict, PH_CLOSE_PROTOCOL, srt_getlasterror_str());
    }
    bool is_welcome = call->verdict.refusal == PH_CLOSE_NONE;
    int code = ph_srt_access_code(&call->verdict);
    ph_mailbox_post(params->mailbox, &call->mail); /* from here on the call is the server's */
    return is_welcome ? 0 : refuse(socket, code);
}

/* ---- the socket ---- */

/* Packets that one session may have waiting: what its latency holds at the highest bit rate. */
static int count_receive_packets(const struct ph_conf *conf)
{
    uint64_t rate =
        conf->srt.max_bitrate_kbps != 0 ? conf->srt.max_bitrate_kbps : DEFAULT_RATE_KBPS;
    uint64_t latency_ms = conf->srt.latency_ms;

    for (size_t i = 0; i < conf->channels_count; i++) {
        uint64_t own = ph_conf_srt_latency_ms(conf, &conf->channels[i]);
        latency_ms = own > latency_ms ? own : latency_ms;
    }
    /* Half as much again: what is lost comes twice, and key frames come in bursts. */
    uint64_t packets = rate * latency_ms / 8 / PAYLOAD_BYTES * 3 / 2;
    return packets < RECEIVE_PACKETS_MIN   ? RECEIVE_PACKETS_MIN
           : packets > RECEIVE_PACKETS_MAX ? RECEIVE_PACKETS_MAX
                                           : (int)packets;
}

/*
 * SRTO_PACKETFILTER stays as it is, which lets callers ask for FEC: to set it to "" ends the
 * process within libsrt 1.5.1. That one also sizes FEC's buffers by SRTO_PAYLOADSIZE, and writes
 * behind their end when a caller's is larger: so ours is as large as any can be.
 */
static int set_options(SRTSOCKET socket, const struct ph_conf *conf)
{
    int packets = count_receive_packets(conf);
    const struct {
        SRT_SOCKOPT option;
        int value;
    } options[] = {
        {SRTO_TRANSTYPE, SRTT_LIVE},
        {SRTO_PAYLOADSIZE, PH_SRT_MESSAGE_BYTES_MAX},
        {SRTO_RCVSYN, 0},
        {SRTO_RCVLATENCY, (int)conf->srt.latency_ms},
        {SRTO_ENFORCEDENCRYPTION, 1},
        {SRTO_LOSSMAXTTL, (int)conf->srt.reorder_packets},
        {SRTO_PEERIDLETIMEO, PH_SRT_PEER_IDLE_TIMEOUT_MS},
        {SRTO_FC, RECEIVE_PACKETS_MAX},
        {SRTO_RCVBUF, packets * (MSS_BYTES - HEADERS_BYTES)},
        {SRTO_UDP_RCVBUF, UDP_RECEIVE_BYTES},
    };

    for (size_t i = 0; i < PH_ARRAY_SIZE(options); i++) {
        if (srt_setsockflag(socket, options[i].option, &options[i].value,
                            sizeof(options[i].value)) != 0) {
            return ph_srt_library_err();
        }
    }
    return PH_OK;
}

static int bind_socket(SRTSOCKET socket, const char *listen)
{
    static const int off = 0;
    struct sockaddr_storage address;
    int err = ph_address_parse(&address, listen);

    if (err != PH_OK) {
        return err;
    }
    if (address.ss_family == AF_INET6 &&
        srt_setsockflag(socket, SRTO_IPV6ONLY, &off, sizeof(off)) != 0) {
        return ph_srt_library_err();
    }
    if (srt_bind(socket, (const struct sockaddr *)&address, (int)ph_address_size(&address)) != 0) {
        return ph_srt_library_err();
    }
    return PH_OK;
}

/* Said once, as a hint: it serves all the same, and loses packets when many come at once. */
static void check_udp_buffer(void)
{
    char hint[96];
    int granted = ph_udp_granted_bytes(UDP_RECEIVE_BYTES);

    if (granted < UDP_RECEIVE_BYTES) {
        snprintf(hint, sizeof(hint),
                 "sysctl -w net.core.rmem_max=%d, for bursts of many publishers",
                 UDP_RECEIVE_BYTES);
        ph_log_info("srt.udp_buffer", ph_kv_int("bytes", granted),
                    ph_kv_int("wanted", UDP_RECEIVE_BYTES), ph_kv("hint", hint));
    }
}

int ph_srt_listener_create(struct ph_srt_listener **out,
                           const struct ph_srt_listener_params *params)
{
    struct ph_srt_listener *listener = ph_new(struct ph_srt_listener);
    size_t channels = ph_registry_count(params->registry);

    listener->params = *params;
    listener->socket = srt_create_socket();
    int err = listener->socket == SRT_INVALID_SOCK ? ph_srt_library_err()
                                                   : set_options(listener->socket, params->conf);
    if (err == PH_OK) {
        err = bind_socket(listener->socket, params->conf->srt.listen);
    }
    if (err == PH_OK && srt_listen_callback(listener->socket, on_listen, listener) != 0) {
        err = ph_srt_library_err();
    }
    if (err != PH_OK) {
        ph_srt_listener_close(listener);
        free(listener);
        return err;
    }
    listener->peers = ph_peers_create(params->conf->srt.max_connections_per_ip);
    listener->places = ph_new_array(atomic_uint, channels);
    for (size_t i = 0; i < channels; i++) {
        atomic_init(&listener->places[i], 0);
    }
    check_udp_buffer();
    *out = listener;
    return PH_OK;
}

int ph_srt_listener_open(struct ph_srt_listener *listener)
{
    return srt_listen(listener->socket, BACKLOG) == 0 ? PH_OK : ph_srt_library_err();
}

int ph_srt_listener_socket(const struct ph_srt_listener *listener)
{
    return listener->socket;
}

void ph_srt_listener_close(struct ph_srt_listener *listener)
{
    if (listener->socket != SRT_INVALID_SOCK) {
        srt_close(listener->socket);
        listener->socket = SRT_INVALID_SOCK;
    }
}

void ph_srt_listener_destroy(struct ph_srt_listener **ref)
{
    struct ph_srt_listener *listener = *ref;

    *ref = NULL;
    if (listener != NULL) {
        ph_peers_destroy(&listener->peers);
        free(listener->places);
        free(listener);
    }
}
