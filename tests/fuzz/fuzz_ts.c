/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The demultiplexer: whatever comes, in whatever portions, it reads the same. Its output keeps
 * to its contract, and packets that the transport lost change nothing about that.
 *
 * The last bytes of the input say how it is divided and where packets are lost, so that a
 * capture is an input as it is. Its first ones are read as tables too, with the CRC that a fuzzer
 * does not find by itself.
 */
#include <ingest/srt/ts/demux.h>
#include <ingest/srt/ts/program.h>
#include <ts_writer.h>

#include <libavcodec/defs.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PLAN_BYTES 8
/* Portions that are shorter are fed where they lie: there would be too many of them. */
#define LONE_BYTES 32

struct reading {
    uint64_t hash;
    size_t stream_count;
    uint64_t damaged;
    struct ph_ts_counts counts;
};

static void add(struct reading *reading, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < len; i++) {
        reading->hash = (reading->hash ^ at[i]) * 0x100000001b3;
    }
}

static void check_streams(const struct ph_ts_stream *streams, size_t count)
{
    PH_ASSERT(count <= PH_TS_STREAMS_MAX);
    for (size_t i = 0; i < count; i++) {
        PH_ASSERT(streams[i].pid >= 0x10 && streams[i].pid < 0x1fff);
        PH_ASSERT(streams[i].opus_channels >= -1 && streams[i].opus_channels <= 255);
        for (size_t j = 0; j < i; j++) {
            PH_ASSERT(streams[i].pid != streams[j].pid);
        }
    }
}

static void on_streams(void *arg, const struct ph_ts_stream *streams, size_t count)
{
    struct reading *reading = arg;

    check_streams(streams, count);
    for (size_t i = 0; i < count; i++) {
        add(reading, &streams[i].pid, sizeof(streams[i].pid));
        add(reading, &streams[i].codec_id, sizeof(streams[i].codec_id));
    }
    reading->stream_count = count;
}

static void on_pes(void *arg, const struct ph_ts_pes *pes)
{
    static const uint8_t zeroes[AV_INPUT_BUFFER_PADDING_SIZE];
    struct reading *reading = arg;

    PH_ASSERT(pes->stream < reading->stream_count);
    PH_ASSERT(pes->len > 0 && pes->len <= PH_TS_PES_BYTES_MAX);
    PH_ASSERT(memcmp(pes->data + pes->len, zeroes, sizeof(zeroes)) == 0);
    PH_ASSERT(pes->pts == PH_TS_NO_TIME || (pes->pts >= 0 && pes->pts < 1LL << 33));
    PH_ASSERT((pes->dts == PH_TS_NO_TIME) == (pes->pts == PH_TS_NO_TIME));
    PH_ASSERT(pes->dts == PH_TS_NO_TIME || (pes->dts >= 0 && pes->dts < 1LL << 33));
    add(reading, &pes->stream, sizeof(pes->stream));
    add(reading, &pes->pts, sizeof(pes->pts));
    add(reading, &pes->dts, sizeof(pes->dts));
    add(reading, pes->data, pes->len);
    add(reading, &pes->is_damaged, sizeof(pes->is_damaged));
    add(reading, &pes->follows_loss, sizeof(pes->follows_loss));
    reading->damaged += pes->is_damaged;
}

static void feed_in_steps(struct ph_ts_demux *ts, const uint8_t *data, size_t size, size_t step)
{
    for (size_t pos = 0; pos < size; pos += step) {
        size_t len = size - pos < step ? size - pos : step;
        if (step < LONE_BYTES) {
            ph_ts_demux_feed(ts, data + pos, len);
            continue;
        }
        /* In memory of its own, so that a read past its end is seen. */
        uint8_t *copy = malloc(len);
        PH_ASSERT(copy != NULL);
        memcpy(copy, data + pos, len);
        ph_ts_demux_feed(ts, copy, len);
        free(copy);
    }
}

/* Each pair of the plan's bytes: where, in 256ths of the input, how many packets were lost. */
static struct reading read_in_steps(const uint8_t *data, size_t size, size_t step,
                                    const uint8_t *plan, size_t plan_len)
{
    static const struct ph_ts_ops ops = {.on_streams = on_streams, .on_pes = on_pes};
    struct reading reading = {0};
    struct ph_ts_demux *ts;
    size_t pos = 0;

    PH_ASSERT(ph_ts_demux_create(&ts, &ops, &reading) == PH_OK);
    for (size_t i = 0; i + 1 < plan_len; i += 2) {
        size_t end = size * plan[i] / 256;
        if (end >= pos && plan[i + 1] > 0) {
            feed_in_steps(ts, data + pos, end - pos, step);
            ph_ts_demux_lost(ts, plan[i + 1] % 32);
            pos = end;
        }
    }
    feed_in_steps(ts, data + pos, size - pos, step);
    ph_ts_demux_flush(ts);
    ph_ts_demux_get_counts(ts, &reading.counts);
    ph_ts_demux_destroy(&ts);
    PH_ASSERT(reading.damaged <= reading.counts.damaged_pes);
    PH_ASSERT(reading.counts.packets <= size / 188);
    return reading;
}

static void expect_same(const struct reading *one, const struct reading *other)
{
    PH_ASSERT(one->hash == other->hash);
    PH_ASSERT(memcmp(&one->counts, &other->counts, sizeof(one->counts)) == 0);
}

static void read_tables(const uint8_t *data, size_t size)
{
    struct ph_writer section;
    struct ph_writer body;
    struct ph_ts_pat pat;
    struct ph_ts_pmt pmt;

    ph_writer_init(&body, 1024);
    ph_write_bytes(&body, data, size < 1012 ? size : 1012);
    ph_writer_init(&section, 1024);
    ts_write_section(&section, PH_TS_TABLE_PAT, 1, 0, false, &body);
    if (ph_ts_pat_read(&pat, section.data, section.len) == PH_OK && pat.program != 0) {
        PH_ASSERT(pat.pmt_pid >= 0x10 && pat.pmt_pid < 0x1fff);
    }
    section.len = 0;
    ts_write_section(&section, PH_TS_TABLE_PMT, 1, 0, false, &body);
    if (ph_ts_pmt_read(&pmt, section.data, section.len) == PH_OK) {
        check_streams(pmt.streams, pmt.count);
    }
    ph_writer_fini(&section);
    ph_writer_fini(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *plan = size > PLAN_BYTES ? data + size - PLAN_BYTES : NULL;
    size_t plan_len = plan != NULL ? PLAN_BYTES : 0;
    size_t step = plan != NULL ? 1 + (size_t)plan[0] * 7 : 1;

    read_tables(data, size);
    struct reading whole = read_in_steps(data, size, size, NULL, 0);
    struct reading bytes = read_in_steps(data, size, 1, NULL, 0);
    expect_same(&whole, &bytes);
    struct reading with_holes = read_in_steps(data, size, size, plan, plan_len);
    struct reading stepped = read_in_steps(data, size, step, plan, plan_len);
    expect_same(&with_holes, &stepped);
    return 0;
}
