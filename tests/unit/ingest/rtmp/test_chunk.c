/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

#include <libavcodec/defs.h>

/* Reads its input whole, and again byte by byte: the text of what came must be the same. */
struct reading {
    /* "type/csid/msid@timestamp:bytes " for each message; of long ones "length#checksum". */
    char log[8192];
    int err;
    char detail[96];
};

static void check_padding(const struct ph_rtmp_message *m)
{
    if (m->payload == NULL) {
        assert_int_equal(m->len, 0);
        return;
    }
    for (size_t i = 0; i < AV_INPUT_BUFFER_PADDING_SIZE; i++) {
        assert_int_equal(m->data[m->len + i], 0);
    }
}

static void log_message(struct reading *reading, const struct ph_rtmp_message *m)
{
    char body[64] = "";
    uint32_t sum = 0;
    size_t len = strlen(reading->log);

    check_padding(m);
    for (size_t i = 0; i < m->len; i++) {
        sum = sum * 31 + m->data[i];
        if (m->len <= 16) {
            snprintf(body + 2 * i, sizeof(body) - 2 * i, "%02x", m->data[i]);
        }
    }
    if (m->len > 16) {
        snprintf(body, sizeof(body), "%zu#%08x", m->len, sum);
    }
    snprintf(reading->log + len, sizeof(reading->log) - len, "%u/%u/%u@%u:%s ", m->type, m->csid,
             m->msid, m->timestamp, body);
}

static void read_in_steps(struct reading *reading, const struct ph_rtmp_limits *limits,
                          const struct ph_writer *bytes, size_t step)
{
    struct ph_rtmp_chunk_reader reader;
    struct ph_rtmp_message message;

    memset(reading, 0, sizeof(*reading));
    ph_rtmp_chunk_reader_init(&reader, limits);
    for (size_t pos = 0; pos < bytes->len && reading->err == PH_OK; pos += step) {
        struct ph_reader in;
        ph_reader_init(&in, bytes->data + pos, step < bytes->len - pos ? step : bytes->len - pos);
        int err;
        while ((err = ph_rtmp_chunk_reader_next(&reader, &in, &message)) == PH_OK) {
            log_message(reading, &message);
        }
        if (err == PH_EAGAIN) {
            assert_int_equal(ph_reader_left(&in), 0);
        } else {
            reading->err = err;
        }
    }
    memcpy(reading->detail, reader.detail, sizeof(reading->detail));
    ph_rtmp_chunk_reader_fini(&reader);
}

static struct reading read_with(const struct ph_rtmp_limits *limits, struct ph_writer *bytes)
{
    static const size_t steps[] = {1, 2, 3, 7, 128};
    struct reading whole;
    struct reading stepped;

    read_in_steps(&whole, limits, bytes, bytes->len);
    for (size_t i = 0; i < PH_ARRAY_SIZE(steps); i++) {
        read_in_steps(&stepped, limits, bytes, steps[i]);
        assert_string_equal(stepped.log, whole.log);
        assert_int_equal(stepped.err, whole.err);
        assert_string_equal(stepped.detail, whole.detail);
    }
    ph_writer_fini(bytes);
    return whole;
}

static struct reading read_hex(const char *hex)
{
    struct ph_writer bytes = from_hex(hex);

    return read_with(&ph_rtmp_limits_default, &bytes);
}

static void expect_messages(const char *hex, const char *log)
{
    struct reading reading = read_hex(hex);

    assert_string_equal(reading.detail, "");
    assert_int_equal(reading.err, PH_OK);
    assert_string_equal(reading.log, log);
}

static void expect_error(const char *hex, int err, const char *detail)
{
    struct reading reading = read_hex(hex);

    assert_string_equal(reading.detail, detail);
    assert_int_equal(reading.err, err);
}

static void test_headers(void **state)
{
    (void)state;
    /* fmt 0, then a difference with a new length, a difference, and the same again. */
    expect_messages("04 00000a 000001 08 01000000 61"
                    "44 000005 000002 08 6162"
                    "84 000007 6162"
                    "c4 6162",
                    "8/4/1@10:61 8/4/1@15:6162 8/4/1@22:6162 "
                    "8/4/1@29:6162 ");
    /* The message stream is little endian, all else is not. */
    expect_messages("04 010203 000000 09 01020304", "9/4/67305985@66051: ");
}

static void test_csid_forms(void **state)
{
    (void)state;
    expect_messages("3f 000000 000000 08 00000000"        /* 63 */
                    "00 00 000000 000000 08 00000000"     /* 64 */
                    "00 ff 000000 000000 08 00000000"     /* 319 */
                    "01 00 01 000000 000000 08 00000000"  /* 320 */
                    "01 ff ff 000000 000000 08 00000000", /* 65599 */
                    "8/63/0@0: 8/64/0@0: 8/319/0@0: "
                    "8/320/0@0: 8/65599/0@0: ");
    /* The same chunk stream, however it is written. */
    expect_messages("00 00 000005 000001 08 00000000 61 81 00 00 000003 61",
                    "8/64/0@5:61 8/64/0@8:61 ");
}

static void test_fmt3_after_fmt0(void **state)
{
    (void)state;
    /* A small absolute time is the step too; a large one would double the clock. */
    expect_messages("04 000028 000001 08 01000000 61 c4 61 c4 61",
                    "8/4/1@40:61 8/4/1@80:61 8/4/1@120:61 ");
    expect_messages("04 0f4240 000001 08 01000000 61 c4 61 84 000014 61 c4 61",
                    "8/4/1@1000000:61 8/4/1@1000000:61 8/4/1@1000020:61 "
                    "8/4/1@1000040:61 ");
}

static void test_fresh_chunk_streams(void **state)
{
    (void)state;
    /* librtmp's answer to a ping. */
    expect_messages("42 000000 000006 04 0007 00000001", "4/2/0@0:000700000001 ");
    expect_error("84 000000", PH_EPROTO, "csid 4 starts with a header of fmt 2");
    expect_error("c7", PH_EPROTO, "csid 7 starts with a header of fmt 3");
}

static void test_mid_message_headers(void **state)
{
    (void)state;
    const char *half = "02 000000 000004 01 00000000 00000002" /* chunks of two bytes */
                       "04 000005 000004 08 01000000 6162";
    char hex[256];
    static const struct {
        const char *rest;
        const char *detail;
    } rows[] = {
        {"04 000005 000004 08 01000000 6364", "csid 4 starts a message inside another"},
        {"44 000000 000005 08 6364", "chunk of csid 4 changes its message's length"},
        {"44 000000 000004 09 6364", "chunk of csid 4 changes its message's type"},
    };

    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        snprintf(hex, sizeof(hex), "%s %s", half, rows[i].rest);
        expect_error(hex, PH_EPROTO, rows[i].detail);
    }
    /* Superfluous headers that say the same do no harm. */
    snprintf(hex, sizeof(hex), "%s %s", half, "44 000000 000004 08 6364");
    expect_messages(hex, "8/4/1@5:61626364 ");
    snprintf(hex, sizeof(hex), "%s %s", half, "84 000000 6364");
    expect_messages(hex, "8/4/1@5:61626364 ");
}

static void test_interleaving(void **state)
{
    (void)state;
    /* Audio, and a ping, inside a video message. */
    expect_messages("02 000000 000004 01 00000000 00000003"
                    "06 000064 000008 09 01000000 010203"
                    "04 000065 000004 08 01000000 0a0b0c"
                    "c6 040506"
                    "02 000000 000006 04 00000000 000600 c4 0d c2 000001"
                    "c6 0708",
                    "8/4/1@101:0a0b0c0d 4/2/0@0:000600000001 9/6/1@100:0102030405060708 ");
}

static void test_chunk_sizes(void **state)
{
    (void)state;
    /* Before connect, in the middle of another message, and down to one byte. */
    expect_messages("02 000000 000004 01 00000000 00000002"
                    "06 000000 000006 09 01000000 0102"
                    "02 000000 000004 01 00000000 0000 c2 0001"
                    "c6 03 c6 04"
                    "02 000000 000004 01 00000000 00 c2 00 c2 00 c2 80"
                    "c6 0506",
                    "9/6/1@0:010203040506 ");
    expect_error("02 000000 000004 01 00000000 00000000", PH_EPROTO, "chunk size of 0");
    expect_error("02 000000 000004 01 00000000 80000000", PH_EPROTO, "chunk size of 2147483648");
    expect_error("02 000000 000003 01 00000000 000010", PH_EPROTO,
                 "control message of type 1 is too short");
    /* Larger than any message. */
    expect_messages("02 000000 000004 01 00000000 7fffffff 04 000000 000001 08 00000000 61",
                    "8/4/0@0:61 ");
}

static void test_abort(void **state)
{
    (void)state;
    expect_messages("02 000000 000004 01 00000000 00000002"
                    "06 000007 000004 09 01000000 0102"
                    "02 000000 000004 02 00000000 0000 c2 0006"
                    "06 000009 000003 09 01000000 0405 c6 06",
                    "9/6/1@9:040506 ");
    /* Nothing to abort, and a chunk stream that never was. */
    expect_messages("02 000000 000004 02 00000000 00000006 02 000000 000004 02 00000000 00000002"
                    "06 000009 000001 09 01000000 04",
                    "9/6/1@9:04 ");
}

static void write_message(struct ph_writer *out, const char *options, uint32_t timestamp,
                          size_t len)
{
    struct ph_rtmp_chunk_writer writer;
    struct ph_writer body;

    ph_rtmp_chunk_writer_init(&writer);
    writer.omits_extended = strcmp(options, "omit") == 0;
    ph_writer_init(&body, SIZE_MAX / 4);
    write_pattern(&body, len, 3);
    ph_rtmp_chunk_write(&writer, out,
                        &(struct ph_rtmp_message){.csid = 6,
                                                  .timestamp = timestamp,
                                                  .msid = 1,
                                                  .type = PH_RTMP_VIDEO,
                                                  .data = body.data,
                                                  .len = len});
    ph_writer_fini(&body);
}

/* The same messages, with the extended timestamp repeated in fmt 3 chunks and without. */
static void test_extended_timestamps(void **state)
{
    static const uint32_t times[] = {0xFFFFFE, 0xFFFFFF, 0x1000000, 0x7FFFFFFF, 0xFFFFFFFF};

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(times); i++) {
        struct ph_writer repeated;
        struct ph_writer omitted;
        char at[32];
        ph_writer_init(&repeated, 1 << 20);
        ph_writer_init(&omitted, 1 << 20);
        write_message(&repeated, "repeat", times[i], 700);
        write_message(&omitted, "omit", times[i], 700);
        assert_int_equal(repeated.len - omitted.len, times[i] >= 0xFFFFFF ? 4 * 5 : 0);
        struct reading a = read_with(&ph_rtmp_limits_default, &repeated);
        struct reading b = read_with(&ph_rtmp_limits_default, &omitted);
        assert_string_equal(a.log, b.log);
        snprintf(at, sizeof(at), "9/6/1@%u:700#", times[i]);
        assert_memory_equal(a.log, at, strlen(at));
    }
}

static void test_extended_details(void **state)
{
    (void)state;
    /* A difference that needs the extended form, then fmt 3 that repeats it. */
    expect_messages("04 000001 000001 08 01000000 61"
                    "84 ffffff 01000000 61"
                    "c4 01000000 61",
                    "8/4/1@1:61 8/4/1@16777217:61 8/4/1@33554433:61 ");
    /* In continuations some write the absolute time even when the header had a difference. */
    expect_messages("02 000000 000004 01 00000000 00000001"
                    "04 000001 000002 08 01000000 61 c4 62"
                    "84 ffffff 01000000 61 c4 01000001 62",
                    "8/4/1@1:6162 8/4/1@16777217:6162 ");
    /* Payload that begins like the timestamp but goes on otherwise, and a short one at the end
     * of which the next chunk starts. */
    expect_messages("02 000000 000004 01 00000000 00000003"
                    "04 ffffff 000008 08 01000000 01020304 616263 c4 010203 c4 0102"
                    "04 ffffff 000001 08 01000000 01020305 61",
                    "8/4/1@16909060:6162630102030102 8/4/1@16909061:61 ");
}

static void test_wraps(void **state)
{
    (void)state;
    /* 2^32 - 1 plus 2 ms. */
    expect_messages("04 ffffff 000001 08 01000000 ffffffff 61 84 000002 61",
                    "8/4/1@4294967295:61 8/4/1@1:61 ");
    /* 2^24 - 1 - 1 plus 2 ms, without any extended field. */
    expect_messages("04 fffffe 000001 08 01000000 61 84 000002 61",
                    "8/4/1@16777214:61 8/4/1@16777216:61 ");
}

static void test_message_limits(void **state)
{
    (void)state;
    expect_error("06 000000 800001 09 00000000", PH_ELIMIT,
                 "message of type 9 with 8388609 bytes, the limit is 8388608");
    expect_error("06 000000 800001 16 00000000", PH_ELIMIT,
                 "message of type 22 with 8388609 bytes, the limit is 8388608");
    expect_error("04 000000 040001 08 00000000", PH_ELIMIT,
                 "message of type 8 with 262145 bytes, the limit is 262144");
    expect_error("03 000000 010001 14 00000000", PH_ELIMIT,
                 "message of type 20 with 65537 bytes, the limit is 65536");
    expect_error("03 000000 ffffff ff 00000000", PH_ELIMIT,
                 "message of type 255 with 16777215 bytes, the limit is 65536");
}

static void test_chunk_stream_limit(void **state)
{
    struct ph_writer bytes = from_hex("");

    (void)state;
    for (unsigned i = 0; i < 33; i++) {
        ph_write_u8(&bytes, (uint8_t)(3 + i));
        write_hex(&bytes, "000000 000000 08 00000000");
    }
    struct reading reading = read_with(&ph_rtmp_limits_default, &bytes);
    assert_int_equal(reading.err, PH_ELIMIT);
    assert_string_equal(reading.detail, "more than 32 chunk streams");
}

static void test_partial_limit(void **state)
{
    struct ph_rtmp_limits limits = ph_rtmp_limits_default;
    struct ph_writer bytes = from_hex("02 000000 000004 01 00000000 00000010"
                                      "06 000000 000040 09 00000000");

    (void)state;
    write_pattern(&bytes, 16, 1);
    write_hex(&bytes, "07 000000 000040 09 00000000");
    write_pattern(&bytes, 16, 1);
    limits.partial_bytes = 31;
    struct reading reading = read_with(&limits, &bytes);
    assert_int_equal(reading.err, PH_ELIMIT);
    assert_string_equal(reading.detail, "more than 31 bytes of unfinished messages");
}

/* A declared length costs nothing before bytes come. */
static void test_memory_follows_bytes(void **state)
{
    struct ph_rtmp_chunk_reader reader;
    struct ph_rtmp_message message;
    struct ph_reader in;
    struct ph_writer bytes = from_hex("06 000000 800000 09 00000000 01");

    (void)state;
    ph_rtmp_chunk_reader_init(&reader, &ph_rtmp_limits_default);
    ph_reader_init(&in, bytes.data, bytes.len - 1);
    assert_int_equal(ph_rtmp_chunk_reader_next(&reader, &in, &message), PH_EAGAIN);
    assert_null(reader.streams[0].data);
    ph_reader_init(&in, bytes.data + bytes.len - 1, 1);
    assert_int_equal(ph_rtmp_chunk_reader_next(&reader, &in, &message), PH_EAGAIN);
    assert_int_equal(reader.streams[0].cap, 16384);
    assert_int_equal(reader.partial_bytes, 1);
    ph_rtmp_chunk_reader_fini(&reader);
    ph_writer_fini(&bytes);
}

/* A reference taken of the payload outlives the reader. */
static void test_payload_is_shared(void **state)
{
    struct ph_rtmp_chunk_reader reader;
    struct ph_rtmp_message message;
    struct ph_reader in;
    struct ph_writer bytes;

    (void)state;
    ph_writer_init(&bytes, 1 << 20);
    write_message(&bytes, "repeat", 5, 100000);
    ph_rtmp_chunk_reader_init(&reader, &ph_rtmp_limits_default);
    ph_reader_init(&in, bytes.data, bytes.len);
    assert_int_equal(ph_rtmp_chunk_reader_next(&reader, &in, &message), PH_OK);
    AVBufferRef *payload = av_buffer_ref(message.payload);
    assert_int_equal(ph_rtmp_chunk_reader_next(&reader, &in, &message), PH_EAGAIN);
    assert_int_equal(reader.partial_bytes, 0);
    ph_rtmp_chunk_reader_fini(&reader);
    ph_writer_fini(&bytes);
    assert_true(is_pattern(payload->data, 100000, 3));
    av_buffer_unref(&payload);
}

/* What a writer writes in any manner, a reader reads. */
static void test_writer_round_trip(void **state)
{
    static const size_t lens[] = {0, 1, 127, 128, 129, 5000};
    static const uint32_t sizes[] = {1, 128, 65536};
    char first[sizeof(((struct reading *)NULL)->log)] = "";

    (void)state;
    for (size_t way = 0; way < 12; way++) {
        struct ph_rtmp_chunk_writer writer;
        struct ph_writer out;
        ph_writer_init(&out, 1 << 22);
        ph_rtmp_chunk_writer_init(&writer);
        writer.is_terse = way & 1;
        writer.omits_extended = way & 2;
        uint8_t size[4] = {0, (uint8_t)(sizes[way / 4] >> 16), (uint8_t)(sizes[way / 4] >> 8),
                           (uint8_t)sizes[way / 4]};
        ph_rtmp_chunk_write(
            &writer, &out, &(struct ph_rtmp_message){.csid = 2, .type = 1, .data = size, .len = 4});
        assert_int_equal(writer.chunk_size, sizes[way / 4]);
        for (uint32_t i = 0; i < 24; i++) {
            struct ph_writer body;
            size_t len = lens[i / 2 % PH_ARRAY_SIZE(lens)];
            ph_writer_init(&body, 1 << 20);
            write_pattern(&body, len, (uint8_t)(i + 1));
            ph_rtmp_chunk_write(&writer, &out,
                                &(struct ph_rtmp_message){.csid = 4 + i % 2,
                                                          .timestamp = 0xFFFFF0 + i / 2 * 20,
                                                          .msid = 1,
                                                          .type = (uint8_t)(8 + i % 2),
                                                          .data = body.data,
                                                          .len = len});
            ph_writer_fini(&body);
        }
        struct reading reading = read_with(&ph_rtmp_limits_default, &out);
        assert_string_equal(reading.detail, "");
        if (way == 0) {
            memcpy(first, reading.log, sizeof(first));
        }
        assert_string_equal(reading.log, first);
    }
    assert_non_null(strstr(first, "@16777300:5000#"));
}

static void test_writer_bytes(void **state)
{
    struct ph_rtmp_chunk_writer writer;
    struct ph_writer out = from_hex("");
    struct ph_rtmp_message m = {
        .csid = 4, .timestamp = 10, .msid = 1, .type = 8, .data = (const uint8_t *)"ab", .len = 2};

    (void)state;
    ph_rtmp_chunk_writer_init(&writer);
    writer.is_terse = true;
    ph_rtmp_chunk_write(&writer, &out, &m);
    m.timestamp = 15;
    m.len = 1;
    ph_rtmp_chunk_write(&writer, &out, &m);
    m.timestamp = 25;
    ph_rtmp_chunk_write(&writer, &out, &m);
    m.timestamp = 35;
    ph_rtmp_chunk_write(&writer, &out, &m);
    m.timestamp = 34;
    ph_rtmp_chunk_write(&writer, &out, &m);
    expect_hex(out.data, out.len,
               "04 00000a 000002 08 01000000 6162"
               "44 000005 000001 08 61"
               "84 00000a 61"
               "c4 61"
               "04 000022 000001 08 01000000 61");
    ph_writer_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_csid_forms),
        cmocka_unit_test(test_fmt3_after_fmt0),
        cmocka_unit_test(test_fresh_chunk_streams),
        cmocka_unit_test(test_mid_message_headers),
        cmocka_unit_test(test_interleaving),
        cmocka_unit_test(test_chunk_sizes),
        cmocka_unit_test(test_abort),
        cmocka_unit_test(test_extended_timestamps),
        cmocka_unit_test(test_extended_details),
        cmocka_unit_test(test_wraps),
        cmocka_unit_test(test_message_limits),
        cmocka_unit_test(test_chunk_stream_limit),
        cmocka_unit_test(test_partial_limit),
        cmocka_unit_test(test_memory_follows_bytes),
        cmocka_unit_test(test_payload_is_shared),
        cmocka_unit_test(test_writer_round_trip),
        cmocka_unit_test(test_writer_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
