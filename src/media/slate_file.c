/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The slate's files, taken apart when phien starts. They come from scripts/make-slate.sh and not
 * from a peer, so libavformat's demuxer reads them, from memory; what the player counts on is
 * checked nevertheless, since a file made otherwise would only be noticed when a publisher is
 * lost.
 */
#include "slate_file.h"

#include <libavformat/avformat.h>
#include <libavutil/mem.h>
#include <string.h>

enum { READ_BYTES = 4096 };

struct reader {
    const struct ph_slate_bytes *bytes;
    size_t at;
    AVIOContext *io;
    AVFormatContext *format;
};

static int from_av_error(int err)
{
    return err >= 0 ? PH_OK : err == AVERROR(ENOMEM) ? PH_ENOMEM : PH_EMEDIA;
}

static int on_read(void *arg, uint8_t *out, int len)
{
    struct reader *reader = arg;
    size_t left = reader->bytes->len - reader->at;
    size_t count = (size_t)len < left ? (size_t)len : left;

    if (count == 0) {
        return AVERROR_EOF;
    }
    memcpy(out, reader->bytes->data + reader->at, count);
    reader->at += count;
    return (int)count;
}

static int64_t on_seek(void *arg, int64_t offset, int whence)
{
    struct reader *reader = arg;
    int64_t len = (int64_t)reader->bytes->len;

    if (whence == AVSEEK_SIZE) {
        return len;
    }
    if (whence != SEEK_SET || offset < 0 || offset > len) {
        return AVERROR(EINVAL);
    }
    reader->at = (size_t)offset;
    return offset;
}

static void close_reader(struct reader *reader)
{
    avformat_close_input(&reader->format);
    if (reader->io != NULL) {
        av_freep(&reader->io->buffer);
    }
    avio_context_free(&reader->io);
}

static int open_reader(struct reader *reader)
{
    uint8_t *buffer = av_malloc(READ_BYTES);

    if (buffer == NULL) {
        return PH_ENOMEM;
    }
    reader->io = avio_alloc_context(buffer, READ_BYTES, 0, reader, on_read, NULL, on_seek);
    if (reader->io == NULL) {
        av_free(buffer);
        return PH_ENOMEM;
    }
    reader->format = avformat_alloc_context();
    if (reader->format == NULL) {
        return PH_ENOMEM;
    }
    reader->format->pb = reader->io;
    return from_av_error(
        avformat_open_input(&reader->format, NULL, av_find_input_format("mp4"), NULL));
}

static int create_tracks(struct ph_slate_file *file, const AVFormatContext *format)
{
    int err = PH_OK;

    for (unsigned i = 0; i < format->nb_streams && err == PH_OK; i++) {
        const AVCodecParameters *par = format->streams[i]->codecpar;
        if (par->codec_id == AV_CODEC_ID_H264 && file->video == NULL) {
            err = ph_track_create(&file->video, par);
        } else if (par->codec_id == AV_CODEC_ID_AAC && file->audio == NULL) {
            err = ph_track_create(&file->audio, par);
        } else {
            err = PH_EMEDIA;
        }
    }
    return err == PH_OK && (file->video == NULL || file->audio == NULL) ? PH_EMEDIA : err;
}

static int take_picture(struct ph_slate_file *file, AVPacket **packet, AVRational time_base)
{
    AVPacket *p = *packet;
    int64_t due = (int64_t)file->picture_count * PH_SLATE_PICTURE_TICKS;

    if (file->picture_count == PH_SLATE_MAX_PICTURES || p->dts != p->pts ||
        av_compare_ts(p->pts, time_base, due, file->video->time_base) != 0) {
        return PH_EMEDIA;
    }
    file->pictures[file->picture_count++] = p;
    *packet = NULL;
    return PH_OK;
}

/* The newest is kept: the first frames may still be an encoder's run-up. */
static void take_silence(struct ph_slate_file *file, AVPacket **packet)
{
    av_packet_free(&file->silence);
    file->silence = *packet;
    *packet = NULL;
}

/* PH_EAGAIN: there are no more. */
static int read_packet(struct ph_slate_file *file, AVFormatContext *format)
{
    AVPacket *packet = av_packet_alloc();
    int err = packet != NULL ? av_read_frame(format, packet) : AVERROR(ENOMEM);

    if (err < 0) {
        av_packet_free(&packet);
        return err == AVERROR_EOF ? PH_EAGAIN : from_av_error(err);
    }
    const AVStream *stream = format->streams[packet->stream_index];
    av_packet_free_side_data(packet);
    err = PH_OK;
    if (stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO) {
        err = take_picture(file, &packet, stream->time_base);
    } else {
        take_silence(file, &packet);
    }
    av_packet_free(&packet);
    return err;
}

/* Whether all is there; and the video's track as its first picture tells it. */
static int refine(struct ph_slate_file *file)
{
    struct ph_track *refined;

    if (file->picture_count == 0 || file->silence == NULL ||
        !ph_track_is_random_access(file->video, file->pictures[0]) ||
        file->audio->frame_samples == 0) {
        return PH_EMEDIA;
    }
    int err = ph_track_refine(&refined, file->video, file->pictures[0]);
    if (err == PH_OK) {
        ph_track_unref(&file->video);
        file->video = refined;
    }
    return err;
}

int ph_slate_file_open(struct ph_slate_file *out, const struct ph_slate_bytes *bytes)
{
    struct reader reader = {.bytes = bytes};

    *out = (struct ph_slate_file){0};
    int err = open_reader(&reader);
    if (err == PH_OK) {
        err = create_tracks(out, reader.format);
    }
    while (err == PH_OK) {
        err = read_packet(out, reader.format);
    }
    if (err == PH_EAGAIN) {
        err = refine(out);
    }
    close_reader(&reader);
    return err;
}

void ph_slate_file_close(struct ph_slate_file *file)
{
    ph_track_unref(&file->video);
    ph_track_unref(&file->audio);
    for (int i = 0; i < file->picture_count; i++) {
        av_packet_free(&file->pictures[i]);
    }
    av_packet_free(&file->silence);
}
