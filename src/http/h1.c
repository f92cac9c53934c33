/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 requests over llhttp (RFC 9112). Lies between a connection's bytes and its exchange.
 * No lenient flag of llhttp is set, and what it leaves open is closed here: one Host, no
 * transfer coding but "chunked", none at all in HTTP/1.0.
 */
#include "h1.h"

#include "request.h"

#include <phien/core/mem.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    /* A kept buffer up to this size serves the next request too. */
    HEAD_KEEP_BYTES = 2048,
};

static const char *const header_names[PH_H1_HEADER_COUNT] = {
    [PH_H1_NONE] = "",
    [PH_H1_HOST] = "host",
    [PH_H1_ACCEPT_ENCODING] = "accept-encoding",
    [PH_H1_AUTHORIZATION] = "authorization",
    [PH_H1_IF_NONE_MATCH] = "if-none-match",
    [PH_H1_IF_MATCH] = "if-match",
    [PH_H1_IF_RANGE] = "if-range",
    [PH_H1_IDEMPOTENCY_KEY] = "idempotency-key",
    [PH_H1_RANGE] = "range",
    [PH_H1_CONTENT_TYPE] = "content-type",
    [PH_H1_LAST_EVENT_ID] = "last-event-id",
    [PH_H1_TRANSFER_ENCODING] = "transfer-encoding",
    [PH_H1_EXPECT] = "expect",
};

void ph_h1_fail(struct ph_h1 *h1, int status, const char *reason)
{
    if (h1->phase != PH_H1_FAILED) {
        h1->phase = PH_H1_FAILED;
        h1->keep_alive = false;
        h1->status = status;
        h1->reason = reason;
    }
}

/* For the callbacks, whose result other than 0 ends llhttp_execute. */
static int fail(struct ph_h1 *h1, int status, const char *reason)
{
    ph_h1_fail(h1, status, reason);
    return HPE_USER;
}

static int on_message_begin(llhttp_t *parser)
{
    struct ph_h1 *h1 = parser->data;

    h1->phase = PH_H1_HEAD;
    return HPE_OK;
}

static int on_url(llhttp_t *parser, const char *at, size_t len)
{
    struct ph_h1 *h1 = parser->data;

    if (len > PH_H1_TARGET_BYTES_MAX - h1->head.len) {
        return fail(h1, 414, "the request target is too long");
    }
    ph_write_bytes(&h1->head, at, len);
    return HPE_OK;
}

static int on_url_complete(llhttp_t *parser)
{
    struct ph_h1 *h1 = parser->data;

    ph_write_u8(&h1->head, '\0');
    return HPE_OK;
}

static int on_header_field(llhttp_t *parser, const char *at, size_t len)
{
    struct ph_h1 *h1 = parser->data;

    for (size_t i = 0; i < len && h1->name_len < sizeof(h1->name); i++) {
        char c = at[i];
        h1->name[h1->name_len++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    return HPE_OK;
}

static enum ph_h1_header find_header(const char *name, size_t len)
{
    for (size_t i = PH_H1_NONE + 1; i < PH_H1_HEADER_COUNT; i++) {
        if (len == strlen(header_names[i]) && memcmp(name, header_names[i], len) == 0) {
            return (enum ph_h1_header)i;
        }
    }
    return PH_H1_NONE;
}

static int on_header_field_complete(llhttp_t *parser)
{
    struct ph_h1 *h1 = parser->data;
    bool is_trailer = h1->phase != PH_H1_HEAD;
    enum ph_h1_header header = find_header(h1->name, h1->name_len);
    bool is_empty = h1->name_len == 0;

    h1->name_len = 0;
    h1->kept = PH_H1_NONE;
    if (is_empty) {
        return fail(h1, 400, "a header has no name");
    }
    if (++h1->headers > PH_H1_HEADERS_MAX) {
        return fail(h1, 431, "there are too many headers");
    }
    if (is_trailer || header == PH_H1_NONE) {
        return HPE_OK;
    }
    if (h1->values[header] == 0) {
        h1->values[header] = h1->head.len;
        h1->kept = header;
    } else if (header == PH_H1_HOST || header == PH_H1_TRANSFER_ENCODING) {
        return fail(h1, 400, "a header is there twice");
    }
    return HPE_OK;
}

static int on_header_value(llhttp_t *parser, const char *at, size_t len)
{
    struct ph_h1 *h1 = parser->data;

    if (h1->kept != PH_H1_NONE) {
        ph_write_bytes(&h1->head, at, len);
    }
    return HPE_OK;
}

static int on_header_value_complete(llhttp_t *parser)
{
    struct ph_h1 *h1 = parser->data;
    struct ph_writer *head = &h1->head;

    if (h1->kept == PH_H1_NONE) {
        return HPE_OK;
    }
    /* llhttp skips the blanks before a value, not those behind it. */
    while (head->len > h1->values[h1->kept] &&
           (head->data[head->len - 1] == ' ' || head->data[head->len - 1] == '\t')) {
        head->len--;
    }
    ph_write_u8(head, '\0');
    h1->kept = PH_H1_NONE;
    return HPE_OK;
}

static const char *value(const struct ph_h1 *h1, enum ph_h1_header header)
{
    return h1->values[header] != 0 ? (const char *)h1->head.data + h1->values[header] : "";
}

static enum ph_http_method translate_method(uint8_t method)
{
    switch (method) {
    case HTTP_GET:
        return PH_HTTP_GET;
    case HTTP_HEAD:
        return PH_HTTP_HEAD;
    case HTTP_OPTIONS:
        return PH_HTTP_OPTIONS;
    case HTTP_POST:
        return PH_HTTP_POST;
    case HTTP_PUT:
        return PH_HTTP_PUT;
    case HTTP_PATCH:
        return PH_HTTP_PATCH;
    case HTTP_DELETE:
        return PH_HTTP_DELETE;
    default:
        return PH_HTTP_OTHER;
    }
}

/* Judges the head as a whole: what llhttp does not, or what two readers could read differently. */
static int check_framing(struct ph_h1 *h1)
{
    const llhttp_t *parser = &h1->parser;
    bool has_coding = h1->values[PH_H1_TRANSFER_ENCODING] != 0;

    if (parser->http_major != 1 || parser->http_minor > 1) {
        return fail(h1, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    }
    if (!h1->is_http10 && h1->values[PH_H1_HOST] == 0) {
        return fail(h1, 400, "the Host header is missing");
    }
    if (!ph_request_host_is_valid(value(h1, PH_H1_HOST))) {
        return fail(h1, 400, "the Host header is malformed");
    }
    if (has_coding && h1->is_http10) {
        return fail(h1, 400, "HTTP/1.0 has no transfer codings");
    }
    if (has_coding && strcasecmp(value(h1, PH_H1_TRANSFER_ENCODING), "chunked") != 0) {
        return fail(h1, 501, "the only transfer coding known here is chunked");
    }
    return HPE_OK;
}

static void fill_request(struct ph_h1 *h1)
{
    struct ph_http_request *request = &h1->request;

    request->method = translate_method(h1->parser.method);
    request->host = value(h1, PH_H1_HOST);
    request->accept_encoding = value(h1, PH_H1_ACCEPT_ENCODING);
    request->authorization = value(h1, PH_H1_AUTHORIZATION);
    request->if_none_match = value(h1, PH_H1_IF_NONE_MATCH);
    request->if_match = value(h1, PH_H1_IF_MATCH);
    request->idempotency_key = value(h1, PH_H1_IDEMPOTENCY_KEY);
    /* Whoever asks for a range of one version of a resource is safe with all of the current. */
    request->range = h1->values[PH_H1_IF_RANGE] == 0 ? value(h1, PH_H1_RANGE) : "";
    request->content_type = value(h1, PH_H1_CONTENT_TYPE);
    request->last_event_id = value(h1, PH_H1_LAST_EVENT_ID);
}

static int parse_target(struct ph_h1 *h1)
{
    switch (ph_request_parse_target((char *)h1->head.data, &h1->request)) {
    case PH_OK:
        return HPE_OK;
    case PH_ENOTFOUND:
        return fail(h1, 404, "the path is not in its plain form");
    default:
        return fail(h1, 400, "the request target is malformed");
    }
}

/*
 * Before a byte of the body is kept, and before a client is told to send it. A length that was
 * announced allocates nothing: the body's memory grows as it arrives.
 */
static int limit_body(struct ph_h1 *h1)
{
    const struct ph_http_request *request = &h1->request;
    bool has_coding = h1->values[PH_H1_TRANSFER_ENCODING] != 0;

    h1->body.limit = h1->body_limit;
    if (h1->router != NULL) {
        h1->body.limit =
            ph_router_body_limit(h1->router, request->method, request->path, h1->body_limit);
    }
    return !has_coding && h1->parser.content_length > h1->body.limit
               ? fail(h1, 413, "the body is too large")
               : HPE_OK;
}

/* RFC 9110 section 10.1.1. The only expectation there is; HTTP/1.0 knows none. */
static int check_expectation(struct ph_h1 *h1)
{
    bool has_body = h1->values[PH_H1_TRANSFER_ENCODING] != 0 || h1->parser.content_length > 0;

    if (h1->is_http10 || h1->values[PH_H1_EXPECT] == 0) {
        return HPE_OK;
    }
    if (strcasecmp(value(h1, PH_H1_EXPECT), "100-continue") != 0) {
        return fail(h1, 417, "the only expectation known here is 100-continue");
    }
    h1->expects_continue = has_body;
    return has_body ? HPE_PAUSED : HPE_OK;
}

static int on_headers_complete(llhttp_t *parser)
{
    struct ph_h1 *h1 = parser->data;

    h1->is_http10 = parser->http_minor == 0;
    h1->keep_alive = llhttp_should_keep_alive(parser) != 0;
    if (h1->head.failed) {
        return fail(h1, 431, "the head does not fit");
    }
    int err = check_framing(h1);
    if (err != HPE_OK) {
        return err;
    }
    fill_request(h1);
    err = parse_target(h1);
    if (err != HPE_OK) {
        return err;
    }
    err = limit_body(h1);
    if (err != HPE_OK) {
        return err;
    }
    h1->phase = PH_H1_BODY;
    return check_expectation(h1);
}

static int on_body(llhttp_t *parser, const char *at, size_t len)
{
    struct ph_h1 *h1 = parser->data;

    ph_write_bytes(&h1->body, at, len);
    return h1->body.failed ? fail(h1, 413, "the body is too large") : HPE_OK;
}

static int on_message_complete(llhttp_t *parser)
{
    struct ph_h1 *h1 = parser->data;

    h1->phase = PH_H1_COMPLETE;
    h1->request.body = h1->body.data;
    h1->request.body_len = h1->body.len;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_message_begin = on_message_begin,
    .on_url = on_url,
    .on_url_complete = on_url_complete,
    .on_header_field = on_header_field,
    .on_header_field_complete = on_header_field_complete,
    .on_header_value = on_header_value,
    .on_header_value_complete = on_header_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

void ph_h1_init(struct ph_h1 *h1, const struct ph_router *router, size_t body_limit)
{
    *h1 = (struct ph_h1){.router = router, .body_limit = body_limit};
    /* Room for the NULs behind the values beside the head itself. */
    ph_writer_init(&h1->head, PH_H1_HEAD_BYTES_MAX + PH_H1_HEADER_COUNT + 1);
    ph_writer_init(&h1->body, body_limit);
    ph_h1_next(h1);
}

void ph_h1_fini(struct ph_h1 *h1)
{
    ph_writer_fini(&h1->body);
    ph_writer_fini(&h1->head);
}

void ph_h1_next(struct ph_h1 *h1)
{
    if (h1->head.cap > HEAD_KEEP_BYTES) {
        ph_writer_fini(&h1->head);
    }
    ph_writer_fini(&h1->body);
    h1->head.len = 0;
    h1->head_bytes = 0;
    h1->headers = 0;
    h1->name_len = 0;
    h1->kept = PH_H1_NONE;
    memset(h1->values, 0, sizeof(h1->values));
    h1->request = (struct ph_http_request){.method = PH_HTTP_NONE};
    h1->expects_continue = false;
    h1->keep_alive = true;
    h1->phase = PH_H1_IDLE;
    /* Also ends an upgrade that was asked for: it is not done, and the request is as any other. */
    llhttp_init(&h1->parser, HTTP_REQUEST, &settings);
    h1->parser.data = h1;
}

/* At most as much as may still belong to a head, so that its limit is exact. */
static size_t portion(const struct ph_h1 *h1, size_t len)
{
    size_t room = PH_H1_HEAD_BYTES_MAX - h1->head_bytes;
    bool is_in_head = h1->phase == PH_H1_IDLE || h1->phase == PH_H1_HEAD;

    return is_in_head && len > room ? room : len;
}

static enum ph_h1_event after_pause(struct ph_h1 *h1)
{
    if (h1->phase == PH_H1_COMPLETE) {
        return PH_H1_EVENT_REQUEST;
    }
    llhttp_resume(&h1->parser);
    return PH_H1_EVENT_CONTINUE;
}

static void count_head(struct ph_h1 *h1, size_t len)
{
    if (h1->phase == PH_H1_IDLE || h1->phase == PH_H1_HEAD) {
        h1->head_bytes += len;
        if (h1->head_bytes == PH_H1_HEAD_BYTES_MAX) {
            ph_h1_fail(h1, 431, "the head is too long");
        }
    }
}

enum ph_h1_event ph_h1_feed(struct ph_h1 *h1, const uint8_t *data, size_t len, size_t *used)
{
    *used = 0;
    PH_ASSERT(h1->phase != PH_H1_COMPLETE);
    while (*used < len && h1->phase != PH_H1_FAILED) {
        const char *at = (const char *)data + *used;
        size_t n = portion(h1, len - *used);
        llhttp_errno_t err = llhttp_execute(&h1->parser, at, n);
        if (err == HPE_PAUSED) {
            *used += (size_t)(llhttp_get_error_pos(&h1->parser) - at);
            return after_pause(h1);
        }
        *used += n;
        if (err != HPE_OK) {
            ph_h1_fail(h1, 400, llhttp_get_error_reason(&h1->parser));
        }
        count_head(h1, n);
    }
    return h1->phase == PH_H1_FAILED ? PH_H1_EVENT_FAILURE : PH_H1_EVENT_NONE;
}
