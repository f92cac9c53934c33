/* SPDX-License-Identifier: Apache-2.0 */
#include "app/qr.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include <libavcodec/avcodec.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char link[] =
    "srt://phien.example:8890?streamid=key-of-cho-7f3a&latency=2000&passphrase=passphrase-of-cho";

static struct ph_qr *create(const char *text, bool is_sturdy)
{
    struct ph_qr *qr = NULL;

    assert_int_equal(ph_qr_create(&qr, text, is_sturdy), PH_OK);
    return qr;
}

/* The text of a form, ended with a NUL; to be freed. */
static char *text_of(struct ph_writer *written)
{
    ph_write_u8(written, 0);
    assert_false(written->failed);
    return (char *)written->data;
}

static void test_it_has_a_quiet_zone_and_three_finders(void **state)
{
    static const unsigned char finder[] = {0x7f, 0x41, 0x5d, 0x5d, 0x5d, 0x41, 0x7f};
    struct ph_qr *qr = create(link, false);
    unsigned size = ph_qr_size(qr);
    const unsigned corners[][2] = {{4, 4}, {size - 11, 4}, {4, size - 11}};

    (void)state;
    assert_int_equal((size - 8) % 4, 1); /* 17 + 4 x version */
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned k = 0; k < size; k++) {
            assert_false(ph_qr_is_dark(qr, i, k) || ph_qr_is_dark(qr, size - 1 - i, k));
            assert_false(ph_qr_is_dark(qr, k, i) || ph_qr_is_dark(qr, k, size - 1 - i));
        }
    }
    for (size_t c = 0; c < 3; c++) {
        for (unsigned y = 0; y < 7; y++) {
            for (unsigned x = 0; x < 7; x++) {
                bool is_dark = ph_qr_is_dark(qr, corners[c][0] + x, corners[c][1] + y);
                assert_int_equal(is_dark, finder[y] >> (6 - x) & 1);
            }
        }
    }
    ph_qr_destroy(&qr);
    assert_null(qr);
    ph_qr_destroy(&qr);
}

static void test_a_sturdy_one_is_larger(void **state)
{
    struct ph_qr *plain = create(link, false);
    struct ph_qr *sturdy = create(link, true);

    (void)state;
    assert_true(ph_qr_size(sturdy) > ph_qr_size(plain));
    ph_qr_destroy(&plain);
    ph_qr_destroy(&sturdy);
}

static void test_there_is_a_longest_text(void **state)
{
    char *text = malloc(4001);
    struct ph_qr *qr = NULL;

    (void)state;
    assert_non_null(text);
    memset(text, 'a', 4000);
    text[2300] = '\0';
    qr = create(text, true);
    assert_int_equal(ph_qr_size(qr), 177 + 8);
    ph_qr_destroy(&qr);
    text[2300] = 'a';
    text[4000] = '\0';
    assert_int_equal(ph_qr_create(&qr, text, false), PH_ELIMIT);
    assert_null(qr);
    free(text);
}

/* The module that a character's upper or lower half shows. */
static bool half_of(const char *block, bool is_lower)
{
    return strncmp(block, "\u2588", 3) == 0 ||
           strncmp(block, is_lower ? "\u2584" : "\u2580", 3) == 0;
}

/* Reads lines of blocks back and compares them module by module. */
static void assert_shows(const struct ph_qr *qr, const char *text, const char *before,
                         const char *after)
{
    unsigned size = ph_qr_size(qr);

    for (unsigned y = 0; y < size; y += 2) {
        assert_memory_equal(text, before, strlen(before));
        text += strlen(before);
        for (unsigned x = 0; x < size; x++) {
            assert_int_equal(half_of(text, false), ph_qr_is_dark(qr, x, y));
            assert_int_equal(half_of(text, true), y + 1 < size && ph_qr_is_dark(qr, x, y + 1));
            text += *text == ' ' ? 1 : 3;
        }
        assert_memory_equal(text, after, strlen(after));
        text += strlen(after);
    }
    assert_string_equal(text, "");
}

static void test_text_shows_two_modules_a_character(void **state)
{
    struct ph_qr *qr = create(link, false);
    struct ph_writer plain;
    struct ph_writer coloured;

    (void)state;
    ph_writer_init(&plain, 100000);
    ph_qr_write_text(qr, false, &plain);
    assert_shows(qr, text_of(&plain), "", "\n");
    ph_writer_init(&coloured, 100000);
    ph_qr_write_text(qr, true, &coloured);
    assert_shows(qr, text_of(&coloured), "\x1b[38;5;16;48;5;231m", "\x1b[0m\n");
    ph_writer_fini(&plain);
    ph_writer_fini(&coloured);
    ph_qr_destroy(&qr);
}

/* Draws an SVG path of "Mx yhWv1h-Wz" into modules; each run must be as it says twice. */
static void draw_path(const char *path, bool *modules, unsigned size)
{
    unsigned x = 0;
    unsigned y = 0;
    unsigned width = 0;
    unsigned back = 0;
    int used = 0;

    while (*path == 'M') {
        assert_int_equal(sscanf(path, "M%u %uh%uv1h-%uz%n", &x, &y, &width, &back, &used), 4);
        assert_int_equal(width, back);
        assert_true(width > 0 && x + width <= size && y < size);
        memset(modules + y * size + x, true, width);
        path += used;
    }
    assert_int_equal(*path, '"');
}

static void test_svg_draws_the_same_modules(void **state)
{
    struct ph_qr *qr = create(link, true);
    unsigned size = ph_qr_size(qr);
    bool *modules = calloc((size_t)size * size, sizeof(*modules));
    struct ph_writer svg;
    char view_box[64];

    (void)state;
    ph_writer_init(&svg, 100000);
    ph_qr_write_svg(qr, &svg);
    const char *text = text_of(&svg);
    snprintf(view_box, sizeof(view_box), "viewBox=\"0 0 %u %u\"", size, size);
    assert_non_null(strstr(text, view_box));
    assert_null(strstr(text, "key-of-cho")); /* the secret is in the picture alone */
    const char *path = strstr(text, "d=\"");
    assert_non_null(path);
    assert_non_null(modules);
    draw_path(path + 3, modules, size);
    for (unsigned i = 0; i < size * size; i++) {
        assert_int_equal(modules[i], ph_qr_is_dark(qr, i % size, i / size));
    }
    free(modules);
    ph_writer_fini(&svg);
    ph_qr_destroy(&qr);
}

static AVFrame *decode_png(struct ph_writer *png)
{
    AVCodecContext *decoder = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_PNG));
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();

    assert_int_equal(avcodec_open2(decoder, NULL, NULL), 0);
    assert_int_equal(av_new_packet(packet, (int)png->len), 0);
    memcpy(packet->data, png->data, png->len);
    assert_int_equal(avcodec_send_packet(decoder, packet), 0);
    assert_int_equal(avcodec_receive_frame(decoder, frame), 0);
    av_packet_free(&packet);
    avcodec_free_context(&decoder);
    return frame;
}

static void test_png_has_eight_pixels_a_module(void **state)
{
    struct ph_qr *qr = create(link, true);
    struct ph_writer png;

    (void)state;
    ph_writer_init(&png, 1000000);
    assert_int_equal(ph_qr_write_png(qr, &png), PH_OK);
    assert_memory_equal(png.data, "\x89PNG", 4);
    AVFrame *frame = decode_png(&png);
    assert_int_equal(frame->width, ph_qr_size(qr) * 8);
    assert_int_equal(frame->height, frame->width);
    assert_int_equal(frame->format, AV_PIX_FMT_GRAY8);
    for (unsigned y = 0; y < (unsigned)frame->height; y++) {
        for (unsigned x = 0; x < (unsigned)frame->width; x++) {
            uint8_t pixel = frame->data[0][(size_t)y * (size_t)frame->linesize[0] + x];
            assert_int_equal(pixel, ph_qr_is_dark(qr, x / 8, y / 8) ? 0 : 255);
        }
    }
    av_frame_free(&frame);
    ph_writer_fini(&png);
    ph_qr_destroy(&qr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_has_a_quiet_zone_and_three_finders),
        cmocka_unit_test(test_a_sturdy_one_is_larger),
        cmocka_unit_test(test_there_is_a_longest_text),
        cmocka_unit_test(test_text_shows_two_modules_a_character),
        cmocka_unit_test(test_svg_draws_the_same_modules),
        cmocka_unit_test(test_png_has_eight_pixels_a_module),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
