/* SPDX-License-Identifier: Apache-2.0 */
/* GET: public texts from the picture as they are; with the channel's token, hidden products too. */
#include "api.h"

#include "api_answer.h"
#include "message.h"
#include "problem.h"

/* A cache may keep it for a second, which takes a crowd off our hands. */
static void respond_public(struct ph_http_exchange *exchange, struct ph_buf *text, const char *etag)
{
    struct ph_slice body = ph_slice_of(ph_buf_ref(text));
    const struct ph_http_response response = {
        .status = 200,
        .content_type = "application/json",
        .cache_control = "public, max-age=1",
        .etag = etag,
        .headers = "Vary: Authorization\r\n",
        .body = &body,
        .body_count = 1,
    };

    ph_http_respond(exchange, &response);
}

static bool is_mine(const struct ph_overlay_api *api, const struct ph_registry_entry *entry,
                    struct ph_http_exchange *exchange)
{
    return ph_overlay_authorise(api->params->conf, entry->conf,
                                ph_http_exchange_request(exchange)) == 0;
}

static void handle_overlay(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                           void *arg)
{
    const struct ph_overlay_api *api = arg;
    const struct ph_registry_entry *entry = ph_api_find(api, exchange, &params[0]);

    if (entry != NULL) {
        const struct ph_picture *picture = api->channels[entry->index].picture;
        respond_public(exchange, picture->overlay, picture->overlay_etag);
    }
}

static void handle_card(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                        void *arg)
{
    const struct ph_overlay_api *api = arg;
    const struct ph_registry_entry *entry = ph_api_find(api, exchange, &params[0]);

    if (entry != NULL) {
        const struct ph_picture *picture = api->channels[entry->index].picture;
        respond_public(exchange, picture->card, picture->card_etag);
    }
}

static void handle_shelf(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                         void *arg)
{
    const struct ph_overlay_api *api = arg;
    const struct ph_registry_entry *entry = ph_api_find(api, exchange, &params[0]);

    if (entry == NULL) {
        return;
    }
    const struct ph_picture *picture = api->channels[entry->index].picture;
    if (is_mine(api, entry, exchange)) {
        ph_api_respond_json(exchange, 200, picture->shelf_etag,
                            ph_message_shelf_all(picture->state));
    } else {
        respond_public(exchange, picture->shelf, picture->shelf_etag);
    }
}

static void handle_product(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                           void *arg)
{
    const struct ph_overlay_api *api = arg;
    const struct ph_registry_entry *entry = ph_api_find(api, exchange, &params[0]);
    char sku[PH_SKU_BYTES_MAX + 1];

    if (entry == NULL) {
        return;
    }
    const struct ph_picture *picture = api->channels[entry->index].picture;
    const struct ph_product *product =
        ph_api_get_sku(sku, &params[1]) ? ph_overlay_state_find(picture->state, sku) : NULL;
    if (product == NULL || (product->is_hidden && !is_mine(api, entry, exchange))) {
        ph_problem_respond(exchange, 404, "there is no such product", NULL);
        return;
    }
    ph_api_respond_json(exchange, 200, picture->shelf_etag,
                        ph_api_answer_product(picture->state->seq, picture->state->rev, product));
}

void ph_api_add_reads(struct ph_overlay_api *api, struct ph_router *router)
{
    const unsigned get = 1U << PH_HTTP_GET;

    ph_router_add(router, get, "/api/v1/channels/{}/overlay", handle_overlay, api);
    ph_router_add(router, get, "/api/v1/channels/{}/shelf", handle_shelf, api);
    ph_router_add(router, get, "/api/v1/channels/{}/shelf/{}", handle_product, api);
    ph_router_add(router, get, "/api/v1/channels/{}/card", handle_card, api);
}
