/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elementary streams, between the demultiplexer (ts/demux.c) and the session: which kind a codec
 * is, and the way into it.
 */
#include "es.h"

#include "kind.h"

static bool is_video(enum AVCodecID codec_id)
{
    return codec_id == AV_CODEC_ID_H264 || codec_id == AV_CODEC_ID_HEVC;
}

static bool is_audio(enum AVCodecID codec_id)
{
    switch (codec_id) {
    case AV_CODEC_ID_AAC:
    case AV_CODEC_ID_AAC_LATM:
    case AV_CODEC_ID_OPUS:
    case AV_CODEC_ID_AC3:
    case AV_CODEC_ID_EAC3:
    case AV_CODEC_ID_MP2:
    case AV_CODEC_ID_MP3:
        return true;
    default:
        return false;
    }
}

int ph_es_create(struct ph_es **out, const struct ph_ts_stream *stream,
                 enum ph_conf_on_loss on_loss, const struct ph_es_ops *ops, void *arg)
{
    bool has_picture = is_video(stream->codec_id);

    *out = NULL;
    if (!has_picture && !is_audio(stream->codec_id)) {
        return PH_EUNSUPPORTED;
    }
    struct ph_es *es =
        has_picture ? ph_es_video_create(stream->codec_id) : ph_es_audio_create(stream);
    if (es == NULL) {
        return PH_ENOMEM;
    }
    es->kind = has_picture ? PH_TRACK_VIDEO : PH_TRACK_AUDIO;
    es->codec_id = stream->codec_id;
    es->on_loss = on_loss;
    es->ops = ops;
    es->arg = arg;
    *out = es;
    return PH_OK;
}

void ph_es_destroy(struct ph_es **ref)
{
    struct ph_es *es = *ref;

    *ref = NULL;
    if (es != NULL) {
        ph_track_unref(&es->track);
        es->class->destroy(es);
    }
}

void ph_es_feed(struct ph_es *es, const struct ph_es_payload *payload)
{
    es->class->feed(es, payload);
}

void ph_es_flush(struct ph_es *es)
{
    es->class->flush(es);
}

enum ph_track_kind ph_es_kind(const struct ph_es *es)
{
    return es->kind;
}

void ph_es_get_counts(const struct ph_es *es, struct ph_es_counts *out)
{
    *out = es->counts;
}
