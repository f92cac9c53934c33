/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libavformat's muxers, kept in memory. The output of each cut is a dynamic buffer of its own,
 * put in place of the last one.
 */
#include "muxer.h"

#include <phien/core/mem.h>

#include <libavutil/mathematics.h>
#include <libavutil/opt.h>

enum { USUAL_SAMPLES = 1024 };

static int translate(int err)
{
    return err >= 0 ? PH_OK : err == AVERROR(ENOMEM) ? PH_ENOMEM : PH_EMEDIA;
}

int ph_muxer_init(struct ph_muxer *muxer, const char *format)
{
    *muxer = (struct ph_muxer){.stream_of = {-1, -1, -1}};
    muxer->packet = av_packet_alloc();
    int err = avformat_alloc_output_context2(&muxer->context, NULL, format, NULL);
    if (muxer->packet == NULL || err < 0) {
        ph_muxer_fini(muxer);
        return muxer->packet == NULL ? PH_ENOMEM : translate(err);
    }
    /*
     * FLAC in MP4 counts as experimental in FFmpeg 5.1. Without AVFMT_FLAG_BITEXACT init
     * segments would carry the library's version and differ over an update.
     */
    muxer->context->strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;
    muxer->context->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
    muxer->context->flush_packets = 0;
    /* The default would shift all timestamps to 0. */
    muxer->context->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;
    return PH_OK;
}

static void drop_output(struct ph_muxer *muxer)
{
    uint8_t *data = NULL;

    if (muxer->context != NULL && muxer->context->pb != NULL) {
        avio_close_dyn_buf(muxer->context->pb, &data);
        muxer->context->pb = NULL;
        av_free(data);
    }
}

void ph_muxer_fini(struct ph_muxer *muxer)
{
    drop_output(muxer);
    avformat_free_context(muxer->context);
    muxer->context = NULL;
    av_packet_free(&muxer->packet);
}

int ph_muxer_add_track(struct ph_muxer *muxer, const struct ph_track *track, uint32_t tag)
{
    AVStream *stream = avformat_new_stream(muxer->context, NULL);

    if (stream == NULL) {
        return PH_ENOMEM;
    }
    int err = avcodec_parameters_copy(stream->codecpar, track->par);
    if (err < 0) {
        return translate(err);
    }
    stream->codecpar->codec_tag = tag;
    /* Stated nowhere else and different in each session, it would make equal tracks differ. */
    stream->codecpar->bit_rate = 0;
    /* Opus has none. Each packet's own duration is what counts, but zero makes movenc complain. */
    if (track->kind == PH_TRACK_AUDIO && stream->codecpar->frame_size == 0) {
        stream->codecpar->frame_size = USUAL_SAMPLES;
    }
    stream->time_base = track->time_base;
    muxer->stream_of[track->kind] = stream->index;
    muxer->time_base_of[track->kind] = track->time_base;
    return PH_OK;
}

int ph_muxer_add_id3(struct ph_muxer *muxer, int *out)
{
    AVStream *stream = avformat_new_stream(muxer->context, NULL);

    if (stream == NULL) {
        return PH_ENOMEM;
    }
    stream->codecpar->codec_type = AVMEDIA_TYPE_DATA;
    stream->codecpar->codec_id = AV_CODEC_ID_TIMED_ID3;
    *out = stream->index;
    return PH_OK;
}

static int open_output(struct ph_muxer *muxer)
{
    int err = avio_open_dyn_buf(&muxer->context->pb);

    if (err < 0) {
        muxer->context->pb = NULL;
        return translate(err);
    }
    muxer->context->pb->seekable = 0;
    return PH_OK;
}

int ph_muxer_begin(struct ph_muxer *muxer, const char *const options[])
{
    AVDictionary *dict = NULL;
    int err = open_output(muxer);

    for (size_t i = 0; err == PH_OK && options[i] != NULL; i += 2) {
        err = translate(av_dict_set(&dict, options[i], options[i + 1], 0));
    }
    if (err == PH_OK) {
        err = translate(avformat_write_header(muxer->context, &dict));
        PH_ASSERT(err != PH_OK || av_dict_count(dict) == 0);
    }
    av_dict_free(&dict);
    return err;
}

void ph_muxer_set(struct ph_muxer *muxer, const char *name, const char *value)
{
    int err = av_opt_set(muxer->context->priv_data, name, value, 0);

    PH_ASSERT(err >= 0);
}

int ph_muxer_write(struct ph_muxer *muxer, const AVPacket *packet, int64_t duration)
{
    AVPacket *own = muxer->packet;
    int kind = packet->stream_index;

    if (kind <= PH_TRACK_NONE || kind >= PH_TRACK_KINDS || muxer->stream_of[kind] < 0 ||
        packet->size <= 0 || packet->dts < 0 || packet->pts < packet->dts) {
        return PH_EINVAL;
    }
    if (muxer->context->pb == NULL) {
        return PH_ENOMEM; /* there was none for its output */
    }
    own->data = packet->data;
    own->size = packet->size;
    own->pts = packet->pts;
    own->dts = packet->dts;
    own->duration = duration;
    own->flags = packet->flags;
    own->stream_index = muxer->stream_of[kind];
    av_packet_rescale_ts(own, muxer->time_base_of[kind],
                         muxer->context->streams[own->stream_index]->time_base);
    own->buf = packet->buf; /* lent: the muxer makes references of its own */
    int err = av_write_frame(muxer->context, own);
    own->buf = NULL;
    own->data = NULL;
    own->size = 0;
    return translate(err);
}

int ph_muxer_write_id3(struct ph_muxer *muxer, int stream, const void *tag, size_t len, int64_t pts)
{
    AVPacket *own = muxer->packet;

    if (muxer->context->pb == NULL) {
        return PH_ENOMEM; /* there was none for its output */
    }
    own->data = (uint8_t *)(uintptr_t)tag; /* which the muxer only reads */
    own->size = (int)len;
    own->pts = pts;
    own->dts = pts;
    own->duration = 0;
    own->flags = AV_PKT_FLAG_KEY;
    own->stream_index = stream;
    av_packet_rescale_ts(own, (AVRational){1, 90000}, muxer->context->streams[stream]->time_base);
    int err = av_write_frame(muxer->context, own);
    own->data = NULL;
    own->size = 0;
    return translate(err);
}

int ph_muxer_write_nothing(struct ph_muxer *muxer, enum ph_track_kind kind, int64_t dts)
{
    AVPacket *own = muxer->packet;

    if (muxer->stream_of[kind] < 0) {
        return PH_EINVAL;
    }
    own->stream_index = muxer->stream_of[kind];
    own->dts = dts;
    own->pts = dts;
    av_packet_rescale_ts(own, muxer->time_base_of[kind],
                         muxer->context->streams[own->stream_index]->time_base);
    int err = av_write_frame(muxer->context, own);
    av_packet_unref(own);
    return translate(err);
}

void ph_muxer_insert(struct ph_muxer *muxer, const void *data, size_t len)
{
    if (muxer->context->pb != NULL) {
        avio_write(muxer->context->pb, data, (int)len);
    }
}

static void release_output(void *opaque, uint8_t *data)
{
    (void)opaque;
    av_free(data);
}

int ph_muxer_take(struct ph_muxer *muxer, struct ph_buf **out)
{
    uint8_t *data = NULL;

    if (muxer->context->pb == NULL) {
        return PH_ENOMEM;
    }
    int size = avio_close_dyn_buf(muxer->context->pb, &data);
    muxer->context->pb = NULL;
    int err = open_output(muxer);
    if (size <= 0 || data == NULL || err != PH_OK) {
        av_free(data);
        return err != PH_OK ? err : size < 0 ? translate(size) : PH_EAGAIN;
    }
    *out = ph_buf_wrap(data, (size_t)size, release_output, NULL);
    return PH_OK;
}

int ph_muxer_flush(struct ph_muxer *muxer, struct ph_buf **out)
{
    if (muxer->context->pb == NULL) {
        return PH_ENOMEM;
    }
    int err = av_write_frame(muxer->context, NULL);
    if (err < 0) {
        return translate(err);
    }
    return ph_muxer_take(muxer, out);
}
