/* SPDX-License-Identifier: Apache-2.0 */
#include "http/exchange.h"

#include <phien/core/mem.h>
#include <phien/http/router.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* What became of one request, in words that can be compared. */
static char outcome[256];

static void on_respond(struct ph_http_exchange *exchange, const struct ph_http_response *response)
{
    (void)exchange;
    snprintf(outcome, sizeof(outcome), "%d %s", response->status,
             response->headers != NULL ? response->headers : "");
    for (size_t i = 0; i < response->body_count; i++) {
        ph_slice_clear(&response->body[i]);
    }
}

static const struct ph_http_exchange_ops ops = {.respond = on_respond};

/* A handler whose name is `arg`; answers with 200 to end the exchange. */
static void on_request(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                       void *arg)
{
    char text[256] = "";
    int count = ((const char *)arg)[0] - '0';
    int len = snprintf(text, sizeof(text), "%s", (const char *)arg + 1);

    for (int i = 0; i < count; i++) {
        len += snprintf(text + len, sizeof(text) - (size_t)len, " [%.*s]", (int)params[i].len,
                        params[i].text);
    }
    ph_http_respond_text(exchange, 200, "text/plain", "");
    snprintf(outcome, sizeof(outcome), "%s", text);
}

/* The digit tells how many parameters the pattern has. */
static char handler_root[] = "0root";
static char handler_segment[] = "1segment";
static char handler_live[] = "2live";
static char handler_status[] = "1status";
static char handler_put[] = "2put";
static char handler_exact[] = "0exact";
static char handler_four[] = "4four";
static char handler_options[] = "0options";
static char handler_import[] = "1import";
static char handler_product[] = "2product";
static char handler_image[] = "2image";

static struct ph_router *make_router(void)
{
    const unsigned get = 1u << PH_HTTP_GET;
    const unsigned put = 1u << PH_HTTP_PUT;
    struct ph_router *router = ph_router_create();

    ph_router_add(router, get, "/", on_request, handler_root);
    ph_router_add(router, get, "/live/exact/x", on_request, handler_exact);
    ph_router_add(router, get, "/live/{}/{*}", on_request, handler_live);
    ph_router_add(router, get, "/watch/{}", on_request, handler_segment);
    ph_router_add(router, get, "/api/{}/", on_request, handler_status);
    ph_router_add(router, get | 1u << PH_HTTP_DELETE, "/api/{}/shelf", on_request, handler_status);
    ph_router_add(router, put, "/api/{}/{}", on_request, handler_put);
    ph_router_add(router, get, "/four/{}/{}/{}/{*}", on_request, handler_four);
    ph_router_add(router, 1u << PH_HTTP_OPTIONS, "/own", on_request, handler_options);
    ph_router_add_upload(router, 1u << PH_HTTP_POST, "/v1/{}/shelf:import", 5000, on_request,
                         handler_import);
    ph_router_add(router, put | get, "/v1/{}/shelf/{}", on_request, handler_product);
    ph_router_add(router, get, "/v1/{}/images/{}", on_request, handler_image);
    ph_router_add_upload(router, put, "/v1/{}/images/{}", 9000, on_request, handler_image);
    return router;
}

static void expect(const struct ph_router *router, enum ph_http_method method, const char *path,
                   const char *wanted)
{
    const struct ph_http_request request = {.method = method, .path = path};
    struct ph_http_exchange exchange;

    outcome[0] = '\0';
    ph_http_exchange_init(&exchange, &ops);
    ph_http_exchange_open(&exchange, &request);
    ph_router_dispatch(router, &exchange);
    assert_false(exchange.is_open);
    if (strcmp(outcome, wanted) != 0) {
        fail_msg("%s gave \"%s\" instead of \"%s\"", path, outcome, wanted);
    }
}

static void paths_find_their_handler(void **state)
{
    (void)state;
    struct ph_router *router = make_router();

    expect(router, PH_HTTP_GET, "/", "root");
    expect(router, PH_HTTP_GET, "/live/sinho/index.m3u8", "live [sinho] [index.m3u8]");
    expect(router, PH_HTTP_GET, "/live/sinho/ts/index.m3u8", "live [sinho] [ts/index.m3u8]");
    expect(router, PH_HTTP_GET, "/live/exact/x", "exact");
    expect(router, PH_HTTP_GET, "/live/exact/xy", "live [exact] [xy]");
    expect(router, PH_HTTP_GET, "/watch/sinho", "segment [sinho]");
    expect(router, PH_HTTP_HEAD, "/watch/sinho", "segment [sinho]");
    expect(router, PH_HTTP_GET, "/api/sinho/", "status [sinho]");
    expect(router, PH_HTTP_DELETE, "/api/sinho/shelf", "status [sinho]");
    expect(router, PH_HTTP_PUT, "/api/sinho/shelf", "put [sinho] [shelf]");
    expect(router, PH_HTTP_GET, "/four/a/b/c/d/e", "four [a] [b] [c] [d/e]");
    expect(router, PH_HTTP_POST, "/v1/sinho/shelf:import", "import [sinho]");
    expect(router, PH_HTTP_PUT, "/v1/sinho/shelf/cam:1", "product [sinho] [cam:1]");
    expect(router, PH_HTTP_GET, "/v1/sinho/images/0a.jpg", "image [sinho] [0a.jpg]");
    ph_router_destroy(&router);
    assert_null(router);
}

static void unknown_paths_are_not_found(void **state)
{
    (void)state;
    static const char *const paths[] = {"/x",
                                        "/live",
                                        "/live/",
                                        "/live/sinho",
                                        "/live/s/",
                                        "/watch",
                                        "/watch/",
                                        "/watch/a/b",
                                        "/watch/a/",
                                        "/api/sinho",
                                        "/Live/a/b",
                                        "/live//x",
                                        "/four/a/b/c",
                                        "/v1/sinho/shelf:",
                                        "/v1/sinho/shelf:imports",
                                        "/v1/sinho/shelf:import/",
                                        "/v1/sinho/shelf",
                                        "/v1//shelf:import",
                                        "/v1/sinho/images/",
                                        "/v1/sinho/images/a/b"};
    struct ph_router *router = make_router();

    for (size_t i = 0; i < PH_ARRAY_SIZE(paths); i++) {
        expect(router, PH_HTTP_GET, paths[i], "404 ");
        expect(router, PH_HTTP_OPTIONS, paths[i], "404 ");
    }
    ph_router_destroy(&router);
}

static void known_paths_tell_their_methods(void **state)
{
    (void)state;
    struct ph_router *router = make_router();

    expect(router, PH_HTTP_POST, "/", "405 Allow: GET, HEAD, OPTIONS\r\n");
    expect(router, PH_HTTP_OTHER, "/", "405 Allow: GET, HEAD, OPTIONS\r\n");
    expect(router, PH_HTTP_GET, "/api/a/b", "405 Allow: PUT, OPTIONS\r\n");
    expect(router, PH_HTTP_OPTIONS, "/", "204 Allow: GET, HEAD, OPTIONS\r\n");
    /* All routes of one path together. */
    expect(router, PH_HTTP_OPTIONS, "/api/a/shelf",
           "204 Allow: GET, HEAD, PUT, DELETE, OPTIONS\r\n");
    expect(router, PH_HTTP_POST, "/api/a/shelf", "405 Allow: GET, HEAD, PUT, DELETE, OPTIONS\r\n");
    expect(router, PH_HTTP_OPTIONS, "/own", "options");
    expect(router, PH_HTTP_GET, "/own", "405 Allow: OPTIONS\r\n");
    ph_router_destroy(&router);
}

static void all_methods_fit_into_allow(void **state)
{
    (void)state;
    struct ph_router *router = ph_router_create();

    ph_router_add(router, ~0u & ~(1u << PH_HTTP_OPTIONS | 1u << PH_HTTP_OTHER), "/x", on_request,
                  handler_root);
    expect(router, PH_HTTP_OPTIONS, "/x",
           "204 Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n");
    ph_router_destroy(&router);
}

static void uploads_may_be_larger(void **state)
{
    (void)state;
    static const struct {
        enum ph_http_method method;
        const char *path;
        size_t otherwise;
        size_t limit;
    } rows[] = {
        {PH_HTTP_POST, "/v1/sinho/shelf:import", 100, 5000},
        {PH_HTTP_POST, "/v1/sinho/shelf:import", 6000, 6000}, /* never less than others have */
        {PH_HTTP_PUT, "/v1/sinho/shelf:import", 100, 100},
        {PH_HTTP_PUT, "/v1/sinho/shelf/a", 100, 100},
        {PH_HTTP_PUT, "/v1/sinho/images/a", 100, 9000},
        {PH_HTTP_GET, "/v1/sinho/images/a", 100, 100},
        {PH_HTTP_OTHER, "/v1/sinho/images/a", 100, 100},
        {PH_HTTP_PUT, "/nothing", 100, 100},
        {PH_HTTP_PUT, "/nothing", 0, 0},
    };
    struct ph_router *router = make_router();

    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        size_t limit =
            ph_router_body_limit(router, rows[i].method, rows[i].path, rows[i].otherwise);
        if (limit != rows[i].limit) {
            fail_msg("%s by method %d may have %zu bytes, not %zu", rows[i].path, rows[i].method,
                     limit, rows[i].limit);
        }
    }
    ph_router_destroy(&router);
}

static void an_empty_router_finds_nothing(void **state)
{
    (void)state;
    struct ph_router *router = ph_router_create();

    expect(router, PH_HTTP_GET, "/", "404 ");
    ph_router_destroy(&router);
    ph_router_destroy(&router);
}

static void on_aborted(void *arg)
{
    ++*(int *)arg;
}

static void an_abort_is_told_once_and_only_while_open(void **state)
{
    (void)state;
    const struct ph_http_request request = {.method = PH_HTTP_GET, .path = "/"};
    struct ph_http_exchange exchange;
    int aborts = 0;

    ph_http_exchange_init(&exchange, &ops);
    ph_http_exchange_abort(&exchange);
    ph_http_exchange_open(&exchange, &request);
    ph_http_exchange_on_abort(&exchange, on_aborted, &aborts);
    ph_http_exchange_abort(&exchange);
    ph_http_exchange_abort(&exchange);
    assert_int_equal(aborts, 1);

    ph_http_exchange_open(&exchange, &request);
    ph_http_exchange_abort(&exchange);
    assert_int_equal(aborts, 1);

    ph_http_exchange_open(&exchange, &request);
    ph_http_exchange_on_abort(&exchange, on_aborted, &aborts);
    ph_http_respond_problem(&exchange, 503, NULL, NULL);
    assert_string_equal(outcome, "503 ");
    ph_http_exchange_abort(&exchange);
    assert_int_equal(aborts, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_find_their_handler),
        cmocka_unit_test(unknown_paths_are_not_found),
        cmocka_unit_test(known_paths_tell_their_methods),
        cmocka_unit_test(all_methods_fit_into_allow),
        cmocka_unit_test(uploads_may_be_larger),
        cmocka_unit_test(an_empty_router_finds_nothing),
        cmocka_unit_test(an_abort_is_told_once_and_only_while_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
