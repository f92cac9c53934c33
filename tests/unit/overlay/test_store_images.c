/* SPDX-License-Identifier: Apache-2.0 */
#include "overlay/image.h"
#include "store_fixture.h"

/* An image's bytes are all the same to the store. */
static void make_image(struct ph_store_image *image, struct office *office, const char *channel,
                       int number)
{
    char text[32];
    int len = snprintf(text, sizeof(text), "image %d", number);

    *image = (struct ph_store_image){.job = office_job(office),
                                     .channel = channel,
                                     .type = PH_IMAGE_JPEG,
                                     .bytes = ph_buf_copy(text, (size_t)len)};
    ph_image_name(image->name, image->bytes->data, image->bytes->len, image->type);
}

static int put(struct ph_store *store, const char *channel, int number, bool *is_new)
{
    struct ph_store_image image;
    struct office office;

    office_init(&office);
    make_image(&image, &office, channel, number);
    ph_store_post_image(store, &image);
    office_await(&office, 1);
    ph_buf_unref(&image.bytes);
    office_fini(&office);
    *is_new = image.is_new;
    return image.job.err;
}

static void put_new(struct ph_store *store, const char *channel, int number)
{
    bool is_new;

    assert_int_equal(put(store, channel, number, &is_new), PH_OK);
    assert_true(is_new);
}

/* Whether it is there, with the bytes that it should have. */
static bool is_kept(struct ph_store *store, const char *channel, int number)
{
    struct ph_store_image wanted;
    struct ph_store_image image;
    struct office office;

    office_init(&office);
    make_image(&wanted, &office, channel, number);
    image = (struct ph_store_image){.job = office_job(&office), .channel = channel};
    memcpy(image.name, wanted.name, sizeof(image.name));
    ph_store_get_image(store, &image);
    office_await(&office, 1);
    assert_int_equal(image.job.err, PH_OK);
    bool is_there = image.bytes != NULL;
    if (is_there) {
        assert_int_equal(image.type, PH_IMAGE_JPEG);
        assert_int_equal(image.bytes->len, wanted.bytes->len);
        assert_memory_equal(image.bytes->data, wanted.bytes->data, wanted.bytes->len);
    }
    ph_buf_unref(&image.bytes);
    ph_buf_unref(&wanted.bytes);
    office_fini(&office);
    return is_there;
}

/* Posted at once, to be one transaction. */
static void put_many(struct ph_store *store, const char *channel, int from, int count)
{
    struct ph_store_image *images = ph_new_array(struct ph_store_image, (size_t)count);
    struct office office;

    office_init(&office);
    for (int i = 0; i < count; i++) {
        make_image(&images[i], &office, channel, from + i);
        ph_store_post_image(store, &images[i]);
    }
    office_await(&office, count);
    for (int i = 0; i < count; i++) {
        assert_int_equal(images[i].job.err, PH_OK);
        ph_buf_unref(&images[i].bytes);
    }
    office_fini(&office);
    free(images);
}

static struct ph_product *make_product_with_image(int number)
{
    struct ph_store_image image;
    struct office office;
    char path[128];
    char sku[16];

    office_init(&office);
    make_image(&image, &office, "sinho", number);
    snprintf(path, sizeof(path), "/api/v1/channels/sinho/images/%s", image.name);
    snprintf(sku, sizeof(sku), "S%d", number);
    ph_buf_unref(&image.bytes);
    office_fini(&office);
    const struct ph_product like = {.sku = sku,
                                    .title = "t",
                                    .unit = "",
                                    .image = path,
                                    .url = "",
                                    .badge = "",
                                    .origin = "",
                                    .currency = "VND",
                                    .position = number};
    return ph_product_create(&like);
}

/* A shelf that shows the images 0 to `count` - 1. */
static void put_shelf(struct ph_store *store, int count)
{
    struct ph_overlay_state *empty = make_state(0, NULL);
    struct ph_overlay_state *shelf = make_state(1, NULL);

    shelf->products = ph_new_array(struct ph_product *, (size_t)count);
    for (int i = 0; i < count; i++) {
        shelf->products[shelf->count++] = make_product_with_image(i);
    }
    assert_int_equal(write_state(store, "sinho", empty, shelf, NULL), PH_OK);
    ph_overlay_state_unref(&shelf);
    ph_overlay_state_unref(&empty);
}

static void an_image_comes_back_after_a_restart(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_and_start(place->database);

    assert_false(is_kept(store, "sinho", 1));
    put_new(store, "sinho", 1);
    assert_true(is_kept(store, "sinho", 1));
    ph_store_close(&store);
    store = open_and_start(place->database);
    assert_true(is_kept(store, "sinho", 1));
    assert_false(is_kept(store, "sinho", 2));
    assert_false(is_kept(store, "bacha", 1));
    ph_store_close(&store);
}

static void the_largest_image_comes_back(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_and_start(place->database);
    struct office office;
    struct ph_buf *bytes = ph_buf_create(PH_IMAGE_BYTES_MAX);

    for (size_t i = 0; i < bytes->len; i++) {
        bytes->data[i] = (uint8_t)(i * 2654435761U >> 11);
    }
    office_init(&office);
    struct ph_store_image image = {.job = office_job(&office), .channel = "sinho", .bytes = bytes};
    ph_image_name(image.name, bytes->data, bytes->len, PH_IMAGE_WEBP);
    ph_store_post_image(store, &image);
    office_await(&office, 1);
    assert_int_equal(image.job.err, PH_OK);
    ph_store_get_image(store, &image);
    office_await(&office, 2);
    assert_int_equal(image.type, PH_IMAGE_WEBP);
    assert_int_equal(image.bytes->len, PH_IMAGE_BYTES_MAX);
    assert_memory_equal(image.bytes->data, bytes->data, bytes->len);
    ph_buf_unref(&image.bytes);
    ph_buf_unref(&bytes);
    ph_store_close(&store);
    office_fini(&office);
}

static void the_same_again_is_not_new(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_and_start(place->database);
    bool is_new = true;

    put_new(store, "sinho", 1);
    assert_int_equal(put(store, "sinho", 1, &is_new), PH_OK);
    assert_false(is_new);
    put_new(store, "bacha", 1);
    ph_store_close(&store);
    assert_int_equal(ask_sql(place->database, "SELECT count(*) FROM image"), 2);
}

/* A write and a question posted behind it, at once. */
static void what_was_just_posted_is_found(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_store(place->database);
    struct ph_store_image written;
    struct office office;

    office_init(&office);
    make_image(&written, &office, "sinho", 1);
    struct ph_store_image asked = {.job = office_job(&office), .channel = "sinho"};
    memcpy(asked.name, written.name, sizeof(asked.name));
    ph_store_post_image(store, &written);
    ph_store_get_image(store, &asked);
    assert_int_equal(ph_store_start(store), PH_OK);
    office_await(&office, 2);
    assert_non_null(asked.bytes);
    ph_buf_unref(&asked.bytes);
    ph_buf_unref(&written.bytes);
    ph_store_close(&store);
    office_fini(&office);
}

static void the_oldest_that_no_product_shows_goes_first(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_and_start(place->database);

    put_many(store, "bacha", 0, 1);
    put_many(store, "sinho", 0, PH_IMAGES_MAX);
    put_shelf(store, 3);
    put_new(store, "sinho", 1000);
    put_new(store, "sinho", 1001);
    assert_true(is_kept(store, "sinho", 0));
    assert_true(is_kept(store, "sinho", 2));
    assert_false(is_kept(store, "sinho", 3));
    assert_false(is_kept(store, "sinho", 4));
    assert_true(is_kept(store, "sinho", 5));
    assert_true(is_kept(store, "sinho", 1000));
    assert_true(is_kept(store, "bacha", 0));
    ph_store_close(&store);
    assert_int_equal(ask_sql(place->database, "SELECT count(*) FROM image"), PH_IMAGES_MAX + 1);
}

static void an_image_that_comes_again_is_young_again(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_and_start(place->database);
    bool is_new = true;

    put_many(store, "sinho", 0, PH_IMAGES_MAX);
    /* Whatever the clock's grain. */
    run_sql(place->database, "UPDATE image SET created_us = id");
    assert_int_equal(put(store, "sinho", 0, &is_new), PH_OK);
    assert_false(is_new);
    put_new(store, "sinho", 1000);
    assert_true(is_kept(store, "sinho", 0));
    assert_false(is_kept(store, "sinho", 1));
    ph_store_close(&store);
}

static void none_goes_that_a_product_shows(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_and_start(place->database);
    bool is_new;

    put_many(store, "sinho", 0, PH_IMAGES_MAX);
    put_shelf(store, PH_IMAGES_MAX);
    assert_int_equal(put(store, "sinho", 1000, &is_new), PH_ELIMIT);
    assert_false(is_kept(store, "sinho", 1000));
    assert_true(is_kept(store, "sinho", 0));
    /* One of those that are there is no trouble, and there is room elsewhere. */
    assert_int_equal(put(store, "sinho", 7, &is_new), PH_OK);
    assert_false(is_new);
    put_new(store, "bacha", 1000);
    ph_store_close(&store);
    assert_int_equal(ask_sql(place->database, "SELECT count(*) FROM image"), PH_IMAGES_MAX + 1);
}

static void images_may_be_kept_in_memory(void **state)
{
    struct ph_store *store = open_and_start("");

    (void)state;
    put_new(store, "sinho", 1);
    assert_true(is_kept(store, "sinho", 1));
    ph_store_close(&store);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(an_image_comes_back_after_a_restart),
        CASE(the_largest_image_comes_back),
        CASE(the_same_again_is_not_new),
        CASE(what_was_just_posted_is_found),
        CASE(the_oldest_that_no_product_shows_goes_first),
        CASE(an_image_that_comes_again_is_young_again),
        CASE(none_goes_that_a_product_shows),
        cmocka_unit_test(images_may_be_kept_in_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
