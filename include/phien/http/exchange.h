/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_HTTP_EXCHANGE_H
#define PHIEN_HTTP_EXCHANGE_H

#include <phien/core/buf.h>
#include <phien/core/clock.h>

#include <stdbool.h>

/*
 * One request and its answer, whatever framing carries them (HTTP/1.1 now). A handler gets the
 * exchange and answers it, at once or later, with ph_http_respond, exactly once; until then it
 * may hold it. If the client goes away first, the abort callback is called and the exchange is
 * gone. All on the thread of the connection's loop.
 */
struct ph_http_exchange;

enum ph_http_method {
    PH_HTTP_NONE,
    PH_HTTP_GET,
    PH_HTTP_HEAD,
    PH_HTTP_OPTIONS,
    PH_HTTP_POST,
    PH_HTTP_PUT,
    PH_HTTP_PATCH,
    PH_HTTP_DELETE,
    PH_HTTP_OTHER,
};

/* The request. Borrowed from the exchange and live as long as it. Absent headers are "". */
struct ph_http_request {
    enum ph_http_method method;
    const char *path;  /* percent-decoded, begins with '/', free of NUL, "//", "." and ".." */
    const char *query; /* behind the '?', not decoded; "" without one */
    const char *host;
    const char *accept_encoding;
    const char *authorization;
    const char *if_none_match;
    const char *if_match;
    const char *idempotency_key;
    const char *range;
    const char *content_type;
    const char *last_event_id;
    const uint8_t *body;
    size_t body_len;
    const char *peer_ip;
};

const struct ph_http_request *ph_http_exchange_request(const struct ph_http_exchange *exchange);

/* Calls `on_abort` if the client goes away before the answer; NULL takes it back. */
void ph_http_exchange_on_abort(struct ph_http_exchange *exchange, void (*on_abort)(void *arg),
                               void *arg);

/*
 * The answer. The server adds Date, Content-Length, Connection where needed and its common
 * headers (CORS), answers HEAD without the body, and If-None-Match with 304 if `etag` is set.
 */
struct ph_http_response {
    int status;
    const char *content_type;  /* NULL: none */
    const char *cache_control; /* NULL: "no-store" */
    const char *etag;          /* with quotes; NULL: none */
    const char *headers;       /* further lines, each with CRLF; NULL: none */
    bool is_gzip;              /* Content-Encoding: gzip */
    bool vary_encoding;        /* Vary: Accept-Encoding */
    bool allow_ranges;         /* a single byte range is answered with 206 or 416 */
    struct ph_slice *body;     /* the slices' references are taken over */
    size_t body_count;
};

/* Ends the exchange. */
void ph_http_respond(struct ph_http_exchange *exchange, const struct ph_http_response *response);

/*
 * An answer that goes on: the head is sent at once, what follows as it comes, until either side
 * ends it. `response` has neither body nor etag. The abort callback is called when the client goes
 * away or is cut, and the exchange is gone then. A HEAD is answered and ended within this call:
 * ask for the method before.
 *
 * What the client has not yet read may be `queue_limit` bytes: a slower one is cut, not waited for.
 */
void ph_http_stream_begin(struct ph_http_exchange *exchange,
                          const struct ph_http_response *response, size_t queue_limit);

/*
 * Takes the slices' references over. Whoever is too slow is cut later, from the loop, so that this
 * may be called for many in a row.
 */
void ph_http_stream_send(struct ph_http_exchange *exchange, struct ph_slice *slices, size_t count);

/* Ends the exchange; what was sent still goes out. */
void ph_http_stream_end(struct ph_http_exchange *exchange);

/* Short forms: an error as application/problem+json (RFC 9457); a text body that is copied. */
void ph_http_respond_problem(struct ph_http_exchange *exchange, int status, const char *detail,
                             const char *cache_control);
void ph_http_respond_text(struct ph_http_exchange *exchange, int status, const char *content_type,
                          const char *text);

/*
 * Whether the client takes gzip: Accept-Encoding with its q values (RFC 9110 section 12.5.3).
 * "identity;q=1, *;q=0", which Chrome's media element sends, means no.
 */
bool ph_http_accepts_gzip(const char *accept_encoding);

/* "OK" for 200. */
const char *ph_http_status_text(int status);

#endif
