/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_EXCHANGE_NOTE_H
#define PHIEN_TESTS_EXCHANGE_NOTE_H

/* Exchanges that take note of what they are answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/exchange.h"

#include <phien/core/mem.h>

struct note {
    struct ph_http_exchange exchange;
    struct ph_http_request request;
    int status; /* 0: it is not answered yet */
    char type[64];
    char cache[64];
    char etag[32];
    char headers[256];
    bool is_stream; /* and still open */
    char *body;     /* with a NUL behind; of a stream, all that was sent */
    size_t len;
};

static inline void note_keep(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text != NULL ? text : "");
}

static inline void note_add(struct note *note, struct ph_slice *slices, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        note->body = ph_realloc_array(note->body, note->len + slices[i].len + 1, 1);
        memcpy(note->body + note->len, slices[i].data, slices[i].len);
        note->len += slices[i].len;
        note->body[note->len] = '\0';
        ph_slice_clear(&slices[i]);
    }
}

static inline void note_head(struct note *note, const struct ph_http_response *response)
{
    assert_int_equal(note->status, 0);
    note->status = response->status;
    note_keep(note->type, sizeof(note->type), response->content_type);
    note_keep(note->cache, sizeof(note->cache), response->cache_control);
    note_keep(note->etag, sizeof(note->etag), response->etag);
    note_keep(note->headers, sizeof(note->headers), response->headers);
}

static inline void note_respond(struct ph_http_exchange *exchange,
                                const struct ph_http_response *response)
{
    struct note *note = ph_container_of(exchange, struct note, exchange);

    note_head(note, response);
    note_add(note, response->body, response->body_count);
}

static inline void note_begin(struct ph_http_exchange *exchange,
                              const struct ph_http_response *response, size_t queue_limit)
{
    struct note *note = ph_container_of(exchange, struct note, exchange);

    assert_true(queue_limit > 0);
    note_head(note, response);
    note->is_stream = true;
}

static inline void note_send(struct ph_http_exchange *exchange, struct ph_slice *slices,
                             size_t count)
{
    note_add(ph_container_of(exchange, struct note, exchange), slices, count);
}

static inline void note_end(struct ph_http_exchange *exchange)
{
    ph_container_of(exchange, struct note, exchange)->is_stream = false;
}

static const struct ph_http_exchange_ops note_ops = {
    .respond = note_respond,
    .begin_stream = note_begin,
    .send_stream = note_send,
    .end_stream = note_end,
};

/* A request that says nothing beside its path; more is set before it is opened. */
static inline void note_init(struct note *note, enum ph_http_method method, const char *path)
{
    *note = (struct note){.request = {.method = method,
                                      .path = path,
                                      .query = "",
                                      .host = "",
                                      .accept_encoding = "",
                                      .authorization = "",
                                      .if_none_match = "",
                                      .if_match = "",
                                      .idempotency_key = "",
                                      .range = "",
                                      .content_type = "",
                                      .last_event_id = "",
                                      .peer_ip = "192.0.2.1"}};
    ph_http_exchange_init(&note->exchange, &note_ops);
}

static inline void note_open(struct note *note)
{
    ph_http_exchange_open(&note->exchange, &note->request);
}

static inline void note_fini(struct note *note)
{
    free(note->body);
    note->body = NULL;
}

static inline void note_expect(const struct note *note, int status, const char *part)
{
    if (note->status != status ||
        (part != NULL && (note->body == NULL || strstr(note->body, part) == NULL))) {
        fail_msg("%d with \"%s\" was expected, not %d: %s", status, part != NULL ? part : "",
                 note->status, note->body != NULL ? note->body : "");
    }
}

#endif
