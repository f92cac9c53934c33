/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_DELIVERY_HLS_H
#define PHIEN_DELIVERY_HLS_H

#include <phien/delivery/feed.h>
#include <phien/http/router.h>

/*
 * The HLS routes of one worker: playlists, parts, segments and init segments under
 * /live/CHANNEL/, answered from the newest snapshots that the channels' homes have posted to this
 * worker, with blocking reloads and preload hints held until what they wait for is there
 * (RFC 8216bis section 6.2.5).
 *
 * All functions: the worker's thread, or before it runs.
 */
struct ph_hls;

struct ph_hls *ph_hls_create(struct ph_feeds *feeds, unsigned worker);

/* Adds the routes; the router and this object live equally long. */
void ph_hls_add_routes(struct ph_hls *hls, struct ph_router *router);

/*
 * While the server drains: answers every held request (with what there is, else 503) and holds no
 * more. What channels still post is served.
 */
void ph_hls_drain(struct ph_hls *hls);

/* The worker's thread. No exchange may be held any more. */
void ph_hls_destroy(struct ph_hls **hls);

/* Lines that every response carries, whatever its status: CORS and the like. */
extern const char ph_hls_common_headers[];

#endif
