/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's end of the overlay: what its routes have in common, and its life. Reads are answered
 * from the newest pictures (api_read.c, api_events.c), writes travel to the home and back
 * (api_write.c), images are the store's (api_images.c).
 */
#include "api.h"

#include "problem.h"
#include "text_buf.h"

#include <phien/core/mem.h>

#include <stdlib.h>
#include <string.h>

const struct ph_registry_entry *ph_api_find(const struct ph_overlay_api *api,
                                            struct ph_http_exchange *exchange,
                                            const struct ph_http_param *name)
{
    const struct ph_registry_entry *entry =
        ph_registry_find(api->params->registry, name->text, name->len);

    if (entry == NULL) {
        ph_problem_respond(exchange, 404, "there is no such channel", NULL);
    }
    return entry;
}

const struct ph_registry_entry *ph_api_find_mine(const struct ph_overlay_api *api,
                                                 struct ph_http_exchange *exchange,
                                                 const struct ph_http_param *name)
{
    const struct ph_registry_entry *entry = ph_api_find(api, exchange, name);

    if (entry == NULL) {
        return NULL;
    }
    int refusal =
        ph_overlay_authorise(api->params->conf, entry->conf, ph_http_exchange_request(exchange));
    if (refusal == 401) {
        ph_problem_respond(exchange, 401, "send Authorization: Bearer <the channel's token>", NULL);
        return NULL;
    }
    if (refusal != 0) {
        ph_problem_respond(exchange, refusal, "this is not the channel's token", NULL);
        return NULL;
    }
    if (api->is_draining || ph_overlay_is_draining(api->overlay)) {
        ph_problem_respond(exchange, 503, "the server ends; try again", NULL);
        return NULL;
    }
    return entry;
}

bool ph_api_get_sku(char out[static PH_SKU_BYTES_MAX + 1], const struct ph_http_param *param)
{
    if (!ph_sku_is_valid(param->text, param->len)) {
        return false;
    }
    memcpy(out, param->text, param->len);
    out[param->len] = '\0';
    return true;
}

void ph_api_respond_json(struct ph_http_exchange *exchange, int status, const char *etag,
                         char *text)
{
    struct ph_slice body = ph_slice_of(ph_text_buf_wrap(text));
    const struct ph_http_response response = {
        .status = status,
        .content_type = "application/json",
        .cache_control = "private, no-store",
        .etag = etag,
        .body = &body,
        .body_count = 1,
    };

    ph_http_respond(exchange, &response);
}

static void on_picture(void *arg, size_t index, struct ph_picture *picture)
{
    struct ph_overlay_api *api = arg;

    ph_api_tell(&api->channels[index], picture);
}

struct ph_overlay_api *ph_overlay_api_create(struct ph_overlay *overlay, unsigned worker)
{
    struct ph_overlay_api *api = ph_new(struct ph_overlay_api);
    const struct ph_overlay_params *params = ph_overlay_get_params(overlay);
    size_t count = ph_registry_count(params->registry);

    api->overlay = overlay;
    api->params = params;
    api->worker = worker;
    api->loop = params->loops[worker];
    api->channels = ph_alloc(count * sizeof(*api->channels));
    for (size_t i = 0; i < count; i++) {
        api->channels[i].picture = ph_picture_ref(ph_overlay_first_picture(overlay, i));
        ph_rate_init(&api->channels[i].uploads, params->conf->overlay.writes_per_s,
                     ph_loop_now(api->loop));
    }
    api->images = ph_image_cache_create(PH_API_IMAGE_CACHE_BYTES);
    ph_api_waits_init(&api->waits, api->loop, PH_STORE_PATIENCE);
    ph_overlay_attach(overlay, worker, on_picture, api);
    return api;
}

void ph_overlay_api_add_routes(struct ph_overlay_api *api, struct ph_router *router)
{
    ph_api_add_reads(api, router);
    ph_api_add_writes(api, router);
    ph_api_add_events(api, router);
    ph_api_add_images(api, router);
}

void ph_overlay_api_drain(struct ph_overlay_api *api)
{
    api->is_draining = true;
    for (size_t i = 0; i < ph_registry_count(api->params->registry); i++) {
        if (api->channels[i].room != NULL) {
            ph_sse_room_close(api->channels[i].room);
        }
    }
    ph_overlay_flush(api->overlay, api->worker);
}

void ph_overlay_api_destroy(struct ph_overlay_api **ref)
{
    struct ph_overlay_api *api = *ref;

    *ref = NULL;
    if (api == NULL) {
        return;
    }
    for (size_t i = 0; i < ph_registry_count(api->params->registry); i++) {
        ph_api_channel_fini(&api->channels[i]);
    }
    ph_api_waits_fini(&api->waits);
    ph_image_cache_destroy(&api->images);
    free(api->channels);
    free(api);
}
