/* SPDX-License-Identifier: Apache-2.0 */
#include "http/negotiate.h"
#include "http/request.h"

#include <phien/core/mem.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct target_row {
    const char *target;
    int err;
    const char *path;
    const char *query;
};

static const struct target_row target_rows[] = {
    {"/", PH_OK, "/", ""},
    {"/live/sinho/index.m3u8", PH_OK, "/live/sinho/index.m3u8", ""},
    {"/a?_HLS_msn=4&_HLS_part=2", PH_OK, "/a", "_HLS_msn=4&_HLS_part=2"},
    {"/a?", PH_OK, "/a", ""},
    {"/a?b?c", PH_OK, "/a", "b?c"},
    {"/a?b=%2f/../", PH_OK, "/a", "b=%2f/../"},
    {"/a#fragment", PH_OK, "/a", ""},
    {"/a?b#fragment", PH_OK, "/a", "b"},
    {"/dir/", PH_OK, "/dir/", ""},
    {"/.well-known/x", PH_OK, "/.well-known/x", ""},
    {"/...", PH_OK, "/...", ""},
    {"/a%20b", PH_OK, "/a b", ""},
    {"/ch%E1%BB%A3", PH_OK, "/ch\xe1\xbb\xa3", ""},
    {"/a%3Fb", PH_OK, "/a?b", ""},
    {"/a%252e", PH_OK, "/a%2e", ""},
    {"http://host:8080/a?b", PH_OK, "/a", "b"},
    {"HTTP://host/a", PH_OK, "/a", ""},
    {"https://host", PH_OK, "/", ""},
    {"http://host?b", PH_OK, "/", "b"},
    {"", PH_EPROTO, NULL, NULL},
    {"*", PH_EPROTO, NULL, NULL},
    {"a", PH_EPROTO, NULL, NULL},
    {"host:443", PH_EPROTO, NULL, NULL},
    {"http://", PH_EPROTO, NULL, NULL},
    {"http:///a", PH_EPROTO, NULL, NULL},
    {"http://user@host/a", PH_EPROTO, NULL, NULL},
    {"rtsp://host/a", PH_EPROTO, NULL, NULL},
    {"/%", PH_EPROTO, NULL, NULL},
    {"/%4", PH_EPROTO, NULL, NULL},
    {"/%zz", PH_EPROTO, NULL, NULL},
    {"/%00", PH_EPROTO, NULL, NULL},
    {"/a%00.m3u8", PH_EPROTO, NULL, NULL},
    {"/a%0d%0aSet-Cookie:x", PH_EPROTO, NULL, NULL},
    {"/%7f", PH_EPROTO, NULL, NULL},
    {"//", PH_ENOTFOUND, NULL, NULL},
    {"//a", PH_ENOTFOUND, NULL, NULL},
    {"/a//b", PH_ENOTFOUND, NULL, NULL},
    {"/a//", PH_ENOTFOUND, NULL, NULL},
    {"/.", PH_ENOTFOUND, NULL, NULL},
    {"/..", PH_ENOTFOUND, NULL, NULL},
    {"/../a", PH_ENOTFOUND, NULL, NULL},
    {"/a/../b", PH_ENOTFOUND, NULL, NULL},
    {"/a/./b", PH_ENOTFOUND, NULL, NULL},
    {"/a/%2e%2E/b", PH_ENOTFOUND, NULL, NULL},
    {"/a/.%2e", PH_ENOTFOUND, NULL, NULL},
    {"/a%2fb", PH_ENOTFOUND, NULL, NULL},
    {"/a%2F..%2Fb", PH_ENOTFOUND, NULL, NULL},
    {"/a\\b", PH_ENOTFOUND, NULL, NULL},
    {"/a%5Cb", PH_ENOTFOUND, NULL, NULL},
};

static void targets_are_decoded_once_and_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(target_rows); i++) {
        const struct target_row *row = &target_rows[i];
        struct ph_http_request request = {.host = ""};
        char target[128];
        snprintf(target, sizeof(target), "%s", row->target);
        int err = ph_request_parse_target(target, &request);
        if (err != row->err) {
            fail_msg("\"%s\": %s instead of %s", row->target, ph_err_name(err),
                     ph_err_name(row->err));
        }
        if (err == PH_OK) {
            assert_string_equal(request.path, row->path);
            assert_string_equal(request.query, row->query);
        }
    }
}

static void authority_of_an_absolute_target_is_the_host(void **state)
{
    (void)state;
    struct ph_http_request request = {.host = "from-header"};
    char target[] = "http://Example.org:8080/live/x";

    assert_int_equal(ph_request_parse_target(target, &request), PH_OK);
    assert_string_equal(request.host, "Example.org:8080");
    assert_string_equal(request.path, "/live/x");

    char plain[] = "/live/x";
    request.host = "from-header";
    assert_int_equal(ph_request_parse_target(plain, &request), PH_OK);
    assert_string_equal(request.host, "from-header");
}

static void hosts_are_names_addresses_and_ports(void **state)
{
    (void)state;
    static const char *const good[] = {"",          "localhost",        "example.org:8080",
                                       "192.0.2.1", "[2001:db8::1]:80", "a_b-c~d"};
    static const char *const bad[] = {"a b", "a/b", "a@b", "<script>", "a,b", "a\tb", "\x80"};

    for (size_t i = 0; i < PH_ARRAY_SIZE(good); i++) {
        if (!ph_request_host_is_valid(good[i])) {
            fail_msg("\"%s\" was refused", good[i]);
        }
    }
    for (size_t i = 0; i < PH_ARRAY_SIZE(bad); i++) {
        if (ph_request_host_is_valid(bad[i])) {
            fail_msg("\"%s\" was taken", bad[i]);
        }
    }
}

struct encoding_row {
    const char *header;
    bool takes;
};

static const struct encoding_row encoding_rows[] = {
    {"", false},
    {"gzip", true},
    {"GZip", true},
    {"x-gzip", true},
    {"gzip, deflate, br", true},
    {"gzip, deflate, br, zstd", true},
    {"deflate, gzip", true},
    {"deflate", false},
    {"br;q=1.0, gzip;q=0.8, *;q=0.1", true},
    {"identity", false},
    {"identity;q=1, *;q=0", false}, /* Chrome's media element */
    {"identity;q=1,*;q=0", false},
    {"gzip;q=0", false},
    {"gzip;q=0.0", false},
    {"gzip;q=0.000", false},
    {"gzip;q=0.001", true},
    {"gzip; q=0", false},
    {"gzip ;q=0", false},
    {"gzip;Q=0", false},
    {"gzip;q=0, *", false},
    {"*, gzip;q=0", false},
    {"*", true},
    {"*;q=0", false},
    {"*;q=0, gzip", true},
    {"*;q=0.5, gzip;q=0", false},
    {"identity, gzip;q=0.5", false}, /* rather as it is */
    {"identity;q=0.5, gzip", true},
    {"gzip, identity", true},
    {"identity;q=0, *", true},
    {"gzip;q=1.5", false},
    {"gzip;q=2", false},
    {"gzip;q=abc", false},
    {"gzip;q=", false},
    {"gzip;q", false},
    {"gzip;q=0.99999999999999999999", true},
    {"gzip;level=9", true},
    {"gzip;level=9;q=0", false},
    {"gzip;", true},
    {" , ,gzip", true},
    {"\tgzip\t", true},
    {",", false},
    {";q=1", false},
    {"gzipped", false},
    {"gzi", false},
};

static void gzip_is_weighed(void **state)
{
    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(encoding_rows); i++) {
        if (ph_http_accepts_gzip(encoding_rows[i].header) != encoding_rows[i].takes) {
            fail_msg("\"%s\" does%s mean gzip", encoding_rows[i].header,
                     encoding_rows[i].takes ? "" : " not");
        }
    }
}

struct etag_row {
    const char *header;
    const char *etag;
    bool matches;
};

static const struct etag_row etag_rows[] = {
    {"\"a\"", "\"a\"", true},       {"\"b\"", "\"a\"", false},  {"\"b\", \"a\"", "\"a\"", true},
    {"\"b\",\"a\"", "\"a\"", true}, {"W/\"a\"", "\"a\"", true}, {"\"a\"", "W/\"a\"", true},
    {"*", "\"a\"", true},           {" * ", "\"a\"", true},     {"\"a,b\"", "\"a,b\"", true},
    {"\"x, \"a\"", "\"a\"", false}, {"", "\"a\"", false},       {"a", "\"a\"", false},
    {"\"a", "\"a\"", false},        {"\"aa\"", "\"a\"", false}, {"W/", "\"a\"", false},
    {",,", "\"a\"", false},
};

static void etags_are_compared_weakly(void **state)
{
    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(etag_rows); i++) {
        const struct etag_row *row = &etag_rows[i];
        if (ph_negotiate_etag_matches(row->header, row->etag) != row->matches) {
            fail_msg("[%s] does%s match %s", row->header, row->matches ? " not" : "", row->etag);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_are_decoded_once_and_judged),
        cmocka_unit_test(authority_of_an_absolute_target_is_the_host),
        cmocka_unit_test(hosts_are_names_addresses_and_ports),
        cmocka_unit_test(gzip_is_weighed),
        cmocka_unit_test(etags_are_compared_weakly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
