/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

#include <ingest/rtmp/handshake.h>

#define LEN PH_RTMP_HANDSHAKE_LEN

struct fixture {
    struct ph_rtmp_handshake handshake;
    struct ph_writer in;
    struct ph_writer out;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    ph_rtmp_handshake_init(&f->handshake);
    ph_writer_init(&f->in, 1 << 20);
    ph_writer_init(&f->out, 1 << 20);
    /* C0, C1 with FFmpeg's version in bytes 4..7, C2, and the first byte of a chunk. */
    ph_write_u8(&f->in, 3);
    ph_write_u32(&f->in, 1234);
    write_hex(&f->in, "09007c02");
    write_pattern(&f->in, LEN - 8, 5);
    write_pattern(&f->in, LEN, 99);
    ph_write_u8(&f->in, 0x02);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    ph_writer_fini(&f->in);
    ph_writer_fini(&f->out);
    free(f);
    return 0;
}

static int feed(struct fixture *f, size_t from, size_t to, size_t *left)
{
    struct ph_reader in;

    ph_reader_init(&in, f->in.data + from, to - from);
    int err = ph_rtmp_handshake_feed(&f->handshake, &in, 0x01020304, &f->out);
    *left = ph_reader_left(&in);
    return err;
}

static void expect_reply(const struct fixture *f)
{
    assert_int_equal(f->out.len, 1 + 2 * LEN);
    /* S0, the time, four zero bytes. */
    expect_hex(f->out.data, 9, "03 01020304 00000000");
    /* S2 repeats C1. */
    assert_memory_equal(f->out.data + 1 + LEN, f->in.data + 1, LEN);
}

static void test_whole(void **state)
{
    struct fixture *f = *state;
    size_t left;

    assert_int_equal(feed(f, 0, f->in.len, &left), PH_OK);
    assert_int_equal(left, 1);
    expect_reply(f);
}

static void test_replies_once_after_c1(void **state)
{
    struct fixture *f = *state;
    size_t left;

    assert_int_equal(feed(f, 0, LEN, &left), PH_EAGAIN);
    assert_int_equal(f->out.len, 0);
    assert_int_equal(feed(f, LEN, LEN + 1, &left), PH_EAGAIN);
    expect_reply(f);
    assert_int_equal(feed(f, LEN + 1, 2 * LEN, &left), PH_EAGAIN);
    assert_int_equal(f->out.len, 1 + 2 * LEN);
    assert_int_equal(feed(f, 2 * LEN, 2 * LEN + 2, &left), PH_OK);
    assert_int_equal(left, 1);
    assert_int_equal(f->out.len, 1 + 2 * LEN);
}

static void test_byte_by_byte(void **state)
{
    struct fixture *f = *state;
    size_t left;

    for (size_t i = 0; i < 2 * LEN; i++) {
        assert_int_equal(feed(f, i, i + 1, &left), PH_EAGAIN);
        assert_int_equal(left, 0);
    }
    assert_int_equal(feed(f, 2 * LEN, 2 * LEN + 1, &left), PH_OK);
    expect_reply(f);
}

static void test_split_everywhere(void **state)
{
    struct fixture *f = *state;
    size_t left;

    for (size_t cut = 0; cut <= 2 * LEN; cut++) {
        ph_rtmp_handshake_init(&f->handshake);
        f->out.len = 0;
        assert_int_equal(feed(f, 0, cut, &left), PH_EAGAIN);
        assert_int_equal(left, 0);
        assert_int_equal(feed(f, cut, f->in.len, &left), PH_OK);
        assert_int_equal(left, 1);
        expect_reply(f);
    }
}

static void test_no_input(void **state)
{
    struct fixture *f = *state;
    size_t left;

    assert_int_equal(feed(f, 0, 0, &left), PH_EAGAIN);
    assert_int_equal(f->handshake.refusal, PH_CLOSE_NONE);
}

static void test_other_protocols(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *bytes;
        enum ph_close_reason reason;
    } rows[] = {
        {"\x16\x03\x01", PH_CLOSE_TLS_ON_PLAIN_PORT},
        {"GET / HTTP/1.1", PH_CLOSE_HTTP_ON_RTMP_PORT},
        {"POST /open/1", PH_CLOSE_HTTP_ON_RTMP_PORT},
        {"OPTIONS *", PH_CLOSE_HTTP_ON_RTMP_PORT},
        {"HEAD /", PH_CLOSE_HTTP_ON_RTMP_PORT},
        {"\x06", PH_CLOSE_BAD_HANDSHAKE}, /* RTMPE */
        {"\x02", PH_CLOSE_BAD_HANDSHAKE},
        {"SSH-2.0", PH_CLOSE_BAD_HANDSHAKE},
    };

    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        struct ph_reader in;
        ph_rtmp_handshake_init(&f->handshake);
        ph_reader_init(&in, rows[i].bytes, strlen(rows[i].bytes));
        assert_int_equal(ph_rtmp_handshake_feed(&f->handshake, &in, 0, &f->out), PH_EPROTO);
        assert_int_equal(f->handshake.refusal, rows[i].reason);
    }
    const uint8_t zero = 0;
    struct ph_reader in;
    ph_rtmp_handshake_init(&f->handshake);
    ph_reader_init(&in, &zero, 1);
    assert_int_equal(ph_rtmp_handshake_feed(&f->handshake, &in, 0, &f->out), PH_EPROTO);
    assert_int_equal(f->handshake.refusal, PH_CLOSE_BAD_HANDSHAKE);
    assert_int_equal(f->out.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replies_once_after_c1, setup, teardown),
        cmocka_unit_test_setup_teardown(test_byte_by_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(test_split_everywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_input, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_protocols, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
