/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_SRC_HTTP_EXCHANGE_H
#define PHIEN_SRC_HTTP_EXCHANGE_H

#include <phien/http/exchange.h>

/*
 * The connection's side of an exchange. It is embedded in whatever carries it (a connection of
 * HTTP/1.1, a stream of HTTP/2), which provides how to answer.
 *
 * respond:      sends the answer; the exchange is over when it returns.
 * begin_stream: sends the head of an answer that goes on.
 * send_stream:  sends more of it, at least a byte; takes the references over, and calls nobody
 *               back, whatever becomes of the client.
 * end_stream:   ends it, for HEAD right behind the head; the exchange is over when it returns.
 */
struct ph_http_exchange_ops {
    void (*respond)(struct ph_http_exchange *exchange, const struct ph_http_response *response);
    void (*begin_stream)(struct ph_http_exchange *exchange, const struct ph_http_response *response,
                         size_t queue_limit);
    void (*send_stream)(struct ph_http_exchange *exchange, struct ph_slice *slices, size_t count);
    void (*end_stream)(struct ph_http_exchange *exchange);
};

struct ph_http_exchange {
    const struct ph_http_exchange_ops *ops;
    const struct ph_http_request *request;
    void (*on_abort)(void *arg);
    void *abort_arg;
    bool is_open;      /* waits for its answer, or for the rest of it */
    bool is_streaming; /* its answer has begun and goes on */
};

void ph_http_exchange_init(struct ph_http_exchange *exchange,
                           const struct ph_http_exchange_ops *ops);

/* A request begins its exchange; the embedder hands it to a handler next. */
void ph_http_exchange_open(struct ph_http_exchange *exchange,
                           const struct ph_http_request *request);

/* The client is gone: tells whoever holds the exchange, if anybody does. */
void ph_http_exchange_abort(struct ph_http_exchange *exchange);

#endif
