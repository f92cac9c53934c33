/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_SRC_HTTP_RESPONSE_H
#define PHIEN_SRC_HTTP_RESPONSE_H

#include "range.h"

#include <phien/http/exchange.h>

/*
 * From what a handler says to what is sent. First the semantics, which every framing shares: a
 * response is settled for its request, which may make it a 304, a 206 or a 416 and take the body
 * away. Then the head as HTTP/1.1 writes it.
 */
struct ph_response_plan {
    int status;
    size_t content_length; /* of what GET would have got in this answer */
    bool has_length;       /* whether it has a Content-Length */
    bool has_content;      /* whether it has a content at all, sent or not */
    bool is_stream;        /* which goes on, nobody knows how long */
    size_t total;          /* bytes of the whole body, for Content-Range */
    struct ph_range range; /* for 206 */
    struct ph_slice *body; /* what is sent; the references are the plan's now */
    size_t body_count;
    size_t body_len;
};

/* Takes the slices of `response` over: the plan's are the same array, cut to what is sent. */
void ph_response_settle(struct ph_response_plan *plan, const struct ph_http_response *response,
                        const struct ph_http_request *request);

/* The same for an answer whose body comes later, bit by bit: no 304, no range, no length. */
void ph_response_settle_stream(struct ph_response_plan *plan,
                               const struct ph_http_response *response);

/* What a connection adds to a head. */
struct ph_response_frame {
    const char *date;           /* see ph_response_date */
    const char *common_headers; /* lines with CRLF; NULL: none */
    bool is_http10;
    bool keep_alive;
};

/* The head of HTTP/1.1 with its empty line, in one allocation. */
struct ph_buf *ph_response_format_head(const struct ph_response_plan *plan,
                                       const struct ph_http_response *response,
                                       const struct ph_response_frame *frame);

/* "Tue, 04 Aug 2026 10:00:00 GMT", written anew when the second has changed. */
struct ph_response_date {
    int64_t second;
    char text[32];
};

const char *ph_response_date(struct ph_response_date *date, ph_usec wall);

/* The body of an error, {"type":"about:blank","title":...,"status":...,"detail":...} (RFC 9457). */
struct ph_buf *ph_response_format_problem(int status, const char *detail);

#endif
