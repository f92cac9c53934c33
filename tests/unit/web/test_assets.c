/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants these first. */
#include <setjmp.h>

#include <cmocka.h>

#include <phien/web/assets.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const char *const pages[] = {"watch.html", "studio.html"};

/* Other people's pages know it by this name. */
static const char *const library = "phien-overlay.js";

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool ends_with(const char *text, const char *suffix)
{
    size_t len = strlen(text);
    size_t suffix_len = strlen(suffix);
    return len >= suffix_len && strcmp(text + len - suffix_len, suffix) == 0;
}

static void test_every_asset_is_found_by_its_name(void **state)
{
    (void)state;
    size_t count = 0;
    for (const struct ph_asset *asset; (asset = ph_asset_at(count)) != NULL; count++) {
        assert_ptr_equal(ph_asset_find(asset->name), asset);
    }
    assert_in_range(count, 4, 64);
    assert_null(ph_asset_at(SIZE_MAX));
}

static void test_other_names_are_not_found(void **state)
{
    (void)state;
    const char *const names[] = {"",  "watch",       "watch.htm",      "watch.html2",
                                 "/", "/watch.html", "../watch.html",  "WATCH.HTML",
                                 "%", "table.c",     "watch.html\xff", "watch.html "};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (ph_asset_find(names[i]) != NULL) {
            fail_msg("found \"%s\"", names[i]);
        }
    }
}

static void test_names_types_and_lifetimes_fit(void **state)
{
    (void)state;
    const struct ph_asset *asset;
    for (size_t i = 0; (asset = ph_asset_at(i)) != NULL; i++) {
        assert_null(strchr(asset->name, '/'));
        assert_true(asset->len > 0);
        if (ends_with(asset->name, ".html")) {
            assert_string_equal(asset->content_type, "text/html; charset=utf-8");
        } else if (ends_with(asset->name, ".css")) {
            assert_string_equal(asset->content_type, "text/css; charset=utf-8");
        } else if (ends_with(asset->name, ".js")) {
            assert_string_equal(asset->content_type, "text/javascript; charset=utf-8");
        } else if (ends_with(asset->name, ".yaml")) {
            assert_string_equal(asset->content_type, "application/yaml");
        } else {
            fail_msg("\"%s\" has no type that is known here", asset->name);
        }
        bool is_named = ends_with(asset->name, ".html") || ends_with(asset->name, ".yaml") ||
                        strcmp(asset->name, library) == 0;
        assert_int_equal(asset->is_immutable, !is_named);
    }
}

static void assert_is_strong_etag(const char *etag)
{
    size_t len = strlen(etag);
    assert_true(len > 10);
    assert_int_equal(etag[0], '"');
    assert_ptr_equal(strchr(etag + 1, '"'), etag + len - 1);
}

static void test_entity_tags_are_quoted_and_differ(void **state)
{
    (void)state;
    const struct ph_asset *asset;
    for (size_t i = 0; (asset = ph_asset_at(i)) != NULL; i++) {
        assert_is_strong_etag(asset->etag);
        if (asset->gzip != NULL) {
            assert_is_strong_etag(asset->gzip_etag);
            assert_string_not_equal(asset->gzip_etag, asset->etag);
        }
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(ph_asset_at(k)->etag, asset->etag);
        }
    }
}

static void assert_unzips_to(const struct ph_asset *asset)
{
    uint8_t *out = malloc(asset->len);
    assert_non_null(out);
    z_stream stream = {
        .next_in = (Bytef *)(uintptr_t)asset->gzip,
        .avail_in = (uInt)asset->gzip_len,
        .next_out = out,
        .avail_out = (uInt)asset->len,
    };
    assert_int_equal(inflateInit2(&stream, 16 + MAX_WBITS), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.total_out, asset->len);
    assert_int_equal(stream.avail_in, 0);
    assert_memory_equal(out, asset->data, asset->len);
    inflateEnd(&stream);
    free(out);
}

static void test_the_gzipped_form_is_the_same_content(void **state)
{
    (void)state;
    const struct ph_asset *asset;
    size_t zipped = 0;
    for (size_t i = 0; (asset = ph_asset_at(i)) != NULL; i++) {
        if (asset->gzip == NULL) {
            assert_null(asset->gzip_etag);
            assert_int_equal(asset->gzip_len, 0);
            continue;
        }
        assert_true(asset->gzip_len < asset->len);
        assert_unzips_to(asset);
        zipped++;
    }
    assert_true(zipped > 0);
}

/* Every "/assets/NAME" in the page is there, and nothing is loaded from anywhere else. */
static void assert_loads_only_what_is_embedded(const char *page)
{
    const struct ph_asset *html = ph_asset_find(page);
    assert_non_null(html);
    char *text = calloc(1, html->len + 1);
    assert_non_null(text);
    memcpy(text, html->data, html->len);
    assert_null(strstr(text, "{{"));
    assert_null(strstr(text, "src=\"http"));
    assert_null(strstr(text, "href=\"http"));

    size_t found = 0;
    for (char *at = text; (at = strstr(at, "/assets/")) != NULL;) {
        at += strlen("/assets/");
        char name[128];
        size_t len = strcspn(at, "\"' >");
        assert_in_range(len, 1, sizeof(name) - 1);
        memcpy(name, at, len);
        name[len] = '\0';
        if (ph_asset_find(name) == NULL) {
            fail_msg("%s wants \"%s\", which is not embedded", page, name);
        }
        found++;
    }
    assert_in_range(found, 2, 8);
    free(text);
}

static void test_the_pages_load_only_what_is_embedded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        assert_loads_only_what_is_embedded(pages[i]);
    }
}

static bool has_bundle(const char *prefix, const char *suffix)
{
    const struct ph_asset *asset;
    for (size_t i = 0; (asset = ph_asset_at(i)) != NULL; i++) {
        if (starts_with(asset->name, prefix) && ends_with(asset->name, suffix)) {
            return true;
        }
    }
    return false;
}

static void test_the_bundles_are_there(void **state)
{
    (void)state;
    assert_true(has_bundle("watch-", ".js"));
    assert_true(has_bundle("watch-", ".css"));
    assert_true(has_bundle("studio-", ".js"));
    assert_true(has_bundle("studio-", ".css"));
}

static void test_the_library_is_there_and_small(void **state)
{
    (void)state;
    const struct ph_asset *asset = ph_asset_find(library);
    assert_non_null(asset);
    assert_in_range(asset->gzip_len, 1, 13 * 1024);
    char *text = calloc(1, asset->len + 1);
    assert_non_null(text);
    memcpy(text, asset->data, asset->len);
    assert_non_null(strstr(text, "export{"));
    /* It stands alone. */
    assert_null(strstr(text, "import("));
    assert_null(strstr(text, "from\""));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_asset_is_found_by_its_name),
        cmocka_unit_test(test_other_names_are_not_found),
        cmocka_unit_test(test_names_types_and_lifetimes_fit),
        cmocka_unit_test(test_entity_tags_are_quoted_and_differ),
        cmocka_unit_test(test_the_gzipped_form_is_the_same_content),
        cmocka_unit_test(test_the_pages_load_only_what_is_embedded),
        cmocka_unit_test(test_the_bundles_are_there),
        cmocka_unit_test(test_the_library_is_there_and_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
