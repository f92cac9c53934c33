/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_HTTP_ROUTER_H
#define PHIEN_HTTP_ROUTER_H

#include <phien/http/exchange.h>

/*
 * Which handler answers which path. A pattern is a path whose segments may be "{}", which match
 * one non-empty segment each, or end in a final "{*}", which matches the rest with its slashes;
 * what they matched is handed to the handler in order:
 *
 *     "/live/{}/{*}"  matches  /live/sinho/ts/index.m3u8  with  "sinho", "ts/index.m3u8"
 *
 * Built before the server starts, read-only from then on.
 */
struct ph_router;

#define PH_ROUTER_PARAMS_MAX 4

/* One match; `text` is not NUL-terminated and lies in the request's path. */
struct ph_http_param {
    const char *text;
    size_t len;
};

typedef void ph_http_handler_cb(struct ph_http_exchange *exchange,
                                const struct ph_http_param *params, void *arg);

struct ph_router *ph_router_create(void);
void ph_router_destroy(struct ph_router **router);

/*
 * `methods`: bits of (1 << enum ph_http_method). HEAD is answered where GET is. Patterns are
 * tried in the order in which they were added.
 */
void ph_router_add(struct ph_router *router, unsigned methods, const char *pattern,
                   ph_http_handler_cb *handler, void *arg);

/* The same for handlers that take larger bodies than the server's body_limit. */
void ph_router_add_upload(struct ph_router *router, unsigned methods, const char *pattern,
                          size_t body_limit, ph_http_handler_cb *handler, void *arg);

/*
 * How large a body this request may have; `otherwise` where no handler says more. Asked when the
 * head has been read, before any of the body is kept.
 */
size_t ph_router_body_limit(const struct ph_router *router, enum ph_http_method method,
                            const char *path, size_t otherwise);

/*
 * Hands the exchange to its handler, or answers it: OPTIONS of a known path with 204, an unknown
 * path with 404, a known one with another method with 405 and Allow.
 */
void ph_router_dispatch(const struct ph_router *router, struct ph_http_exchange *exchange);

#endif
