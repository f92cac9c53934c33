/* SPDX-License-Identifier: Apache-2.0 */
#include "status_api.h"

#include "describe.h"
#include "refuse.h"

#include <phien/core/mem.h>
#include <phien/net/timer.h>

#include <stdlib.h>

struct ph_status_api {
    const struct ph_shared *shared;
    unsigned worker;
    struct ph_timer *timer;
};

/* To the home and back; then to who asked. */
struct question {
    struct ph_mail mail;
    const struct ph_shared *shared;
    const struct ph_registry_entry *entry;
    unsigned asker;
    char *answer;
    struct ph_http_exchange *exchange; /* the asker's thread; NULL: the client is gone */
};

static void discard(struct ph_mail *mail)
{
    struct question *question = ph_container_of(mail, struct question, mail);

    free(question->answer);
    free(question);
}

static void on_abort(void *arg)
{
    struct question *question = arg;

    question->exchange = NULL;
}

static void come_back(struct ph_mail *mail)
{
    const struct question *question = ph_container_of(mail, struct question, mail);

    if (question->exchange != NULL) {
        ph_http_exchange_on_abort(question->exchange, NULL, NULL);
        ph_http_respond_text(question->exchange, 200, "application/json", question->answer);
    }
    discard(mail);
}

static void visit(struct ph_mail *mail)
{
    struct question *question = ph_container_of(mail, struct question, mail);
    const struct ph_shared *shared = question->shared;
    json_t *json = ph_describe_status(shared, question->entry);

    question->answer = json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(json);
    PH_ASSERT(question->answer != NULL);
    question->mail.deliver = come_back;
    ph_mailbox_post(ph_loop_mailbox(shared->loops[question->asker]), &question->mail);
}

static void ask(const struct ph_status_api *api, const struct ph_registry_entry *entry,
                struct ph_http_exchange *exchange)
{
    struct question *question = ph_new(struct question);

    question->mail.deliver = visit;
    question->mail.discard = discard;
    question->shared = api->shared;
    question->entry = entry;
    question->asker = api->worker;
    question->exchange = exchange;
    ph_http_exchange_on_abort(exchange, on_abort, question);
    ph_mailbox_post(ph_loop_mailbox(api->shared->loops[entry->home]), &question->mail);
}

static void handle_status(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                          void *arg)
{
    const struct ph_status_api *api = arg;
    const struct ph_shared *shared = api->shared;
    const struct ph_registry_entry *entry =
        ph_registry_find(shared->registry, params[0].text, params[0].len);

    if (entry == NULL) {
        ph_http_respond_problem(exchange, 404, "there is no such channel", NULL);
        return;
    }
    int refusal =
        ph_overlay_authorise(shared->conf, entry->conf, ph_http_exchange_request(exchange));
    if (refusal == 401) {
        ph_refuse_without_token(exchange, "send Authorization: Bearer <the channel's token>");
    } else if (refusal != 0) {
        ph_http_respond_problem(exchange, refusal, "this is not the channel's token", NULL);
    } else {
        ask(api, entry, exchange);
    }
}

static void on_second(void *arg)
{
    struct ph_status_api *api = arg;
    const struct ph_shared *shared = api->shared;

    for (size_t i = 0; i < ph_registry_count(shared->registry); i++) {
        const struct ph_registry_entry *entry = ph_registry_at(shared->registry, i);
        if (entry->home == api->worker) {
            struct ph_quality_sample sample;
            ph_describe_quality_sample(shared, entry, &sample);
            ph_quality_add(&shared->qualities[i], &sample);
        }
    }
    ph_timer_set(api->timer, ph_loop_now(shared->loops[api->worker]) + PH_USEC_PER_S);
}

struct ph_status_api *ph_status_api_create(const struct ph_shared *shared, unsigned worker)
{
    struct ph_status_api *api = ph_new(struct ph_status_api);

    api->shared = shared;
    api->worker = worker;
    api->timer = ph_timer_create(shared->loops[worker], on_second, api);
    ph_timer_set(api->timer, ph_loop_now(shared->loops[worker]) + PH_USEC_PER_S);
    return api;
}

void ph_status_api_add_routes(struct ph_status_api *api, struct ph_router *router)
{
    ph_router_add(router, 1U << PH_HTTP_GET, "/api/v1/channels/{}/status", handle_status, api);
}

void ph_status_api_destroy(struct ph_status_api **ref)
{
    struct ph_status_api *api = *ref;

    *ref = NULL;
    if (api != NULL) {
        ph_timer_destroy(&api->timer);
        free(api);
    }
}
