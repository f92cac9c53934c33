/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_UNIT_INGEST_SRT_TS_MUX_H
#define PHIEN_TESTS_UNIT_INGEST_SRT_TS_MUX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <phien/core/mem.h>
#include <phien/media/track.h>

#include <libavformat/avformat.h>
#include <libavutil/bswap.h>
#include <libavutil/crc.h>
#include <libavutil/intreadwrite.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Transport streams as libavformat writes them, of the elementary streams in tests/golden/media.
 */

/* The packets of a file of tests/golden/media, in 90 kHz, in the order of their dts. */
struct source {
    AVCodecParameters *par[PH_TRACK_KINDS];
    AVPacket *packets[512];
    size_t count;
};

static inline enum ph_track_kind kind_of_stream(const AVStream *stream)
{
    return stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO ? PH_TRACK_VIDEO : PH_TRACK_AUDIO;
}

static inline int compare_packets(const void *a, const void *b)
{
    const AVPacket *left = *(AVPacket *const *)a;
    const AVPacket *right = *(AVPacket *const *)b;

    return left->dts != right->dts ? (left->dts < right->dts ? -1 : 1)
                                   : left->stream_index - right->stream_index;
}

static inline void source_open(struct source *source, const char *name)
{
    AVFormatContext *in = NULL;
    char path[512];

    *source = (struct source){0};
    av_log_set_level(AV_LOG_FATAL); /* hostile bytes make libavcodec talk */
    snprintf(path, sizeof(path), "%s/tests/golden/media/%s", PHIEN_SOURCE_DIR, name);
    assert_int_equal(avformat_open_input(&in, path, NULL, NULL), 0);
    assert_true(avformat_find_stream_info(in, NULL) >= 0);
    for (unsigned i = 0; i < in->nb_streams; i++) {
        AVCodecParameters **par = &source->par[kind_of_stream(in->streams[i])];
        *par = avcodec_parameters_alloc();
        assert_true(avcodec_parameters_copy(*par, in->streams[i]->codecpar) >= 0);
        (*par)->codec_tag = 0;
    }
    AVPacket *read = av_packet_alloc();
    assert_non_null(read);
    while (av_read_frame(in, read) >= 0) {
        const AVStream *stream = in->streams[read->stream_index];
        av_packet_rescale_ts(read, stream->time_base, (AVRational){1, 90000});
        read->stream_index = (int)kind_of_stream(stream);
        assert_true(source->count < PH_ARRAY_SIZE(source->packets));
        source->packets[source->count++] = av_packet_clone(read);
        av_packet_unref(read);
    }
    av_packet_free(&read);
    avformat_close_input(&in);
    qsort(source->packets, source->count, sizeof(*source->packets), compare_packets);
}

static inline void source_close(struct source *source)
{
    for (size_t i = 0; i < source->count; i++) {
        av_packet_free(&source->packets[i]);
    }
    for (int kind = 0; kind < PH_TRACK_KINDS; kind++) {
        avcodec_parameters_free(&source->par[kind]);
    }
}

/* Bytes of a transport stream. */
struct ts_bytes {
    uint8_t *data;
    size_t len;
};

static inline void ts_bytes_add(struct ts_bytes *bytes, const uint8_t *data, size_t len)
{
    bytes->data = ph_realloc_array(bytes->data, bytes->len + len + 1, 1);
    memcpy(bytes->data + bytes->len, data, len);
    bytes->len += len;
}

static inline void ts_bytes_free(struct ts_bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct ts_bytes){0};
}

/* What ts_mux takes of a source, and how it is written. */
struct mux_plan {
    const struct source *video; /* NULL: none */
    const struct source *audio;
    int64_t from; /* dts, 90 kHz; 0: from the first on, which may be before 0 */
    int64_t to;   /* 0: up to the last */
    int64_t offset;
    const char *options; /* of the muxer, as "a=b:c=d" */
};

static inline bool is_planned(const struct mux_plan *plan, const AVPacket *packet)
{
    return (plan->from == 0 || packet->dts >= plan->from) &&
           (plan->to == 0 || packet->dts < plan->to);
}

static inline void mux_packet(AVFormatContext *out, const struct mux_plan *plan,
                              const AVPacket *packet, int stream)
{
    AVPacket *copy = av_packet_clone(packet);

    assert_non_null(copy);
    copy->stream_index = stream;
    copy->pts += plan->offset;
    copy->dts += plan->offset;
    assert_true(av_write_frame(out, copy) >= 0);
    av_packet_free(&copy);
}

/* Both sources' packets by dts; the streams have PIDs 0x100 and, audio, 0x101 (0x100 alone). */
static inline void mux_packets(AVFormatContext *out, const struct mux_plan *plan)
{
    const struct source *sources[PH_TRACK_KINDS] = {NULL, plan->video, plan->audio};
    size_t next[PH_TRACK_KINDS] = {0};

    for (;;) {
        const AVPacket *first = NULL;
        for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
            const struct source *source = sources[kind];
            while (source != NULL && next[kind] < source->count &&
                   (source->packets[next[kind]]->stream_index != kind ||
                    !is_planned(plan, source->packets[next[kind]]))) {
                next[kind]++;
            }
            if (source != NULL && next[kind] < source->count &&
                (first == NULL || source->packets[next[kind]]->dts < first->dts)) {
                first = source->packets[next[kind]];
            }
        }
        if (first == NULL) {
            return;
        }
        int kind = first->stream_index;
        mux_packet(out, plan, first, kind == PH_TRACK_AUDIO && plan->video != NULL);
        next[kind]++;
    }
}

static inline void add_mux_stream(AVFormatContext *out, const AVCodecParameters *par)
{
    AVStream *stream = avformat_new_stream(out, NULL);

    assert_non_null(stream);
    assert_true(avcodec_parameters_copy(stream->codecpar, par) >= 0);
    stream->time_base = (AVRational){1, 90000};
}

static inline void ts_mux(struct ts_bytes *bytes, const struct mux_plan *plan)
{
    AVFormatContext *out = NULL;
    AVDictionary *options = NULL;
    uint8_t *data = NULL;

    assert_true(avformat_alloc_output_context2(&out, NULL, "mpegts", NULL) >= 0);
    assert_int_equal(avio_open_dyn_buf(&out->pb), 0);
    if (plan->video != NULL) {
        add_mux_stream(out, plan->video->par[PH_TRACK_VIDEO]);
    }
    if (plan->audio != NULL) {
        add_mux_stream(out, plan->audio->par[PH_TRACK_AUDIO]);
    }
    assert_int_equal(
        av_dict_parse_string(&options, plan->options != NULL ? plan->options : "", "=", ":", 0), 0);
    av_dict_set(&options, "mpegts_copyts", "1", 0);
    /* Timestamps are those of the packets: nothing is set back that begins below zero. */
    av_dict_set(&options, "avoid_negative_ts", "disabled", 0);
    assert_true(avformat_write_header(out, &options) >= 0);
    assert_int_equal(av_dict_count(options), 0);
    av_dict_free(&options);
    mux_packets(out, plan);
    assert_int_equal(av_write_trailer(out), 0);
    int len = avio_close_dyn_buf(out->pb, &data);
    assert_true(len > 0 && len % 188 == 0);
    ts_bytes_add(bytes, data, (size_t)len);
    av_free(data);
    avformat_free_context(out);
}

static inline unsigned ts_pid(const uint8_t *packet)
{
    return (packet[1] & 0x1fu) << 8 | packet[2];
}

/* The end of the first PES packet of `pid`: behind the last TS packet that has bytes of it. */
static inline size_t ts_first_pes_end(const struct ts_bytes *bytes, unsigned pid)
{
    unsigned starts = 0;
    size_t end = 0;

    for (size_t at = 0; at < bytes->len; at += 188) {
        const uint8_t *packet = bytes->data + at;
        if (ts_pid(packet) == pid && (packet[3] & 0x10) != 0) {
            starts += (packet[1] & 0x40) != 0;
            if (starts == 1) {
                end = at + 188;
            }
        }
    }
    return end;
}

/* Behind the first packet of `pid` at `from` or later; the stream's end if there is none. */
static inline size_t ts_next_packet_end(const struct ts_bytes *bytes, unsigned pid, size_t from)
{
    while (from < bytes->len && ts_pid(bytes->data + from) != pid) {
        from += 188;
    }
    return from < bytes->len ? from + 188 : bytes->len;
}

/* Continuity counters that go on from one program map to the next, as one muxer's would. */
static inline void ts_renumber(struct ts_bytes *bytes)
{
    uint8_t next[8192] = {0};

    for (size_t at = 0; at < bytes->len; at += 188) {
        uint8_t *packet = bytes->data + at;
        uint8_t *counter = &next[ts_pid(packet)];
        bool has_payload = (packet[3] & 0x10) != 0;
        packet[3] = (uint8_t)((packet[3] & 0xf0) | ((*counter - (has_payload ? 0 : 1)) & 0xf));
        *counter = (uint8_t)((*counter + has_payload) & 0xf);
    }
}

/* The next section of a program map at *at or later; NULL: there is none. */
static inline uint8_t *ts_next_map(struct ts_bytes *bytes, size_t *at)
{
    while (*at < bytes->len && ts_pid(bytes->data + *at) != 0x1000) {
        *at += 188;
    }
    *at += 188;
    return *at <= bytes->len ? bytes->data + *at - 188 + 5 : NULL;
}

/* Where the section's streams begin, and where its CRC does. */
static inline size_t ts_map_streams(const uint8_t *section, size_t *end)
{
    *end = 3 + ((section[1] & 0xfu) << 8 | section[2]) - 4;
    assert_true(*end < 180);
    return 12 + ((section[10] & 0xfu) << 8 | section[11]);
}

static inline void ts_seal_map(uint8_t *section, size_t end)
{
    section[2] = (uint8_t)(end + 4 - 3);
    AV_WB32(section + end,
            av_bswap32(av_crc(av_crc_get_table(AV_CRC_32_IEEE), UINT32_MAX, section, end)));
}

/* Says in all program maps that streams of type `from` are of type `to`. */
static inline void ts_retype(struct ts_bytes *bytes, uint8_t from, uint8_t to)
{
    uint8_t *section;
    size_t at = 0;

    while ((section = ts_next_map(bytes, &at)) != NULL) {
        size_t end;
        size_t pos = ts_map_streams(section, &end);
        while (pos < end) {
            section[pos] = section[pos] == from ? to : section[pos];
            pos += 5 + ((section[pos + 3] & 0xfu) << 8 | section[pos + 4]);
        }
        ts_seal_map(section, end);
    }
}

/* Leaves no stream in the program maps. */
static inline void ts_empty_maps(struct ts_bytes *bytes)
{
    uint8_t *section;
    size_t at = 0;

    while ((section = ts_next_map(bytes, &at)) != NULL) {
        size_t end;
        ts_seal_map(section, ts_map_streams(section, &end));
    }
}

/* Marks the packets of `pid` as encrypted. */
static inline void ts_scramble(struct ts_bytes *bytes, unsigned pid)
{
    for (size_t at = 0; at < bytes->len; at += 188) {
        if (ts_pid(bytes->data + at) == pid) {
            bytes->data[at + 3] |= 0x80;
        }
    }
}

/* What the index-th PES packet of `pid` carries. */
static inline void ts_pes_payload(struct ts_bytes *out, const struct ts_bytes *bytes, unsigned pid,
                                  int index)
{
    for (size_t at = 0; at < bytes->len; at += 188) {
        const uint8_t *packet = bytes->data + at;
        bool is_start = (packet[1] & 0x40) != 0;
        size_t pos = (packet[3] & 0x20) != 0 ? 5u + packet[4] : 4;
        if (ts_pid(packet) != pid || (packet[3] & 0x10) == 0) {
            continue;
        }
        index -= is_start;
        pos += is_start ? 9u + packet[pos + 8] : 0;
        if (index == -1) {
            ts_bytes_add(out, packet + pos, 188 - pos);
        }
    }
}

/* The first packet of `pid`: a whole table. */
static inline void ts_copy_table(struct ts_bytes *out, const struct ts_bytes *bytes, unsigned pid)
{
    size_t end = ts_next_packet_end(bytes, pid, 0);

    ts_bytes_add(out, bytes->data + end - 188, 188);
}

/* A video PES packet without a length. pts -1: none. */
static inline void ts_put_pes(struct ts_bytes *out, unsigned pid, uint8_t *counter, int64_t pts,
                              const uint8_t *data, size_t len)
{
    struct ts_bytes pes = {0};
    uint8_t header[] = {0,
                        0,
                        1,
                        0xe0,
                        0,
                        0,
                        0x80,
                        0x80,
                        5,
                        (uint8_t)(0x21 | (pts >> 29 & 0x0e)),
                        (uint8_t)(pts >> 22),
                        (uint8_t)(pts >> 14 | 1),
                        (uint8_t)(pts >> 7),
                        (uint8_t)((uint64_t)pts << 1 | 1)};

    if (pts < 0) {
        header[7] = 0;
        header[8] = 0;
    }
    ts_bytes_add(&pes, header, pts < 0 ? 9 : sizeof(header));
    ts_bytes_add(&pes, data, len);
    for (size_t at = 0; at < pes.len;) {
        size_t room = pes.len - at < 182 ? pes.len - at : 182;
        uint8_t packet[188] = {0x47, (uint8_t)((at == 0 ? 0x40 : 0) | pid >> 8), (uint8_t)pid,
                               (uint8_t)(0x30 | (*counter)++ % 16), (uint8_t)(183 - room)};
        memset(packet + 6, 0xff, 182 - room);
        memcpy(packet + 188 - room, pes.data + at, room);
        ts_bytes_add(out, packet, sizeof(packet));
        at += room;
    }
    ts_bytes_free(&pes);
}

#endif
