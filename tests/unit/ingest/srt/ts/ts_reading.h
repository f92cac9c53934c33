/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_UNIT_INGEST_SRT_TS_READING_H
#define PHIEN_TESTS_UNIT_INGEST_SRT_TS_READING_H

/* cmocka wants these four before itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ingest/srt/ts/demux.h>
#include <phien/core/mem.h>
#include <ts_writer.h>

#include <libavcodec/avcodec.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Reads a transport stream in portions of several sizes: the text of what came out must be the
 * same for all.
 */
struct ts_reading {
    /*
     * "[100:h264 101:aac] " for a program map, "1@90000:abcd " for a PES packet of stream 1, its
     * time or "pts-dts" and its payload in hex, of a long one "length#checksum". '!' behind it:
     * damaged, '~': follows a loss.
     */
    char log[8192];
    struct ph_ts_counts counts;
    size_t stream_count;
};

/* ph_ts_demux_lost is called with `packets` before the byte at `at`. */
struct ts_hole {
    size_t at;
    size_t packets;
};

static inline void ts_log(struct ts_reading *reading, const char *format, ...) PH_PRINTF(2, 3);

static inline void ts_log(struct ts_reading *reading, const char *format, ...)
{
    size_t len = strlen(reading->log);
    va_list args;

    va_start(args, format);
    vsnprintf(reading->log + len, sizeof(reading->log) - len, format, args);
    va_end(args);
}

static inline void on_ts_streams(void *arg, const struct ph_ts_stream *streams, size_t count)
{
    struct ts_reading *reading = arg;

    ts_log(reading, "[");
    for (size_t i = 0; i < count; i++) {
        const char *name =
            streams[i].codec_id != AV_CODEC_ID_NONE ? avcodec_get_name(streams[i].codec_id) : "?";
        ts_log(reading, "%s%x:%s", i > 0 ? " " : "", streams[i].pid, name);
        if (streams[i].opus_channels >= 0) {
            ts_log(reading, "/%d", streams[i].opus_channels);
        }
    }
    ts_log(reading, "] ");
    reading->stream_count = count;
}

static inline uint32_t ts_sum(const uint8_t *data, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < len; i++) {
        sum = sum * 31 + data[i];
    }
    return sum;
}

static inline void on_ts_pes(void *arg, const struct ph_ts_pes *pes)
{
    struct ts_reading *reading = arg;

    assert_true(pes->stream < reading->stream_count);
    assert_true(pes->len > 0 && pes->len <= PH_TS_PES_BYTES_MAX);
    for (size_t i = 0; i < AV_INPUT_BUFFER_PADDING_SIZE; i++) {
        assert_int_equal(pes->data[pes->len + i], 0);
    }
    ts_log(reading, "%zu@", pes->stream);
    if (pes->pts != PH_TS_NO_TIME) {
        ts_log(reading, "%lld", (long long)pes->pts);
    }
    if (pes->dts != pes->pts) {
        ts_log(reading, "-%lld", (long long)pes->dts);
    }
    ts_log(reading, ":");
    if (pes->len > 16) {
        ts_log(reading, "%zu#%08x", pes->len, ts_sum(pes->data, pes->len));
    }
    for (size_t i = 0; pes->len <= 16 && i < pes->len; i++) {
        ts_log(reading, "%02x", pes->data[i]);
    }
    ts_log(reading, "%s%s ", pes->is_damaged ? "!" : "", pes->follows_loss ? "~" : "");
}

/* Each portion lies in memory of its own, so that a read past its end is seen. */
static inline void ts_feed_copy(struct ph_ts_demux *ts, const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len);

    assert_non_null(copy);
    memcpy(copy, data, len);
    ph_ts_demux_feed(ts, copy, len);
    free(copy);
}

/* `step` 0: portions of any size. */
static inline void ts_read_in_steps(struct ts_reading *reading, const struct ph_writer *bytes,
                                    const struct ts_hole *holes, size_t hole_count, size_t step)
{
    static const struct ph_ts_ops ops = {.on_streams = on_ts_streams, .on_pes = on_ts_pes};
    struct ph_ts_demux *ts;
    uint32_t seed = 1;
    size_t pos = 0;

    memset(reading, 0, sizeof(*reading));
    assert_int_equal(ph_ts_demux_create(&ts, &ops, reading), PH_OK);
    for (size_t i = 0; i <= hole_count; i++) {
        size_t end = i < hole_count ? holes[i].at : bytes->len;
        while (pos < end) {
            seed = seed * 1664525 + 1013904223;
            size_t len = step > 0 ? step : 1 + (seed >> 16) % 700;
            len = len < end - pos ? len : end - pos;
            ts_feed_copy(ts, bytes->data + pos, len);
            pos += len;
        }
        if (i < hole_count) {
            ph_ts_demux_lost(ts, holes[i].packets);
        }
    }
    ph_ts_demux_flush(ts);
    ph_ts_demux_get_counts(ts, &reading->counts);
    ph_ts_demux_destroy(&ts);
    assert_null(ts);
}

static inline struct ts_reading ts_read_with_holes(const struct ph_writer *bytes,
                                                   const struct ts_hole *holes, size_t hole_count)
{
    static const size_t steps[] = {1, 187, 188, 189, 1316, 0};
    struct ts_reading whole;
    struct ts_reading stepped;

    ts_read_in_steps(&whole, bytes, holes, hole_count, bytes->len + 1);
    for (size_t i = 0; i < PH_ARRAY_SIZE(steps); i++) {
        ts_read_in_steps(&stepped, bytes, holes, hole_count, steps[i]);
        assert_string_equal(stepped.log, whole.log);
        assert_memory_equal(&stepped.counts, &whole.counts, sizeof(whole.counts));
    }
    return whole;
}

static inline struct ts_reading ts_read(const struct ph_writer *bytes)
{
    return ts_read_with_holes(bytes, NULL, 0);
}

/* The log, and that nothing was wrong. Ends the writer. */
static inline void ts_expect(struct ts_writer *w, const char *log)
{
    struct ts_reading reading = ts_read(&w->out);
    struct ph_ts_counts sound = {.packets = w->out.len / TS_PACKET};

    assert_string_equal(reading.log, log);
    assert_memory_equal(&reading.counts, &sound, sizeof(sound));
    ts_writer_fini(w);
}

#define TS_VIDEO 0x100
#define TS_AUDIO 0x101

/* H.264 and AAC, as ffmpeg numbers them. */
static const struct ts_entry ts_entries_default[] = {
    {.stream_type = 0x1b, .pid = TS_VIDEO},
    {.stream_type = 0x0f, .pid = TS_AUDIO},
};

static const struct ts_table ts_table_default = {
    .pid = 0x1000, .program = 1, .entries = ts_entries_default, .count = 2};

/* A writer that has told them. */
static inline void ts_begin(struct ts_writer *w)
{
    ts_writer_init(w);
    ts_write_tables(w, &ts_table_default);
}

/* A PES packet of `text`; unbounded when it is video. */
static inline void ts_write_text(struct ts_writer *w, uint16_t pid, int64_t pts, const char *text)
{
    struct ts_pes pes = {
        .pid = pid,
        .pts = pts,
        .dts = TS_NO_TIME,
        .is_unbounded = pid == TS_VIDEO,
        .data = (const uint8_t *)text,
        .len = strlen(text),
    };

    ts_write_pes(w, &pes);
}

/* One with `len` bytes, which differ from each other and with `pts`. */
static inline void ts_write_long(struct ts_writer *w, uint16_t pid, int64_t pts, size_t len)
{
    uint8_t *data = malloc(len);
    struct ts_pes pes = {.pid = pid,
                         .pts = pts,
                         .dts = TS_NO_TIME,
                         .is_unbounded = pid == TS_VIDEO,
                         .data = data,
                         .len = len};

    assert_non_null(data);
    for (size_t i = 0; i < len; i++) {
        data[i] = (uint8_t)(i * 7 + i / 256 + (size_t)pts);
    }
    ts_write_pes(w, &pes);
    free(data);
}

#endif
