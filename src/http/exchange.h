/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_SRC_HTTP_EXCHANGE_H
#define PHIEN_SRC_HTTP_EXCHANGE_H

#include <phien/http/exchange.h>

/*
 * The connection's side of an exchange. It is embedded in whatever carries it (a connection of
 * HTTP/1.1, a stream of HTTP/2), which provides how to answer.
 *
 * respond: sends the answer; the exchange is over when it returns.
 */
struct ph_http_exchange_ops {
    void (*respond)(struct ph_http_exchange *exchange, const struct ph_http_response *response);
};

struct ph_http_exchange {
    const struct ph_http_exchange_ops *ops;
    const struct ph_http_request *request;
    void (*on_abort)(void *arg);
    void *abort_arg;
    bool is_open; /* waits for its answer */
};

void ph_http_exchange_init(struct ph_http_exchange *exchange,
                           const struct ph_http_exchange_ops *ops);

/* A request begins its exchange; the embedder hands it to a handler next. */
void ph_http_exchange_open(struct ph_http_exchange *exchange,
                           const struct ph_http_request *request);

/* The client is gone: tells whoever holds the exchange, if anybody does. */
void ph_http_exchange_abort(struct ph_http_exchange *exchange);

#endif
