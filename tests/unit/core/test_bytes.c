/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include <phien/core/bytes.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void reader_reads_big_endian(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {
        0x01,                                           /* u8 */
        0x02, 0x03,                                     /* u16 */
        0x04, 0x05, 0x06,                               /* u24 */
        0xff, 0xff, 0xfe,                               /* s24: -2 */
        0x7f, 0xff, 0xff,                               /* s24: the most */
        0x80, 0x00, 0x00,                               /* s24: the least */
        0xf7, 0x08, 0x09, 0x0a,                         /* u32 */
        0x0b, 0x0c, 0x0d, 0xfe,                         /* u32le */
        0xf1, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, /* u64 */
        0xc0, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* f64: -2.5 */
        0xaa, 0xbb, 0xcc,
    };
    struct ph_reader r;

    ph_reader_init(&r, bytes, sizeof(bytes));
    assert_int_equal(ph_reader_left(&r), sizeof(bytes));
    assert_int_equal(ph_read_u8(&r), 1);
    assert_int_equal(ph_read_u16(&r), 0x0203);
    assert_int_equal(ph_read_u24(&r), 0x040506);
    assert_int_equal(ph_read_s24(&r), -2);
    assert_int_equal(ph_read_s24(&r), 0x7fffff);
    assert_int_equal(ph_read_s24(&r), -0x800000);
    assert_true(ph_read_u32(&r) == 0xf708090a);
    assert_true(ph_read_u32le(&r) == 0xfe0d0c0b);
    assert_true(ph_read_u64(&r) == 0xf102030405060708);
    assert_true(ph_read_f64(&r) == -2.5);
    ph_read_skip(&r, 1);
    assert_ptr_equal(ph_read_bytes(&r, 2), bytes + sizeof(bytes) - 2);
    assert_int_equal(ph_reader_left(&r), 0);
    assert_false(r.failed);
}

/* Each read of a value that lies across the end fails, and all that follow do. */
static void reader_fails_past_the_end_and_stays_failed(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 3, 3, 4, 4, 8, 8};

    for (size_t kind = 0; kind < 8; kind++) {
        size_t len = sizes[kind] - 1;
        uint8_t *exact = malloc(len > 0 ? len : 1);
        struct ph_reader r;
        assert_non_null(exact);
        memset(exact, 0xff, len);
        ph_reader_init(&r, exact, len);
        bool is_zero = kind == 0   ? ph_read_u8(&r) == 0
                       : kind == 1 ? ph_read_u16(&r) == 0
                       : kind == 2 ? ph_read_u24(&r) == 0
                       : kind == 3 ? ph_read_s24(&r) == 0
                       : kind == 4 ? ph_read_u32(&r) == 0
                       : kind == 5 ? ph_read_u32le(&r) == 0
                       : kind == 6 ? ph_read_u64(&r) == 0
                                   : ph_read_f64(&r) == 0.0;
        assert_true(is_zero);
        assert_true(r.failed);
        assert_int_equal(ph_reader_left(&r), 0);
        assert_int_equal(ph_read_u8(&r), 0);
        assert_null(ph_read_bytes(&r, 0));
        free(exact);
    }
}

static void reader_refuses_lengths_that_would_overflow(void **state)
{
    (void)state;
    static const uint8_t bytes[4];
    struct ph_reader r;

    ph_reader_init(&r, bytes, 4);
    assert_null(ph_read_bytes(&r, SIZE_MAX));
    assert_true(r.failed);
    ph_reader_init(&r, bytes, 4);
    ph_read_skip(&r, SIZE_MAX - 2);
    assert_true(r.failed);
}

static void reader_takes_nothing(void **state)
{
    (void)state;
    struct ph_reader r;

    ph_reader_init(&r, NULL, 0);
    assert_int_equal(ph_reader_left(&r), 0);
    ph_read_skip(&r, 0);
    assert_false(r.failed);
    assert_int_equal(ph_read_u16(&r), 0);
    assert_true(r.failed);
}

static void bits_are_read_from_the_highest_on(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0xa5, 0xff, 0x00, 0x12, 0x34, 0x56, 0x78, 0x80};
    struct ph_bits b;

    ph_bits_init(&b, bytes, sizeof(bytes));
    assert_int_equal(ph_bits_read(&b, 1), 1);
    assert_int_equal(ph_bits_read(&b, 3), 2);
    assert_int_equal(ph_bits_read(&b, 0), 0);
    assert_int_equal(ph_bits_read(&b, 8), 0x5f);
    assert_int_equal(ph_bits_read(&b, 12), 0xf00);
    assert_int_equal(ph_bits_read(&b, 32), 0x12345678);
    ph_bits_skip(&b, 0);
    assert_int_equal(ph_bits_read(&b, 1), 1);
    ph_bits_skip(&b, 7);
    assert_false(b.failed);
    ph_bits_skip(&b, 1);
    assert_true(b.failed);
}

static void bits_fail_past_the_end_and_stay_failed(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0xff, 0xff};
    struct ph_bits b;

    ph_bits_init(&b, bytes, sizeof(bytes));
    assert_int_equal(ph_bits_read(&b, 17), 0);
    assert_true(b.failed);
    assert_int_equal(ph_bits_read(&b, 1), 0);
    ph_bits_init(&b, bytes, sizeof(bytes));
    ph_bits_skip(&b, SIZE_MAX);
    assert_true(b.failed);
    assert_int_equal(ph_bits_read(&b, 1), 0);
    ph_bits_init(&b, NULL, 0);
    assert_int_equal(ph_bits_read(&b, 0), 0);
    assert_false(b.failed);
    assert_int_equal(ph_bits_read(&b, 1), 0);
    assert_true(b.failed);
}

static void writer_writes_what_the_reader_reads(void **state)
{
    (void)state;
    struct ph_writer w;
    struct ph_reader r;

    ph_writer_init(&w, 1000);
    ph_write_u8(&w, 0xfe);
    ph_write_u16(&w, 0xfedc);
    ph_write_u24(&w, 0xfedcba);
    ph_write_u32(&w, 0xfedcba98);
    ph_write_u32le(&w, 0xfedcba98);
    ph_write_u64(&w, 0xfedcba9876543210);
    ph_write_f64(&w, -INFINITY);
    ph_write_bytes(&w, "\0\1", 2);
    ph_write_bytes(&w, NULL, 0);
    ph_write_text(&w, "chợ");
    ph_write_format(&w, "%d:%s", -5, "x");
    assert_false(w.failed);
    ph_reader_init(&r, w.data, w.len);
    assert_int_equal(ph_read_u8(&r), 0xfe);
    assert_int_equal(ph_read_u16(&r), 0xfedc);
    assert_int_equal(ph_read_u24(&r), 0xfedcba);
    assert_true(ph_read_u32(&r) == 0xfedcba98);
    assert_true(ph_read_u32le(&r) == 0xfedcba98);
    assert_true(ph_read_u64(&r) == 0xfedcba9876543210);
    assert_true(ph_read_f64(&r) == -INFINITY);
    assert_memory_equal(ph_read_bytes(&r, 11), "\0\1chợ-5:x", 11);
    assert_int_equal(ph_reader_left(&r), 0);
    assert_false(r.failed);
    ph_writer_fini(&w);
}

static void writer_grows_and_hands_over(void **state)
{
    (void)state;
    struct ph_writer w;
    char text[] = "a line of forty characters, or nearly so";

    ph_writer_init(&w, 100000);
    for (size_t i = 0; i < 2000; i++) {
        ph_write_format(&w, "%s", text);
    }
    assert_false(w.failed);
    struct ph_buf *buf = ph_writer_take(&w);
    assert_non_null(buf);
    assert_int_equal(buf->len, 80000);
    assert_memory_equal(buf->data, text, 40);
    assert_memory_equal(buf->data + 79960, text, 40);
    /* The writer is as new. */
    assert_int_equal(w.len, 0);
    assert_int_equal(w.limit, 100000);
    ph_write_u8(&w, 7);
    assert_false(w.failed);
    struct ph_buf *second = ph_writer_take(&w);
    assert_int_equal(second->len, 1);
    assert_int_equal(second->data[0], 7);
    ph_buf_unref(&buf);
    ph_buf_unref(&second);
}

static void writer_stops_at_its_limit(void **state)
{
    (void)state;
    struct ph_writer w;

    ph_writer_init(&w, 4);
    ph_write_u32(&w, 1);
    assert_false(w.failed);
    ph_write_bytes(&w, NULL, 0);
    assert_false(w.failed);
    ph_write_u8(&w, 1);
    assert_true(w.failed);
    assert_int_equal(w.len, 4);
    assert_null(ph_writer_take(&w));
    /* What would fit after what did not fit is lost too, or the output would have a hole. */
    ph_writer_init(&w, 4);
    ph_write_u16(&w, 1);
    ph_write_u24(&w, 1);
    ph_write_u8(&w, 1);
    assert_true(w.failed);
    assert_int_equal(w.len, 2);
    ph_writer_fini(&w);
    ph_writer_init(&w, 4);
    ph_write_format(&w, "%s", "12345");
    assert_true(w.failed);
    ph_writer_fini(&w);
    ph_writer_init(&w, SIZE_MAX);
    ph_write_u8(&w, 1);
    ph_write_bytes(&w, "", 0);
    assert_false(w.failed);
    ph_writer_fini(&w);
}

static void writer_that_wrote_nothing_hands_nothing_over(void **state)
{
    (void)state;
    struct ph_writer w;

    ph_writer_init(&w, 4);
    struct ph_buf *buf = ph_writer_take(&w);
    assert_non_null(buf);
    assert_int_equal(buf->len, 0);
    ph_buf_unref(&buf);
    assert_null(buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reader_reads_big_endian),
        cmocka_unit_test(reader_fails_past_the_end_and_stays_failed),
        cmocka_unit_test(reader_refuses_lengths_that_would_overflow),
        cmocka_unit_test(reader_takes_nothing),
        cmocka_unit_test(bits_are_read_from_the_highest_on),
        cmocka_unit_test(bits_fail_past_the_end_and_stay_failed),
        cmocka_unit_test(writer_writes_what_the_reader_reads),
        cmocka_unit_test(writer_grows_and_hands_over),
        cmocka_unit_test(writer_stops_at_its_limit),
        cmocka_unit_test(writer_that_wrote_nothing_hands_nothing_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
