/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_APP_WORKER_H
#define PHIEN_APP_WORKER_H

#include "continuity.h"

#include <phien/core/conf.h>
#include <phien/core/link_stats.h>
#include <phien/core/stats.h>
#include <phien/delivery/hls.h>
#include <phien/http/server.h>
#include <phien/ingest/rtmp.h>
#include <phien/overlay/overlay.h>

/* What all workers share; immutable or safe for any thread. */
struct ph_shared {
    const struct ph_conf *conf;
    struct ph_registry *registry;
    struct ph_publish_hub *hub;
    struct ph_feeds *feeds;
    struct ph_peers *peers;
    struct ph_overlay *overlay;
    struct ph_continuity *continuity; /* NULL: nothing outlives this run */
    struct ph_loop **loops;           /* one for each worker */
    struct ph_stats **stats;          /* one for each worker, and the SRT thread's */
    struct ph_link_stats *links;      /* one for each channel, by the registry's index */
    const char **channel_names;       /* by the registry's index */
    struct ph_quality *qualities;     /* by the registry's index; each its home's */
    size_t workers;
    unsigned http_connections; /* that one worker may have open */
};

/*
 * A worker: a loop in a thread, with its own RTMP and HTTP listeners, and the home of some of the
 * channels. Its loop and stats belong to the server.
 */
struct ph_worker {
    const struct ph_shared *shared;
    unsigned index;
    struct ph_router *router;
    struct ph_hls *hls;
    struct ph_overlay_api *overlay;
    struct ph_status_api *status;
    struct ph_http_server *http;
    struct ph_rtmp_server *rtmp; /* NULL: RTMP is off */

    unsigned answers_open; /* of what the step ANSWERS waits for */
    void (*on_answered)(void *arg);
    void *answered_arg;
    struct ph_recorder *recorder;
};

/* "server.listen_failed", with what to do about it. */
void ph_worker_log_listen_failed(const char *protocol, const char *address, int err);

/*
 * Whether the addresses of the config are free, before the first worker takes them. What is not
 * is logged.
 */
PH_MUST_CHECK int ph_worker_probe(const struct ph_conf *conf);

/* Before the loop starts. What fails is logged. */
PH_MUST_CHECK int ph_worker_init(struct ph_worker *worker, const struct ph_shared *shared,
                                 unsigned index);

/* After the loop has ended, or when init failed. */
void ph_worker_fini(struct ph_worker *worker);

/*
 * The steps in which a server ends; the worker's thread. Each is taken on every worker before the
 * next: sessions end, then their channels' segments are closed, then viewers get their answers, and
 * the last changes of overlays are saved and answered.
 */
enum ph_drain_step {
    PH_DRAIN_NONE,
    PH_DRAIN_INGEST,
    PH_DRAIN_CHANNELS,
    PH_DRAIN_ANSWERS,
    PH_DRAIN_DONE,
};

/*
 * `on_done` is called on the worker's thread, once, when the step is done: for INGEST when the last
 * session has ended, for ANSWERS when the last answer is sent and the last change durable. No peer
 * can put it off for more than some seconds.
 */
void ph_worker_drain(struct ph_worker *worker, enum ph_drain_step step, void (*on_done)(void *arg),
                     void *arg);

#endif
