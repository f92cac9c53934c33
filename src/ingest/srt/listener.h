/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_LISTENER_H
#define PHIEN_INGEST_SRT_LISTENER_H

#include "access.h"

#include <phien/core/conf.h>
#include <phien/net/mailbox.h>

/*
 * The socket that callers reach, and what is decided about each in the middle of its handshake,
 * on a thread of libsrt. That thread receives for all sessions, so nothing there may wait: the
 * verdict is taken from memory, and who called and what was said goes to the server as a mail.
 */
struct ph_srt_listener;

/* A link on which nothing came for so long, not even a keepalive, is broken. */
enum { PH_SRT_PEER_IDLE_TIMEOUT_MS = 5000 };

/* The largest message: what fits into a packet of 1500 bytes. */
enum { PH_SRT_MESSAGE_BYTES_MAX = 1456 };

/* One caller and its verdict. Holds a place of its address and of its channel if it is welcome. */
struct ph_srt_call {
    struct ph_mail mail;
    struct ph_srt_call *next; /* for whoever owns it */
    struct ph_srt_listener *listener;
    int socket; /* libsrt's, before and after it is accepted */
    char ip[47];
    char peer[64];
    char streamid[256]; /* without its secrets */
    struct ph_srt_verdict verdict;
    bool has_place;
    ph_usec at; /* on the monotonic clock */
};

struct ph_srt_listener_params {
    const struct ph_conf *conf;
    const struct ph_registry *registry;
    const struct ph_publish_hub *hub;
    struct ph_mailbox *mailbox;
    void (*on_call)(void *arg, struct ph_srt_call *call); /* the mailbox's thread; owns the call */
    void *arg;
};

/*
 * Binds conf->srt.listen; calls are refused until ph_srt_listener_open. PH_EADDRINUSE,
 * PH_EACCESS, PH_EIO, PH_EINVAL.
 */
PH_MUST_CHECK int ph_srt_listener_create(struct ph_srt_listener **out,
                                         const struct ph_srt_listener_params *params);

PH_MUST_CHECK int ph_srt_listener_open(struct ph_srt_listener *listener);

/* libsrt's socket, for its epoll; negative once closed. */
int ph_srt_listener_socket(const struct ph_srt_listener *listener);

/* Nobody is accepted any more; a verdict that is just being found still comes. */
void ph_srt_listener_close(struct ph_srt_listener *listener);

/* After libsrt has been stopped and all calls have been destroyed. */
void ph_srt_listener_destroy(struct ph_srt_listener **listener);

/* Gives its places back, when the peer is gone. */
void ph_srt_call_release(struct ph_srt_call *call);

/* Also gives its places back. */
void ph_srt_call_destroy(struct ph_srt_call **call);

#endif
