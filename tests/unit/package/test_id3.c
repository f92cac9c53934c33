/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "package/id3.h"

#include <phien/core/mem.h>

#include <stdlib.h>
#include <string.h>

/* A tag as a strict reader takes it apart. */
struct txxx {
    const char *description;
    const char *text;
    size_t text_len;
};

static size_t read_syncsafe(struct ph_reader *r)
{
    size_t v = 0;

    for (int i = 0; i < 4; i++) {
        uint8_t byte = ph_read_u8(r);
        assert_int_equal(byte & 0x80, 0);
        v = v << 7 | byte;
    }
    return v;
}

static struct txxx read_tag(const struct ph_writer *tag)
{
    struct ph_reader r;
    struct txxx out;

    assert_false(tag->failed);
    ph_reader_init(&r, tag->data, tag->len);
    assert_memory_equal(ph_read_bytes(&r, 3), "ID3", 3);
    assert_int_equal(ph_read_u16(&r), 0x0400);
    assert_int_equal(ph_read_u8(&r), 0); /* no unsynchronisation, no extended header, no footer */
    assert_int_equal(read_syncsafe(&r), tag->len - 10);
    assert_memory_equal(ph_read_bytes(&r, 4), "TXXX", 4);
    assert_int_equal(read_syncsafe(&r), tag->len - 20);
    assert_int_equal(ph_read_u16(&r), 0);
    assert_int_equal(ph_read_u8(&r), 3); /* UTF-8 */
    out.description = (const char *)r.pos;
    ph_read_skip(&r, strlen(out.description) + 1);
    assert_false(r.failed);
    out.text_len = ph_reader_left(&r);
    out.text = (const char *)ph_read_bytes(&r, out.text_len);
    return out;
}

static void check_round_trip(const char *description, const char *text, size_t len)
{
    struct ph_writer tag;

    ph_writer_init(&tag, 1 << 20);
    ph_id3_write_txxx(&tag, description, text, len);
    struct txxx back = read_tag(&tag);
    assert_string_equal(back.description, description);
    assert_int_equal(back.text_len, len);
    assert_memory_equal(back.text, text, len);
    ph_writer_fini(&tag);
}

static void test_golden(void **state)
{
    (void)state;
    static const uint8_t wanted[] = {0x49, 0x44, 0x33, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x1c,
                                     0x54, 0x58, 0x58, 0x58, 0x00, 0x00, 0x00, 0x12, 0x00, 0x00,
                                     0x03, 0x63, 0x61, 0x72, 0x64, 0x00, 0x7b, 0x22, 0x73, 0x6b,
                                     0x75, 0x22, 0x3a, 0x22, 0x41, 0x31, 0x22, 0x7d};
    struct ph_writer tag;

    ph_writer_init(&tag, 1024);
    ph_id3_write_txxx(&tag, "card", "{\"sku\":\"A1\"}", 12);
    assert_false(tag.failed);
    assert_int_equal(tag.len, sizeof(wanted));
    assert_memory_equal(tag.data, wanted, sizeof(wanted));
    ph_writer_fini(&tag);
}

/* The sizes where a syncsafe integer needs one byte more, of the frame and of the tag. */
static void test_sizes(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        uint8_t bytes[4];
    } cases[] = {
        {127, {0, 0, 0, 127}},     {128, {0, 0, 1, 0}},   {200, {0, 0, 1, 72}},
        {16383, {0, 0, 127, 127}}, {16384, {0, 1, 0, 0}}, {300000, {0, 18, 39, 96}},
    };
    char *text = ph_alloc(300000);

    memset(text, 'x', 300000);
    for (size_t i = 0; i < PH_ARRAY_SIZE(cases); i++) {
        for (size_t of_tag = 0; of_tag < 2; of_tag++) {
            struct ph_writer tag;
            size_t len = cases[i].size - (of_tag ? 10 : 0) - strlen("d") - 2;
            ph_writer_init(&tag, 1 << 20);
            ph_id3_write_txxx(&tag, "d", text, len);
            assert_false(tag.failed);
            assert_memory_equal(tag.data + (of_tag ? 6 : 14), cases[i].bytes, 4);
            assert_int_equal(tag.len, cases[i].size + (of_tag ? 10 : 20));
            ph_writer_fini(&tag);
            check_round_trip("d", text, len);
        }
    }
    free(text);
}

/* Text is bytes of UTF-8: composed, decomposed, beyond the basic plane; nothing is normalised. */
static void test_vietnamese(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "V\xe1\xba\xa3i thi\xe1\xbb\x81u L\xe1\xbb\xa5"
        "c Ng\xe1\xba\xa1n",
        "Va\xcc\x89i thie\xcc\x82\xcc\x80u Lu\xcc\xa3"
        "c Nga\xcc\xa3n",
        "45.000 \xe2\x82\xab/kg \xf0\x9f\xa5\xad\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x8c\xbe",
        "{\"title\":\"m\xe1\xba\xadt \\\"ong\\\"\"}\n",
    };

    for (size_t i = 0; i < PH_ARRAY_SIZE(texts); i++) {
        check_round_trip("phien.overlay", texts[i], strlen(texts[i]));
        check_round_trip("", texts[i], strlen(texts[i]));
    }
}

static void test_tags_follow_each_other(void **state)
{
    (void)state;
    struct ph_writer tags;

    ph_writer_init(&tags, 1024);
    ph_id3_write_txxx(&tags, "a", "1", 1);
    size_t first = tags.len;
    ph_id3_write_txxx(&tags, "b", "22", 2);
    struct ph_writer second = {.data = tags.data + first, .len = tags.len - first};
    assert_string_equal(read_tag(&second).description, "b");
    ph_writer_fini(&tags);
}

/* More than 28 bits can say, and more than the writer takes. */
static void test_too_long(void **state)
{
    (void)state;
    struct ph_writer tag;

    ph_writer_init(&tag, SIZE_MAX / 2);
    ph_id3_write_txxx(&tag, "card", "", (1u << 28) - 16);
    assert_true(tag.failed);
    assert_int_equal(tag.len, 0);
    ph_writer_fini(&tag);

    ph_writer_init(&tag, SIZE_MAX / 2);
    ph_id3_write_txxx(&tag, "card", "", SIZE_MAX);
    assert_true(tag.failed);
    ph_writer_fini(&tag);

    ph_writer_init(&tag, 37);
    ph_id3_write_txxx(&tag, "card", "{\"sku\":\"A1\"}", 12);
    assert_true(tag.failed);
    ph_writer_fini(&tag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),     cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_vietnamese), cmocka_unit_test(test_tags_follow_each_other),
        cmocka_unit_test(test_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
