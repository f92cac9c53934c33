/* SPDX-License-Identifier: Apache-2.0 */
#include "worker.h"

#include "operate.h"
#include "pages.h"
#include "recorder.h"
#include "status_api.h"

#include <phien/core/log.h>
#include <phien/net/tcp.h>

void ph_worker_log_listen_failed(const char *protocol, const char *address, int err)
{
    const char *hint = err == PH_EADDRINUSE ? "another program listens there: stop it, or change "
                                              "the port in the config"
                       : err == PH_EACCESS  ? "ports below 1024 need CAP_NET_BIND_SERVICE"
                                            : NULL;

    ph_log_error("server.listen_failed", ph_kv("for", protocol), ph_kv("address", address),
                 ph_kv("reason", ph_err_text(err)), ph_kv("hint", hint));
}

int ph_worker_probe(const struct ph_conf *conf)
{
    int err = ph_tcp_probe(conf->http.listen);

    if (err != PH_OK) {
        ph_worker_log_listen_failed("http", conf->http.listen, err);
        return err;
    }
    err = *conf->rtmp.listen != '\0' ? ph_tcp_probe(conf->rtmp.listen) : PH_OK;
    if (err != PH_OK) {
        ph_worker_log_listen_failed("rtmp", conf->rtmp.listen, err);
    }
    return err;
}

int ph_worker_init(struct ph_worker *worker, const struct ph_shared *shared, unsigned index)
{
    const struct ph_conf *conf = shared->conf;
    struct ph_loop *loop = shared->loops[index];
    const struct ph_http_server_options options = {
        .listen = conf->http.listen,
        .common_headers = ph_hls_common_headers,
        .max_connections = shared->http_connections,
    };

    worker->shared = shared;
    worker->index = index;
    worker->hls = ph_hls_create(shared->feeds, index);
    worker->recorder = ph_recorder_create(shared, index);
    worker->router = ph_router_create();
    worker->overlay = ph_overlay_api_create(shared->overlay, index);
    ph_hls_add_routes(worker->hls, worker->router);
    ph_overlay_api_add_routes(worker->overlay, worker->router);
    worker->status = ph_status_api_create(shared, index);
    ph_status_api_add_routes(worker->status, worker->router);
    ph_pages_add_routes(worker->router);
    ph_operate_add_routes(worker->router, worker);
    int err =
        ph_http_server_create(&worker->http, loop, &options, worker->router, shared->stats[index]);
    if (err != PH_OK) {
        ph_worker_log_listen_failed("http", conf->http.listen, err);
        return err;
    }
    if (*conf->rtmp.listen == '\0') {
        return PH_OK;
    }
    err = ph_rtmp_server_create(&worker->rtmp, loop, conf, shared->hub, shared->peers,
                                shared->stats[index]);
    if (err != PH_OK) {
        ph_worker_log_listen_failed("rtmp", conf->rtmp.listen, err);
    }
    return err;
}

void ph_worker_fini(struct ph_worker *worker)
{
    ph_rtmp_server_destroy(&worker->rtmp);
    ph_http_server_destroy(&worker->http);
    ph_hls_destroy(&worker->hls);
    ph_overlay_api_destroy(&worker->overlay);
    ph_status_api_destroy(&worker->status);
    ph_recorder_destroy(&worker->recorder);
    ph_router_destroy(&worker->router);
}

static void on_answered(void *arg)
{
    struct ph_worker *worker = arg;

    if (--worker->answers_open == 0) {
        worker->on_answered(worker->answered_arg);
    }
}

/*
 * In this order the answers that are given now tell their clients to go. Viewers do not wait for
 * the overlays' disk.
 */
static void drain_answers(struct ph_worker *worker, void (*on_done)(void *arg), void *arg)
{
    bool has_overlays = worker->index == 0;

    worker->on_answered = on_done;
    worker->answered_arg = arg;
    worker->answers_open = has_overlays ? 2 : 1;
    ph_http_server_drain(worker->http, on_answered, worker);
    ph_hls_drain(worker->hls);
    ph_overlay_api_drain(worker->overlay);
    if (has_overlays) {
        ph_overlay_drain(worker->shared->overlay, on_answered, worker);
    }
}

void ph_worker_drain(struct ph_worker *worker, enum ph_drain_step step, void (*on_done)(void *arg),
                     void *arg)
{
    switch (step) {
    case PH_DRAIN_INGEST:
        if (worker->rtmp != NULL) {
            ph_rtmp_server_drain(worker->rtmp, on_done, arg);
            return;
        }
        break;
    case PH_DRAIN_CHANNELS:
        ph_publish_hub_close_home(worker->shared->hub, worker->index);
        ph_recorder_finish(worker->recorder);
        break;
    case PH_DRAIN_ANSWERS:
        drain_answers(worker, on_done, arg);
        return;
    case PH_DRAIN_NONE:
    case PH_DRAIN_DONE:
        break;
    }
    on_done(arg);
}
