/* SPDX-License-Identifier: Apache-2.0 */
#include "operate.h"

#include "channels_api.h"
#include "refuse.h"

#include <phien/core/secret.h>

#include <string.h>
#include <strings.h>

enum { METRICS_BYTES = 256 * 1024 };

static void handle_healthz(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                           void *arg)
{
    (void)params;
    (void)arg;
    ph_http_respond_text(exchange, 200, "text/plain; charset=utf-8", "ok\n");
}

static void handle_metrics(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                           void *arg)
{
    const struct ph_worker *worker = arg;
    const struct ph_shared *shared = worker->shared;
    struct ph_writer text;

    (void)params;
    ph_writer_init(&text, METRICS_BYTES);
    ph_write_format(&text,
                    "# HELP phien_channels Channels in the config.\n"
                    "# TYPE phien_channels gauge\nphien_channels %zu\n",
                    ph_registry_count(shared->registry));
    ph_stats_format(&text, (const struct ph_stats *const *)shared->stats, shared->workers + 1);
    ph_link_stats_format(&text, shared->links, shared->channel_names,
                         ph_registry_count(shared->registry));
    ph_audience_format(&text, ph_feeds_audience(shared->feeds), shared->channel_names);
    struct ph_buf *buf = ph_writer_take(&text);
    if (buf == NULL) {
        ph_http_respond_problem(exchange, 500, "out of memory", NULL);
        return;
    }
    struct ph_slice body = ph_slice_of(buf);
    const struct ph_http_response response = {
        .status = 200,
        .content_type = "text/plain; version=0.0.4; charset=utf-8",
        .body = &body,
        .body_count = 1,
    };
    ph_http_respond(exchange, &response);
}

/* True: the request carries the admin token. Else it has been answered. */
static bool is_admin(struct ph_http_exchange *exchange, const struct ph_conf *conf)
{
    static const char scheme[] = "Bearer ";
    const char *said = ph_http_exchange_request(exchange)->authorization;

    if (*conf->admin.token == '\0') {
        ph_http_respond_problem(exchange, 404, "the admin API is off: set admin.token", NULL);
        return false;
    }
    if (strncasecmp(said, scheme, strlen(scheme)) == 0) {
        said += strlen(scheme);
        if (ph_secret_equal(conf->admin.token, said, strlen(said))) {
            return true;
        }
    }
    ph_refuse_without_token(exchange, "send Authorization: Bearer <admin.token>");
    return false;
}

static void handle_channels(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                            void *arg)
{
    const struct ph_worker *worker = arg;

    (void)params;
    if (is_admin(exchange, worker->shared->conf)) {
        ph_channels_api_list(exchange, worker->shared, worker->index);
    }
}

void ph_operate_add_routes(struct ph_router *router, struct ph_worker *worker)
{
    ph_router_add(router, 1U << PH_HTTP_GET, "/healthz", handle_healthz, worker);
    ph_router_add(router, 1U << PH_HTTP_GET, "/metrics", handle_metrics, worker);
    ph_router_add(router, 1U << PH_HTTP_GET, "/api/v1/channels", handle_channels, worker);
}
