/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is sent for an answer: 304, 206, 416 and HEAD (RFC 9110 sections 13 to 15), then the head
 * as text (RFC 9112). The body's slices pass through untouched.
 */
#include "response.h"

#include "negotiate.h"

#include <phien/core/bytes.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    /* Room for the lines that we write ourselves, with every number at its longest. */
    HEAD_FIXED_BYTES = 512,
    PROBLEM_BYTES_MAX = 4096,
};

static bool is_bodiless(int status)
{
    return status == 204 || status == 304;
}

static size_t sum(const struct ph_slice *slices, size_t count)
{
    size_t len = 0;

    for (size_t i = 0; i < count; i++) {
        len += slices[i].len;
    }
    return len;
}

static void drop_body(struct ph_response_plan *plan)
{
    for (size_t i = 0; i < plan->body_count; i++) {
        ph_slice_clear(&plan->body[i]);
    }
    plan->body_count = 0;
}

static void apply_range(struct ph_response_plan *plan, const char *header)
{
    switch (ph_range_parse(header, plan->total, &plan->range)) {
    case PH_RANGE_PART:
        plan->status = 206;
        plan->body_count = ph_range_cut(plan->body, plan->body_count, plan->range);
        plan->content_length = plan->range.len;
        break;
    case PH_RANGE_UNSATISFIABLE:
        plan->status = 416;
        plan->content_length = 0;
        drop_body(plan);
        break;
    case PH_RANGE_NONE:
        break;
    }
}

void ph_response_settle(struct ph_response_plan *plan, const struct ph_http_response *response,
                        const struct ph_http_request *request)
{
    bool is_get = request->method == PH_HTTP_GET;
    bool is_head = request->method == PH_HTTP_HEAD;

    *plan = (struct ph_response_plan){
        .status = response->status, .body = response->body, .body_count = response->body_count};
    plan->total = sum(plan->body, plan->body_count);
    plan->content_length = plan->total;
    /* The order is that of RFC 9110 section 13.2.2: a match makes the range pointless. */
    if (response->status == 200 && response->etag != NULL && (is_get || is_head) &&
        ph_negotiate_etag_matches(request->if_none_match, response->etag)) {
        plan->status = 304;
    } else if (response->status == 200 && response->allow_ranges && is_get) {
        apply_range(plan, request->range);
    }
    plan->has_length = !is_bodiless(plan->status);
    plan->has_content = plan->has_length && !(plan->status == 416 && response->status == 200);
    if (is_head || !plan->has_length) {
        drop_body(plan);
    }
    plan->body_len = sum(plan->body, plan->body_count);
}

void ph_response_settle_stream(struct ph_response_plan *plan,
                               const struct ph_http_response *response)
{
    *plan = (struct ph_response_plan){
        .status = response->status, .has_content = true, .is_stream = true};
}

/* A head under construction. Its room was summed up beforehand, so running out is our bug. */
struct head {
    char *text;
    size_t len;
    size_t cap;
};

static void put(struct head *head, const char *text)
{
    size_t len = strlen(text);

    PH_ASSERT(len <= head->cap - head->len);
    memcpy(head->text + head->len, text, len);
    head->len += len;
}

static void put_line(struct head *head, const char *name, const char *value)
{
    if (value != NULL) {
        put(head, name);
        put(head, value);
        put(head, "\r\n");
    }
}

PH_PRINTF(2, 3) static void put_format(struct head *head, const char *format, ...)
{
    char line[160];
    va_list args;

    va_start(args, format);
    int len = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    PH_ASSERT(len >= 0 && (size_t)len < sizeof(line));
    put(head, line);
}

static size_t length(const char *text)
{
    return text != NULL ? strlen(text) : 0;
}

static void put_representation(struct head *head, const struct ph_response_plan *plan,
                               const struct ph_http_response *response)
{
    bool has_content = plan->has_content;
    bool is_unsatisfiable = plan->has_length && !has_content;

    put_line(head, "Content-Type: ", has_content ? response->content_type : NULL);
    if (plan->has_length) {
        put_format(head, "Content-Length: %zu\r\n", plan->content_length);
    }
    if (plan->range.len > 0) {
        put_format(head, "Content-Range: bytes %zu-%zu/%zu\r\n", plan->range.first,
                   plan->range.first + plan->range.len - 1, plan->total);
    }
    if (is_unsatisfiable) {
        put_format(head, "Content-Range: bytes */%zu\r\n", plan->total);
    }
    put_line(head, "Content-Encoding: ", has_content && response->is_gzip ? "gzip" : NULL);
    put_line(head, "Vary: ", response->vary_encoding ? "Accept-Encoding" : NULL);
    put_line(head, "Accept-Ranges: ", response->allow_ranges ? "bytes" : NULL);
    put_line(head, "ETag: ", response->etag);
}

struct ph_buf *ph_response_format_head(const struct ph_response_plan *plan,
                                       const struct ph_http_response *response,
                                       const struct ph_response_frame *frame)
{
    const char *cache_control =
        response->cache_control != NULL ? response->cache_control : "no-store";
    size_t cap = HEAD_FIXED_BYTES + length(response->content_type) + length(cache_control) +
                 length(response->etag) + length(response->headers) +
                 length(frame->common_headers) + length(frame->date);
    struct ph_buf *buf = ph_buf_create(cap);
    struct head head = {.text = (char *)buf->data, .cap = cap};

    put_format(&head, "HTTP/1.1 %d %s\r\n", plan->status, ph_http_status_text(plan->status));
    put_line(&head, "Date: ", frame->date);
    put_representation(&head, plan, response);
    put_line(&head, "Cache-Control: ", cache_control);
    if (plan->is_stream && !frame->is_http10) {
        put_line(&head, "Transfer-Encoding: ", "chunked");
    }
    if (!frame->keep_alive) {
        put_line(&head, "Connection: ", "close");
    } else if (frame->is_http10) {
        /* HTTP/1.1 keeps a connection by itself, 1.0 only when it is told so. */
        put_line(&head, "Connection: ", "keep-alive");
    }
    put(&head, frame->common_headers != NULL ? frame->common_headers : "");
    put(&head, response->headers != NULL ? response->headers : "");
    put(&head, "\r\n");
    buf->len = head.len;
    return buf;
}

const char *ph_response_date(struct ph_response_date *date, ph_usec wall)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t second = wall / PH_USEC_PER_S;
    time_t unix_time = (time_t)second;
    struct tm tm;

    if (second == date->second && date->text[0] != '\0') {
        return date->text;
    }
    gmtime_r(&unix_time, &tm);
    date->second = second;
    /* Not strftime: these names must not follow the locale. */
    snprintf(date->text, sizeof(date->text), "%s, %02u %s %04u %02u:%02u:%02u GMT",
             days[tm.tm_wday], (unsigned)tm.tm_mday % 100, months[tm.tm_mon],
             (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_hour % 100,
             (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
    return date->text;
}

static void write_json_text(struct ph_writer *out, const char *text)
{
    ph_write_u8(out, '"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            ph_write_format(out, "\\%c", c);
        } else if (c < 0x20) {
            ph_write_format(out, "\\u%04x", c);
        } else {
            ph_write_u8(out, c);
        }
    }
    ph_write_u8(out, '"');
}

/* NOLINTNEXTLINE(misc-no-recursion): once, without the detail */
struct ph_buf *ph_response_format_problem(int status, const char *detail)
{
    struct ph_writer out;

    ph_writer_init(&out, PROBLEM_BYTES_MAX);
    ph_write_format(&out, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d",
                    ph_http_status_text(status), status);
    if (detail != NULL) {
        ph_write_text(&out, ",\"detail\":");
        write_json_text(&out, detail);
    }
    ph_write_text(&out, "}\n");
    struct ph_buf *body = ph_writer_take(&out);
    /* Only a detail that nobody would read is longer than the limit. */
    return body != NULL || detail == NULL ? body : ph_response_format_problem(status, NULL);
}
