/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_OVERLAY_H
#define PHIEN_OVERLAY_OVERLAY_H

#include <phien/core/conf.h>
#include <phien/core/stats.h>
#include <phien/http/router.h>
#include <phien/media/registry.h>
#include <phien/net/loop.h>

/*
 * The overlay channel: each channel's shelf of products and the card that is pinned, kept in
 * SQLite, changed by the HTTP API, told to the channel as cues and to viewers as server-sent
 * events.
 *
 * A channel's state belongs to its home worker, where changes are put in order. A change is
 * answered, and shown, when the store's thread has made it durable. Every worker has the newest
 * picture of each channel, posted to it by the home, and answers reads from that.
 */
struct ph_overlay;

struct ph_overlay_params {
    const struct ph_conf *conf;
    const struct ph_registry *registry;
    struct ph_loop *const *loops;  /* one for each worker */
    struct ph_stats *const *stats; /* one for each worker */
    size_t workers;
};

/*
 * Opens the database, creating it and its folder where they are missing, reads what is kept of
 * every channel, and sets the channels' cues. Before the loops start. What fails is logged:
 * PH_EACCESS, PH_EIO; PH_EUNSUPPORTED: the database is of a newer phien.
 */
PH_MUST_CHECK int ph_overlay_create(struct ph_overlay **out,
                                    const struct ph_overlay_params *params);

/*
 * Takes no more changes; those under way are finished. `on_done` is called on the home's thread of
 * worker 0 when the last is durable. Before the loops stop.
 */
void ph_overlay_drain(struct ph_overlay *overlay, void (*on_done)(void *arg), void *arg);

/* After all loops have ended, before they are destroyed: ends the store's thread. */
void ph_overlay_stop(struct ph_overlay *overlay);

/* After all loops have been destroyed. */
void ph_overlay_destroy(struct ph_overlay **overlay);

/* The routes of one worker: /api/v1/channels/NAME/{shelf,card,overlay,events,images}. */
struct ph_overlay_api;

/* Before the loop starts. */
struct ph_overlay_api *ph_overlay_api_create(struct ph_overlay *overlay, unsigned worker);
void ph_overlay_api_add_routes(struct ph_overlay_api *api, struct ph_router *router);

/* While the server drains: ends event streams, answers what waits for a place in the stream. */
void ph_overlay_api_drain(struct ph_overlay_api *api);

/* The worker's thread. No exchange may be held any more. */
void ph_overlay_api_destroy(struct ph_overlay_api **api);

/*
 * Whether the request may change the channel's overlay, by its Authorization header. 0, or the
 * status to refuse it with: 401 without a token, 403 with another's. Any thread.
 */
int ph_overlay_authorise(const struct ph_conf *conf, const struct ph_conf_channel *channel,
                         const struct ph_http_request *request);

#endif
