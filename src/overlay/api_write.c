/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PUT, PATCH, POST and DELETE: what can be checked without the state is checked here, on the worker
 * that was asked; the rest is the home's. The client may go away meanwhile; its change is made all
 * the same.
 */
#include "api.h"

#include "api_answer.h"
#include "problem.h"

#include <phien/core/mem.h>
#include <phien/core/query.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct trip {
    struct ph_desk_write write;
    const struct ph_registry_entry *entry;
    struct ph_http_exchange *exchange; /* until it is on its way */
    struct ph_api_wait wait;           /* from then on */
};

static void free_trip(struct trip *trip)
{
    ph_desk_write_fini(&trip->write);
    free(trip);
}

static void answer(const struct trip *trip, struct ph_http_exchange *exchange)
{
    const struct ph_desk_answer *said = &trip->write.answer;

    if (said->status >= 400) {
        ph_problem_respond(exchange, said->status, said->detail, &said->faults);
    } else {
        ph_api_respond_json(exchange, said->status, NULL,
                            ph_api_answer_write(&trip->write, trip->entry->conf->name));
    }
}

static void on_answer(struct ph_desk_write *write)
{
    struct trip *trip = ph_container_of(write, struct trip, write);
    struct ph_http_exchange *exchange = ph_api_wait_end(&trip->wait);

    if (exchange != NULL) {
        answer(trip, exchange);
    }
    free_trip(trip);
}

static void on_discard(struct ph_desk_write *write)
{
    free_trip(ph_container_of(write, struct trip, write));
}

/* ---- what a request says beside its body ---- */

/* The revision of If-Match: "12". What is no revision of ours matches none. */
static int64_t read_if_match(const char *header)
{
    char *end = NULL;
    bool is_quoted = *header == '"';

    if (*header == '\0' || strcmp(header, "*") == 0) {
        return -1;
    }
    header += is_quoted;
    if (*header < '0' || *header > '9') {
        return INT64_MAX;
    }
    errno = 0;
    long long rev = strtoll(header, &end, 10);
    return errno == 0 && strcmp(end, is_quoted ? "\"" : "") == 0 ? rev : INT64_MAX;
}

/* False: it is longer than is kept, or not of printable ASCII. */
static bool read_key(char out[static 65], const char *header)
{
    size_t len = strlen(header);

    if (len > 64) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (header[i] < ' ' || header[i] > '~') {
            return false;
        }
    }
    memcpy(out, header, len + 1);
    return true;
}

/* NULL: it has been answered. */
static struct trip *begin(struct ph_overlay_api *api, struct ph_http_exchange *exchange,
                          const struct ph_http_param *params)
{
    const struct ph_http_request *request = ph_http_exchange_request(exchange);
    const struct ph_registry_entry *entry = ph_api_find_mine(api, exchange, &params[0]);

    if (entry == NULL) {
        return NULL;
    }
    struct trip *trip = ph_new(struct trip);
    trip->entry = entry;
    trip->exchange = exchange;
    if (!read_key(trip->write.key, request->idempotency_key)) {
        ph_problem_respond(exchange, 400,
                           "Idempotency-Key has more than 64 characters, or others than printable "
                           "ASCII",
                           NULL);
        free_trip(trip);
        return NULL;
    }
    trip->write.mailbox = ph_loop_mailbox(api->loop);
    trip->write.on_answer = on_answer;
    trip->write.on_discard = on_discard;
    return trip;
}

/* Answers what the body's reader has found, or sends the change on its way. */
static void go_on(struct ph_overlay_api *api, struct trip *trip, int err)
{
    struct ph_http_exchange *exchange = trip->exchange;

    if (err != PH_OK) {
        bool is_malformed = err == PH_EPROTO;
        ph_problem_respond(exchange, is_malformed ? 400 : 422,
                           is_malformed ? "the body cannot be read" : "not all of it is valid",
                           &trip->write.answer.faults);
        free_trip(trip);
        return;
    }
    trip->write.change.if_rev = read_if_match(ph_http_exchange_request(exchange)->if_match);
    ph_api_wait_begin(&api->waits, &trip->wait, exchange);
    ph_overlay_post(api->overlay, trip->entry, &trip->write);
}

/* NULL: it has been answered. `sku` is what the path names. */
static struct trip *begin_product(struct ph_overlay_api *api, struct ph_http_exchange *exchange,
                                  const struct ph_http_param *params,
                                  char sku[static PH_SKU_BYTES_MAX + 1])
{
    struct trip *trip = begin(api, exchange, params);

    if (trip != NULL && !ph_api_get_sku(sku, &params[1])) {
        ph_faults_add(&trip->write.answer.faults, "/sku",
                      "1 to 64 letters, digits, dots, underscores or hyphens");
        go_on(api, trip, PH_EINVAL);
        return NULL;
    }
    return trip;
}

/* ---- the routes ---- */

typedef int read_product_cb(struct ph_change *out, const char *channel, const char *sku,
                            const void *body, size_t len, struct ph_faults *faults);

static void change_product(struct ph_overlay_api *api, struct ph_http_exchange *exchange,
                           const struct ph_http_param *params, read_product_cb *read)
{
    const struct ph_http_request *request = ph_http_exchange_request(exchange);
    char sku[PH_SKU_BYTES_MAX + 1];
    struct trip *trip = begin_product(api, exchange, params, sku);

    if (trip != NULL) {
        go_on(api, trip,
              read(&trip->write.change, trip->entry->conf->name, sku, request->body,
                   request->body_len, &trip->write.answer.faults));
    }
}

static void handle_put_product(struct ph_http_exchange *exchange,
                               const struct ph_http_param *params, void *arg)
{
    change_product(arg, exchange, params, ph_change_read_put);
}

static void handle_patch_product(struct ph_http_exchange *exchange,
                                 const struct ph_http_param *params, void *arg)
{
    change_product(arg, exchange, params, ph_change_read_patch);
}

static void handle_delete_product(struct ph_http_exchange *exchange,
                                  const struct ph_http_param *params, void *arg)
{
    char sku[PH_SKU_BYTES_MAX + 1];
    struct trip *trip = begin_product(arg, exchange, params, sku);

    if (trip != NULL) {
        trip->write.change.kind = PH_CHANGE_DELETE_PRODUCT;
        memcpy(trip->write.change.sku, sku, sizeof(sku));
        go_on(arg, trip, PH_OK);
    }
}

static void handle_put_card(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                            void *arg)
{
    const struct ph_http_request *request = ph_http_exchange_request(exchange);
    struct trip *trip = begin(arg, exchange, params);

    if (trip != NULL) {
        go_on(arg, trip,
              ph_change_read_card(&trip->write.change, request->body, request->body_len,
                                  ph_clock_wall(), &trip->write.answer.faults));
    }
}

static void handle_delete_card(struct ph_http_exchange *exchange,
                               const struct ph_http_param *params, void *arg)
{
    struct trip *trip = begin(arg, exchange, params);

    if (trip != NULL) {
        trip->write.change.kind = PH_CHANGE_HIDE_CARD;
        go_on(arg, trip, PH_OK);
    }
}

/* Whether the header names the media type, whatever its parameters. */
static bool is_type(const char *header, const char *type)
{
    size_t len = strlen(type);

    return strncasecmp(header, type, len) == 0 && strchr("; \t", header[len]) != NULL;
}

/* False: it is neither true nor false. */
static bool read_dry_run(const char *query, bool *out)
{
    char value[8];

    *out = false;
    if (strstr(query, "dry_run") == NULL) {
        return true;
    }
    bool is_there = ph_query_get(query, "dry_run", value, sizeof(value));
    *out = is_there && strcmp(value, "true") == 0;
    return is_there && (*out || strcmp(value, "false") == 0);
}

static void handle_import(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                          void *arg)
{
    const struct ph_http_request *request = ph_http_exchange_request(exchange);
    struct trip *trip = begin(arg, exchange, params);

    if (trip == NULL) {
        return;
    }
    struct ph_desk_write *write = &trip->write;
    const char *channel = trip->entry->conf->name;
    if (!read_dry_run(request->query, &write->is_dry_run)) {
        ph_problem_respond(exchange, 400, "dry_run is neither true nor false", NULL);
        free_trip(trip);
    } else if (is_type(request->content_type, "application/json")) {
        go_on(arg, trip,
              ph_change_read_import(&write->change, channel, request->body, request->body_len,
                                    &write->answer.faults));
    } else if (is_type(request->content_type, "text/csv")) {
        go_on(arg, trip,
              ph_change_read_csv(&write->change, channel, request->body, request->body_len,
                                 &write->answer.faults));
    } else {
        ph_problem_respond(exchange, 415, "send application/json or text/csv", NULL);
        free_trip(trip);
    }
}

void ph_api_add_writes(struct ph_overlay_api *api, struct ph_router *router)
{
    const unsigned put = 1U << PH_HTTP_PUT;
    const unsigned patch = 1U << PH_HTTP_PATCH;
    const unsigned post = 1U << PH_HTTP_POST;
    const unsigned delete = 1U << PH_HTTP_DELETE;

    ph_router_add_upload(router, put, "/api/v1/channels/{}/shelf/{}", PH_BODY_BYTES_MAX,
                         handle_put_product, api);
    ph_router_add_upload(router, patch, "/api/v1/channels/{}/shelf/{}", PH_BODY_BYTES_MAX,
                         handle_patch_product, api);
    ph_router_add(router, delete, "/api/v1/channels/{}/shelf/{}", handle_delete_product, api);
    ph_router_add_upload(router, post, "/api/v1/channels/{}/shelf:import", PH_IMPORT_BYTES_MAX,
                         handle_import, api);
    ph_router_add_upload(router, put, "/api/v1/channels/{}/card", PH_BODY_BYTES_MAX,
                         handle_put_card, api);
    ph_router_add(router, delete, "/api/v1/channels/{}/card", handle_delete_card, api);
}
