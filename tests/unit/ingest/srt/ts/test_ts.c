/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes to PES packets where nothing is lost: sync, packets, assembly. */
#include "ts_reading.h"

#define MAPS "[100:h264 101:aac] "

static void test_pes_packets(void **state)
{
    struct ts_writer w;

    (void)state;
    ts_begin(&w);
    ts_write_text(&w, TS_VIDEO, 3000, "one");
    ts_write_text(&w, TS_AUDIO, 3003, "snd");
    ts_write_text(&w, TS_VIDEO, 6000, "two");
    /* What tells its length is there at once, other PES packets when the next one begins. */
    ts_expect(&w, MAPS "1@3003:736e64 0@3000:6f6e65 0@6000:74776f ");
}

static void test_dts(void **state)
{
    struct ts_pes pes = {
        .pid = TS_VIDEO, .pts = 7200, .dts = 3600, .data = (const uint8_t *)"b", .len = 1};
    struct ts_writer w;

    (void)state;
    ts_begin(&w);
    ts_write_pes(&w, &pes);
    pes.pts = TS_NO_TIME;
    ts_write_pes(&w, &pes);
    ts_expect(&w, MAPS "0@7200-3600:62 0@:62 ");
}

/* Every length around the borders of packets, with the length told and without. */
static void test_lengths(void **state)
{
    (void)state;
    for (size_t len = 1; len<3 * 184; len += len % 184> 10 && len % 184 < 150 ? 29 : 1) {
        struct ts_writer w;
        uint8_t data[3 * 184];
        for (size_t i = 0; i < len; i++) {
            data[i] = (uint8_t)(i ^ len);
        }
        struct ts_pes pes = {
            .pid = TS_VIDEO, .pts = 1, .dts = TS_NO_TIME, .data = data, .len = len};
        struct ts_reading wanted = {.stream_count = 1};
        uint8_t padded[3 * 184 + AV_INPUT_BUFFER_PADDING_SIZE] = {0};
        memcpy(padded, data, len);
        struct ph_ts_pes expected = {.pts = 1, .dts = 1, .data = padded, .len = len};
        ts_log(&wanted, MAPS);
        ts_begin(&w);
        for (int i = 0; i < 3; i++) {
            on_ts_pes(&wanted, &expected);
            pes.is_unbounded = i == 1;
            ts_write_pes(&w, &pes);
        }
        ts_expect(&w, wanted.log);
    }
}

/* A PES packet with a length comes out with its last byte, not a byte later. */
static void test_no_latency(void **state)
{
    static const struct ph_ts_ops ops = {.on_streams = on_ts_streams, .on_pes = on_ts_pes};
    struct ts_reading reading = {0};
    struct ts_writer w;
    struct ph_ts_demux *ts;

    (void)state;
    ts_begin(&w);
    ts_write_text(&w, TS_AUDIO, 1, "now");
    assert_int_equal(ph_ts_demux_create(&ts, &ops, &reading), PH_OK);
    ph_ts_demux_feed(ts, w.out.data, w.out.len - 1);
    assert_string_equal(reading.log, MAPS);
    ph_ts_demux_feed(ts, w.out.data + w.out.len - 1, 1);
    assert_string_equal(reading.log, MAPS "1@1:6e6f77 ");
    ph_ts_demux_destroy(&ts);
    ph_ts_demux_destroy(&ts);
    ts_writer_fini(&w);
}

/* The header alone takes more than one packet, and is cut anywhere. */
static void test_split_header(void **state)
{
    uint8_t pes[9 + 255 + 3] = "\0\0\1\xe0\0\0\x80\x80\xff\x21\0\1\0\x0d";

    (void)state;
    memset(pes + 14, 0xff, 250);
    memcpy(pes + 9 + 255, "abc", 3);
    for (size_t cut = 1; cut < 184; cut++) {
        struct ts_writer w;
        struct ts_packet first = {.pid = TS_VIDEO, .is_start = true, .payload = pes, .len = cut};
        ts_begin(&w);
        ts_write_packet(&w, &first);
        for (size_t at = cut; at < sizeof(pes);) {
            struct ts_packet more = {.pid = TS_VIDEO, .payload = pes + at, .len = sizeof(pes) - at};
            at += ts_write_packet(&w, &more);
        }
        ts_write_text(&w, TS_VIDEO, 7, "d");
        ts_expect(&w, MAPS "0@6:616263 0@7:64 ");
    }
}

/*
 * The stream ends. Without a length, the stuffing in the last packet tells that the PES packet is
 * whole; one whose end fits a packet is taken for cut.
 */
static void test_end_of_stream(void **state)
{
    (void)state;
    for (size_t len = 1; len < 3 * 184; len++) {
        uint8_t data[3 * 184] = {0};
        struct ts_pes pes = {.pid = TS_VIDEO,
                             .pts = 1,
                             .dts = TS_NO_TIME,
                             .is_unbounded = true,
                             .data = data,
                             .len = len};
        size_t packets = (len + 14 + 183) / 184;
        for (size_t lost = 0; lost < packets; lost++) {
            struct ts_writer w;
            ts_begin(&w);
            ts_write_pes(&w, &pes);
            w.out.len -= lost * TS_PACKET;
            struct ts_reading reading = ts_read(&w.out);
            bool is_cut = lost > 0 || (len + 14) % 184 == 0;
            assert_int_equal(reading.counts.damaged_pes, is_cut);
            assert_int_equal(strchr(reading.log, '!') != NULL, is_cut);
            ts_writer_fini(&w);
        }
    }
}

/* Bytes behind the end of a PES packet, in its last packet, are not its own. */
static void test_bytes_behind(void **state)
{
    static const uint8_t bytes[] = "\0\0\1\xc0\0\x04\x80\0\0ajunk";
    struct ts_writer w;

    (void)state;
    ts_begin(&w);
    ts_write_payload(&w, TS_AUDIO, bytes, sizeof(bytes) - 1);
    ts_write_text(&w, TS_AUDIO, 2, "b");
    ts_expect(&w, MAPS "1@:61 1@2:62 ");
}

/* Padding is thrown away, other stream ids without a header of their own are not. */
static void test_stream_ids(void **state)
{
    static const uint8_t padding[] = "\0\0\1\xbe\0\x03\xff\xff\xff";
    static const uint8_t private_2[] = "\0\0\1\xbf\0\x03xyz";
    struct ts_writer w;

    (void)state;
    ts_begin(&w);
    ts_write_text(&w, TS_AUDIO, 1, "a");
    ts_write_payload(&w, TS_AUDIO, padding, 9);
    ts_write_payload(&w, TS_AUDIO, private_2, 9);
    ts_write_text(&w, TS_AUDIO, 2, "b");
    ts_expect(&w, MAPS "1@1:61 1@:78797a 1@2:62 ");
}

/* Packets without payload do not count, whatever number they bear; nor do null packets. */
static void test_packets_between(void **state)
{
    uint8_t pes[] = "\0\0\1\xe0\0\0\x80\0\0video";
    struct ts_packet first = {
        .pid = TS_VIDEO, .is_start = true, .payload = pes, .len = sizeof(pes) - 3};
    struct ts_packet second = {.pid = TS_VIDEO, .payload = pes + sizeof(pes) - 3, .len = 2};
    struct ts_packet empty = {.pid = TS_VIDEO};
    struct ts_packet null = {.pid = 0x1fff, .payload = pes, .len = 5, .is_copy = true};
    struct ts_packet stray = {.pid = 0x300, .payload = pes, .len = 5, .is_copy = true};
    struct ts_writer w;

    (void)state;
    ts_begin(&w);
    ts_write_packet(&w, &first);
    ts_write_packet(&w, &empty);
    w.counters[TS_VIDEO] = 9;
    ts_write_packet(&w, &empty);
    w.counters[TS_VIDEO] = 1;
    ts_write_packet(&w, &null);
    ts_write_packet(&w, &stray);
    ts_write_packet(&w, &stray);
    ts_write_packet(&w, &second);
    ts_expect(&w, MAPS "0@:766964656f ");
}

/* Each packet twice, of the tables too. */
static void test_copies(void **state)
{
    struct ts_writer w;
    struct ph_writer twice;

    (void)state;
    ts_begin(&w);
    ts_write_long(&w, TS_VIDEO, 1, 500);
    ts_write_text(&w, TS_AUDIO, 2, "a");
    ts_write_text(&w, TS_AUDIO, 3, "b");
    ts_write_long(&w, TS_VIDEO, 4, 500);
    struct ts_reading once = ts_read(&w.out);
    ph_writer_init(&twice, SIZE_MAX / 4);
    for (size_t at = 0; at < w.out.len; at += TS_PACKET) {
        ph_write_bytes(&twice, w.out.data + at, TS_PACKET);
        ph_write_bytes(&twice, w.out.data + at, TS_PACKET);
    }
    struct ts_reading reading = ts_read(&twice);
    assert_string_equal(reading.log, once.log);
    assert_int_equal(reading.counts.packets, 2 * once.counts.packets);
    assert_int_equal(reading.counts.continuity_errors, 0);
    ph_writer_fini(&twice);
    ts_writer_fini(&w);
}

/* discontinuity_indicator, with payload and alone: the counter may jump. */
static void test_jumps(void **state)
{
    uint8_t pes[] = "\0\0\1\xe0\0\0\x80\0\0video";
    struct ts_packet first = {
        .pid = TS_VIDEO, .is_start = true, .payload = pes, .len = sizeof(pes) - 3};
    struct ts_packet jump = {
        .pid = TS_VIDEO, .is_jump = true, .payload = pes + sizeof(pes) - 3, .len = 2};
    struct ts_packet lone = {.pid = TS_VIDEO, .is_jump = true};
    struct ts_writer w;

    (void)state;
    ts_begin(&w);
    ts_write_packet(&w, &first);
    w.counters[TS_VIDEO] = 9;
    ts_write_packet(&w, &jump);
    w.counters[TS_VIDEO] = 4;
    ts_write_packet(&w, &lone);
    ts_write_text(&w, TS_VIDEO, 5, "v");
    ts_expect(&w, MAPS "0@:766964656f 0@5:76 ");
}

static void test_unknown_stream(void **state)
{
    static const struct ts_entry entries[] = {{.stream_type = 0x86, .pid = 0x30},
                                              {.stream_type = 0x0f, .pid = 0x31}};
    const struct ts_table table = {.pid = 0x20, .program = 1, .entries = entries, .count = 2};
    struct ts_packet scrambled = {
        .pid = 0x30, .scramble = 2, .payload = (const uint8_t *)"x", .len = 1};
    struct ts_writer w;

    (void)state;
    ts_writer_init(&w);
    ts_write_tables(&w, &table);
    ts_write_text(&w, 0x30, 1, "cue");
    ts_write_text(&w, 0x31, 1, "a");
    ts_write_packet(&w, &scrambled);
    struct ts_reading reading = ts_read(&w.out);
    assert_string_equal(reading.log, "[30:? 31:aac] 1@1:61 ");
    assert_int_equal(reading.counts.scrambled, 1);
    ts_writer_fini(&w);
}

/* Bytes that are none of a packet, before and between: they are passed over and all else read. */
static void test_garbage(void **state)
{
    struct ts_writer clean;
    struct ph_writer noise;

    (void)state;
    ts_begin(&clean);
    for (int i = 1; i < 9; i++) {
        ts_write_text(&clean, TS_AUDIO, i, "sound");
    }
    struct ts_reading wanted = ts_read(&clean.out);
    for (size_t len = 1; len < 700; len += 13) {
        for (size_t at = 0; at <= 2; at++) {
            ph_writer_init(&noise, SIZE_MAX / 4);
            ph_write_bytes(&noise, clean.out.data, at * TS_PACKET);
            for (size_t i = 0; i < len; i++) {
                /* Sync bytes among them, none at a packet's distance from another. */
                ph_write_u8(&noise, i % 61 == 60 && i + 188 != len ? 0x47 : (uint8_t)(i * 2));
            }
            ph_write_bytes(&noise, clean.out.data + at * TS_PACKET, clean.out.len - at * TS_PACKET);
            struct ts_reading reading = ts_read(&noise);
            assert_string_equal(reading.log, wanted.log);
            assert_int_equal(reading.counts.resyncs, 1);
            assert_int_equal(reading.counts.packets, wanted.counts.packets);
            ph_writer_fini(&noise);
        }
    }
    ts_writer_fini(&clean);
}

static void test_no_transport_stream(void **state)
{
    struct ph_writer noise;

    (void)state;
    ph_writer_init(&noise, SIZE_MAX / 4);
    for (size_t i = 0; i < 5000; i++) {
        ph_write_u8(&noise, (uint8_t)(i * i >> 3));
    }
    struct ts_reading reading = ts_read(&noise);
    assert_string_equal(reading.log, "");
    assert_int_equal(reading.counts.resyncs, 1);
    assert_int_equal(reading.counts.packets, 0);
    ph_writer_fini(&noise);
}

/* Adaptation fields of every length that is possible, and of lengths that are not. */
static void test_adaptation_lengths(void **state)
{
    (void)state;
    for (unsigned len = 0; len < 256; len++) {
        struct ts_writer w;
        ts_begin(&w);
        ts_write_text(&w, TS_AUDIO, 1, "a");
        uint8_t *packet = w.out.data + w.out.len - TS_PACKET;
        unsigned was = packet[4];
        packet[4] = (uint8_t)len;
        struct ts_reading reading = ts_read(&w.out);
        if (len == was) {
            assert_string_equal(reading.log, MAPS "1@1:61 ");
        } else {
            /* What is left of the payload does not begin as a PES packet does. */
            assert_string_equal(reading.log, MAPS);
        }
        ts_writer_fini(&w);
    }
}

/* A PES packet that never ends is cut where none can be longer; the next one is whole again. */
static void test_oversize(void **state)
{
    static const struct ph_ts_ops ops = {.on_streams = on_ts_streams, .on_pes = on_ts_pes};
    static const uint8_t filler[184] = {1, 2, 3};
    struct ts_reading reading = {0};
    struct ts_writer w;
    struct ph_ts_demux *ts;
    struct ph_ts_counts counts;

    (void)state;
    ts_begin(&w);
    ts_write_text(&w, TS_VIDEO, 1, "never ending");
    assert_int_equal(ph_ts_demux_create(&ts, &ops, &reading), PH_OK);
    for (size_t sent = 0; sent < PH_TS_PES_BYTES_MAX + 100000; sent += 184) {
        struct ts_packet packet = {.pid = TS_VIDEO, .payload = filler, .len = 184};
        ts_write_packet(&w, &packet);
        ph_ts_demux_feed(ts, w.out.data, w.out.len);
        w.out.len = 0;
    }
    ts_write_text(&w, TS_VIDEO, 2, "a");
    ts_write_text(&w, TS_VIDEO, 3, "b");
    ph_ts_demux_feed(ts, w.out.data, w.out.len);
    ph_ts_demux_get_counts(ts, &counts);
    assert_int_equal(counts.oversize, 1);
    assert_int_equal(counts.damaged_pes, 1);
    assert_non_null(strstr(reading.log, MAPS "0@1:8388594#"));
    assert_non_null(strstr(reading.log, "! 0@2:61~ "));
    ph_ts_demux_destroy(&ts);
    ts_writer_fini(&w);
}

/* However many streams grow without end, all of them together stay within a bound. */
static void test_oversize_together(void **state)
{
    static const struct ph_ts_ops ops = {.on_streams = on_ts_streams, .on_pes = on_ts_pes};
    static const uint8_t filler[184] = {1, 2, 3};
    struct ts_entry entries[PH_TS_STREAMS_MAX];
    const struct ts_table table = {
        .pid = 0x20, .program = 1, .entries = entries, .count = PH_TS_STREAMS_MAX};
    struct ts_reading reading = {0};
    struct ts_writer w;
    struct ph_ts_demux *ts;
    struct ph_ts_counts counts;

    (void)state;
    for (size_t i = 0; i < PH_TS_STREAMS_MAX; i++) {
        entries[i] = (struct ts_entry){.stream_type = 0x1b, .pid = (uint16_t)(0x30 + i)};
    }
    ts_writer_init(&w);
    ts_write_tables(&w, &table);
    assert_int_equal(ph_ts_demux_create(&ts, &ops, &reading), PH_OK);
    for (size_t sent = 0; sent < 3 * 1024 * 1024; sent += 184) {
        for (size_t i = 0; i < PH_TS_STREAMS_MAX; i++) {
            struct ts_packet packet = {.pid = entries[i].pid, .payload = filler, .len = 184};
            struct ts_pes start = {.pid = entries[i].pid, .is_unbounded = true};
            if (sent == 0) {
                ts_write_pes(&w, &start);
            }
            ts_write_packet(&w, &packet);
        }
        ph_ts_demux_feed(ts, w.out.data, w.out.len);
        w.out.len = 0;
    }
    ph_ts_demux_get_counts(ts, &counts);
    assert_true(counts.oversize > 0 && counts.oversize < PH_TS_STREAMS_MAX);
    ph_ts_demux_destroy(&ts);
    ts_writer_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pes_packets),
        cmocka_unit_test(test_dts),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_no_latency),
        cmocka_unit_test(test_split_header),
        cmocka_unit_test(test_end_of_stream),
        cmocka_unit_test(test_bytes_behind),
        cmocka_unit_test(test_stream_ids),
        cmocka_unit_test(test_packets_between),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_jumps),
        cmocka_unit_test(test_unknown_stream),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_no_transport_stream),
        cmocka_unit_test(test_adaptation_lengths),
        cmocka_unit_test(test_oversize),
        cmocka_unit_test(test_oversize_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
