/* SPDX-License-Identifier: Apache-2.0 */
#include "overlay/image.h"

#include <phien/core/buf.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <setjmp.h>

#include <cmocka.h>

enum { IMAGE_BYTES = 10000, FOUR_IMAGES = 42000 };

static void put(struct ph_image_cache *cache, const char *channel, const char *name, size_t len)
{
    struct ph_buf *bytes = ph_buf_create(len);

    ph_image_cache_put(cache, channel, name, bytes);
    ph_buf_unref(&bytes);
}

static bool has(struct ph_image_cache *cache, const char *channel, const char *name)
{
    struct ph_buf *bytes = ph_image_cache_get(cache, channel, name);
    bool is_there = bytes != NULL;

    ph_buf_unref(&bytes);
    return is_there;
}

static void gives_what_was_put(void **state)
{
    struct ph_image_cache *cache = ph_image_cache_create(FOUR_IMAGES);
    struct ph_buf *bytes = ph_buf_copy("mận", 4);

    (void)state;
    assert_null(ph_image_cache_get(cache, "sinho", "a.jpg"));
    ph_image_cache_put(cache, "sinho", "a.jpg", bytes);
    struct ph_buf *got = ph_image_cache_get(cache, "sinho", "a.jpg");
    assert_ptr_equal(got, bytes);
    assert_int_equal(atomic_load(&bytes->refs), 3);
    ph_buf_unref(&got);
    assert_null(ph_image_cache_get(cache, "bacha", "a.jpg"));
    assert_null(ph_image_cache_get(cache, "sinho", "b.jpg"));
    assert_null(ph_image_cache_get(cache, "", "a.jpg"));
    ph_image_cache_destroy(&cache);
    assert_null(cache);
    assert_int_equal(atomic_load(&bytes->refs), 1);
    ph_buf_unref(&bytes);
}

static void the_one_used_longest_ago_goes(void **state)
{
    struct ph_image_cache *cache = ph_image_cache_create(FOUR_IMAGES);

    (void)state;
    put(cache, "c", "1", IMAGE_BYTES);
    put(cache, "c", "2", IMAGE_BYTES);
    put(cache, "c", "3", IMAGE_BYTES);
    put(cache, "c", "4", IMAGE_BYTES);
    assert_true(has(cache, "c", "1"));
    put(cache, "c", "5", IMAGE_BYTES);
    assert_false(has(cache, "c", "2"));
    assert_true(has(cache, "c", "1"));
    assert_true(has(cache, "c", "3"));
    assert_true(has(cache, "c", "4"));
    assert_true(has(cache, "c", "5"));
    /* A large one drives out as many as it must. */
    put(cache, "c", "6", (size_t)3 * IMAGE_BYTES);
    assert_false(has(cache, "c", "1"));
    assert_false(has(cache, "c", "4"));
    assert_true(has(cache, "c", "5"));
    assert_true(has(cache, "c", "6"));
    ph_image_cache_destroy(&cache);
}

static void the_same_again_takes_no_more_room(void **state)
{
    struct ph_image_cache *cache = ph_image_cache_create(FOUR_IMAGES);

    (void)state;
    put(cache, "c", "1", IMAGE_BYTES);
    for (int i = 0; i < 100; i++) {
        put(cache, "c", "2", IMAGE_BYTES);
    }
    assert_true(has(cache, "c", "1"));
    assert_true(has(cache, "c", "2"));
    /* Its own bytes, put again from where they are. */
    struct ph_buf *own = ph_image_cache_get(cache, "c", "2");
    ph_image_cache_put(cache, "c", "2", own);
    assert_int_equal(atomic_load(&own->refs), 2);
    ph_buf_unref(&own);
    ph_image_cache_destroy(&cache);
}

static void what_is_larger_than_all_of_it_is_not_kept(void **state)
{
    struct ph_image_cache *cache = ph_image_cache_create(FOUR_IMAGES);

    (void)state;
    put(cache, "c", "1", IMAGE_BYTES);
    put(cache, "c", "2", FOUR_IMAGES);
    assert_false(has(cache, "c", "2"));
    assert_true(has(cache, "c", "1"));
    put(cache, "c", "3", FOUR_IMAGES - 1);
    assert_false(has(cache, "c", "3"));
    ph_image_cache_destroy(&cache);

    cache = ph_image_cache_create(0);
    put(cache, "c", "1", 1);
    assert_false(has(cache, "c", "1"));
    ph_image_cache_destroy(&cache);
    ph_image_cache_destroy(&cache);
}

/* Many small ones cost more than their bytes. */
static void small_images_are_not_free(void **state)
{
    struct ph_image_cache *cache = ph_image_cache_create(FOUR_IMAGES);
    int kept = 0;
    char name[16];

    (void)state;
    for (int i = 0; i < 10000; i++) {
        snprintf(name, sizeof(name), "%d", i);
        put(cache, "c", name, 1);
    }
    for (int i = 0; i < 10000; i++) {
        snprintf(name, sizeof(name), "%d", i);
        kept += has(cache, "c", name);
    }
    assert_in_range(kept, 100, 300);
    assert_true(has(cache, "c", "9999"));
    assert_false(has(cache, "c", "0"));
    ph_image_cache_destroy(&cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_what_was_put),
        cmocka_unit_test(the_one_used_longest_ago_goes),
        cmocka_unit_test(the_same_again_takes_no_more_room),
        cmocka_unit_test(what_is_larger_than_all_of_it_is_not_kept),
        cmocka_unit_test(small_images_are_not_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
