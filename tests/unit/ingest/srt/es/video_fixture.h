/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_UNIT_INGEST_SRT_VIDEO_FIXTURE_H
#define PHIEN_TESTS_UNIT_INGEST_SRT_VIDEO_FIXTURE_H

/* cmocka wants these four before itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ingest/srt/es/es.h>

#include <phien/core/bytes.h>
#include <phien/core/mem.h>

#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The video of tests/golden/media/NAME as a transport stream carries it: one packet a frame. */
struct annexb {
    AVCodecParameters *par; /* with the avcC or hvcC that FFmpeg's muxer wrote */
    AVPacket *packets[256]; /* time base 1/90000 */
    size_t count;
};

static inline AVBSFContext *annexb_filter(const AVStream *stream)
{
    bool is_h264 = stream->codecpar->codec_id == AV_CODEC_ID_H264;
    AVBSFContext *filter;

    assert_int_equal(
        av_bsf_alloc(av_bsf_get_by_name(is_h264 ? "h264_mp4toannexb" : "hevc_mp4toannexb"),
                     &filter),
        0);
    assert_int_equal(avcodec_parameters_copy(filter->par_in, stream->codecpar), 0);
    filter->time_base_in = stream->time_base;
    assert_int_equal(av_bsf_init(filter), 0);
    return filter;
}

static inline void annexb_open(struct annexb *stream, const char *name)
{
    AVFormatContext *input = NULL;
    AVPacket *packet = av_packet_alloc();
    char path[512];

    *stream = (struct annexb){0};
    snprintf(path, sizeof(path), "%s/tests/golden/media/%s", PHIEN_SOURCE_DIR, name);
    assert_int_equal(avformat_open_input(&input, path, NULL, NULL), 0);
    int index = av_find_best_stream(input, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    assert_true(index >= 0);
    AVStream *video = input->streams[index];
    stream->par = avcodec_parameters_alloc();
    assert_int_equal(avcodec_parameters_copy(stream->par, video->codecpar), 0);
    AVBSFContext *filter = annexb_filter(video);
    while (av_read_frame(input, packet) >= 0) {
        if (packet->stream_index == index) {
            assert_int_equal(av_bsf_send_packet(filter, packet), 0);
            AVPacket *own = av_packet_alloc();
            assert_int_equal(av_bsf_receive_packet(filter, own), 0);
            av_packet_rescale_ts(own, video->time_base, (AVRational){1, 90000});
            assert_true(stream->count < PH_ARRAY_SIZE(stream->packets));
            stream->packets[stream->count++] = own;
        }
        av_packet_unref(packet);
    }
    av_bsf_free(&filter);
    av_packet_free(&packet);
    avformat_close_input(&input);
}

static inline void annexb_close(struct annexb *stream)
{
    for (size_t i = 0; i < stream->count; i++) {
        av_packet_free(&stream->packets[i]);
    }
    avcodec_parameters_free(&stream->par);
}

/* Where the next start code is; a second implementation on purpose, as plain as can be. */
static inline size_t annexb_next(const uint8_t *data, size_t len, size_t from)
{
    for (size_t i = from; i + 3 <= len; i++) {
        if (data[i] == 0 && data[i + 1] == 0 && data[i + 2] == 1) {
            return i;
        }
    }
    return len;
}

/* Appends `len` bytes of Annex B with start codes of `code_len` bytes, or as length-prefixed. */
static inline void annexb_reframe(struct ph_writer *out, const uint8_t *data, size_t len,
                                  size_t code_len)
{
    for (size_t at = annexb_next(data, len, 0); at < len;) {
        size_t next = annexb_next(data, len, at + 3);
        size_t end = next;
        while (data[end - 1] == 0) {
            end--;
        }
        if (code_len == 0) {
            ph_write_u32(out, (uint32_t)(end - at - 3));
        } else {
            ph_write_bytes(out, "\0\0\0\0\0\0\0", code_len - 1);
            ph_write_u8(out, 1);
        }
        ph_write_bytes(out, data + at + 3, end - at - 3);
        at = next;
    }
}

/* An elementary stream and what came out of it. */
struct video_fixture {
    struct ph_es *es;
    AVPacket *packets[512];
    size_t count;
    struct {
        struct ph_track *track;
        size_t before; /* the packet that came out next */
    } tracks[8];
    size_t track_count;
};

static inline void video_on_track(void *arg, struct ph_track *track)
{
    struct video_fixture *f = arg;

    assert_true(f->track_count < PH_ARRAY_SIZE(f->tracks));
    f->tracks[f->track_count].before = f->count;
    f->tracks[f->track_count++].track = ph_track_ref(track);
}

static inline void video_on_packet(void *arg, const AVPacket *packet)
{
    struct video_fixture *f = arg;

    assert_true(f->count < PH_ARRAY_SIZE(f->packets));
    assert_int_equal(packet->stream_index, PH_TRACK_VIDEO);
    assert_int_equal(packet->time_base.num, 1);
    assert_int_equal(packet->time_base.den, 90000);
    assert_non_null(packet->buf);
    assert_true(packet->buf->size >= (size_t)packet->size + AV_INPUT_BUFFER_PADDING_SIZE);
    f->packets[f->count++] = av_packet_clone(packet);
}

static inline void video_fixture_open(struct video_fixture *f, enum AVCodecID codec_id,
                                      enum ph_conf_on_loss on_loss)
{
    static const struct ph_es_ops ops = {video_on_track, video_on_packet};
    struct ph_ts_stream stream = {.pid = 256, .codec_id = codec_id};

    *f = (struct video_fixture){0};
    assert_int_equal(ph_es_create(&f->es, &stream, on_loss, &ops, f), 0);
    assert_int_equal(ph_es_kind(f->es), PH_TRACK_VIDEO);
}

static inline void video_fixture_close(struct video_fixture *f)
{
    ph_es_destroy(&f->es);
    assert_null(f->es);
    for (size_t i = 0; i < f->count; i++) {
        av_packet_free(&f->packets[i]);
    }
    for (size_t i = 0; i < f->track_count; i++) {
        ph_track_unref(&f->tracks[i].track);
    }
}

enum { WHOLE = 0, DAMAGED = 1, AFTER_LOSS = 2 };

/* From memory of exactly that size, so that reading past the end is caught. */
static inline void feed_bytes(struct video_fixture *f, const uint8_t *data, size_t len, int64_t pts,
                              int64_t dts, int loss)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);

    assert_non_null(copy);
    memcpy(copy, data, len);
    struct ph_es_payload payload = {.data = copy,
                                    .len = len,
                                    .pts = pts,
                                    .dts = dts,
                                    .is_damaged = (loss & DAMAGED) != 0,
                                    .follows_loss = (loss & AFTER_LOSS) != 0};
    ph_es_feed(f->es, &payload);
    free(copy);
}

static inline void feed_frame(struct video_fixture *f, const struct annexb *stream, size_t i,
                              int loss)
{
    const AVPacket *frame = stream->packets[i];

    feed_bytes(f, frame->data, (size_t)frame->size, frame->pts, frame->dts, loss);
}

/* The packet that came out as number `i` holds these NAL units. */
static inline void expect_data(const struct video_fixture *f, size_t i, const uint8_t *data,
                               size_t len)
{
    struct ph_writer wanted;

    assert_true(i < f->count);
    ph_writer_init(&wanted, SIZE_MAX / 4);
    annexb_reframe(&wanted, data, len, 0);
    if (wanted.len != (size_t)f->packets[i]->size) {
        fail_msg("packet %zu: %d bytes instead of %zu", i, f->packets[i]->size, wanted.len);
    }
    assert_memory_equal(f->packets[i]->data, wanted.data, wanted.len);
    ph_writer_fini(&wanted);
}

/* It is that frame, with its times. */
static inline void expect_frame(const struct video_fixture *f, size_t i,
                                const struct annexb *stream, size_t frame)
{
    const AVPacket *wanted = stream->packets[frame];

    expect_data(f, i, wanted->data, (size_t)wanted->size);
    assert_int_equal(f->packets[i]->pts, wanted->pts);
    assert_int_equal(f->packets[i]->dts, wanted->dts);
}

static inline bool is_key(const struct video_fixture *f, size_t i)
{
    assert_true(i < f->count);
    return (f->packets[i]->flags & AV_PKT_FLAG_KEY) != 0;
}

static inline void expect_counts(const struct video_fixture *f, size_t packets, uint64_t damaged,
                                 uint64_t unusable)
{
    struct ph_es_counts counts;

    ph_es_get_counts(f->es, &counts);
    if (f->count != packets || counts.damaged != damaged || counts.unusable != unusable) {
        fail_msg("%zu packets, %d damaged, %d unusable instead of %zu, %d, %d", f->count,
                 (int)counts.damaged, (int)counts.unusable, packets, (int)damaged, (int)unusable);
    }
}

static inline void expect_extradata(const struct ph_track *track, const AVCodecParameters *par)
{
    assert_int_equal(track->par->codec_id, par->codec_id);
    assert_int_equal(track->par->extradata_size, par->extradata_size);
    assert_memory_equal(track->par->extradata, par->extradata, (size_t)par->extradata_size);
}

#endif
