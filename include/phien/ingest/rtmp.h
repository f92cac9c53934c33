/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_RTMP_H
#define PHIEN_INGEST_RTMP_H

#include <phien/core/conf.h>
#include <phien/ingest/peers.h>
#include <phien/ingest/publish.h>

/*
 * The RTMP server of one worker: accepts connections on its loop, runs a session on each, and
 * hands tracks and packets to publish. All functions: the loop's thread, or before it runs.
 */
struct ph_rtmp_server;

/* PH_EADDRINUSE, PH_EACCESS, PH_EIO: it cannot listen on conf->rtmp.listen. */
PH_MUST_CHECK int ph_rtmp_server_create(struct ph_rtmp_server **out, struct ph_loop *loop,
                                        const struct ph_conf *conf, struct ph_publish_hub *hub,
                                        struct ph_peers *peers, struct ph_stats *stats);

/*
 * Stops listening and ends every session with the reason `shutdown`: at once, but for applications
 * that can be asked to connect again (Enhanced RTMP), which are given a moment to leave by
 * themselves. `on_done` is called from the loop when the last one has gone, soon in any case.
 */
void ph_rtmp_server_drain(struct ph_rtmp_server *server, void (*on_done)(void *arg), void *arg);
void ph_rtmp_server_destroy(struct ph_rtmp_server **server);

#endif
