/* SPDX-License-Identifier: Apache-2.0 */
#include "http/range.h"
#include "http/response.h"

#include <phien/core/mem.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct range_row {
    const char *header;
    size_t size;
    enum ph_range_kind kind;
    size_t first;
    size_t len;
};

static const struct range_row range_rows[] = {
    {"", 10, PH_RANGE_NONE, 0, 0},
    {"bytes=0-", 10, PH_RANGE_PART, 0, 10},
    {"bytes=0-0", 10, PH_RANGE_PART, 0, 1},
    {"bytes=0-1", 10, PH_RANGE_PART, 0, 2}, /* how AVPlayer finds out that ranges work */
    {"bytes=3-5", 10, PH_RANGE_PART, 3, 3},
    {"bytes=9-9", 10, PH_RANGE_PART, 9, 1},
    {"bytes=3-9", 10, PH_RANGE_PART, 3, 7},
    {"bytes=3-10", 10, PH_RANGE_PART, 3, 7},
    {"bytes=3-99999999999999999999999", 10, PH_RANGE_PART, 3, 7},
    {"bytes=0-18446744073709551615", 10, PH_RANGE_PART, 0, 10},
    {"bytes=-1", 10, PH_RANGE_PART, 9, 1},
    {"bytes=-10", 10, PH_RANGE_PART, 0, 10},
    {"bytes=-11", 10, PH_RANGE_PART, 0, 10},
    {"bytes=-99999999999999999999999", 10, PH_RANGE_PART, 0, 10},
    {"Bytes=2-", 10, PH_RANGE_PART, 2, 8},
    {"bytes= 2-3 ", 10, PH_RANGE_PART, 2, 2},
    {"bytes=10-", 10, PH_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=10-12", 10, PH_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=99999999999999999999999-", 10, PH_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=-0", 10, PH_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=0-", 0, PH_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=-5", 0, PH_RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=5-3", 10, PH_RANGE_NONE, 0, 0},
    {"bytes=0-1,3-4", 10, PH_RANGE_NONE, 0, 0},
    {"bytes=0-1,", 10, PH_RANGE_NONE, 0, 0},
    {"bytes=-", 10, PH_RANGE_NONE, 0, 0},
    {"bytes=", 10, PH_RANGE_NONE, 0, 0},
    {"bytes=a-b", 10, PH_RANGE_NONE, 0, 0},
    {"bytes=1", 10, PH_RANGE_NONE, 0, 0},
    {"bytes=1-2x", 10, PH_RANGE_NONE, 0, 0},
    {"bytes=+1-2", 10, PH_RANGE_NONE, 0, 0},
    {"bytes=--1", 10, PH_RANGE_NONE, 0, 0},
    {"seconds=1-2", 10, PH_RANGE_NONE, 0, 0},
    {"bytes", 10, PH_RANGE_NONE, 0, 0},
};

static void ranges_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(range_rows); i++) {
        const struct range_row *row = &range_rows[i];
        struct ph_range range = {0};
        enum ph_range_kind kind = ph_range_parse(row->header, row->size, &range);
        if (kind != row->kind || range.first != row->first || range.len != row->len) {
            fail_msg("\"%s\" of %zu is kind %d, %zu bytes at %zu", row->header, row->size, kind,
                     range.len, range.first);
        }
    }
}

/* Three slices, one of them empty: "abc", "", "defgh". */
static struct ph_buf *make_slices(struct ph_slice slices[3])
{
    struct ph_buf *buf = ph_buf_copy("abcdefgh", 8);

    slices[0] = (struct ph_slice){.buf = ph_buf_ref(buf), .data = buf->data, .len = 3};
    slices[1] = (struct ph_slice){.buf = ph_buf_ref(buf), .data = buf->data + 3, .len = 0};
    slices[2] = (struct ph_slice){.buf = ph_buf_ref(buf), .data = buf->data + 3, .len = 5};
    return buf;
}

static void slices_are_cut_in_place(void **state)
{
    (void)state;
    for (size_t first = 0; first < 8; first++) {
        for (size_t len = 1; len <= 8 - first; len++) {
            struct ph_slice slices[3];
            char text[9] = "";
            size_t at = 0;
            struct ph_buf *buf = make_slices(slices);
            struct ph_range range = {.first = first, .len = len};
            size_t count = ph_range_cut(slices, 3, range);
            assert_int_equal(atomic_load(&buf->refs), 1 + count);
            for (size_t i = 0; i < count; i++) {
                assert_true(slices[i].data >= buf->data && slices[i].data < buf->data + 8);
                memcpy(text + at, slices[i].data, slices[i].len);
                at += slices[i].len;
                ph_slice_clear(&slices[i]);
            }
            assert_int_equal(at, len);
            assert_memory_equal(text, &"abcdefgh"[first], len);
            ph_buf_unref(&buf);
        }
    }
}

/* What is sent for a response to a request: status, head, body. */
struct sent {
    struct ph_response_plan plan;
    char head[2048];
    char body[64];
};

static const struct ph_response_frame plain_frame = {.date = "Tue, 04 Aug 2026 10:00:00 GMT",
                                                     .common_headers =
                                                         "Access-Control-Allow-Origin: *\r\n",
                                                     .keep_alive = true};

static void send_framed(struct sent *sent, const struct ph_http_response *base,
                        const struct ph_http_request *request,
                        const struct ph_response_frame *frame)
{
    struct ph_slice slices[3];
    struct ph_buf *buf = make_slices(slices);
    struct ph_http_response response = *base;
    size_t at = 0;

    response.body = slices;
    response.body_count = 3;
    ph_response_settle(&sent->plan, &response, request);
    struct ph_buf *head = ph_response_format_head(&sent->plan, &response, frame);
    assert_true(head->len < sizeof(sent->head));
    memcpy(sent->head, head->data, head->len);
    sent->head[head->len] = '\0';
    ph_buf_unref(&head);
    for (size_t i = 0; i < sent->plan.body_count; i++) {
        memcpy(sent->body + at, sent->plan.body[i].data, sent->plan.body[i].len);
        at += sent->plan.body[i].len;
        ph_slice_clear(&sent->plan.body[i]);
    }
    sent->body[at] = '\0';
    assert_int_equal(at, sent->plan.body_len);
    /* Every reference that was not sent was given back. */
    assert_int_equal(atomic_load(&buf->refs), 1);
    ph_buf_unref(&buf);
}

static void send(struct sent *sent, const struct ph_http_response *base, enum ph_http_method method,
                 const char *if_none_match, const char *range)
{
    const struct ph_http_request request = {
        .method = method, .if_none_match = if_none_match, .range = range};

    send_framed(sent, base, &request, &plain_frame);
}

static const struct ph_http_response segment = {.status = 200,
                                                .content_type = "video/mp4",
                                                .cache_control = "max-age=3600, immutable",
                                                .etag = "\"e1\"",
                                                .allow_ranges = true};

static void a_whole_answer_is_this(void **state)
{
    (void)state;
    struct sent sent;

    send(&sent, &segment, PH_HTTP_GET, "", "");
    assert_string_equal(sent.head, "HTTP/1.1 200 OK\r\n"
                                   "Date: Tue, 04 Aug 2026 10:00:00 GMT\r\n"
                                   "Content-Type: video/mp4\r\n"
                                   "Content-Length: 8\r\n"
                                   "Accept-Ranges: bytes\r\n"
                                   "ETag: \"e1\"\r\n"
                                   "Cache-Control: max-age=3600, immutable\r\n"
                                   "Access-Control-Allow-Origin: *\r\n"
                                   "\r\n");
    assert_string_equal(sent.body, "abcdefgh");
}

/* No length, no range, no 304, whatever the request asked for. */
static void an_answer_that_goes_on_has_no_length(void **state)
{
    (void)state;
    static const struct ph_http_response response = {
        .status = 200, .content_type = "text/event-stream", .headers = "X-Accel-Buffering: no\r\n"};
    struct ph_response_frame frame = plain_frame;
    struct ph_response_plan plan;
    char text[512];

    ph_response_settle_stream(&plan, &response);
    assert_int_equal(plan.body_count, 0);
    struct ph_buf *head = ph_response_format_head(&plan, &response, &frame);
    snprintf(text, sizeof(text), "%.*s", (int)head->len, (const char *)head->data);
    assert_string_equal(text, "HTTP/1.1 200 OK\r\n"
                              "Date: Tue, 04 Aug 2026 10:00:00 GMT\r\n"
                              "Content-Type: text/event-stream\r\n"
                              "Cache-Control: no-store\r\n"
                              "Transfer-Encoding: chunked\r\n"
                              "Access-Control-Allow-Origin: *\r\n"
                              "X-Accel-Buffering: no\r\n"
                              "\r\n");
    ph_buf_unref(&head);
    frame.is_http10 = true;
    frame.keep_alive = false;
    head = ph_response_format_head(&plan, &response, &frame);
    snprintf(text, sizeof(text), "%.*s", (int)head->len, (const char *)head->data);
    assert_string_equal(text, "HTTP/1.1 200 OK\r\n"
                              "Date: Tue, 04 Aug 2026 10:00:00 GMT\r\n"
                              "Content-Type: text/event-stream\r\n"
                              "Cache-Control: no-store\r\n"
                              "Connection: close\r\n"
                              "Access-Control-Allow-Origin: *\r\n"
                              "X-Accel-Buffering: no\r\n"
                              "\r\n");
    ph_buf_unref(&head);
}

static void optional_lines_are_there_when_asked_for(void **state)
{
    (void)state;
    struct sent sent;
    struct ph_http_response response = {.status = 200,
                                        .content_type = "application/vnd.apple.mpegurl",
                                        .is_gzip = true,
                                        .vary_encoding = true,
                                        .headers = "X-One: 1\r\nX-Two: 2\r\n"};

    send(&sent, &response, PH_HTTP_GET, "", "bytes=0-1");
    assert_int_equal(sent.plan.status, 200);
    assert_non_null(strstr(sent.head, "\r\nContent-Encoding: gzip\r\n"));
    assert_non_null(strstr(sent.head, "\r\nVary: Accept-Encoding\r\n"));
    assert_non_null(strstr(sent.head, "\r\nCache-Control: no-store\r\n"));
    assert_non_null(strstr(sent.head, "\r\nX-One: 1\r\nX-Two: 2\r\n\r\n"));
    assert_null(strstr(sent.head, "Accept-Ranges"));
    assert_null(strstr(sent.head, "ETag"));
    assert_null(strstr(sent.head, "Connection"));
}

static void connection_is_said_where_the_version_does_not(void **state)
{
    (void)state;
    static const struct {
        bool is_http10;
        bool keep_alive;
        const char *line;
    } rows[] = {{false, true, NULL},
                {false, false, "\r\nConnection: close\r\n"},
                {true, true, "\r\nConnection: keep-alive\r\n"},
                {true, false, "\r\nConnection: close\r\n"}};
    const struct ph_http_request request = {
        .method = PH_HTTP_GET, .if_none_match = "", .range = ""};

    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        struct sent sent;
        struct ph_response_frame frame = {
            .date = "now", .is_http10 = rows[i].is_http10, .keep_alive = rows[i].keep_alive};
        send_framed(&sent, &segment, &request, &frame);
        assert_memory_equal(sent.head, "HTTP/1.1 200 OK\r\n", 17);
        if (rows[i].line != NULL) {
            assert_non_null(strstr(sent.head, rows[i].line));
        } else {
            assert_null(strstr(sent.head, "Connection"));
        }
    }
}

static void head_is_answered_without_the_body(void **state)
{
    (void)state;
    struct sent sent;

    send(&sent, &segment, PH_HTTP_HEAD, "", "bytes=0-1");
    assert_int_equal(sent.plan.status, 200);
    assert_non_null(strstr(sent.head, "\r\nContent-Length: 8\r\n"));
    assert_non_null(strstr(sent.head, "\r\nContent-Type: video/mp4\r\n"));
    assert_string_equal(sent.body, "");
}

static void ranges_are_answered_in_part(void **state)
{
    (void)state;
    struct sent sent;

    send(&sent, &segment, PH_HTTP_GET, "", "bytes=2-4");
    assert_int_equal(sent.plan.status, 206);
    assert_non_null(strstr(sent.head, "HTTP/1.1 206 Partial Content\r\n"));
    assert_non_null(strstr(sent.head, "\r\nContent-Range: bytes 2-4/8\r\n"));
    assert_non_null(strstr(sent.head, "\r\nContent-Length: 3\r\n"));
    assert_string_equal(sent.body, "cde");

    send(&sent, &segment, PH_HTTP_GET, "", "bytes=-3");
    assert_non_null(strstr(sent.head, "\r\nContent-Range: bytes 5-7/8\r\n"));
    assert_string_equal(sent.body, "fgh");

    send(&sent, &segment, PH_HTTP_GET, "", "bytes=0-1,3-4");
    assert_int_equal(sent.plan.status, 200);
    assert_string_equal(sent.body, "abcdefgh");

    send(&sent, &segment, PH_HTTP_POST, "", "bytes=2-4");
    assert_int_equal(sent.plan.status, 200);
}

static void ranges_outside_are_refused(void **state)
{
    (void)state;
    struct sent sent;

    send(&sent, &segment, PH_HTTP_GET, "", "bytes=8-");
    assert_int_equal(sent.plan.status, 416);
    assert_non_null(strstr(sent.head, "HTTP/1.1 416 Range Not Satisfiable\r\n"));
    assert_non_null(strstr(sent.head, "\r\nContent-Range: bytes */8\r\n"));
    assert_non_null(strstr(sent.head, "\r\nContent-Length: 0\r\n"));
    assert_non_null(strstr(sent.head, "\r\nAccess-Control-Allow-Origin: *\r\n"));
    assert_null(strstr(sent.head, "Content-Type"));
    assert_string_equal(sent.body, "");
}

static void what_the_client_has_is_not_sent_again(void **state)
{
    (void)state;
    static const enum ph_http_method methods[] = {PH_HTTP_GET, PH_HTTP_HEAD};
    struct sent sent;

    for (size_t i = 0; i < PH_ARRAY_SIZE(methods); i++) {
        send(&sent, &segment, methods[i], "\"e0\", W/\"e1\"", "bytes=0-1");
        assert_int_equal(sent.plan.status, 304);
        assert_non_null(strstr(sent.head, "HTTP/1.1 304 Not Modified\r\n"));
        assert_non_null(strstr(sent.head, "\r\nETag: \"e1\"\r\n"));
        assert_non_null(strstr(sent.head, "\r\nCache-Control: max-age=3600, immutable\r\n"));
        assert_null(strstr(sent.head, "Content-Length"));
        assert_null(strstr(sent.head, "Content-Type"));
        assert_string_equal(sent.body, "");
    }
    send(&sent, &segment, PH_HTTP_GET, "\"e2\"", "");
    assert_int_equal(sent.plan.status, 200);
    send(&sent, &segment, PH_HTTP_PUT, "\"e1\"", "");
    assert_int_equal(sent.plan.status, 200);
    struct ph_http_response missing = {.status = 404, .etag = "\"e1\"", .allow_ranges = true};
    send(&sent, &missing, PH_HTTP_GET, "\"e1\"", "bytes=0-1");
    assert_int_equal(sent.plan.status, 404);
    assert_string_equal(sent.body, "abcdefgh");
}

static void no_content_has_no_length(void **state)
{
    (void)state;
    struct sent sent;
    struct ph_http_response response = {.status = 204};

    send(&sent, &response, PH_HTTP_OPTIONS, "", "");
    assert_null(strstr(sent.head, "Content-Length"));
    assert_string_equal(sent.body, "");
}

static void long_lines_have_room(void **state)
{
    (void)state;
    struct sent sent;
    char headers[1024];

    memset(headers, 'h', sizeof(headers));
    memcpy(headers + sizeof(headers) - 3, "\r\n", 3);
    struct ph_http_response response = {.status = 418,
                                        .content_type = "application/vnd.apple.mpegurl",
                                        .headers = headers,
                                        .vary_encoding = true};
    send(&sent, &response, PH_HTTP_GET, "", "");
    assert_non_null(strstr(sent.head, "HTTP/1.1 418 Unknown\r\n"));
    assert_non_null(strstr(sent.head, "hhhh\r\n\r\n"));
}

static void dates_are_written_once_a_second(void **state)
{
    (void)state;
    struct ph_response_date date = {0};

    assert_string_equal(ph_response_date(&date, 0), "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_string_equal(ph_response_date(&date, 784111777 * PH_USEC_PER_S),
                        "Sun, 06 Nov 1994 08:49:37 GMT");
    date.text[0] = 'X';
    assert_string_equal(ph_response_date(&date, 784111777 * PH_USEC_PER_S + 999999),
                        "Xun, 06 Nov 1994 08:49:37 GMT");
    assert_string_equal(ph_response_date(&date, 784111778 * PH_USEC_PER_S),
                        "Sun, 06 Nov 1994 08:49:38 GMT");
}

static void expect_problem(int status, const char *detail, const char *wanted)
{
    struct ph_buf *body = ph_response_format_problem(status, detail);

    assert_int_equal(body->len, strlen(wanted));
    assert_memory_equal(body->data, wanted, body->len);
    ph_buf_unref(&body);
}

static void statuses_have_their_phrases(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *text;
    } rows[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {409, "Conflict"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {503, "Service Unavailable"},
        {0, "Unknown"},
        {299, "Unknown"},
    };

    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        assert_string_equal(ph_http_status_text(rows[i].status), rows[i].text);
    }
}

static void problems_are_json(void **state)
{
    (void)state;
    char longest[8192];

    expect_problem(404, "no such \"channel\"\n",
                   "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
                   "\"detail\":\"no such \\\"channel\\\"\\u000a\"}\n");
    expect_problem(503, NULL,
                   "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503}\n");
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    expect_problem(400, longest,
                   "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_read),
        cmocka_unit_test(slices_are_cut_in_place),
        cmocka_unit_test(a_whole_answer_is_this),
        cmocka_unit_test(an_answer_that_goes_on_has_no_length),
        cmocka_unit_test(optional_lines_are_there_when_asked_for),
        cmocka_unit_test(connection_is_said_where_the_version_does_not),
        cmocka_unit_test(head_is_answered_without_the_body),
        cmocka_unit_test(ranges_are_answered_in_part),
        cmocka_unit_test(ranges_outside_are_refused),
        cmocka_unit_test(what_the_client_has_is_not_sent_again),
        cmocka_unit_test(no_content_has_no_length),
        cmocka_unit_test(long_lines_have_room),
        cmocka_unit_test(dates_are_written_once_a_second),
        cmocka_unit_test(statuses_have_their_phrases),
        cmocka_unit_test(problems_are_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
