/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 from any bytes: requests read at once and byte by byte must be the same, and what
 * handlers and answers make of a request's texts must hold for all of them.
 */
#include "http/h1.h"
#include "http/negotiate.h"
#include "http/response.h"

#include <phien/core/query.h>
#include <phien/http/sse.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BODY_LIMIT = 256, UPLOAD_LIMIT = 1000, INPUT_MAX = 64 * 1024 };

/* A digest of all that was read; equal for equal readings. */
struct reading {
    uint64_t hash;
    unsigned events;
};

static void mix(struct reading *reading, const void *data, size_t len)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < len; i++) {
        reading->hash = (reading->hash ^ bytes[i]) * 1099511628211u;
    }
    reading->hash = (reading->hash ^ 0xff) * 1099511628211u;
}

static void mix_text(struct reading *reading, const char *text)
{
    mix(reading, text, strlen(text));
}

static void check_path(const char *path)
{
    if (path[0] != '/' || strstr(path, "//") != NULL || strstr(path, "/../") != NULL ||
        strstr(path, "/./") != NULL || strchr(path, '\\') != NULL || strchr(path, '\r') != NULL ||
        strchr(path, '\n') != NULL) {
        abort();
    }
}

static void check_query(const char *query)
{
    static const char *const names[] = {"_HLS_msn", "_HLS_part", "_HLS_skip", "a", ""};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (size_t room = 0; room <= 16; room += 4) {
            char *value = malloc(room > 0 ? room : 1);
            if (value == NULL) {
                return;
            }
            if (ph_query_get(query, names[i], value, room) && strlen(value) >= room) {
                abort();
            }
            free(value);
        }
    }
}

/* Answers the request with a body in two slices; whatever is asked, the sums must hold. */
static void check_answer(const struct ph_http_request *request)
{
    static const uint8_t text[] = "0123456789";
    const struct ph_response_frame frame = {.date = "now", .keep_alive = true};
    struct ph_slice slices[2] = {ph_slice_static(text, 4), ph_slice_static(text + 4, 6)};
    const struct ph_http_response response = {.status = 200,
                                              .content_type = "video/mp4",
                                              .etag = "\"e\"",
                                              .allow_ranges = true,
                                              .body = slices,
                                              .body_count = 2};
    struct ph_response_plan plan;

    ph_response_settle(&plan, &response, request);
    if (plan.body_len > 10 || (plan.body_len > 0 && plan.body_len != plan.content_length)) {
        abort();
    }
    if (plan.status == 206 && plan.body[0].data != text + plan.range.first) {
        abort();
    }
    struct ph_buf *head = ph_response_format_head(&plan, &response, &frame);
    ph_buf_unref(&head);
}

static void on_upload(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                      void *arg)
{
    (void)exchange;
    (void)params;
    (void)arg;
}

static const struct ph_router *upload_router(void)
{
    static struct ph_router *router;

    if (router == NULL) {
        router = ph_router_create();
        ph_router_add_upload(router, 1u << PH_HTTP_POST, "/{}/shelf:import", UPLOAD_LIMIT,
                             on_upload, NULL);
    }
    return router;
}

static void take_request(struct reading *reading, const struct ph_h1 *h1)
{
    const struct ph_http_request *request = &h1->request;

    check_path(request->path);
    check_query(request->query);
    check_answer(request);
    (void)ph_http_accepts_gzip(request->accept_encoding);
    mix(reading, &request->method, sizeof(request->method));
    mix_text(reading, request->path);
    mix_text(reading, request->query);
    mix_text(reading, request->host);
    mix_text(reading, request->accept_encoding);
    mix_text(reading, request->authorization);
    mix_text(reading, request->if_none_match);
    mix_text(reading, request->if_match);
    mix_text(reading, request->idempotency_key);
    mix_text(reading, request->range);
    mix_text(reading, request->content_type);
    mix_text(reading, request->last_event_id);
    mix(reading, request->body, request->body_len);
    mix(reading, &h1->keep_alive, sizeof(h1->keep_alive));
    if (request->body_len >
            ph_router_body_limit(upload_router(), request->method, request->path, BODY_LIMIT) ||
        request->body_len > UPLOAD_LIMIT) {
        abort();
    }
}

static struct reading read_all(const uint8_t *data, size_t size, size_t step)
{
    struct reading reading = {.hash = 14695981039346656037u};
    enum ph_h1_event event = PH_H1_EVENT_NONE;
    struct ph_h1 h1;

    ph_h1_init(&h1, upload_router(), BODY_LIMIT);
    for (size_t at = 0; at < size && event != PH_H1_EVENT_FAILURE;) {
        size_t used;
        event = ph_h1_feed(&h1, data + at, size - at < step ? size - at : step, &used);
        at += used;
        if (event == PH_H1_EVENT_REQUEST) {
            take_request(&reading, &h1);
            ph_h1_next(&h1);
        }
        if (event != PH_H1_EVENT_NONE) {
            reading.events++;
            mix(&reading, &event, sizeof(event));
        }
    }
    ph_h1_fini(&h1);
    return reading;
}

/* Whatever an event's data are, it stays one event, and its data end where they should. */
static void check_event(const char *text)
{
    static const char head[] = "id: 1\nevent: card\n";
    struct ph_buf *event = ph_sse_format(1, "card", text);
    const char *at = (const char *)event->data + sizeof(head) - 1;
    const char *end = (const char *)event->data + event->len;

    if (memcmp(event->data, head, sizeof(head) - 1) != 0 || memchr(at, '\r', (size_t)(end - at))) {
        abort();
    }
    while (*at != '\n') {
        if (memcmp(at, "data: ", 6) != 0) {
            abort();
        }
        at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
    }
    if (at + 1 != end) {
        abort();
    }
    ph_buf_unref(&event);
}

/* The input also as each of the texts, which then need not be a request's. */
static void check_texts(const uint8_t *data, size_t size)
{
    static const char *const etags[] = {"\"e\"", "W/\"abc\""};
    char *text = malloc(size + 1);
    struct ph_range range;

    if (text == NULL) {
        return;
    }
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    (void)ph_http_accepts_gzip(text);
    (void)ph_negotiate_etag_matches(text, etags[size % 2]);
    if (ph_range_parse(text, 1000, &range) == PH_RANGE_PART &&
        (range.len == 0 || range.first >= 1000 || range.len > 1000 - range.first)) {
        abort();
    }
    check_query(text);
    check_event(text);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_MAX) {
        return 0;
    }
    struct reading whole = read_all(data, size, SIZE_MAX);
    struct reading bytes = read_all(data, size, 1);

    if (whole.hash != bytes.hash || whole.events != bytes.events) {
        abort();
    }
    check_texts(data, size);
    return 0;
}
