/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_HTTP_GET_H
#define PHIEN_TESTS_HTTP_GET_H

#include <phien/core/clock.h>
#include <phien/net/loop.h>

/*
 * A keep-alive HTTP/1.1 connection for benches: one GET at a time, answers with Content-Length
 * alone, as phien gives them. Light enough for thousands in one process.
 */
struct http_get;

struct http_answer {
    int status; /* 0: the connection broke */
    const uint8_t *body;
    size_t len;
    ph_usec first_byte_at; /* monotonic */
    ph_usec last_byte_at;
};

typedef void http_get_cb(void *arg, const struct http_answer *answer);

/* Connects to "127.0.0.1:8080" on first use, and again after it broke. */
struct http_get *http_get_create(struct ph_loop *loop, const char *address);
void http_get_destroy(struct http_get **get);

/* Asks for `path`; `on_answer` is called once. Nothing else may be under way. */
void http_get_start(struct http_get *get, const char *path, http_get_cb *on_answer, void *arg);

#endif
