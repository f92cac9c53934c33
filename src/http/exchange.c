/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between handlers and connections: a handler sees one request and one answer, and never what
 * framing carries them.
 */
#include "exchange.h"

#include "response.h"

#include <string.h>

void ph_http_exchange_init(struct ph_http_exchange *exchange,
                           const struct ph_http_exchange_ops *ops)
{
    *exchange = (struct ph_http_exchange){.ops = ops};
}

void ph_http_exchange_open(struct ph_http_exchange *exchange, const struct ph_http_request *request)
{
    PH_ASSERT(!exchange->is_open);
    exchange->request = request;
    exchange->on_abort = NULL;
    exchange->is_open = true;
    exchange->is_streaming = false;
}

void ph_http_exchange_abort(struct ph_http_exchange *exchange)
{
    void (*on_abort)(void *arg) = exchange->on_abort;

    if (!exchange->is_open) {
        return;
    }
    exchange->is_open = false;
    if (on_abort != NULL) {
        on_abort(exchange->abort_arg);
    }
}

const struct ph_http_request *ph_http_exchange_request(const struct ph_http_exchange *exchange)
{
    return exchange->request;
}

void ph_http_exchange_on_abort(struct ph_http_exchange *exchange, void (*on_abort)(void *arg),
                               void *arg)
{
    exchange->on_abort = on_abort;
    exchange->abort_arg = arg;
}

void ph_http_respond(struct ph_http_exchange *exchange, const struct ph_http_response *response)
{
    PH_ASSERT(exchange->is_open && !exchange->is_streaming);
    exchange->is_open = false;
    exchange->ops->respond(exchange, response);
}

void ph_http_stream_begin(struct ph_http_exchange *exchange,
                          const struct ph_http_response *response, size_t queue_limit)
{
    PH_ASSERT(exchange->is_open && !exchange->is_streaming);
    PH_ASSERT(response->body_count == 0 && response->etag == NULL);
    exchange->is_streaming = true;
    exchange->ops->begin_stream(exchange, response, queue_limit);
    if (exchange->request->method == PH_HTTP_HEAD) {
        ph_http_stream_end(exchange);
    }
}

void ph_http_stream_send(struct ph_http_exchange *exchange, struct ph_slice *slices, size_t count)
{
    size_t len = 0;

    PH_ASSERT(exchange->is_open && exchange->is_streaming);
    for (size_t i = 0; i < count; i++) {
        len += slices[i].len;
    }
    if (len > 0) {
        exchange->ops->send_stream(exchange, slices, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        ph_slice_clear(&slices[i]);
    }
}

void ph_http_stream_end(struct ph_http_exchange *exchange)
{
    PH_ASSERT(exchange->is_open && exchange->is_streaming);
    exchange->is_open = false;
    exchange->ops->end_stream(exchange);
}

void ph_http_respond_problem(struct ph_http_exchange *exchange, int status, const char *detail,
                             const char *cache_control)
{
    struct ph_slice body = ph_slice_of(ph_response_format_problem(status, detail));
    struct ph_http_response response = {.status = status,
                                        .content_type = "application/problem+json",
                                        .cache_control = cache_control,
                                        .body = &body,
                                        .body_count = 1};

    ph_http_respond(exchange, &response);
}

void ph_http_respond_text(struct ph_http_exchange *exchange, int status, const char *content_type,
                          const char *text)
{
    struct ph_slice body = ph_slice_of(ph_buf_copy(text, strlen(text)));
    struct ph_http_response response = {
        .status = status, .content_type = content_type, .body = &body, .body_count = 1};

    ph_http_respond(exchange, &response);
}
