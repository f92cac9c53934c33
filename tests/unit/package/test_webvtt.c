/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "golden.h"
#include "package/webvtt.h"

#define MS PH_USEC_PER_MS
#define S PH_USEC_PER_S

static struct ph_captions captions;

static int set_up(void **state)
{
    (void)state;
    captions = (struct ph_captions){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ph_captions_fini(&captions);
    return 0;
}

static void assert_segment(ph_usec start, ph_usec end, const char *wanted)
{
    struct ph_buf *text = ph_captions_segment(&captions, start, end);
    char got[4096];

    assert_non_null(text);
    snprintf(got, sizeof(got), "%.*s", (int)text->len, (const char *)text->data);
    assert_string_equal(got, wanted);
    ph_buf_unref(&text);
}

static void without_a_card_there_is_a_header(void **state)
{
    (void)state;
    assert_segment(10 * S, 12 * S, "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:10.000\n\n");
    ph_captions_set(&captions, 12 * S, NULL);
    assert_segment(12 * S, 14 * S, "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:1080000,LOCAL:00:00:12.000\n\n");
}

/* What a shop in Sơn La may show, from amid one segment to amid another. */
static void goldens(void **state)
{
    (void)state;
    static const char *const names[] = {"vtt/first.vtt", "vtt/whole.vtt", "vtt/changes.vtt",
                                        "vtt/after.vtt"};

    ph_captions_set(&captions, 11 * S + 250999, "Mận hậu Mộc Châu\n45.000 ₫/kg · còn 12");
    for (int i = 0; i < 4; i++) {
        if (i == 2) {
            ph_captions_set(&captions, 14 * S + 500 * MS, NULL);
            ph_captions_set(&captions, 15 * S, "Áo <thổ cẩm> & khăn --> giảm\n1.250.000 ₫");
            ph_captions_set(&captions, 16 * S, NULL);
        }
        struct ph_buf *text =
            ph_captions_segment(&captions, (10 + 2 * i) * S, (10 + 2 * (i + 1)) * S);
        assert_golden(names[i], text->data, text->len);
        ph_buf_unref(&text);
    }
}

/* No caption is there twice at one time, and none is missing at any. */
static void captions_are_cut_with_the_segments(void **state)
{
    (void)state;
    ph_captions_set(&captions, 9 * S, "a");
    assert_segment(10 * S, 12 * S + 1,
                   "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:10.000\n\n"
                   "00:00:10.000 --> 00:00:12.000 line:-1\na\n\n");
    assert_segment(12 * S + 1, 14 * S + 1999,
                   "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:1080000,LOCAL:00:00:12.000\n\n"
                   "00:00:12.000 --> 00:00:14.001 line:-1\na\n\n");
    ph_captions_set(&captions, 15 * S, "b");
    assert_segment(14 * S + 1999, 16 * S,
                   "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:1260090,LOCAL:00:00:14.001\n\n"
                   "00:00:14.001 --> 00:00:15.000 line:-1\na\n\n"
                   "00:00:15.000 --> 00:00:16.000 line:-1\nb\n\n");
    /* Set ahead of its time, it waits. */
    ph_captions_set(&captions, 19 * S, "c");
    assert_segment(16 * S, 18 * S,
                   "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:1440000,LOCAL:00:00:16.000\n\n"
                   "00:00:16.000 --> 00:00:18.000 line:-1\nb\n\n");
    assert_segment(18 * S, 20 * S,
                   "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:1620000,LOCAL:00:00:18.000\n\n"
                   "00:00:18.000 --> 00:00:19.000 line:-1\nb\n\n"
                   "00:00:19.000 --> 00:00:20.000 line:-1\nc\n\n");
    assert_int_equal(captions.count, 1); /* the rest is forgotten */
}

/* 33 bits of 90 kHz last 26.5 hours; hours go on. */
static void days_are_told(void **state)
{
    (void)state;
    ph_captions_set(&captions, 95443 * S, "a");
    assert_segment(95442 * S, 95444 * S,
                   "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:8589780000,LOCAL:26:30:42.000\n\n"
                   "26:30:43.000 --> 26:30:44.000 line:-1\na\n\n");
    assert_segment(95444 * S, 95446 * S,
                   "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:25408,LOCAL:26:30:44.000\n\n"
                   "26:30:44.000 --> 26:30:46.000 line:-1\na\n\n");
    assert_segment(400000 * S + 7 * MS, 400001 * S,
                   "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:1640262262,LOCAL:111:06:40.007\n\n"
                   "111:06:40.007 --> 111:06:41.000 line:-1\na\n\n");
}

/* What would end the caption, or begin markup, does not. */
static void texts_stay_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *lines;
    } cases[] = {
        {"a\n\nb", "00:00:00.000 --> 00:00:01.000 line:-2\na\nb\n\n"},
        {"\n\r\na\r\nb\r\n\n", "00:00:00.000 --> 00:00:01.000 line:-2\na\nb\n\n"},
        {"a\rb\rc", "00:00:00.000 --> 00:00:01.000 line:-3\na\nb\nc\n\n"},
        {"<b>&lt;", "00:00:00.000 --> 00:00:01.000 line:-1\n&lt;b&gt;&amp;lt;\n\n"},
        {"00:00 --> 00:01", "00:00:00.000 --> 00:00:01.000 line:-1\n00:00 --&gt; 00:01\n\n"},
        {"", ""},
        {"\n\r\n", ""},
        {"NOTE\nSTYLE", "00:00:00.000 --> 00:00:01.000 line:-2\nNOTE\nSTYLE\n\n"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char wanted[256];
        snprintf(wanted, sizeof(wanted),
                 "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n%s", cases[i].lines);
        ph_captions_set(&captions, 0, cases[i].text);
        assert_segment(0, S, wanted);
        ph_captions_fini(&captions);
    }
}

static void what_lasts_no_millisecond_is_left_out(void **state)
{
    (void)state;
    ph_captions_set(&captions, 100, "a");
    ph_captions_set(&captions, 900, "b");
    ph_captions_set(&captions, 1500, NULL);
    assert_segment(0, S,
                   "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n"
                   "00:00:00.000 --> 00:00:00.001 line:-1\nb\n\n");
}

/* A time that goes back takes the place of what would have come after it. */
static void the_last_word_counts(void **state)
{
    (void)state;
    ph_captions_set(&captions, 1 * S, "a");
    ph_captions_set(&captions, 3 * S, "b");
    ph_captions_set(&captions, 4 * S, "c");
    ph_captions_set(&captions, 2 * S, "d");
    ph_captions_set(&captions, 2 * S, "e");
    ph_captions_set(&captions, 5 * S, "e");
    assert_int_equal(captions.count, 2);
    assert_segment(0, 6 * S,
                   "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n"
                   "00:00:01.000 --> 00:00:02.000 line:-1\na\n\n"
                   "00:00:02.000 --> 00:00:06.000 line:-1\ne\n\n");
}

static void memory_is_bounded(void **state)
{
    (void)state;
    static char huge[300 << 10];
    char text[16];

    for (int i = 0; i < 10000; i++) {
        snprintf(text, sizeof(text), "%d", i);
        ph_captions_set(&captions, i * MS, text);
        assert_true(captions.count <= 256);
    }
    ph_captions_fini(&captions);
    memset(huge, 'x', sizeof(huge) - 1);
    ph_captions_set(&captions, 0, huge);
    assert_segment(0, S, "WEBVTT\n"); /* too long to be true: the segment is there */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(without_a_card_there_is_a_header),
        TEST(goldens),
        TEST(captions_are_cut_with_the_segments),
        TEST(days_are_told),
        TEST(texts_stay_texts),
        TEST(what_lasts_no_millisecond_is_left_out),
        TEST(the_last_word_counts),
        TEST(memory_is_bounded),
    };

    return cmocka_run_group_tests_name("webvtt", tests, NULL, NULL);
}
