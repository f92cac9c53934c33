/* SPDX-License-Identifier: Apache-2.0 */
/* PAT and PMT: which program, which streams, and what becomes of them when they change. */
#include "ts_reading.h"

#include <ingest/srt/ts/sections.h>

static void test_codecs(void **state)
{
    static const struct {
        uint8_t stream_type;
        const char *descriptors;
        size_t len;
        const char *log;
    } cases[] = {
        {0x1b, NULL, 0, "[100:h264] "},
        {0x24, NULL, 0, "[100:hevc] "},
        {0x0f, NULL, 0, "[100:aac] "},
        {0x11, NULL, 0, "[100:aac_latm] "},
        {0x03, NULL, 0, "[100:mp3] "},
        {0x04, NULL, 0, "[100:mp3] "},
        {0x81, NULL, 0, "[100:ac3] "},
        {0x87, NULL, 0, "[100:eac3] "},
        {0x02, NULL, 0, "[100:?] "},
        {0x15, NULL, 0, "[100:?] "},
        {0xc1, NULL, 0, "[100:?] "},
        {0x06, NULL, 0, "[100:?] "},
        {0x06, "\x05\x04Opus", 6, "[100:opus] "},
        {0x06, "\x05\x04Opus\x7f\x02\x80\x02", 10, "[100:opus/2] "},
        {0x06, "\x7f\x02\x80\xff\x05\x04Opus", 10, "[100:opus/255] "},
        {0x06, "\x05\x04Opus\x7f\x01\x80", 9, "[100:opus] "},
        {0x06, "\x05\x04Opus\x7f\x02\x06\x02", 10, "[100:opus] "},
        {0x06,
         "\x05\x04"
         "AC-3",
         6, "[100:ac3] "},
        {0x06,
         "\x05\x04"
         "EAC3",
         6, "[100:eac3] "},
        {0x06, "\x05\x04HEVC", 6, "[100:hevc] "},
        {0x06, "\x05\x04KLVA", 6, "[100:?] "},
        {0x06, "\x05\x03Opu", 5, "[100:?] "},
        {0x06, "\x05\x09Opus", 6, "[100:?] "}, /* longer than what is there */
        {0x06, "\x6a\x01\x00", 3, "[100:ac3] "},
        {0x06,
         "\x0a\x04"
         "eng\x00\x7a\x01\x00",
         9, "[100:eac3] "},
        {0x1b, "\x05\x04HEVC", 6, "[100:h264] "},
        {0x02, "\x05\x04Opus", 6, "[100:?] "},
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(cases); i++) {
        struct ts_writer w;
        const struct ts_entry entry = {cases[i].stream_type, 0x100, cases[i].descriptors,
                                       cases[i].len};
        const struct ts_table table = {.pid = 0x20, .program = 7, .entries = &entry, .count = 1};
        ts_writer_init(&w);
        ts_write_tables(&w, &table);
        ts_expect(&w, cases[i].log);
    }
}

static void test_streams_that_cannot_be(void **state)
{
    struct ts_writer w;
    struct ts_entry entries[12] = {
        {.stream_type = 0x1b, .pid = 0},      /* the PAT's */
        {.stream_type = 0x1b, .pid = 0x1fff}, /* the null packets' */
        {.stream_type = 0x1b, .pid = 0x30},
        {.stream_type = 0x0f, .pid = 0x30}, /* the same again */
    };
    struct ts_table table = {.pid = 0x20, .program = 1, .entries = entries, .count = 12};

    (void)state;
    for (size_t i = 4; i < 12; i++) {
        entries[i] = (struct ts_entry){.stream_type = 0x0f, .pid = (uint16_t)(0x30 + i)};
    }
    ts_writer_init(&w);
    ts_write_tables(&w, &table);
    ts_expect(&w, "[30:h264 34:aac 35:aac 36:aac 37:aac 38:aac 39:aac 3a:aac] ");
}

static void test_no_streams(void **state)
{
    struct ts_writer w;
    const struct ts_table table = {.pid = 0x20, .program = 1};

    (void)state;
    ts_writer_init(&w);
    ts_write_tables(&w, &table);
    ts_expect(&w, "[] ");
}

/* The first program counts, and only its map, also where maps share a PID. */
static void test_other_programs(void **state)
{
    struct ts_writer w;
    struct ph_writer section;
    struct ts_table other = ts_table_default;

    (void)state;
    other.program = 2;
    other.count = 1;
    ts_writer_init(&w);
    ts_write_pat(&w, &ts_table_default);
    ph_writer_init(&section, 1024);
    ts_write_pmt_section(&section, &other);
    ts_write_pmt_section(&section, &ts_table_default);
    ts_write_sections(&w, ts_table_default.pid, section.data, section.len);
    ph_writer_fini(&section);
    ts_expect(&w, "[100:h264 101:aac] ");
}

static void test_map_before_pat(void **state)
{
    struct ts_writer w;

    (void)state;
    ts_writer_init(&w);
    ts_write_pmt(&w, &ts_table_default);
    ts_write_text(&w, TS_VIDEO, 0, "lost");
    ts_write_tables(&w, &ts_table_default);
    ts_write_text(&w, TS_VIDEO, 1, "a");
    ts_expect(&w, "[100:h264 101:aac] 0@1:61 ");
}

static void test_repeated(void **state)
{
    struct ts_writer w;

    (void)state;
    ts_begin(&w);
    ts_write_text(&w, TS_VIDEO, 1, "a");
    ts_write_tables(&w, &ts_table_default);
    ts_write_text(&w, TS_VIDEO, 2, "b");
    ts_expect(&w, "[100:h264 101:aac] 0@1:61 0@2:62 ");
}

static void test_not_yet_current(void **state)
{
    struct ts_writer w;
    struct ts_table next = ts_table_default;

    (void)state;
    next.is_next = true;
    next.version = 1;
    next.count = 1;
    ts_writer_init(&w);
    ts_write_tables(&w, &next);
    ts_write_tables(&w, &ts_table_default);
    ts_write_tables(&w, &next);
    ts_expect(&w, "[100:h264 101:aac] ");
}

static void test_new_version(void **state)
{
    struct ts_writer w;
    struct ts_table next = ts_table_default;

    (void)state;
    next.version = 1;
    ts_begin(&w);
    ts_write_tables(&w, &next);
    ts_expect(&w, "[100:h264 101:aac] [100:h264 101:aac] ");
}

/* What is under way of a stream that stays goes on, at its new place. */
static void test_stream_stays(void **state)
{
    static const struct ts_entry entries[] = {{.stream_type = 0x0f, .pid = TS_AUDIO},
                                              {.stream_type = 0x1b, .pid = TS_VIDEO}};
    const struct ts_table turned = {
        .pid = 0x1000, .program = 1, .version = 1, .entries = entries, .count = 2};
    uint8_t pes[] = "\0\0\1\xe0\0\0\x80\0\0video";
    struct ts_packet first = {
        .pid = TS_VIDEO, .is_start = true, .payload = pes, .len = sizeof(pes) - 3};
    struct ts_packet second = {.pid = TS_VIDEO, .payload = pes + sizeof(pes) - 3, .len = 2};
    struct ts_writer w;

    (void)state;
    ts_begin(&w);
    ts_write_packet(&w, &first);
    ts_write_pmt(&w, &turned);
    ts_write_packet(&w, &second);
    ts_expect(&w, "[100:h264 101:aac] [101:aac 100:h264] 1@:766964656f ");
}

/* A stream that vanishes ends: whole if it could be, damaged if it told a length. */
static void test_stream_vanishes(void **state)
{
    static const struct ts_entry entries[] = {{.stream_type = 0x24, .pid = TS_VIDEO}};
    const struct ts_table other = {
        .pid = 0x1000, .program = 1, .version = 1, .entries = entries, .count = 1};
    uint8_t pes[] = "\0\0\1\xc0\0\x0a\x80\0\0aud";
    struct ts_packet cut = {
        .pid = TS_AUDIO, .is_start = true, .payload = pes, .len = sizeof(pes) - 1};
    struct ts_writer w;

    (void)state;
    ts_begin(&w);
    ts_write_text(&w, TS_VIDEO, 1, "whole");
    ts_write_packet(&w, &cut);
    ts_write_pmt(&w, &other);
    ts_write_text(&w, TS_AUDIO, 2, "of no stream");
    ts_write_text(&w, TS_VIDEO, 3, "new");
    struct ts_reading reading = ts_read(&w.out);
    assert_string_equal(reading.log, "[100:h264 101:aac] 0@1:77686f6c65 1@:617564! "
                                     "[100:hevc] 0@3:6e6577 ");
    assert_int_equal(reading.counts.damaged_pes, 1);
    ts_writer_fini(&w);
}

/* The same codec in another kind of stream is another stream. */
static void test_stream_type_changes(void **state)
{
    struct ts_entry entry = {.stream_type = 0x03, .pid = TS_AUDIO};
    struct ts_table table = {.pid = 0x1000, .program = 1, .entries = &entry, .count = 1};
    uint8_t pes[] = "\0\0\1\xc0\0\x05\x80\0\0au";
    struct ts_packet first = {.pid = TS_AUDIO, .is_start = true, .payload = pes, .len = 10};
    struct ts_packet second = {.pid = TS_AUDIO, .payload = pes + 10, .len = 1};
    struct ts_writer w;

    (void)state;
    ts_writer_init(&w);
    ts_write_tables(&w, &table);
    ts_write_packet(&w, &first);
    entry.stream_type = 0x04;
    ts_write_pmt(&w, &table);
    ts_write_packet(&w, &second);
    struct ts_reading reading = ts_read(&w.out);
    assert_string_equal(reading.log, "[101:mp3] 0@:61! [101:mp3] ");
    ts_writer_fini(&w);
}

static void test_map_moves(void **state)
{
    static const struct ts_entry entries[] = {{.stream_type = 0x0f, .pid = 0x55}};
    const struct ts_table moved = {
        .pid = 0x200, .program = 3, .version = 1, .entries = entries, .count = 1};
    struct ts_writer w;

    (void)state;
    ts_begin(&w);
    ts_write_pat(&w, &moved);
    ts_write_pmt(&w, &ts_table_default); /* of a program that is not looked at any more */
    ts_write_text(&w, TS_VIDEO, 1, "a"); /* the streams are, until others are told */
    ts_write_pmt(&w, &moved);
    ts_write_text(&w, 0x55, 2, "b");
    ts_expect(&w, "[100:h264 101:aac] 0@1:61 [55:aac] 0@2:62 ");
}

/* A long map: its section takes several packets, with a pointer field in the middle of one. */
static void test_long_section(void **state)
{
    static const char text[] = "\x05\x04Opus\xf0\xc8"
                               "................................................................"
                               "................................................................"
                               "................................................................"
                               "........";
    struct ts_entry entries[4];
    struct ts_table table = {.pid = 0x20, .program = 1, .entries = entries, .count = 4};
    struct ts_writer w;
    struct ph_writer payload;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        entries[i] = (struct ts_entry){0x06, (uint16_t)(0x30 + i), text, sizeof(text) - 1};
    }
    ts_writer_init(&w);
    ts_write_tables(&w, &table);
    /* The end of one, and the next begins behind it: packets 5 and 6 hold parts of two. */
    table.version = 1;
    ph_writer_init(&payload, 4096);
    ts_write_pmt_section(&payload, &table);
    size_t first = payload.len;
    table.version = 2;
    table.count = 3;
    ts_write_pmt_section(&payload, &table);
    uint8_t at[184];
    for (size_t pos = 0; pos < payload.len;) {
        bool is_start = pos == 0 || (pos < first && first - pos < 183);
        size_t len = payload.len - pos < 183 ? payload.len - pos : 183;
        at[0] = (uint8_t)(pos == 0 ? 0 : first - pos);
        memcpy(at + is_start, payload.data + pos, len);
        struct ts_packet packet = {
            .pid = 0x20, .is_start = is_start, .payload = at, .len = len + is_start};
        ts_write_packet(&w, &packet);
        pos += len;
    }
    ph_writer_fini(&payload);
    ts_expect(&w, "[30:opus 31:opus 32:opus 33:opus] [30:opus 31:opus 32:opus 33:opus] "
                  "[30:opus 31:opus 32:opus] ");
}

/* A section whose first bytes are the last ones of a packet. */
static void test_cut_section_header(void **state)
{
    (void)state;
    for (size_t cut = 1; cut < 20; cut++) {
        struct ph_writer section;
        struct ts_writer w;
        uint8_t payload[184] = {0};
        size_t pad = 183 - cut;
        ph_writer_init(&section, 1024);
        ts_write_pmt_section(&section, &ts_table_default);
        /* Another table of just the length that is wanted before it. */
        payload[1] = 0xc0;
        payload[2] = 0x70;
        payload[3] = (uint8_t)(pad - 3);
        memcpy(payload + 1 + pad, section.data, cut);
        struct ts_packet first = {.pid = 0x1000, .is_start = true, .payload = payload, .len = 184};
        struct ts_packet second = {
            .pid = 0x1000, .payload = section.data + cut, .len = section.len - cut};
        ts_writer_init(&w);
        ts_write_pat(&w, &ts_table_default);
        ts_write_packet(&w, &first);
        ts_write_packet(&w, &second);
        ts_expect(&w, "[100:h264 101:aac] ");
        ph_writer_fini(&section);
    }
}

/* The longest that a section's length can say, in memory that ends where the struct does. */
static void count_section(void *arg, const uint8_t *data, size_t len)
{
    size_t *last_len = arg;

    assert_int_equal(data[0], 0xc0);
    *last_len = len;
}

static void test_longest_section(void **state)
{
    struct ph_ts_sections *sections = ph_new(struct ph_ts_sections);
    uint8_t data[184] = {0, 0xc0, 0x7f, 0xff};
    size_t last_len = 0;

    (void)state;
    for (size_t i = 0; i < 4098; i += i == 0 ? 183 : 184) {
        assert_int_equal(last_len, 0);
        struct ph_ts_packet packet = {
            .payload = data,
            .len = 184,
            .counter = (i / 183) % 16,
            .has_payload = true,
            .is_start = i == 0,
        };
        ph_ts_sections_feed(sections, &packet, count_section, &last_len);
        memset(data, 0xff, sizeof(data));
    }
    assert_int_equal(last_len, 4098);
    assert_int_equal(sections->holes, 0);
    free(sections);
}

/* Each packet of a section twice. */
static void test_copied_section(void **state)
{
    char descriptors[200] = "\x05\x04Opus\xf0\xc0";
    struct ts_entry entries[4];
    const struct ts_table table = {.pid = 0x20, .program = 1, .entries = entries, .count = 4};
    struct ts_writer w;
    struct ph_writer twice;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        entries[i] = (struct ts_entry){0x06, (uint16_t)(0x30 + i), descriptors, 200};
    }
    ts_writer_init(&w);
    ts_write_tables(&w, &table);
    ph_writer_init(&twice, SIZE_MAX / 4);
    for (size_t at = 0; at < w.out.len; at += TS_PACKET) {
        ph_write_bytes(&twice, w.out.data + at, TS_PACKET);
        ph_write_bytes(&twice, w.out.data + at, TS_PACKET);
    }
    struct ts_reading reading = ts_read(&twice);
    assert_string_equal(reading.log, "[30:opus 31:opus 32:opus 33:opus] ");
    assert_int_equal(reading.counts.continuity_errors, 0);
    assert_int_equal(reading.counts.crc_errors, 0);
    ph_writer_fini(&twice);
    ts_writer_fini(&w);
}

/* Stuffing behind a section is no section that goes on in the next packet. */
static void test_stuffing(void **state)
{
    uint8_t payload[184];
    struct ph_writer section;
    struct ts_writer w;
    struct ts_packet stuffing = {.pid = 0x1000, .payload = payload, .len = 184};
    size_t last_len = 0;

    (void)state;
    memset(payload, 0xff, sizeof(payload));
    ts_writer_init(&w);
    ts_write_pat(&w, &ts_table_default);
    ph_writer_init(&section, 1024);
    ts_write_pmt_section(&section, &ts_table_default);
    ts_write_sections(&w, 0x1000, section.data, section.len);
    for (int i = 0; i < 40; i++) {
        ts_write_packet(&w, &stuffing);
    }
    ph_writer_fini(&section);
    ts_expect(&w, "[100:h264 101:aac] ");

    struct ph_ts_sections *sections = ph_new(struct ph_ts_sections);
    struct ph_ts_packet first = {
        .payload = payload, .len = 184, .has_payload = true, .is_start = true};
    payload[0] = 0;
    ph_ts_sections_feed(sections, &first, count_section, &last_len);
    assert_false(sections->is_open);
    assert_int_equal(last_len, 0);
    free(sections);
}

/* Other tables on the map's PID are none of ours, and no reason to lose the map. */
static void test_private_section(void **state)
{
    struct ts_writer w;
    uint8_t private[300] = {0xc0, 0x71, 0x29};

    (void)state;
    ts_writer_init(&w);
    ts_write_pat(&w, &ts_table_default);
    ts_write_sections(&w, ts_table_default.pid, private, sizeof(private));
    ts_write_pmt(&w, &ts_table_default);
    ts_expect(&w, "[100:h264 101:aac] ");
}

static void test_bad_crc(void **state)
{
    struct ts_writer w;

    (void)state;
    ts_begin(&w);
    w.out.data[10] ^= 1;             /* the PAT */
    w.out.data[TS_PACKET + 20] ^= 1; /* the PMT, of which nothing is known without a PAT */
    ts_write_tables(&w, &ts_table_default);
    w.out.data[3 * TS_PACKET + 20] ^= 1;
    struct ts_reading reading = ts_read(&w.out);
    assert_string_equal(reading.log, "");
    assert_int_equal(reading.counts.crc_errors, 2);
    ts_write_tables(&w, &ts_table_default);
    reading = ts_read(&w.out);
    assert_string_equal(reading.log, "[100:h264 101:aac] ");
    assert_int_equal(reading.counts.crc_errors, 2);
    ts_writer_fini(&w);
}

/* Sections whose CRC is right and whose lengths are not. */
static void test_bad_lengths(void **state)
{
    static const struct {
        uint8_t table_id;
        const char *body;
        size_t len;
    } cases[] = {
        {0, "\x00\x01\xe0", 3},
        {2, "\xe1\x00", 2},
        {2, "\xe1\x00\xf0\x05", 4},
        {2, "\xe1\x00\xf0\x00\x1b\xe1\x00\xf0\x07", 9},
        {2, "\xe1\x00\xf0\x00\x1b\xe1\x00", 7},
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(cases); i++) {
        struct ts_writer w;
        struct ph_writer section;
        struct ph_writer body;
        ph_writer_init(&section, 1024);
        ph_writer_init(&body, 1024);
        ph_write_bytes(&body, cases[i].body, cases[i].len);
        ts_write_section(&section, cases[i].table_id, 1, 0, false, &body);
        ts_writer_init(&w);
        ts_write_pat(&w, &ts_table_default);
        ts_write_sections(&w, cases[i].table_id == 0 ? 0 : 0x1000, section.data, section.len);
        ts_write_pmt(&w, &ts_table_default);
        struct ts_reading reading = ts_read(&w.out);
        assert_string_equal(reading.log, "[100:h264 101:aac] ");
        assert_int_equal(reading.counts.crc_errors, 1);
        ts_writer_fini(&w);
        ph_writer_fini(&section);
        ph_writer_fini(&body);
    }
}

/* Too short for its own header, with a CRC that is right. */
static void test_short_section(void **state)
{
    (void)state;
    for (uint8_t len = 0; len < 9; len++) {
        struct ts_writer w;
        struct ph_writer section;
        ph_writer_init(&section, 1024);
        ph_write_u8(&section, 0);
        ph_write_u16(&section, 0xb000 | len);
        for (uint8_t i = 4; i < len; i++) {
            ph_write_u8(&section, 1);
        }
        ph_write_u32(&section, ts_crc(section.data, section.len));
        ts_writer_init(&w);
        ts_write_sections(&w, 0, section.data, 3 + (size_t)len);
        struct ts_reading reading = ts_read(&w.out);
        assert_string_equal(reading.log, "");
        assert_int_equal(reading.counts.crc_errors, 1);
        ph_writer_fini(&section);
        ts_writer_fini(&w);
    }
}

/* A pointer field that points past its packet, and a section that is longer than any can be. */
static void test_bad_pointer(void **state)
{
    struct ts_writer w;
    uint8_t payload[184];
    struct ts_packet packet = {.pid = 0, .is_start = true, .payload = payload, .len = 184};

    (void)state;
    memset(payload, 0xff, sizeof(payload));
    payload[0] = 184;
    ts_writer_init(&w);
    ts_write_packet(&w, &packet);
    payload[0] = 183;
    ts_write_packet(&w, &packet);
    packet.is_start = false;
    ts_write_packet(&w, &packet);
    ts_write_tables(&w, &ts_table_default);
    ts_expect(&w, "[100:h264 101:aac] ");
}

/* Some muxers never count the packets of their tables. */
static void test_counter_stands_still(void **state)
{
    struct ts_writer w;
    struct ts_table next = ts_table_default;

    (void)state;
    next.version = 1;
    ts_begin(&w);
    for (int i = 0; i < 3; i++) {
        w.counters[0] = 0;
        w.counters[0x1000] = 0;
        ts_write_tables(&w, i < 2 ? &ts_table_default : &next);
    }
    struct ts_reading reading = ts_read(&w.out);
    assert_string_equal(reading.log, "[100:h264 101:aac] [100:h264 101:aac] ");
    ts_writer_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codecs),
        cmocka_unit_test(test_streams_that_cannot_be),
        cmocka_unit_test(test_no_streams),
        cmocka_unit_test(test_other_programs),
        cmocka_unit_test(test_map_before_pat),
        cmocka_unit_test(test_repeated),
        cmocka_unit_test(test_not_yet_current),
        cmocka_unit_test(test_new_version),
        cmocka_unit_test(test_stream_stays),
        cmocka_unit_test(test_stream_vanishes),
        cmocka_unit_test(test_stream_type_changes),
        cmocka_unit_test(test_map_moves),
        cmocka_unit_test(test_long_section),
        cmocka_unit_test(test_cut_section_header),
        cmocka_unit_test(test_longest_section),
        cmocka_unit_test(test_copied_section),
        cmocka_unit_test(test_stuffing),
        cmocka_unit_test(test_private_section),
        cmocka_unit_test(test_bad_crc),
        cmocka_unit_test(test_bad_lengths),
        cmocka_unit_test(test_short_section),
        cmocka_unit_test(test_bad_pointer),
        cmocka_unit_test(test_counter_stands_still),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
