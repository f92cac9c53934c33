/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_SRC_HTTP_H1_H
#define PHIEN_SRC_HTTP_H1_H

#include <phien/core/bytes.h>
#include <phien/http/router.h>

#include <llhttp.h>

/*
 * The reading side of one HTTP/1.1 connection, without a socket: bytes in, requests out, one at
 * a time. llhttp parses; this holds it to our limits, keeps the few headers that anybody here
 * reads, and refuses what proxies are known to read in another way than servers (RFC 9112
 * section 11.2).
 */
enum {
    PH_H1_HEAD_BYTES_MAX = 16 * 1024, /* request line and headers, else 431 */
    PH_H1_TARGET_BYTES_MAX = 4096,    /* else 414 */
    PH_H1_HEADERS_MAX = 64,           /* trailers included, else 431 */
};

/* The headers that are kept. The first of several counts. */
enum ph_h1_header {
    PH_H1_NONE,
    PH_H1_HOST,
    PH_H1_ACCEPT_ENCODING,
    PH_H1_AUTHORIZATION,
    PH_H1_IF_NONE_MATCH,
    PH_H1_IF_MATCH,
    PH_H1_IF_RANGE,
    PH_H1_IDEMPOTENCY_KEY,
    PH_H1_RANGE,
    PH_H1_CONTENT_TYPE,
    PH_H1_LAST_EVENT_ID,
    PH_H1_TRANSFER_ENCODING,
    PH_H1_EXPECT,
    PH_H1_HEADER_COUNT,
};

enum ph_h1_phase {
    PH_H1_IDLE, /* nothing of a request is here yet */
    PH_H1_HEAD,
    PH_H1_BODY,
    PH_H1_COMPLETE,
    PH_H1_FAILED,
};

struct ph_h1 {
    llhttp_t parser;
    enum ph_h1_phase phase;
    const struct ph_router *router;
    size_t body_limit; /* of requests for which the router knows none */
    size_t head_bytes;
    unsigned headers;
    struct ph_writer head;             /* the target and kept values, each with its NUL */
    struct ph_writer body;             /* its limit is the request's, once the head is read */
    char name[24];                     /* of the header being read, in lower case */
    size_t name_len;                   /* sizeof(name): too long to be one that we keep */
    enum ph_h1_header kept;            /* which one its value is */
    size_t values[PH_H1_HEADER_COUNT]; /* where they begin in `head`; 0: absent */
    struct ph_http_request request;
    bool keep_alive;
    bool is_http10;
    bool expects_continue;
    int status; /* of a failure */
    const char *reason;
};

enum ph_h1_event {
    PH_H1_EVENT_NONE,     /* everything was consumed; more is needed */
    PH_H1_EVENT_CONTINUE, /* the client waits for "100 Continue" before it sends the body */
    PH_H1_EVENT_REQUEST,  /* `request` is complete until ph_h1_next */
    PH_H1_EVENT_FAILURE,  /* answer `status` and close; nothing more can be read */
};

/* `router` says which requests may have larger bodies than `body_limit`; NULL: none. */
void ph_h1_init(struct ph_h1 *h1, const struct ph_router *router, size_t body_limit);
void ph_h1_fini(struct ph_h1 *h1);

/* Consumes up to the next event; `used` tells how many bytes. Not while a request is complete. */
enum ph_h1_event ph_h1_feed(struct ph_h1 *h1, const uint8_t *data, size_t len, size_t *used);

/* Drops the complete request and makes ready for the next. */
void ph_h1_next(struct ph_h1 *h1);

/* Ends the reading from outside: a client that was too slow, say. */
void ph_h1_fail(struct ph_h1 *h1, int status, const char *reason);

#endif
