/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_API_H
#define PHIEN_OVERLAY_API_H

#include "api_waits.h"
#include "image.h"
#include "overlay.h"
#include "rate.h"

#include <phien/http/sse.h>

enum {
    PH_API_MISSED_MAX = 64, /* events that a reader may have missed and still get */
    PH_API_IMAGE_CACHE_BYTES = 16 * 1024 * 1024,
    /* Of images that a worker has on their way to the disk, each counted with some overhead. */
    PH_API_KEEPING_BYTES = 32 * 1024 * 1024,
    PH_API_KEEPING_OVERHEAD = 4096,
};

/* What happened at one change, for those who come back after it. */
struct ph_api_past {
    int64_t seq;
    struct ph_buf *events; /* NULL: there was nothing to tell */
    bool has_many_events;
};

/* A channel as a worker sees it. */
struct ph_api_channel {
    struct ph_picture *picture;
    struct ph_sse_room *room; /* NULL until somebody comes */
    struct ph_buf *greeting;  /* the event for newcomers, NULL until one comes */
    struct ph_api_past past[PH_API_MISSED_MAX];
    size_t past_count; /* ever; the newest are kept */
    struct ph_rate uploads;
};

/* All of it: the worker's thread. */
struct ph_overlay_api {
    struct ph_overlay *overlay;
    const struct ph_overlay_params *params;
    unsigned worker;
    struct ph_loop *loop;
    struct ph_api_channel *channels; /* by the registry's index */
    struct ph_image_cache *images;
    size_t keeping;               /* bytes of images */
    struct ph_api_waits waits;    /* of those who write */
    struct ph_api_fetch *fetches; /* images that the store is asked for */
    bool is_draining;
};

/* The channel of the path; NULL: there is none, and that has been answered. */
const struct ph_registry_entry *ph_api_find(const struct ph_overlay_api *api,
                                            struct ph_http_exchange *exchange,
                                            const struct ph_http_param *name);

/*
 * The same for what needs a token; also while the server drains it is NULL, and answered.
 */
const struct ph_registry_entry *ph_api_find_mine(const struct ph_overlay_api *api,
                                                 struct ph_http_exchange *exchange,
                                                 const struct ph_http_param *name);

/* A valid sku of the path with a NUL. */
bool ph_api_get_sku(char out[static PH_SKU_BYTES_MAX + 1], const struct ph_http_param *param);

/* Takes the text over. `etag` may be NULL. */
void ph_api_respond_json(struct ph_http_exchange *exchange, int status, const char *etag,
                         char *text);

void ph_api_add_reads(struct ph_overlay_api *api, struct ph_router *router);
void ph_api_add_writes(struct ph_overlay_api *api, struct ph_router *router);
void ph_api_add_events(struct ph_overlay_api *api, struct ph_router *router);
void ph_api_add_images(struct ph_overlay_api *api, struct ph_router *router);

/* A picture came: its events go to the channel's readers and are kept for others. */
void ph_api_tell(struct ph_api_channel *channel, struct ph_picture *picture);
void ph_api_channel_fini(struct ph_api_channel *channel);

#endif
