/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images, known by a hash of their bytes. What was served last is in the worker's cache; for the
 * rest the store is asked, once for all who ask at a time.
 */
#include "api.h"

#include "api_answer.h"
#include "problem.h"

#include <phien/core/mem.h>
#include <phien/core/text.h>

#include <stdlib.h>
#include <string.h>

/* ---- keeping one ---- */

struct upload {
    struct ph_store_image image;
    struct ph_overlay_api *api;
    struct ph_api_wait wait;
    unsigned width;
    unsigned height;
};

static size_t cost_of(size_t image_bytes)
{
    return image_bytes + PH_API_KEEPING_OVERHEAD;
}

static void free_upload(struct upload *upload)
{
    ph_buf_unref(&upload->image.bytes);
    free(upload);
}

static void answer_upload(const struct upload *upload, struct ph_http_exchange *exchange)
{
    const struct ph_store_image *image = &upload->image;

    if (image->job.err == PH_ELIMIT) {
        ph_problem_respond(exchange, 409, "the channel's products show too many images", NULL);
    } else if (image->job.err != PH_OK) {
        ph_problem_respond(exchange, 503, "it could not be saved; try again", NULL);
    } else {
        ph_api_respond_json(exchange, image->is_new ? 201 : 200, NULL,
                            ph_api_answer_image(image->channel, image->name, upload->width,
                                                upload->height, image->bytes->len));
    }
}

static void on_kept(struct ph_store_job *job)
{
    struct upload *upload = ph_container_of(job, struct upload, image.job);
    struct ph_http_exchange *exchange = ph_api_wait_end(&upload->wait);

    upload->api->keeping -= cost_of(upload->image.bytes->len);
    if (exchange != NULL) {
        answer_upload(upload, exchange);
    }
    free_upload(upload);
}

static void on_keep_gone(struct ph_store_job *job)
{
    free_upload(ph_container_of(job, struct upload, image.job));
}

/* The request's body is gone with the request, so that the store has a copy. */
static void keep(struct ph_overlay_api *api, struct ph_http_exchange *exchange, const char *channel,
                 enum ph_image_type type, struct upload *upload)
{
    const struct ph_http_request *request = ph_http_exchange_request(exchange);

    if (ph_buf_try_create(&upload->image.bytes, request->body_len) != PH_OK) {
        ph_problem_respond(exchange, 503, "out of memory; try again", NULL);
        free_upload(upload);
        return;
    }
    memcpy(upload->image.bytes->data, request->body, request->body_len);
    ph_image_name(upload->image.name, request->body, request->body_len, type);
    upload->image.job.mailbox = ph_loop_mailbox(api->loop);
    upload->image.job.on_done = on_kept;
    upload->image.job.on_discard = on_keep_gone;
    upload->image.channel = channel;
    upload->image.type = type;
    upload->api = api;
    api->keeping += cost_of(request->body_len);
    ph_api_wait_begin(&api->waits, &upload->wait, exchange);
    ph_store_post_image(ph_overlay_store(api->overlay), &upload->image);
}

static void handle_upload(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                          void *arg)
{
    struct ph_overlay_api *api = arg;
    const struct ph_http_request *request = ph_http_exchange_request(exchange);
    const struct ph_registry_entry *entry = ph_api_find_mine(api, exchange, &params[0]);

    if (entry == NULL) {
        return;
    }
    struct upload *upload = ph_new(struct upload);
    enum ph_image_type type =
        ph_image_sniff(request->body, request->body_len, &upload->width, &upload->height);
    if (type == PH_IMAGE_NONE) {
        ph_problem_respond(exchange, 415,
                           "send a JPEG, PNG or WebP image of at most 8192 pixels each way", NULL);
        free_upload(upload);
        return;
    }
    if (!ph_rate_take(&api->channels[entry->index].uploads, ph_loop_now(api->loop))) {
        ph_problem_respond(exchange, 429, "too many images for this channel; wait a second", NULL);
        free_upload(upload);
        return;
    }
    if (api->keeping + cost_of(request->body_len) > PH_API_KEEPING_BYTES) {
        ph_problem_respond(exchange, 503, "the disk is slow, and others wait for it; try again",
                           NULL);
        free_upload(upload);
        return;
    }
    keep(api, exchange, entry->conf->name, type, upload);
}

/* ---- getting one ---- */

struct reader {
    struct reader *next;
    struct ph_http_exchange *exchange; /* NULL: the client is gone */
};

struct ph_api_fetch {
    struct ph_store_image image;
    struct ph_overlay_api *api;
    struct ph_api_fetch *next;
    struct reader *readers;
};

static void free_fetch(struct ph_api_fetch *fetch)
{
    while (fetch->readers != NULL) {
        struct reader *reader = fetch->readers;
        fetch->readers = reader->next;
        free(reader);
    }
    ph_buf_unref(&fetch->image.bytes);
    free(fetch);
}

static void respond_image(struct ph_http_exchange *exchange, const char *name, struct ph_buf *bytes)
{
    struct ph_slice body = ph_slice_of(ph_buf_ref(bytes));
    enum ph_image_type type = ph_image_name_type(name, strlen(name));
    const struct ph_http_response response = {
        .status = 200,
        .content_type = ph_image_content_type(type),
        .cache_control = "public, max-age=31536000, immutable",
        .headers = "X-Content-Type-Options: nosniff\r\n",
        .body = &body,
        .body_count = 1,
    };

    ph_http_respond(exchange, &response);
}

static void on_reader_abort(void *arg)
{
    struct reader *reader = arg;

    reader->exchange = NULL;
}

static void answer_reader(const struct ph_api_fetch *fetch, struct ph_http_exchange *exchange)
{
    ph_http_exchange_on_abort(exchange, NULL, NULL);
    if (fetch->image.bytes != NULL) {
        respond_image(exchange, fetch->image.name, fetch->image.bytes);
    } else if (fetch->image.job.err != PH_OK) {
        ph_problem_respond(exchange, 503, "it could not be read; try again", NULL);
    } else {
        ph_problem_respond(exchange, 404, "there is no such image", NULL);
    }
}

static void on_got(struct ph_store_job *job)
{
    struct ph_api_fetch *fetch = ph_container_of(job, struct ph_api_fetch, image.job);
    struct ph_api_fetch **at = &fetch->api->fetches;

    while (*at != fetch) {
        at = &(*at)->next;
    }
    *at = fetch->next;
    if (fetch->image.bytes != NULL) {
        ph_image_cache_put(fetch->api->images, fetch->image.channel, fetch->image.name,
                           fetch->image.bytes);
    }
    for (const struct reader *reader = fetch->readers; reader != NULL; reader = reader->next) {
        if (reader->exchange != NULL) {
            answer_reader(fetch, reader->exchange);
        }
    }
    free_fetch(fetch);
}

static void on_get_gone(struct ph_store_job *job)
{
    free_fetch(ph_container_of(job, struct ph_api_fetch, image.job));
}

static struct ph_api_fetch *find_fetch(const struct ph_overlay_api *api, const char *channel,
                                       const char *name)
{
    struct ph_api_fetch *fetch = api->fetches;

    while (fetch != NULL &&
           (fetch->image.channel != channel || strcmp(fetch->image.name, name) != 0)) {
        fetch = fetch->next;
    }
    return fetch;
}

static struct ph_api_fetch *begin_fetch(struct ph_overlay_api *api, const char *channel,
                                        const char *name)
{
    struct ph_api_fetch *fetch = ph_new(struct ph_api_fetch);

    fetch->api = api;
    fetch->image.channel = channel;
    ph_text_copy(fetch->image.name, sizeof(fetch->image.name), name);
    fetch->image.type = ph_image_name_type(name, strlen(name));
    fetch->image.job.mailbox = ph_loop_mailbox(api->loop);
    fetch->image.job.on_done = on_got;
    fetch->image.job.on_discard = on_get_gone;
    fetch->next = api->fetches;
    api->fetches = fetch;
    return fetch;
}

static void wait_for(struct ph_overlay_api *api, struct ph_http_exchange *exchange,
                     const char *channel, const char *name)
{
    struct ph_api_fetch *fetch = find_fetch(api, channel, name);
    bool is_first = fetch == NULL;
    struct reader *reader = ph_new(struct reader);

    if (is_first) {
        fetch = begin_fetch(api, channel, name);
    }
    reader->exchange = exchange;
    reader->next = fetch->readers;
    fetch->readers = reader;
    ph_http_exchange_on_abort(exchange, on_reader_abort, reader);
    if (is_first) {
        ph_store_get_image(ph_overlay_store(api->overlay), &fetch->image);
    }
}

static void handle_image(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                         void *arg)
{
    struct ph_overlay_api *api = arg;
    const struct ph_registry_entry *entry = ph_api_find(api, exchange, &params[0]);
    char name[sizeof(((struct ph_store_image *)NULL)->name)];

    if (entry == NULL) {
        return;
    }
    if (params[1].len >= sizeof(name) ||
        ph_image_name_type(params[1].text, params[1].len) == PH_IMAGE_NONE) {
        ph_problem_respond(exchange, 404, "there is no such image", NULL);
        return;
    }
    memcpy(name, params[1].text, params[1].len);
    name[params[1].len] = '\0';
    struct ph_buf *bytes = ph_image_cache_get(api->images, entry->conf->name, name);
    if (bytes != NULL) {
        respond_image(exchange, name, bytes);
        ph_buf_unref(&bytes);
    } else if (api->is_draining) {
        ph_problem_respond(exchange, 503, "the server ends; try again", NULL);
    } else {
        wait_for(api, exchange, entry->conf->name, name);
    }
}

void ph_api_add_images(struct ph_overlay_api *api, struct ph_router *router)
{
    ph_router_add_upload(router, 1U << PH_HTTP_POST, "/api/v1/channels/{}/images",
                         PH_IMAGE_BYTES_MAX, handle_upload, api);
    ph_router_add(router, 1U << PH_HTTP_GET, "/api/v1/channels/{}/images/{}", handle_image, api);
}
