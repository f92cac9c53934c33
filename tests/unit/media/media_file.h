/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_MEDIA_FILE_H
#define PHIEN_TESTS_MEDIA_FILE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libavformat/avformat.h>
#include <phien/media/track.h>
#include <stdio.h>

/* What real encoders made: tests/golden/media/NAME, read whole. */
enum { MEDIA_FILE_PACKETS = 512 };

struct media_file {
    AVCodecParameters *par[PH_TRACK_KINDS];
    AVPacket *packets[MEDIA_FILE_PACKETS]; /* stream_index is the kind, time_base is set */
    size_t count;
};

static inline enum ph_track_kind media_kind(const AVStream *stream)
{
    return stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO ? PH_TRACK_VIDEO : PH_TRACK_AUDIO;
}

static inline void media_file_open(struct media_file *file, const char *name)
{
    AVFormatContext *input = NULL;
    char path[512];

    *file = (struct media_file){0};
    snprintf(path, sizeof(path), "%s/tests/golden/media/%s", PHIEN_SOURCE_DIR, name);
    assert_int_equal(avformat_open_input(&input, path, NULL, NULL), 0);
    for (unsigned i = 0; i < input->nb_streams; i++) {
        enum ph_track_kind kind = media_kind(input->streams[i]);
        file->par[kind] = avcodec_parameters_alloc();
        assert_int_equal(avcodec_parameters_copy(file->par[kind], input->streams[i]->codecpar), 0);
    }
    for (AVPacket *packet = av_packet_alloc();; packet = av_packet_alloc()) {
        assert_non_null(packet);
        if (av_read_frame(input, packet) < 0) {
            av_packet_free(&packet);
            break;
        }
        const AVStream *stream = input->streams[packet->stream_index];
        packet->time_base = stream->time_base;
        packet->stream_index = (int)media_kind(stream);
        assert_true(file->count < MEDIA_FILE_PACKETS);
        file->packets[file->count++] = packet;
    }
    avformat_close_input(&input);
}

static inline void media_file_close(struct media_file *file)
{
    for (size_t i = 0; i < file->count; i++) {
        av_packet_free(&file->packets[i]);
    }
    avcodec_parameters_free(&file->par[PH_TRACK_VIDEO]);
    avcodec_parameters_free(&file->par[PH_TRACK_AUDIO]);
}

/* The first packet of a kind that is, or is not, flagged as key. */
static inline const AVPacket *media_file_find(const struct media_file *file,
                                              enum ph_track_kind kind, bool is_key)
{
    for (size_t i = 0; i < file->count; i++) {
        const AVPacket *packet = file->packets[i];
        if (packet->stream_index == (int)kind &&
            ((packet->flags & AV_PKT_FLAG_KEY) != 0) == is_key) {
            return packet;
        }
    }
    fail_msg("no such packet");
    return NULL;
}

#endif
