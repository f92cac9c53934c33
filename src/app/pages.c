/* SPDX-License-Identifier: Apache-2.0 */
#include "pages.h"

#include <phien/web/assets.h>

#include <stdio.h>

static void respond_page(struct ph_http_exchange *exchange, const struct ph_asset *asset,
                         const char *cache_control, const char *headers)
{
    const struct ph_http_request *request = ph_http_exchange_request(exchange);
    bool is_gzip = asset->gzip != NULL && ph_http_accepts_gzip(request->accept_encoding);
    struct ph_slice body = is_gzip ? ph_slice_static(asset->gzip, asset->gzip_len)
                                   : ph_slice_static(asset->data, asset->len);
    const struct ph_http_response response = {
        .status = 200,
        .content_type = asset->content_type,
        .cache_control = cache_control,
        .etag = is_gzip ? asset->gzip_etag : asset->etag,
        .headers = headers,
        .is_gzip = is_gzip,
        .vary_encoding = true,
        .body = &body,
        .body_count = 1,
    };

    ph_http_respond(exchange, &response);
}

static void respond_asset(struct ph_http_exchange *exchange, const struct ph_asset *asset)
{
    const char *immutable = "public, max-age=31536000, immutable";

    respond_page(exchange, asset, asset->is_immutable ? immutable : "no-cache", NULL);
}

static void handle_asset(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                         void *arg)
{
    char name[128];

    (void)arg;
    snprintf(name, sizeof(name), "%.*s", (int)params[0].len, params[0].text);
    const struct ph_asset *asset = params[0].len < sizeof(name) ? ph_asset_find(name) : NULL;
    if (asset == NULL) {
        ph_http_respond_problem(exchange, 404, "there is no such file", NULL);
        return;
    }
    respond_asset(exchange, asset);
}

/* One page for every channel: it reads the channel's name from its own address. */
static void handle_watch(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                         void *arg)
{
    (void)params;
    (void)arg;
    respond_asset(exchange, ph_asset_find("watch.html"));
}

/*
 * As the watch page, but its address has a token in it when it is opened: that goes neither into a
 * cache nor to those whose pictures the page shows, and no other page may put this one in a frame.
 */
static void handle_studio(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                          void *arg)
{
    (void)params;
    (void)arg;
    respond_page(exchange, ph_asset_find("studio.html"), "no-store",
                 "Referrer-Policy: no-referrer\r\n"
                 "X-Frame-Options: DENY\r\n"
                 "X-Content-Type-Options: nosniff\r\n");
}

static void handle_description(struct ph_http_exchange *exchange,
                               const struct ph_http_param *params, void *arg)
{
    (void)params;
    (void)arg;
    respond_asset(exchange, ph_asset_find("openapi.yaml"));
}

void ph_pages_add_routes(struct ph_router *router)
{
    ph_router_add(router, 1U << PH_HTTP_GET, "/watch/{}", handle_watch, NULL);
    ph_router_add(router, 1U << PH_HTTP_GET, "/studio/{}", handle_studio, NULL);
    ph_router_add(router, 1U << PH_HTTP_GET, "/assets/{}", handle_asset, NULL);
    ph_router_add(router, 1U << PH_HTTP_GET, "/api/v1/openapi.yaml", handle_description, NULL);
}
