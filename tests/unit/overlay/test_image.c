/* SPDX-License-Identifier: Apache-2.0 */
#include "overlay/image.h"

#include <phien/core/mem.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

struct picture {
    uint8_t *data;
    size_t len;
};

/* Exactly as large as the file, so that AddressSanitizer sees a read past its end. */
static struct picture load(const char *name)
{
    struct picture picture;
    char path[512];

    snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/image/%s", PHIEN_SOURCE_DIR, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("no %s", path);
    }
    fseek(file, 0, SEEK_END);
    picture.len = (size_t)ftell(file);
    rewind(file);
    picture.data = malloc(picture.len);
    assert_non_null(picture.data);
    assert_int_equal(fread(picture.data, 1, picture.len, file), picture.len);
    fclose(file);
    return picture;
}

static enum ph_image_type sniff(const uint8_t *data, size_t len)
{
    unsigned width = 7;
    unsigned height = 7;
    enum ph_image_type type = ph_image_sniff(data, len, &width, &height);

    /* 0 when it is none; all of the test's pictures are of one size. */
    assert_int_equal(width, type != PH_IMAGE_NONE ? 32 : 0);
    assert_int_equal(height, type != PH_IMAGE_NONE ? 24 : 0);
    return type;
}

static enum ph_image_type sniff_file(const char *name)
{
    struct picture picture = load(name);
    enum ph_image_type type = sniff(picture.data, picture.len);

    free(picture.data);
    return type;
}

static void check_files(const char *const *names, size_t count, enum ph_image_type expected)
{
    for (size_t i = 0; i < count; i++) {
        enum ph_image_type type = sniff_file(names[i]);
        if (type != expected) {
            fail_msg("%s is taken for %s", names[i], ph_image_content_type(type));
        }
    }
}

/* ---- sniffing ---- */

static void real_images_are_known(void **state)
{
    static const char *const jpegs[] = {"baseline.jpg", "grey.jpg", "exif.jpg"};
    static const char *const pngs[] = {"rgb.png", "rgba.png", "palette.png", "mono.png",
                                       "grey16.png"};
    static const char *const webps[] = {"lossy.webp", "lossless.webp", "alpha.webp",
                                        "animated.webp"};

    (void)state;
    check_files(jpegs, PH_ARRAY_SIZE(jpegs), PH_IMAGE_JPEG);
    check_files(pngs, PH_ARRAY_SIZE(pngs), PH_IMAGE_PNG);
    check_files(webps, PH_ARRAY_SIZE(webps), PH_IMAGE_WEBP);
}

static void what_is_broken_or_none_of_ours_is_none(void **state)
{
    static const char *const names[] = {
        "start_only.jpg",
        "fill_before_start.jpg",
        "start_and_page.jpg",
        "cut_in_frame.jpg",
        "too_large.jpg",
        "no_height.jpg",
        "short_length.jpg",
        "lossless_frame.jpg",
        "cut.png",
        "other_first_chunk.png",
        "too_wide.png",
        "cut.webp",
        "riff_too_long.webp",
        "no_key_frame.webp",
        "empty_chunk.webp",
        "wave.webp",
        "gif89a.gif",
        "svg.svg",
        "page.html",
    };

    (void)state;
    check_files(names, PH_ARRAY_SIZE(names), PH_IMAGE_NONE);
    assert_int_equal(sniff(NULL, 0), PH_IMAGE_NONE);
}

/* With a page in its comment it still is a JPEG, and served as nothing else. */
static void a_page_in_a_comment_is_a_comment(void **state)
{
    (void)state;
    assert_int_equal(sniff_file("page_in_comment.jpg"), PH_IMAGE_JPEG);
}

/* Something else in front of a whole image makes something else of it. */
static void an_image_behind_something_is_none(void **state)
{
    static const char *const fronts[] = {"GIF89a", "<svg>", "<html>", "%PDF-1.4", " ", "\n"};
    static const char *const names[] = {"baseline.jpg", "rgb.png", "lossy.webp"};

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(names); i++) {
        struct picture picture = load(names[i]);
        for (size_t k = 0; k < PH_ARRAY_SIZE(fronts); k++) {
            size_t front = strlen(fronts[k]);
            uint8_t *both = malloc(front + picture.len);
            assert_non_null(both);
            memcpy(both, fronts[k], front);
            memcpy(both + front, picture.data, picture.len);
            assert_int_equal(sniff(both, front + picture.len), PH_IMAGE_NONE);
            free(both);
        }
        free(picture.data);
    }
}

/* Known only from where the size stands, and from there on whatever follows. */
static void each_length_gives_one_answer(void **state)
{
    static const struct {
        const char *name;
        size_t needs; /* bytes */
    } cases[] = {
        {"rgb.png", 33}, {"rgba.png", 33}, {"baseline.jpg", 0}, {"exif.jpg", 0}, {"grey.jpg", 0}};

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(cases); i++) {
        struct picture picture = load(cases[i].name);
        bool is_known = false;
        for (size_t len = 0; len <= picture.len; len++) {
            uint8_t *start = malloc(len > 0 ? len : 1);
            assert_non_null(start);
            memcpy(start, picture.data, len);
            bool now = sniff(start, len) != PH_IMAGE_NONE;
            free(start);
            assert_true(now || !is_known);
            if (now && !is_known && cases[i].needs > 0) {
                assert_int_equal(len, cases[i].needs);
            }
            is_known = now;
        }
        assert_true(is_known);
        free(picture.data);
    }
}

/* A WebP says how long it is, and one that was cut on its way is none. */
static void a_webp_that_is_cut_is_none(void **state)
{
    static const char *const names[] = {"lossy.webp", "lossless.webp", "alpha.webp"};

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(names); i++) {
        struct picture picture = load(names[i]);
        for (size_t len = 0; len < picture.len; len++) {
            assert_int_equal(sniff(picture.data, len), PH_IMAGE_NONE);
        }
        free(picture.data);
    }
}

static void put_u16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static size_t find_frame(const struct picture *picture)
{
    static const uint8_t sof0[] = {0xFF, 0xC0};
    const uint8_t *at = memmem(picture->data, picture->len, sof0, sizeof(sof0));

    assert_non_null(at);
    return (size_t)(at - picture->data);
}

static void jpeg_frames_are_those_that_browsers_show(void **state)
{
    struct picture picture = load("baseline.jpg");
    size_t frame = find_frame(&picture);

    (void)state;
    for (unsigned marker = 0xC0; marker <= 0xCF; marker++) {
        picture.data[frame + 1] = (uint8_t)marker;
        bool is_shown = marker <= 0xC2;
        assert_int_equal(sniff(picture.data, picture.len),
                         is_shown ? PH_IMAGE_JPEG : PH_IMAGE_NONE);
    }
    picture.data[frame + 1] = 0xC0;
    picture.data[frame + 4] = 12; /* bits */
    assert_int_equal(sniff(picture.data, picture.len), PH_IMAGE_NONE);
    picture.data[frame + 4] = 8;
    picture.data[frame + 9]++; /* components */
    assert_int_equal(sniff(picture.data, picture.len), PH_IMAGE_NONE);
    free(picture.data);
}

static void sides_are_at_least_1_and_at_most_8192(void **state)
{
    static const struct {
        unsigned width;
        unsigned height;
        bool is_good;
    } cases[] = {{1, 1, true},  {8192, 8192, true}, {0, 1, false},
                 {1, 0, false}, {8193, 1, false},   {1, 65535, false}};
    struct picture jpeg = load("baseline.jpg");
    struct picture png = load("rgb.png");
    size_t frame = find_frame(&jpeg);

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(cases); i++) {
        unsigned width;
        unsigned height;
        put_u16(jpeg.data + frame + 5, cases[i].height);
        put_u16(jpeg.data + frame + 7, cases[i].width);
        put_u16(png.data + 18, cases[i].width);
        put_u16(png.data + 22, cases[i].height);
        assert_int_equal(ph_image_sniff(jpeg.data, jpeg.len, &width, &height),
                         cases[i].is_good ? PH_IMAGE_JPEG : PH_IMAGE_NONE);
        assert_int_equal(width, cases[i].is_good ? cases[i].width : 0);
        assert_int_equal(ph_image_sniff(png.data, png.len, &width, &height),
                         cases[i].is_good ? PH_IMAGE_PNG : PH_IMAGE_NONE);
        assert_int_equal(height, cases[i].is_good ? cases[i].height : 0);
    }
    free(png.data);
    free(jpeg.data);
}

static void png_depths_go_with_their_colours(void **state)
{
    static const char *const allowed[] = {
        [0] = "\1\2\4\10\20", [2] = "\10\20", [3] = "\1\2\4\10", [4] = "\10\20", [6] = "\10\20"};
    struct picture png = load("rgb.png");

    (void)state;
    for (unsigned colour = 0; colour < 8; colour++) {
        const char *depths = colour < PH_ARRAY_SIZE(allowed) ? allowed[colour] : NULL;
        for (int depth = 1; depth < 64; depth++) {
            bool is_good = depths != NULL && strchr(depths, depth) != NULL;
            png.data[24] = (uint8_t)depth;
            png.data[25] = (uint8_t)colour;
            assert_int_equal(sniff(png.data, png.len), is_good ? PH_IMAGE_PNG : PH_IMAGE_NONE);
        }
    }
    free(png.data);
}

/* ---- names ---- */

static void a_name_is_the_hash_of_the_bytes(void **state)
{
    char name[40];

    (void)state;
    /* FIPS 180-2's own example: SHA-256 of "abc" begins with these 128 bits. */
    ph_image_name(name, (const uint8_t *)"abc", 3, PH_IMAGE_JPEG);
    assert_string_equal(name, "ba7816bf8f01cfea414140de5dae2223.jpg");
    ph_image_name(name, (const uint8_t *)"", 0, PH_IMAGE_PNG);
    assert_string_equal(name, "e3b0c44298fc1c149afbf4c8996fb924.png");
    ph_image_name(name, (const uint8_t *)"abc", 3, PH_IMAGE_WEBP);
    assert_string_equal(name, "ba7816bf8f01cfea414140de5dae2223.webp");
    assert_int_equal(ph_image_name_type(name, strlen(name)), PH_IMAGE_WEBP);
}

static void only_names_of_images_have_a_type(void **state)
{
#define HASH "ba7816bf8f01cfea414140de5dae2223"
    static const struct {
        const char *name;
        enum ph_image_type type;
    } cases[] = {
        {HASH ".jpg", PH_IMAGE_JPEG},
        {HASH ".png", PH_IMAGE_PNG},
        {HASH ".webp", PH_IMAGE_WEBP},
        {"", PH_IMAGE_NONE},
        {HASH, PH_IMAGE_NONE},
        {HASH ".", PH_IMAGE_NONE},
        {HASH ".jp", PH_IMAGE_NONE},
        {HASH ".jpeg", PH_IMAGE_NONE},
        {HASH ".JPG", PH_IMAGE_NONE},
        {HASH ".svg", PH_IMAGE_NONE},
        {HASH ".jpg ", PH_IMAGE_NONE},
        {HASH "0.jpg", PH_IMAGE_NONE},
        {HASH ".jpg/..", PH_IMAGE_NONE},
        {"BA7816bf8f01cfea414140de5dae2223.jpg", PH_IMAGE_NONE},
        {"ga7816bf8f01cfea414140de5dae2223.jpg", PH_IMAGE_NONE},
        {"../../etc/passwd0000000000000000.jpg", PH_IMAGE_NONE},
        {"a7816bf8f01cfea414140de5dae2223.jpg", PH_IMAGE_NONE},
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(cases); i++) {
        if (ph_image_name_type(cases[i].name, strlen(cases[i].name)) != cases[i].type) {
            fail_msg("%s", cases[i].name);
        }
    }
    /* As long as it is said to be. */
    assert_int_equal(ph_image_name_type(HASH ".jpg?v=1", strlen(HASH ".jpg")), PH_IMAGE_JPEG);
    assert_int_equal(ph_image_name_type(HASH ".jpg", strlen(HASH)), PH_IMAGE_NONE);
}

static void types_have_names(void **state)
{
    (void)state;
    assert_string_equal(ph_image_content_type(PH_IMAGE_JPEG), "image/jpeg");
    assert_string_equal(ph_image_content_type(PH_IMAGE_PNG), "image/png");
    assert_string_equal(ph_image_content_type(PH_IMAGE_WEBP), "image/webp");
    assert_string_equal(ph_image_content_type(PH_IMAGE_NONE), "application/octet-stream");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_images_are_known),
        cmocka_unit_test(what_is_broken_or_none_of_ours_is_none),
        cmocka_unit_test(a_page_in_a_comment_is_a_comment),
        cmocka_unit_test(an_image_behind_something_is_none),
        cmocka_unit_test(each_length_gives_one_answer),
        cmocka_unit_test(a_webp_that_is_cut_is_none),
        cmocka_unit_test(jpeg_frames_are_those_that_browsers_show),
        cmocka_unit_test(sides_are_at_least_1_and_at_most_8192),
        cmocka_unit_test(png_depths_go_with_their_colours),
        cmocka_unit_test(a_name_is_the_hash_of_the_bytes),
        cmocka_unit_test(only_names_of_images_have_a_type),
        cmocka_unit_test(types_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
