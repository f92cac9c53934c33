/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is lost is known: a PES packet that comes out is exactly what was sent, or says that it
 * is damaged; and where one is missing, the next of its stream says so.
 */
#include "ts_reading.h"

#define MAPS "[100:h264 101:aac] "

/* A PES packet with one byte of `text` in each of its packets. */
static void write_letters(struct ts_writer *w, uint16_t pid, int64_t pts, const char *text)
{
    struct ph_writer bytes;
    struct ts_pes pes = {
        .pid = pid,
        .pts = pts,
        .dts = TS_NO_TIME,
        .is_unbounded = pid == TS_VIDEO,
        .data = (const uint8_t *)text,
        .len = strlen(text),
    };

    ph_writer_init(&bytes, 1024);
    ts_write_pes_bytes(&bytes, &pes);
    size_t header = bytes.len - pes.len;
    for (size_t i = 0; i < pes.len; i++) {
        struct ts_packet packet = {
            .pid = pid,
            .is_start = i == 0,
            .payload = i == 0 ? bytes.data : bytes.data + header + i,
            .len = i == 0 ? header + 1 : 1,
        };
        ts_write_packet(w, &packet);
    }
    ph_writer_fini(&bytes);
}

/* Packets `first` to `first + count - 1` are taken out. */
static void take_out(struct ts_writer *w, size_t first, size_t count)
{
    size_t at = first * TS_PACKET;
    size_t len = count * TS_PACKET;

    memmove(w->out.data + at, w->out.data + at + len, w->out.len - at - len);
    w->out.len -= len;
}

/* Tables in packets 0 and 1, "abc" in 2 to 4, "def" in 5 to 7, "ghi" in 8 to 10. */
static void write_three(struct ts_writer *w, uint16_t pid)
{
    ts_begin(w);
    write_letters(w, pid, 1, "abc");
    write_letters(w, pid, 2, "def");
    write_letters(w, pid, 3, "ghi");
}

static void test_cases(void **state)
{
    static const struct {
        uint16_t pid;
        size_t first;
        size_t count;
        const char *log;
        unsigned continuity_errors;
        unsigned damaged;
    } cases[] = {
        /* Without a length: the hole ends it, and what may be missing is its end. */
        {TS_VIDEO, 4, 1, MAPS "0@1:6162! 0@2:646566~ 0@3:676869 ", 1, 1},
        {TS_VIDEO, 5, 1, MAPS "0@1:616263! 0@3:676869~ ", 1, 1},
        {TS_VIDEO, 6, 1, MAPS "0@1:616263 0@2:64! 0@3:676869~ ", 1, 1},
        {TS_VIDEO, 7, 1, MAPS "0@1:616263 0@2:6465! 0@3:676869~ ", 1, 1},
        {TS_VIDEO, 5, 3, MAPS "0@1:616263! 0@3:676869~ ", 1, 1},
        {TS_VIDEO, 4, 4, MAPS "0@1:6162! 0@3:676869~ ", 1, 1},
        {TS_VIDEO, 7, 2, MAPS "0@1:616263 0@2:6465! ", 1, 1},
        /* The first packet seen is not a start. */
        {TS_VIDEO, 2, 1, MAPS "0@2:646566~ 0@3:676869 ", 0, 0},
        {TS_VIDEO, 2, 3, MAPS "0@2:646566 0@3:676869 ", 0, 0},
        /* With a length: one that is whole has gone before the hole. */
        {TS_AUDIO, 4, 1, MAPS "1@1:6162! 1@2:646566~ 1@3:676869 ", 1, 1},
        {TS_AUDIO, 5, 1, MAPS "1@1:616263 1@3:676869~ ", 1, 0},
        {TS_AUDIO, 6, 1, MAPS "1@1:616263 1@2:64! 1@3:676869~ ", 1, 1},
        {TS_AUDIO, 5, 3, MAPS "1@1:616263 1@3:676869~ ", 1, 0},
        {TS_AUDIO, 4, 2, MAPS "1@1:6162! 1@3:676869~ ", 1, 1},
        /* The end is missing and nothing comes after it: only a length can tell. */
        {TS_AUDIO, 10, 1, MAPS "1@1:616263 1@2:646566 1@3:6768! ", 0, 1},
        {TS_VIDEO, 10, 1, MAPS "0@1:616263 0@2:646566 0@3:6768 ", 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(cases); i++) {
        struct ts_writer w;
        write_three(&w, cases[i].pid);
        take_out(&w, cases[i].first, cases[i].count);
        struct ts_reading reading = ts_read(&w.out);
        assert_string_equal(reading.log, cases[i].log);
        assert_int_equal(reading.counts.continuity_errors, cases[i].continuity_errors);
        assert_int_equal(reading.counts.damaged_pes, cases[i].damaged);
        ts_writer_fini(&w);
    }
}

/* A packet that is marked as erroneous is none, whatever it says. */
static void test_transport_error(void **state)
{
    struct ts_writer w;

    (void)state;
    write_three(&w, TS_VIDEO);
    w.out.data[6 * TS_PACKET + 1] |= 0x80;
    struct ts_reading reading = ts_read(&w.out);
    assert_string_equal(reading.log, MAPS "0@1:616263 0@2:64! 0@3:676869~ ");
    ts_writer_fini(&w);
}

/* A copy may follow a packet once; a third, or one that differs, is what 16 packets later came. */
static void test_no_copies(void **state)
{
    struct ts_writer w;
    uint8_t packet[TS_PACKET];

    (void)state;
    ts_begin(&w);
    write_letters(&w, TS_VIDEO, 1, "ab");
    memcpy(packet, w.out.data + w.out.len - TS_PACKET, TS_PACKET);
    ph_write_bytes(&w.out, packet, TS_PACKET);
    ph_write_bytes(&w.out, packet, TS_PACKET);
    write_letters(&w, TS_VIDEO, 2, "cd");
    struct ts_reading reading = ts_read(&w.out);
    assert_string_equal(reading.log, MAPS "0@1:6162! 0@2:6364~ ");
    assert_int_equal(reading.counts.continuity_errors, 1);
    ts_writer_fini(&w);

    ts_begin(&w);
    write_letters(&w, TS_VIDEO, 1, "abcdefghijklmnopqrstuv");
    take_out(&w, 4, 15);
    reading = ts_read(&w.out);
    assert_string_equal(reading.log, MAPS "0@1:6162! ");
    assert_int_equal(reading.counts.continuity_errors, 1);
    ts_writer_fini(&w);
}

/* A length that is longer or shorter than what comes. */
static void test_wrong_length(void **state)
{
    struct ts_writer w;

    (void)state;
    write_three(&w, TS_AUDIO);
    w.out.data[3 * TS_PACKET - 15 + 5] += 2; /* PES_packet_length of the first */
    struct ts_reading reading = ts_read(&w.out);
    assert_string_equal(reading.log, MAPS "1@1:616263! 1@2:646566~ 1@3:676869 ");
    assert_int_equal(reading.counts.damaged_pes, 1);
    w.out.data[3 * TS_PACKET - 15 + 5] -= 3;
    reading = ts_read(&w.out);
    assert_string_equal(reading.log, MAPS "1@1:6162 1@2:646566~ 1@3:676869 ");
    ts_writer_fini(&w);
}

static void test_no_pes_header(void **state)
{
    static const size_t at[] = {0, 2, 6}; /* of the prefix, of the prefix, '10' */
    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(at); i++) {
        struct ts_writer w;
        write_three(&w, TS_VIDEO);
        w.out.data[6 * TS_PACKET - 15 + at[i]] ^= 0xc0;
        struct ts_reading reading = ts_read(&w.out);
        assert_string_equal(reading.log, MAPS "0@1:616263 0@3:676869~ ");
        assert_int_equal(reading.counts.damaged_pes, 1);
        ts_writer_fini(&w);
    }
}

/* Scrambled packets are counted, and what they would have been a part of is damaged. */
static void test_scrambled(void **state)
{
    struct ts_writer w;

    (void)state;
    write_three(&w, TS_VIDEO);
    w.out.data[6 * TS_PACKET + 3] |= 0x80;
    struct ts_reading reading = ts_read(&w.out);
    assert_string_equal(reading.log, MAPS "0@1:616263 0@2:64! 0@3:676869~ ");
    assert_int_equal(reading.counts.scrambled, 1);
    assert_int_equal(reading.counts.continuity_errors, 0);
    for (size_t i = 5; i < 8; i++) {
        w.out.data[i * TS_PACKET + 3] |= 0xc0;
    }
    reading = ts_read(&w.out);
    assert_int_equal(reading.counts.scrambled, 3);
    assert_string_equal(reading.log, MAPS "0@1:616263! 0@3:676869~ ");
    ts_writer_fini(&w);
}

/* By the PES packet's own flag. */
static void test_scrambled_pes(void **state)
{
    struct ts_writer w;

    (void)state;
    write_three(&w, TS_VIDEO);
    w.out.data[6 * TS_PACKET - 15 + 6] |= 0x20;
    struct ts_reading reading = ts_read(&w.out);
    assert_string_equal(reading.log, MAPS "0@1:616263 0@3:676869~ ");
    assert_int_equal(reading.counts.scrambled, 1);
    ts_writer_fini(&w);
}

/* --- What the transport says --- */

static void expect_lost(size_t at, size_t packets, const char *log)
{
    struct ts_writer w;
    const struct ts_hole hole = {.at = at * TS_PACKET, .packets = packets};

    write_three(&w, TS_VIDEO);
    struct ts_reading reading = ts_read_with_holes(&w.out, &hole, 1);
    assert_string_equal(reading.log, log);
    assert_int_equal(reading.counts.continuity_errors, 0);
    ts_writer_fini(&w);
}

static void test_lost(void **state)
{
    (void)state;
    /* As long as the counters can tell, they do. */
    expect_lost(6, 15, MAPS "0@1:616263 0@2:646566 0@3:676869 ");
    expect_lost(6, 16, MAPS "0@1:616263 0@2:64! 0@3:676869~ ");
    expect_lost(5, 16, MAPS "0@1:616263! 0@2:646566~ 0@3:676869 ");
    expect_lost(6, SIZE_MAX, MAPS "0@1:616263 0@2:64! 0@3:676869~ ");
    /* Also where nothing follows that could tell. */
    expect_lost(11, 1, MAPS "0@1:616263 0@2:646566 0@3:676869! ");
    /* Before anything is known there is nothing to be lost. */
    expect_lost(0, 100, MAPS "0@1:616263 0@2:646566 0@3:676869 ");
    /* The tables' end. */
    expect_lost(2, 16, MAPS "0@1:616263~ 0@2:646566 0@3:676869 ");
}

/* Holes add up for the PIDs of which nothing came in between. */
static void test_lost_adds_up(void **state)
{
    struct ts_writer w;

    (void)state;
    ts_begin(&w);
    write_letters(&w, TS_VIDEO, 1, "abcdefghijklmnopqr"); /* 2 to 19 */
    write_letters(&w, TS_AUDIO, 2, "st");                 /* 20 and 21 */
    write_letters(&w, TS_AUDIO, 3, "uv");                 /* 22 and 23 */
    write_letters(&w, TS_VIDEO, 4, "w");
    take_out(&w, 4, 16);
    /* 8 packets of video lost, then audio, then 8 more: video's counter says nothing is wrong. */
    const struct ts_hole holes[] = {{4 * TS_PACKET, 8}, {6 * TS_PACKET, 8}};
    struct ts_reading reading = ts_read_with_holes(&w.out, holes, 2);
    assert_string_equal(reading.log, MAPS "1@2:7374 0@1:6162! 1@3:7576 0@4:77~ ");
    ts_writer_fini(&w);
}

/* In the middle of a packet: what was held of it does not go on. */
static void test_lost_inside_a_packet(void **state)
{
    struct ts_writer w;
    const struct ts_hole hole = {.at = 6 * TS_PACKET + 100, .packets = 1};

    (void)state;
    write_three(&w, TS_VIDEO);
    memmove(w.out.data + hole.at, w.out.data + hole.at + 50, w.out.len - hole.at - 50);
    w.out.len -= 50;
    struct ts_reading reading = ts_read_with_holes(&w.out, &hole, 1);
    assert_string_equal(reading.log, MAPS "0@1:616263 0@2:64! 0@3:676869~ ");
    ts_writer_fini(&w);
    /* And it counts as lost. */
    const struct ts_hole large = {.at = 6 * TS_PACKET + 100, .packets = 15};
    ts_begin(&w);
    write_letters(&w, TS_AUDIO, 1, "a");                /* 2 */
    write_letters(&w, TS_VIDEO, 2, "bcd");              /* 3 to 5 */
    write_letters(&w, TS_VIDEO, 3, "efghijklmnopqrst"); /* 6 to 21 */
    write_letters(&w, TS_AUDIO, 4, "x");                /* 22 */
    write_letters(&w, TS_AUDIO, 5, "y");
    write_letters(&w, TS_AUDIO, 6, "z");
    memmove(w.out.data + large.at, w.out.data + 22 * TS_PACKET, 3 * TS_PACKET);
    w.out.len = large.at + 3 * TS_PACKET;
    reading = ts_read_with_holes(&w.out, &large, 1);
    assert_string_equal(reading.log, MAPS "1@1:61 0@2:626364! 1@4:78~ 1@5:79 1@6:7a ");
    ts_writer_fini(&w);
}

/* Half a map, and then another map's half: they are not put together, if that can be known. */
static void test_lost_section(void **state)
{
    static const struct {
        bool do_counters_agree;
        size_t lost;
        unsigned crc_errors;
    } cases[] = {{false, 0, 0}, {true, 0, 1}, {true, 16, 0}};
    char descriptors[168] = "\x05\x04Opus\xf0\xa0";
    const struct ts_entry entries[] = {{0x06, 0x30, descriptors, sizeof(descriptors)},
                                       {0x06, 0x31, descriptors, sizeof(descriptors)}};
    struct ts_table table = {.pid = 0x20, .program = 1, .entries = entries, .count = 2};
    const size_t at = 2 * TS_PACKET;

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(cases); i++) {
        struct ts_writer w;
        const struct ts_hole hole = {.at = at, .packets = cases[i].lost};
        table.version = 0;
        ts_writer_init(&w);
        ts_write_tables(&w, &table); /* 0, and 1 to 2 */
        table.version = 1;
        ts_write_pmt(&w, &table); /* 3 to 4 */
        if (cases[i].do_counters_agree) {
            w.out.data[4 * TS_PACKET + 3] = w.out.data[2 * TS_PACKET + 3];
        }
        take_out(&w, 2, 2);
        struct ts_reading reading = ts_read_with_holes(&w.out, &hole, 1);
        assert_string_equal(reading.log, "");
        assert_int_equal(reading.counts.crc_errors, cases[i].crc_errors);
        ts_write_pmt(&w, &table);
        reading = ts_read_with_holes(&w.out, &hole, 1);
        assert_string_equal(reading.log, "[30:opus 31:opus] ");
        ts_writer_fini(&w);
    }
}

/* Bytes that were cut out of a packet, or put into it: its PES packet is damaged. */
static void test_bytes_inside_a_packet(void **state)
{
    (void)state;
    for (size_t at = 1; at < TS_PACKET; at++) {
        struct ts_writer w;
        struct ts_reading reading;
        write_three(&w, TS_VIDEO);
        for (int i = 4; i < 8; i++) {
            write_letters(&w, TS_VIDEO, i, "xy");
        }
        size_t pos = 6 * TS_PACKET + at;
        memmove(w.out.data + pos - 1, w.out.data + pos, w.out.len - pos);
        w.out.len--;
        reading = ts_read(&w.out);
        assert_non_null(strstr(reading.log, "0@1:616263"));
        assert_null(strstr(reading.log, "0@2:646566 "));
        assert_null(strstr(reading.log, "0@2:646566~ "));
        assert_non_null(strstr(reading.log, "0@5:7879 0@6:7879 0@7:7879 "));
        assert_int_equal(reading.counts.resyncs, 1);
        ts_writer_fini(&w);
    }
}

/* The stream ends inside a packet, or where no packet is to be found any more. */
static void test_torn_end(void **state)
{
    struct ts_writer w;

    (void)state;
    write_three(&w, TS_VIDEO);
    ph_write_bytes(&w.out, w.out.data, 100);
    struct ts_reading reading = ts_read(&w.out);
    assert_string_equal(reading.log, MAPS "0@1:616263 0@2:646566 0@3:676869! ");
    memset(w.out.data + w.out.len - 100, 0, 100);
    reading = ts_read(&w.out);
    assert_string_equal(reading.log, MAPS "0@1:616263 0@2:646566 0@3:676869! ");
    assert_int_equal(reading.counts.resyncs, 1);
    /* As many bytes as are looked at together. */
    for (size_t i = 0; i < 277; i++) {
        ph_write_u8(&w.out, 0);
    }
    reading = ts_read(&w.out);
    assert_string_equal(reading.log, MAPS "0@1:616263 0@2:646566 0@3:676869! ");
    ts_writer_fini(&w);
}

/* A PES packet that ends before its header does. */
static void test_torn_header(void **state)
{
    (void)state;
    for (size_t len = 1; len < 14; len++) {
        struct ts_writer w;
        struct ts_packet packet = {
            .pid = TS_VIDEO,
            .is_start = true,
            .payload = (const uint8_t *)"\0\0\1\xe0\0\0\x80\x80\5\x21\0\1\0\1",
            .len = len,
        };
        ts_begin(&w);
        ts_write_packet(&w, &packet);
        write_letters(&w, TS_VIDEO, 2, "a");
        struct ts_reading reading = ts_read(&w.out);
        assert_string_equal(reading.log, MAPS "0@2:61~ ");
        assert_int_equal(reading.counts.damaged_pes, 1);
        ts_writer_fini(&w);
    }
}

/* A packet that was cut short took the next one's bytes: its own counter does not tell. */
static void test_packet_cut_short(void **state)
{
    struct ts_writer w;

    (void)state;
    write_three(&w, TS_VIDEO);
    take_out(&w, 7, 4);
    write_letters(&w, TS_AUDIO, 9, "s"); /* 7 */
    struct ts_packet rest = {.pid = TS_VIDEO, .payload = (const uint8_t *)"f", .len = 1};
    w.counters[TS_VIDEO] = 5;
    ts_write_packet(&w, &rest); /* 8 */
    write_letters(&w, TS_VIDEO, 3, "gh");
    size_t end = 7 * TS_PACKET;
    memmove(w.out.data + end - 1, w.out.data + end, w.out.len - end);
    w.out.len--;
    struct ts_reading reading = ts_read(&w.out);
    assert_string_equal(reading.log, MAPS "0@1:616263 0@2:6447! 0@3:6768~ ");
    assert_int_equal(reading.counts.continuity_errors, 0);
    ts_writer_fini(&w);
}

/* Bytes that are passed over may have been packets: from 16 on the counters prove nothing. */
static void test_garbage_for_packets(void **state)
{
    (void)state;
    for (size_t count = 14; count <= 16; count += 2) {
        struct ts_writer w;
        ts_begin(&w);
        write_letters(&w, TS_VIDEO, 1, "ab");
        write_letters(&w, TS_VIDEO, 2, "c");
        size_t at = w.out.len;
        for (size_t i = 0; i < count; i++) {
            write_letters(&w, TS_AUDIO, 3 + (int64_t)i, "s");
        }
        memset(w.out.data + at, 0, w.out.len - at);
        write_letters(&w, TS_VIDEO, 30, "d");
        write_letters(&w, TS_VIDEO, 31, "e");
        write_letters(&w, TS_AUDIO, 32, "t");
        struct ts_reading reading = ts_read(&w.out);
        assert_string_equal(reading.log, count < 16
                                             ? MAPS "0@1:6162 0@2:63! 0@30:64~ 1@32:74 0@31:65 "
                                             : MAPS "0@1:6162 0@2:63! 0@30:64~ 1@32:74~ 0@31:65 ");
        ts_writer_fini(&w);
    }
}

/* A payload that only begins as the one before with the same number is no copy of it. */
static void test_copy_of_other_length(void **state)
{
    (void)state;
    for (size_t len = 1; len <= 3; len++) {
        struct ts_packet packet = {
            .pid = TS_VIDEO, .is_copy = true, .payload = (const uint8_t *)"bcd", .len = len};
        struct ts_packet before = {.pid = TS_VIDEO, .payload = (const uint8_t *)"bcd", .len = 2};
        struct ts_writer w;
        ts_begin(&w);
        write_letters(&w, TS_VIDEO, 1, "a");
        ts_write_packet(&w, &before);
        ts_write_packet(&w, &packet);
        struct ts_reading reading = ts_read(&w.out);
        assert_string_equal(reading.log, len == 2 ? MAPS "0@1:616263 " : MAPS "0@1:616263! ");
        assert_int_equal(reading.counts.continuity_errors, len != 2);
        ts_writer_fini(&w);
    }
}

/* --- Every place and every length of a loss --- */

#define PES_MAX 24

struct sent {
    size_t stream;
    int64_t pts;
    size_t len;
    size_t first; /* of its packets, in the whole */
    size_t last;
    uint8_t data[600];
};

struct trial {
    const struct sent *sent;
    size_t count;
    bool has_come[PES_MAX];   /* intact */
    size_t next[2];           /* of the stream's, where the next one that comes can be */
    bool is_loss_expected[2]; /* one has been left out, or came out damaged */
};

static void on_trial_streams(void *arg, const struct ph_ts_stream *streams, size_t count)
{
    (void)arg;
    (void)streams;
    assert_int_equal(count, 2);
}

static void on_trial_pes(void *arg, const struct ph_ts_pes *pes)
{
    struct trial *trial = arg;
    size_t i = trial->next[pes->stream];

    while (i < trial->count &&
           (trial->sent[i].stream != pes->stream || trial->sent[i].pts != pes->pts)) {
        /* Before the first one that comes there is nothing that it could follow. */
        trial->is_loss_expected[pes->stream] |=
            trial->sent[i].stream == pes->stream && trial->next[pes->stream] > 0;
        i++;
    }
    assert_true(i < trial->count);
    const struct sent *sent = &trial->sent[i];
    assert_true(pes->len <= sent->len);
    assert_memory_equal(pes->data, sent->data, pes->len);
    if (!pes->is_damaged) {
        assert_int_equal(pes->len, sent->len);
        trial->has_come[i] = true;
    }
    if (trial->is_loss_expected[pes->stream]) {
        assert_true(pes->follows_loss);
    }
    trial->is_loss_expected[pes->stream] = pes->is_damaged;
    trial->next[pes->stream] = i + 1;
}

/* Video of 1 to 3 packets and audio of 1, in turn; tables in the middle again. */
static size_t write_trial(struct ts_writer *w, struct sent *sent)
{
    size_t count = 0;

    ts_begin(w);
    for (; count < PES_MAX; count++) {
        struct sent *s = &sent[count];
        *s = (struct sent){.stream = count % 2,
                           .pts = (int64_t)count + 1,
                           .len = count % 2 == 1 ? 100 : 120 + count % 5 * 110,
                           .first = w->out.len / TS_PACKET};
        for (size_t i = 0; i < s->len; i++) {
            s->data[i] = (uint8_t)(i * 7 + count * 31);
        }
        struct ts_pes pes = {.pid = s->stream == 0 ? TS_VIDEO : TS_AUDIO,
                             .pts = s->pts,
                             .dts = TS_NO_TIME,
                             .is_unbounded = s->stream == 0,
                             .data = s->data,
                             .len = s->len};
        ts_write_pes(w, &pes);
        s->last = w->out.len / TS_PACKET - 1;
        if (count == PES_MAX / 2) {
            ts_write_tables(w, &ts_table_default);
        }
    }
    return count;
}

/* The next PES packet of the stream; its start is the end of one without a length. */
static const struct sent *follower(const struct trial *trial, size_t i)
{
    return i + 2 < trial->count ? &trial->sent[i + 2] : NULL;
}

static bool overlaps(const struct sent *s, size_t first, size_t count)
{
    return s->first < first + count && s->last >= first;
}

/* Packets are missing; `is_told`: as the transport would tell. */
static void try_loss(const struct ts_writer *w, const struct sent *sent, size_t first, size_t count,
                     bool is_told)
{
    static const struct ph_ts_ops ops = {.on_streams = on_trial_streams, .on_pes = on_trial_pes};
    struct trial trial = {.sent = sent, .count = PES_MAX};
    struct ph_ts_demux *ts;
    size_t begin = first * TS_PACKET;
    size_t end = begin + count * TS_PACKET;

    assert_int_equal(ph_ts_demux_create(&ts, &ops, &trial), PH_OK);
    ph_ts_demux_feed(ts, w->out.data, begin);
    if (is_told) {
        ph_ts_demux_lost(ts, count);
    }
    ph_ts_demux_feed(ts, w->out.data + end, w->out.len - end);
    ph_ts_demux_flush(ts);
    ph_ts_demux_destroy(&ts);
    /* Nothing is given up that did not have to be. */
    for (size_t i = 0; count < 16 && i < trial.count; i++) {
        const struct sent *next = follower(&trial, i);
        bool is_hit = overlaps(&sent[i], first, count);
        bool is_end_hit = sent[i].stream == 0 && next != NULL && first <= next->first &&
                          next->first < first + count;
        bool is_open_end = sent[i].stream == 0 && next == NULL && first > sent[i].last;
        if (!is_hit && !is_end_hit && !is_open_end) {
            assert_true(trial.has_come[i]);
        }
    }
}

static void test_every_loss(void **state)
{
    static struct sent sent[PES_MAX];
    struct ts_writer w;

    (void)state;
    assert_int_equal(write_trial(&w, sent), PES_MAX);
    size_t packets = w.out.len / TS_PACKET;
    for (size_t first = 2; first < packets; first++) {
        for (size_t count = 1; first + count <= packets && count <= 40; count++) {
            try_loss(&w, sent, first, count, true);
            /* Untold, what comes after must tell: not at the end, nor where counters are full. */
            if (count < 16 && first + count < packets - 5) {
                try_loss(&w, sent, first, count, false);
            }
        }
    }
    ts_writer_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_transport_error),
        cmocka_unit_test(test_no_copies),
        cmocka_unit_test(test_wrong_length),
        cmocka_unit_test(test_no_pes_header),
        cmocka_unit_test(test_scrambled),
        cmocka_unit_test(test_scrambled_pes),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_lost_adds_up),
        cmocka_unit_test(test_lost_inside_a_packet),
        cmocka_unit_test(test_lost_section),
        cmocka_unit_test(test_bytes_inside_a_packet),
        cmocka_unit_test(test_packet_cut_short),
        cmocka_unit_test(test_garbage_for_packets),
        cmocka_unit_test(test_copy_of_other_length),
        cmocka_unit_test(test_torn_end),
        cmocka_unit_test(test_torn_header),
        cmocka_unit_test(test_every_loss),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
