/* SPDX-License-Identifier: Apache-2.0 */
#include "http/h1.h"

#include <phien/core/mem.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BODY_LIMIT = 100 };

/* What a stream of bytes was read as, in words that can be compared. */
struct script {
    char text[16384];
    size_t len;
};

PH_PRINTF(2, 3) static void say(struct script *script, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int len =
        vsnprintf(script->text + script->len, sizeof(script->text) - script->len, format, args);
    va_end(args);
    assert_true(len >= 0 && (size_t)len < sizeof(script->text) - script->len);
    script->len += (size_t)len;
}

static void say_request(struct script *script, const struct ph_h1 *h1)
{
    const struct ph_http_request *r = &h1->request;

    say(script, "%d %s", r->method, r->path);
    say(script, r->query[0] != '\0' ? "?%s" : "%s", r->query);
    say(script, " host=%s enc=%s auth=%s inm=%s", r->host, r->accept_encoding, r->authorization,
        r->if_none_match);
    say(script, " range=%s type=%s event=%s", r->range, r->content_type, r->last_event_id);
    say(script, r->if_match[0] != '\0' ? " im=%s" : "%s", r->if_match);
    say(script, r->idempotency_key[0] != '\0' ? " key=%s" : "%s", r->idempotency_key);
    say(script, " body=%.*s", (int)r->body_len, r->body != NULL ? (const char *)r->body : "");
    say(script, " %s\n", h1->keep_alive ? "keep" : "close");
}

/* Feeds `step` bytes at a time and writes down the events. */
static void read_all(struct script *script, const char *bytes, size_t len, size_t step)
{
    struct ph_h1 h1;
    size_t pos = 0;
    enum ph_h1_event event = PH_H1_EVENT_NONE;

    ph_h1_init(&h1, NULL, BODY_LIMIT);
    script->len = 0;
    script->text[0] = '\0';
    while (pos < len && event != PH_H1_EVENT_FAILURE) {
        size_t n = len - pos < step ? len - pos : step;
        /* A copy of its own, so that AddressSanitizer sees a read past its end. */
        uint8_t *piece = malloc(n);
        size_t used = 0;
        memcpy(piece, bytes + pos, n);
        event = ph_h1_feed(&h1, piece, n, &used);
        assert_true(used <= n);
        assert_true(event != PH_H1_EVENT_NONE || used == n);
        free(piece);
        pos += used;
        if (event == PH_H1_EVENT_REQUEST) {
            say_request(script, &h1);
            ph_h1_next(&h1);
        } else if (event == PH_H1_EVENT_CONTINUE) {
            say(script, "continue\n");
        } else if (event == PH_H1_EVENT_FAILURE) {
            say(script, "%d\n", h1.status);
            assert_non_null(h1.reason);
        }
    }
    ph_h1_fini(&h1);
}

/* Reads the bytes at once, one by one and in threes, and expects the same each time. */
static void expect_bytes(const char *bytes, size_t len, const char *wanted)
{
    static const size_t steps[] = {SIZE_MAX, 1, 3};

    for (size_t i = 0; i < PH_ARRAY_SIZE(steps); i++) {
        struct script script;
        read_all(&script, bytes, len, steps[i]);
        if (strcmp(script.text, wanted) != 0) {
            fail_msg("in steps of %zu\n%s\nwas read as\n%s\ninstead of\n%s", steps[i], bytes,
                     script.text, wanted);
        }
    }
}

static void expect(const char *bytes, const char *wanted)
{
    expect_bytes(bytes, strlen(bytes), wanted);
}

#define PLAIN " enc= auth= inm= range= type= event= body="

static void headers_that_are_read_are_kept(void **state)
{
    (void)state;
    expect("GET /live/sinho/av.m3u8?_HLS_msn=7 HTTP/1.1\r\n"
           "Host: example.org:8080\r\n"
           "User-Agent: AppleCoreMedia/1.0.0.21F90 (iPhone; U; CPU OS 17_5_1 like Mac OS X)\r\n"
           "ACCEPT-ENCODING:gzip  \t\r\n"
           "Authorization: Bearer abc\r\n"
           "If-None-Match: \"e1\"\r\n"
           "Range: bytes=0-1\r\n"
           "Content-Type: application/json\r\n"
           "Last-Event-ID: 42\r\n"
           "X-Playback-Session-Id-Which-Is-Long: 1\r\n"
           "Connection: keep-alive\r\n"
           "\r\n",
           "1 /live/sinho/av.m3u8?_HLS_msn=7 host=example.org:8080 enc=gzip auth=Bearer abc "
           "inm=\"e1\" range=bytes=0-1 type=application/json event=42 body= keep\n");
    expect("PATCH /shelf/a HTTP/1.1\r\nHost: a\r\nIf-Match: \"12\" \r\n"
           "idempotency-key: 7f3a 1\r\nIdempotency-Keys: x\r\nContent-Length: 2\r\n\r\n{}",
           "6 /shelf/a host=a enc= auth= inm= range= type= event= im=\"12\" key=7f3a 1 body={} "
           "keep\n");
    /* The first one counts. */
    expect("GET / HTTP/1.1\r\nHost: a\r\nRange: 1\r\nRange: 2\r\n\r\n",
           "1 / host=a enc= auth= inm= range=1 type= event= body= keep\n");
    /* A range of one version only: the whole of the current one is always right. */
    expect("GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=5-\r\nIf-Range: \"x\"\r\n\r\n",
           "1 / host=a" PLAIN " keep\n");
    expect("GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n", "1 /x host=b" PLAIN " keep\n");
    expect("GET / HTTP/1.1\r\nHost:\r\n\r\n", "1 / host=" PLAIN " keep\n");
}

static void methods_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum ph_http_method method;
    } rows[] = {{"GET", PH_HTTP_GET},       {"HEAD", PH_HTTP_HEAD},   {"OPTIONS", PH_HTTP_OPTIONS},
                {"POST", PH_HTTP_POST},     {"PUT", PH_HTTP_PUT},     {"PATCH", PH_HTTP_PATCH},
                {"DELETE", PH_HTTP_DELETE}, {"TRACE", PH_HTTP_OTHER}, {"PROPFIND", PH_HTTP_OTHER}};

    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        char bytes[64];
        char wanted[128];
        snprintf(bytes, sizeof(bytes), "%s / HTTP/1.1\r\nHost: a\r\n\r\n", rows[i].name);
        snprintf(wanted, sizeof(wanted), "%d / host=a" PLAIN " keep\n", rows[i].method);
        expect(bytes, wanted);
    }
}

static void pipelined_requests_come_one_by_one(void **state)
{
    (void)state;
    expect("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
           "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
           "\r\n" /* old clients send one more behind a body */
           "PUT /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
           "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nHost: trailer\r\n\r\n"
           "HEAD /4 HTTP/1.1\r\nHost: b\r\n\r\n",
           "1 /1 host=a" PLAIN " keep\n"
           "4 /2 host=a" PLAIN "abc keep\n"
           "5 /3 host=a" PLAIN "abcdefg keep\n"
           "2 /4 host=b" PLAIN " keep\n");
}

static void connections_are_kept_as_the_version_says(void **state)
{
    (void)state;
    expect("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "1 / host=a" PLAIN " close\n");
    expect("GET / HTTP/1.1\r\nHost: a\r\nConnection: Keep-Alive, Close\r\n\r\n",
           "1 / host=a" PLAIN " close\n");
    expect("GET / HTTP/1.0\r\n\r\n", "1 / host=" PLAIN " close\n");
    expect("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "1 / host=" PLAIN " keep\n");
}

static void upgrades_are_not_taken(void **state)
{
    (void)state;
    /* curl --http2 on a plain connection. */
    expect("GET /1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
           "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n"
           "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
           "1 /1 host=a" PLAIN " keep\n1 /2 host=a" PLAIN " keep\n");
    expect("POST /1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n"
           "Content-Length: 2\r\n\r\nab"
           "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
           "4 /1 host=a" PLAIN "ab keep\n1 /2 host=a" PLAIN " keep\n");
    expect("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", "400\n");
    expect("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400\n");
}

static void expectations_are_answered(void **state)
{
    (void)state;
    expect("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab"
           "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
           "continue\n5 / host=a" PLAIN "ab keep\n1 / host=a" PLAIN " keep\n");
    expect("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nTransfer-Encoding: chunked\r\n"
           "\r\n1\r\nx\r\n0\r\n\r\n",
           "continue\n5 / host=a" PLAIN "x keep\n");
    /* Nothing to wait for. */
    expect("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
           "1 / host=a" PLAIN " keep\n");
    expect("PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
           "5 / host=" PLAIN "x close\n");
    expect("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\nContent-Length: 1\r\n\r\nx", "417\n");
    /* Refused before the client sends it. */
    expect("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n",
           "413\n");
}

static void whatever_two_readers_could_read_differently_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        int status;
    } rows[] = {
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\n\rX", 400},
        {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
        {"GET /\r\n\r\n", 505},
        {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        {"GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505},
        {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 400},
        {"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"get / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"\x16\x03\x01\x02", 400},
        {"GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n", 404},
        {"GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\nabc", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\nabc", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
         "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
         "Content-Length: 3\r\n\r\n0\r\n\r\n",
         400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
         "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400},
        {"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0b"
         "chunked\r\n\r\n0\r\n\r\n",
         400},
    };

    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        char wanted[8];
        snprintf(wanted, sizeof(wanted), "%d\n", rows[i].status);
        expect(rows[i].bytes, wanted);
    }
    static const char nul[] = "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n";
    expect_bytes(nul, sizeof(nul) - 1, "400\n");
}

/* Statuses differ (llhttp or we may notice first), but none of it may be taken for a request. */
static void odd_codings_and_chunks_are_never_a_request(void **state)
{
    (void)state;
    static const char *const tails[] = {
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chun\r\n ked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: \r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n3;a\nabc\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n3\rXabc\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\rX",
        "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    };

    for (size_t i = 0; i < PH_ARRAY_SIZE(tails); i++) {
        static const size_t steps[] = {SIZE_MAX, 1};
        char bytes[256];
        snprintf(bytes, sizeof(bytes), "POST / HTTP/1.1\r\nHost: a\r\n%s", tails[i]);
        for (size_t j = 0; j < PH_ARRAY_SIZE(steps); j++) {
            struct script script;
            read_all(&script, bytes, strlen(bytes), steps[j]);
            if (script.text[0] != '4' && script.text[0] != '5') {
                fail_msg("%s\nwas read as %s", bytes, script.text);
            }
            assert_int_equal(script.len, 4);
        }
    }
}

/* "GET /" + filler + " HTTP/1.1", then `headers` of "X: " + filler each. */
static char *make_head(size_t target_len, size_t headers, size_t value_len)
{
    size_t cap = target_len + headers * (value_len + 8) + 64;
    char *bytes = malloc(cap);
    size_t len = 0;

    assert_non_null(bytes);
    len += (size_t)snprintf(bytes, cap, "GET /");
    memset(bytes + len, 'a', target_len - 1);
    len += target_len - 1;
    len += (size_t)snprintf(bytes + len, cap - len, " HTTP/1.1\r\nHost: a\r\n");
    for (size_t i = 0; i < headers; i++) {
        len += (size_t)snprintf(bytes + len, cap - len, "X: ");
        memset(bytes + len, 'b', value_len);
        len += value_len;
        len += (size_t)snprintf(bytes + len, cap - len, "\r\n");
    }
    snprintf(bytes + len, cap - len, "\r\n");
    return bytes;
}

static void expect_status(char *bytes, const char *status)
{
    static const size_t steps[] = {SIZE_MAX, 1, 1000};

    for (size_t i = 0; i < PH_ARRAY_SIZE(steps); i++) {
        struct script script;
        read_all(&script, bytes, strlen(bytes), steps[i]);
        if (strncmp(script.text, status, strlen(status)) != 0) {
            fail_msg("%zu bytes in steps of %zu gave %.20s, not %s", strlen(bytes), steps[i],
                     script.text, status);
        }
    }
    free(bytes);
}

static void heads_have_limits(void **state)
{
    (void)state;
    expect_status(make_head(PH_H1_TARGET_BYTES_MAX, 1, 1), "1 /");
    expect_status(make_head(PH_H1_TARGET_BYTES_MAX + 1, 1, 1), "414");
    expect_status(make_head(100000, 1, 1), "414");
    expect_status(make_head(1, PH_H1_HEADERS_MAX - 1, 1), "1 /");
    expect_status(make_head(1, PH_H1_HEADERS_MAX, 1), "431");
    expect_status(make_head(1, 10000, 1), "431");
    /* "GET / HTTP/1.1\r\nHost: a\r\n" 25, "X: " 3, twice "\r\n" 4. */
    expect_status(make_head(1, 1, PH_H1_HEAD_BYTES_MAX - 25 - 3 - 4), "1 /");
    expect_status(make_head(1, 1, PH_H1_HEAD_BYTES_MAX - 25 - 3 - 3), "431");
    expect_status(make_head(1, 1, 1000000), "431");
}

static void empty_lines_ahead_of_a_request_have_a_limit(void **state)
{
    (void)state;
    char *bytes = malloc(PH_H1_HEAD_BYTES_MAX + 1);

    assert_non_null(bytes);
    for (size_t i = 0; i < PH_H1_HEAD_BYTES_MAX; i += 2) {
        memcpy(bytes + i, "\r\n", 2);
    }
    bytes[PH_H1_HEAD_BYTES_MAX] = '\0';
    expect_status(bytes, "431");
}

static void kept_values_share_the_limit(void **state)
{
    (void)state;
    /* Kept in full, the largest head still leaves room for every NUL. */
    char *bytes = malloc(PH_H1_HEAD_BYTES_MAX + 1);
    int len =
        snprintf(bytes, PH_H1_HEAD_BYTES_MAX + 1,
                 "GET / HTTP/1.1\r\nHost:a\r\nRange:b\r\nAccept-Encoding:c\r\nExpect:\r\n"
                 "If-Range:\r\nIf-None-Match:\r\nContent-Type:\r\nIf-Match:\r\nIdempotency-Key:\r\n"
                 "Last-Event-ID:\r\nAuthorization:");

    assert_non_null(bytes);
    memset(bytes + len, 'z', PH_H1_HEAD_BYTES_MAX - 4 - (size_t)len);
    memcpy(bytes + PH_H1_HEAD_BYTES_MAX - 4, "\r\n\r\n", 5);
    expect_status(bytes, "417");
}

static void bodies_have_a_limit(void **state)
{
    (void)state;
    struct script script;
    char bytes[512];
    char filler[BODY_LIMIT + 2];

    memset(filler, 'x', sizeof(filler));
    filler[BODY_LIMIT + 1] = '\0';
    snprintf(bytes, sizeof(bytes),
             "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n%.100s", filler);
    read_all(&script, bytes, strlen(bytes), 7);
    assert_memory_equal(script.text, "4 /", 3);
    expect("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n", "413\n");
    expect("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n", "413\n");
    snprintf(bytes, sizeof(bytes),
             "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
             "64\r\n%.100s\r\n0\r\n\r\n",
             filler);
    read_all(&script, bytes, strlen(bytes), 7);
    assert_memory_equal(script.text, "4 /", 3);
    snprintf(bytes, sizeof(bytes),
             "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
             "32\r\n%.50s\r\n33\r\n%.51s\r\n0\r\n\r\n",
             filler, filler);
    expect(bytes, "413\n");
}

static void on_request(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                       void *arg)
{
    (void)exchange;
    (void)params;
    (void)arg;
}

/* A client that sends a head and then its body byte by byte: what is kept of it grows with that. */
static void a_body_takes_no_memory_before_it_arrives(void **state)
{
    (void)state;
    enum { LARGE = 2 * 1024 * 1024, SENT = 100 * 1000 };
    static const char *const heads[] = {
        "PUT /image HTTP/1.1\r\nHost: a\r\nContent-Length: 2097152\r\n\r\n",
        "PUT /image HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n",
    };
    struct ph_router *router = ph_router_create();

    ph_router_add_upload(router, 1u << PH_HTTP_PUT, "/image", LARGE, on_request, NULL);
    for (size_t i = 0; i < PH_ARRAY_SIZE(heads); i++) {
        struct ph_h1 h1;
        size_t used;
        ph_h1_init(&h1, router, BODY_LIMIT);
        assert_int_equal(ph_h1_feed(&h1, (const uint8_t *)heads[i], strlen(heads[i]), &used),
                         PH_H1_EVENT_NONE);
        assert_int_equal(h1.body.cap, 0);
        assert_int_equal(h1.body.limit, LARGE);
        for (size_t sent = 1; sent <= SENT; sent++) {
            assert_int_equal(ph_h1_feed(&h1, (const uint8_t *)"x", 1, &used), PH_H1_EVENT_NONE);
            assert_int_equal(h1.body.len, sent);
            assert_true(h1.body.cap <= 256 + 2 * sent);
        }
        ph_h1_fini(&h1);
    }
    ph_router_destroy(&router);
}

/* The limit is asked for anew for each request of a connection. */
static void the_router_says_how_large_a_body_may_be(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        enum ph_h1_event event;
    } rows[] = {
        {"PUT /image HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n", PH_H1_EVENT_NONE},
        {"PUT /image?a=b HTTP/1.1\r\nHost: a\r\nContent-Length: 200\r\n\r\n", PH_H1_EVENT_NONE},
        {"PUT /image HTTP/1.1\r\nHost: a\r\nContent-Length: 201\r\n\r\n", PH_H1_EVENT_FAILURE},
        {"PUT /image/ HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n", PH_H1_EVENT_FAILURE},
        {"POST /image HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n", PH_H1_EVENT_FAILURE},
        {"PUT /imag%65 HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n", PH_H1_EVENT_NONE},
        {"PUT /image HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\nExpect: 100-continue\r\n\r\n",
         PH_H1_EVENT_CONTINUE},
        {"PUT /image HTTP/1.1\r\nHost: a\r\nContent-Length: 201\r\nExpect: 100-continue\r\n\r\n",
         PH_H1_EVENT_FAILURE},
    };
    struct ph_router *router = ph_router_create();

    ph_router_add_upload(router, 1u << PH_HTTP_PUT, "/image", 2 * BODY_LIMIT, on_request, NULL);
    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        struct ph_h1 h1;
        size_t used;
        ph_h1_init(&h1, router, BODY_LIMIT);
        enum ph_h1_event event =
            ph_h1_feed(&h1, (const uint8_t *)rows[i].head, strlen(rows[i].head), &used);
        if (event != rows[i].event) {
            fail_msg("%s gave event %d", rows[i].head, event);
        }
        assert_true(event != PH_H1_EVENT_FAILURE || h1.status == 413);
        ph_h1_fini(&h1);
    }
    ph_router_destroy(&router);
}

static void trailers_count_as_headers(void **state)
{
    (void)state;
    struct script script;
    char bytes[2048];
    size_t len =
        (size_t)snprintf(bytes, sizeof(bytes),
                         "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");

    for (int i = 0; i < PH_H1_HEADERS_MAX; i++) {
        len += (size_t)snprintf(bytes + len, sizeof(bytes) - len, "T: x\r\n");
    }
    snprintf(bytes + len, sizeof(bytes) - len, "\r\n");
    read_all(&script, bytes, strlen(bytes), SIZE_MAX);
    assert_string_equal(script.text, "431\n");
}

static void phases_tell_how_far_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        enum ph_h1_phase phase;
    } rows[] = {{"\r\n", PH_H1_IDLE},
                {"P", PH_H1_HEAD},
                {"UT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r", PH_H1_HEAD},
                {"\n", PH_H1_BODY},
                {"a", PH_H1_BODY},
                {"b", PH_H1_COMPLETE}};
    struct ph_h1 h1;

    ph_h1_init(&h1, NULL, BODY_LIMIT);
    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        size_t used;
        ph_h1_feed(&h1, (const uint8_t *)rows[i].bytes, strlen(rows[i].bytes), &used);
        assert_int_equal(used, strlen(rows[i].bytes));
        assert_int_equal(h1.phase, rows[i].phase);
    }
    ph_h1_next(&h1);
    assert_int_equal(h1.phase, PH_H1_IDLE);
    ph_h1_fail(&h1, 408, "too slow");
    ph_h1_fail(&h1, 400, "the first failure counts");
    size_t used;
    assert_int_equal(ph_h1_feed(&h1, (const uint8_t *)"G", 1, &used), PH_H1_EVENT_FAILURE);
    assert_int_equal(used, 0);
    assert_int_equal(h1.status, 408);
    ph_h1_fini(&h1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_that_are_read_are_kept),
        cmocka_unit_test(methods_are_told_apart),
        cmocka_unit_test(pipelined_requests_come_one_by_one),
        cmocka_unit_test(connections_are_kept_as_the_version_says),
        cmocka_unit_test(upgrades_are_not_taken),
        cmocka_unit_test(expectations_are_answered),
        cmocka_unit_test(whatever_two_readers_could_read_differently_is_refused),
        cmocka_unit_test(odd_codings_and_chunks_are_never_a_request),
        cmocka_unit_test(heads_have_limits),
        cmocka_unit_test(empty_lines_ahead_of_a_request_have_a_limit),
        cmocka_unit_test(kept_values_share_the_limit),
        cmocka_unit_test(bodies_have_a_limit),
        cmocka_unit_test(a_body_takes_no_memory_before_it_arrives),
        cmocka_unit_test(the_router_says_how_large_a_body_may_be),
        cmocka_unit_test(trailers_count_as_headers),
        cmocka_unit_test(phases_tell_how_far_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
