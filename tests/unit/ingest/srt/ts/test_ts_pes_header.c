/* SPDX-License-Identifier: Apache-2.0 */
#include "ts_reading.h"

#include <ingest/srt/ts/pes_header.h>

#define NONE PH_TS_NO_TIME
#define TOP ((1LL << 33) - 1)

struct header_case {
    const char *bytes;
    size_t len;
    int err;
    size_t header_len;
    int64_t pts;
    int64_t dts;
};

#define BYTES(text) text, sizeof(text) - 1

static void expect(const struct header_case *c)
{
    struct ph_ts_pes_header header;
    uint8_t *copy = malloc(c->len > 0 ? c->len : 1);

    assert_non_null(copy);
    memcpy(copy, c->bytes, c->len);
    assert_int_equal(ph_ts_pes_header_read(&header, copy, c->len), c->err);
    if (c->err == PH_OK) {
        assert_int_equal(header.len, c->header_len);
        assert_int_equal(header.pts, c->pts);
        assert_int_equal(header.dts, c->dts);
        /* And no part of it is enough. */
        for (size_t len = 0; len < header.len; len++) {
            assert_int_equal(ph_ts_pes_header_read(&header, copy, len), PH_EAGAIN);
        }
    }
    free(copy);
}

static void test_headers(void **state)
{
    static const struct header_case cases[] = {
        /* No time. */
        {BYTES("\0\0\1\xe0\0\0\x80\0\0"), PH_OK, 9, NONE, NONE},
        {BYTES("\0\0\1\xc0\0\x03\x80\0\0"), PH_OK, 9, NONE, NONE},
        /* PTS alone; with stuffing behind it. */
        {BYTES("\0\0\1\xe0\0\0\x80\x80\x05\x21\0\1\0\x03"), PH_OK, 14, 1, 1},
        {BYTES("\0\0\1\xe0\0\0\x80\x80\x07\x21\0\1\0\x03\xff\xff"), PH_OK, 16, 1, 1},
        /* All 33 bits, each piece alone, and both times. */
        {BYTES("\0\0\1\xe0\0\0\x80\x80\x05\x2f\xff\xff\xff\xff"), PH_OK, 14, TOP, TOP},
        {BYTES("\0\0\1\xe0\0\0\x80\x80\x05\x29\0\1\0\1"), PH_OK, 14, 1LL << 32, 1LL << 32},
        {BYTES("\0\0\1\xe0\0\0\x80\x80\x05\x21\xff\xff\0\1"), PH_OK, 14, 0x3fff8000, 0x3fff8000},
        {BYTES("\0\0\1\xe0\0\0\x80\x80\x05\x21\0\1\xff\xff"), PH_OK, 14, 0x7fff, 0x7fff},
        {BYTES("\0\0\1\xe0\0\0\x80\xc0\x0a\x31\0\1\0\x05\x11\0\1\0\x03"), PH_OK, 19, 2, 1},
        /* A marker bit that is 0: a time that is none. */
        {BYTES("\0\0\1\xe0\0\0\x80\x80\x05\x20\0\1\0\x03"), PH_OK, 14, NONE, NONE},
        {BYTES("\0\0\1\xe0\0\0\x80\x80\x05\x21\0\0\0\x03"), PH_OK, 14, NONE, NONE},
        {BYTES("\0\0\1\xe0\0\0\x80\x80\x05\x21\0\1\0\x02"), PH_OK, 14, NONE, NONE},
        {BYTES("\0\0\1\xe0\0\0\x80\xc0\x0a\x31\0\1\0\x05\x10\0\1\0\x03"), PH_OK, 19, 2, 2},
        {BYTES("\0\0\1\xe0\0\0\x80\xc0\x0a\x30\0\1\0\x05\x11\0\1\0\x03"), PH_OK, 19, NONE, NONE},
        /* Flags that promise more than the header holds, and the forbidden "DTS alone". */
        {BYTES("\0\0\1\xe0\0\0\x80\x80\x04\x21\0\1\0"), PH_OK, 13, NONE, NONE},
        {BYTES("\0\0\1\xe0\0\0\x80\xc0\x05\x31\0\1\0\x05"), PH_OK, 14, 2, 2},
        {BYTES("\0\0\1\xe0\0\0\x80\x40\x05\x11\0\1\0\x05"), PH_OK, 14, NONE, NONE},
        /* Stream ids without flags. */
        {BYTES("\0\0\1\xbc\0\0"), PH_OK, 6, NONE, NONE},
        {BYTES("\0\0\1\xbf\0\x01"), PH_OK, 6, NONE, NONE},
        {BYTES("\0\0\1\xf0\0\x01"), PH_OK, 6, NONE, NONE},
        {BYTES("\0\0\1\xf1\0\x01"), PH_OK, 6, NONE, NONE},
        {BYTES("\0\0\1\xf2\0\x01"), PH_OK, 6, NONE, NONE},
        {BYTES("\0\0\1\xf8\0\x01"), PH_OK, 6, NONE, NONE},
        {BYTES("\0\0\1\xff\0\x01"), PH_OK, 6, NONE, NONE},
        /* Private stream 1 has them: Opus and AC-3 come in it. */
        {BYTES("\0\0\1\xbd\0\0\x80\x80\x05\x21\0\1\0\x03"), PH_OK, 14, 1, 1},
        /* Malformed. */
        {BYTES("\0\0\2\xe0\0\0\x80\0\0"), PH_EPROTO, 0, 0, 0},
        {BYTES("\1\0\1\xe0\0\0\x80\0\0"), PH_EPROTO, 0, 0, 0},
        {BYTES("\0\0\1\xe0\0\0\x40\0\0"), PH_EPROTO, 0, 0, 0},
        {BYTES("\0\0\1\xe0\0\0\xc0\0\0"), PH_EPROTO, 0, 0, 0},
        {BYTES("\0\0\1\xe0\0\x02\x80\0"), PH_EPROTO, 0, 0, 0},
        {BYTES("\0\0\1\xe0\0\x07\x80\x80\x05\x21\0\1\0\x03"), PH_EPROTO, 0, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(cases); i++) {
        expect(&cases[i]);
    }
}

static void test_flags(void **state)
{
    struct ph_ts_pes_header header;

    (void)state;
    assert_int_equal(ph_ts_pes_header_read(&header, (const uint8_t *)"\0\0\1\xbe\0\x09", 6), PH_OK);
    assert_true(header.is_padding);
    assert_int_equal(ph_ts_pes_header_read(&header, (const uint8_t *)"\0\0\1\xe0\0\0\x90\0\0", 9),
                     PH_OK);
    assert_true(header.is_scrambled);
    assert_false(header.is_padding);
    assert_int_equal(ph_ts_pes_header_read(&header, (const uint8_t *)"\0\0\1\xe0\0\0\x8f\0\0", 9),
                     PH_OK);
    assert_false(header.is_scrambled);
}

static void test_measure(void **state)
{
    size_t total = 1;

    (void)state;
    assert_int_equal(ph_ts_pes_header_measure(&total, (const uint8_t *)"\0\0\1\xe0\0\0"), PH_OK);
    assert_int_equal(total, 0);
    assert_int_equal(ph_ts_pes_header_measure(&total, (const uint8_t *)"\0\0\1\xe0\x12\x34"),
                     PH_OK);
    assert_int_equal(total, 0x1234 + 6);
    assert_int_equal(ph_ts_pes_header_measure(&total, (const uint8_t *)"\0\0\1\xe0\xff\xff"),
                     PH_OK);
    assert_int_equal(total, 0xffff + 6);
    assert_int_equal(ph_ts_pes_header_measure(&total, (const uint8_t *)"\0\1\1\xe0\0\0"),
                     PH_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_measure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
