/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_MEDIA_FIXTURE_H
#define PHIEN_TESTS_MEDIA_FIXTURE_H

#include "mp4.h"

#include <phien/core/buf.h>
#include <phien/core/mem.h>
#include <phien/media/track.h>

#include <libavformat/avformat.h>
#include <libavutil/mathematics.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * The streams of tests/golden/media as a channel hands them to its sinks: tracks, and packets in
 * decoding order, in the tracks' time bases, ten seconds into the timeline.
 */
enum { MEDIA_START_S = 10 };

struct media {
    struct ph_track *video;
    struct ph_track *audio;
    AVPacket **packets;
    size_t count;
    size_t next[PH_TRACK_KINDS]; /* how many packets of a kind media_next has given */
};

static inline struct ph_track *media_track(const struct media *m, const AVPacket *packet)
{
    return packet->stream_index == PH_TRACK_VIDEO ? m->video : m->audio;
}

static inline int media_compare(const void *a, const void *b)
{
    const AVPacket *x = *(AVPacket *const *)a;
    const AVPacket *y = *(AVPacket *const *)b;
    int order = av_compare_ts(x->dts, x->time_base, y->dts, y->time_base);

    return order != 0 ? order : x->stream_index - y->stream_index;
}

static inline void media_open(struct media *m, const char *name)
{
    AVFormatContext *context = NULL;
    AVPacket *packet = av_packet_alloc();
    char path[512];

    *m = (struct media){0};
    snprintf(path, sizeof(path), "%s/tests/golden/media/%s", PHIEN_SOURCE_DIR, name);
    assert_int_equal(avformat_open_input(&context, path, NULL, NULL), 0);
    for (unsigned i = 0; i < context->nb_streams; i++) {
        const AVCodecParameters *par = context->streams[i]->codecpar;
        struct ph_track **track = par->codec_type == AVMEDIA_TYPE_VIDEO ? &m->video : &m->audio;
        assert_int_equal(ph_track_create(track, par), 0);
    }
    while (av_read_frame(context, packet) >= 0) {
        const AVStream *stream = context->streams[packet->stream_index];
        AVPacket *own = av_packet_clone(packet);
        bool is_video = stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO;
        own->stream_index = is_video ? PH_TRACK_VIDEO : PH_TRACK_AUDIO;
        const struct ph_track *track = media_track(m, own);
        av_packet_rescale_ts(own, stream->time_base, track->time_base);
        own->time_base = track->time_base;
        int64_t start = av_rescale_q(MEDIA_START_S, (AVRational){1, 1}, track->time_base);
        own->pts += start;
        own->dts += start;
        m->packets = ph_realloc_array(m->packets, m->count + 1, sizeof(own));
        m->packets[m->count++] = own;
        av_packet_unref(packet);
    }
    qsort(m->packets, m->count, sizeof(m->packets[0]), media_compare);
    av_packet_free(&packet);
    avformat_close_input(&context);
}

static inline void media_close(struct media *m)
{
    for (size_t i = 0; i < m->count; i++) {
        av_packet_free(&m->packets[i]);
    }
    free(m->packets);
    ph_track_unref(&m->video);
    ph_track_unref(&m->audio);
}

static inline const AVPacket *media_nth(const struct media *m, int kind, size_t n)
{
    for (size_t i = 0; i < m->count; i++) {
        if (m->packets[i]->stream_index == kind && n-- == 0) {
            return m->packets[i];
        }
    }
    return NULL;
}

/* The `n`-th packet of a kind when the stream is played over and over, each track without gaps. */
static inline AVPacket *media_endless(const struct media *m, int kind, size_t n)
{
    size_t count = 0;

    while (media_nth(m, kind, count) != NULL) {
        count++;
    }
    if (count == 0) {
        return NULL;
    }
    /* All but the last packet of a file last as long as the first one. */
    int64_t frame = media_nth(m, kind, 0)->duration;
    int64_t round = media_nth(m, kind, count - 1)->dts + frame - media_nth(m, kind, 0)->dts;
    AVPacket *packet = av_packet_clone(media_nth(m, kind, n % count));
    packet->duration = frame;
    packet->dts += (int64_t)(n / count) * round;
    packet->pts += (int64_t)(n / count) * round;
    return packet;
}

/* The next packet in decoding order, without end; the caller frees it. */
static inline AVPacket *media_next(struct media *m)
{
    AVPacket *video = media_endless(m, PH_TRACK_VIDEO, m->next[PH_TRACK_VIDEO]);
    AVPacket *audio = media_endless(m, PH_TRACK_AUDIO, m->next[PH_TRACK_AUDIO]);

    if (audio == NULL || (video != NULL && media_compare(&video, &audio) <= 0)) {
        m->next[PH_TRACK_VIDEO]++;
        av_packet_free(&audio);
        return video;
    }
    m->next[PH_TRACK_AUDIO]++;
    av_packet_free(&video);
    return audio;
}

static inline ph_usec media_dts(const AVPacket *packet)
{
    return av_rescale_q(packet->dts, packet->time_base, AV_TIME_BASE_Q);
}

/* Bytes as libavformat's custom input. */
struct media_bytes {
    const uint8_t *data;
    size_t len;
    size_t pos;
};

static inline int media_bytes_read(void *opaque, uint8_t *buf, int size)
{
    struct media_bytes *bytes = opaque;
    size_t left = bytes->len - bytes->pos;
    size_t take = (size_t)size < left ? (size_t)size : left;

    if (take == 0) {
        return AVERROR_EOF;
    }
    memcpy(buf, bytes->data + bytes->pos, take);
    bytes->pos += take;
    return (int)take;
}

/*
 * Reads a stream back with FFmpeg's demuxer, which stands for a player, and hands each packet to
 * `take`, with stream_index = the track's kind.
 */
static inline void media_read_back(const uint8_t *data, size_t len, const char *format,
                                   void (*take)(void *arg, const AVPacket *packet), void *arg)
{
    struct media_bytes bytes = {data, len, 0};
    AVFormatContext *context = avformat_alloc_context();
    AVPacket *packet = av_packet_alloc();

    context->pb =
        avio_alloc_context(av_malloc(4096), 4096, 0, &bytes, media_bytes_read, NULL, NULL);
    assert_int_equal(avformat_open_input(&context, NULL, av_find_input_format(format), NULL), 0);
    AVIOContext *pb = context->pb;
    assert_true(avformat_find_stream_info(context, NULL) >= 0);
    while (av_read_frame(context, packet) >= 0) {
        const AVStream *stream = context->streams[packet->stream_index];
        packet->time_base = stream->time_base;
        packet->stream_index =
            stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO ? PH_TRACK_VIDEO : PH_TRACK_AUDIO;
        take(arg, packet);
        av_packet_unref(packet);
    }
    avformat_close_input(&context);
    av_freep(&pb->buffer);
    avio_context_free(&pb);
    av_packet_free(&packet);
}

#endif
