/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_H
#define PHIEN_INGEST_SRT_H

#include <phien/core/conf.h>
#include <phien/core/link_stats.h>
#include <phien/ingest/peers.h>
#include <phien/ingest/publish.h>

/*
 * The SRT server of the process. libsrt has threads and an epoll of its own, which no loop can
 * wait on; so one thread of ours receives for all SRT sessions, runs a session on each, and hands
 * tracks and packets to publish, like any worker's thread.
 *
 * One server a process, since libsrt is global.
 */
struct ph_srt_server;

struct ph_srt_server_params {
    const struct ph_conf *conf;
    const struct ph_registry *registry;
    struct ph_publish_hub *hub;
    struct ph_stats *stats;      /* the SRT thread's own */
    struct ph_link_stats *links; /* one for each channel, by the registry's index */
};

/*
 * Listens on conf->srt.listen; nothing is accepted before the start. PH_EADDRINUSE, PH_EACCESS,
 * PH_EIO.
 */
PH_MUST_CHECK int ph_srt_server_create(struct ph_srt_server **out,
                                       const struct ph_srt_server_params *params);

/* Starts the thread. */
PH_MUST_CHECK int ph_srt_server_start(struct ph_srt_server *server);

/*
 * Any thread, once: the server stops listening and ends every session with the reason `shutdown`.
 * `on_done` is called on the SRT thread when the last one has been given back to publish.
 */
void ph_srt_server_drain(struct ph_srt_server *server, void (*on_done)(void *arg), void *arg);

/*
 * Ends the thread and takes libsrt down. Before the loops are destroyed, so that mails to the
 * SRT thread find it; accepts NULL.
 */
void ph_srt_server_destroy(struct ph_srt_server **server);

#endif
