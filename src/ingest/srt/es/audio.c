/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elementary streams of audio, see es.h: PES packets are split into frames (audio_split.c), a
 * frame's framing is taken off, and it gets its time (audio_clock.c). What the sound is stands in
 * each frame, so the track is told with the first one, and again when they change.
 *
 * Losses are the same whatever `on_loss` says: a frame with bytes missing is only noise.
 */
#include "audio_clock.h"
#include "audio_config.h"
#include "audio_split.h"
#include "kind.h"
#include "latm.h"

#include <phien/core/mem.h>
#include <phien/media/channel.h>

#include <stdlib.h>
#include <string.h>

struct es_audio {
    struct ph_es base;
    struct ph_audio_split split;
    struct ph_audio_clock clock;
    struct ph_latm latm;
    AVPacket *packet;
    int opus_channels;
    bool has_config; /* a track was told, or refused, for `config` */
    uint32_t config;
    bool is_refused;
    bool follows_loss; /* the next packet */
};

static struct es_audio *from_base(struct ph_es *es)
{
    return ph_container_of(es, struct es_audio, base);
}

static int read_config(const struct es_audio *audio, const struct ph_audio_piece *piece,
                       struct ph_audio_config *out)
{
    out->len = 0;
    switch (audio->base.codec_id) {
    case AV_CODEC_ID_AAC:
        return ph_audio_config_adts(out, &piece->frame, piece->data);
    case AV_CODEC_ID_AAC_LATM:
        memcpy(out->data, audio->latm.config, audio->latm.config_len);
        out->len = audio->latm.config_len;
        return PH_OK;
    case AV_CODEC_ID_OPUS:
        return ph_audio_config_opus(out, audio->opus_channels);
    default:
        return PH_OK;
    }
}

static int tell_track(struct es_audio *audio, const struct ph_audio_piece *piece)
{
    struct ph_audio_config config;
    struct ph_track *track = NULL;

    int err = read_config(audio, piece, &config);
    if (err == PH_OK) {
        err = ph_audio_config_make_track(&track, piece->frame.codec_id, &config, audio->packet);
    }
    if (err == PH_OK) {
        ph_es_tell_track(&audio->base, track);
    }
    return err;
}

/* Whether the packet has a track, which is made if the frame says that it is of another one. */
static bool has_track(struct es_audio *audio, const struct ph_audio_piece *piece)
{
    const struct ph_audio_frame *frame = &piece->frame;

    if (!audio->has_config || audio->config != frame->config) {
        int err = tell_track(audio, piece);
        audio->is_refused = err != PH_OK;
        /* Malformed, or no memory: the next frame may do. */
        audio->has_config = err == PH_OK || err == PH_EUNSUPPORTED;
        audio->config = frame->config;
    }
    return !audio->is_refused;
}

static void lose_time(struct es_audio *audio)
{
    ph_audio_clock_stop(&audio->clock);
    audio->follows_loss = true;
}

/* A frame whose payload is in the packet. */
static void take_packet(struct es_audio *audio, const struct ph_audio_piece *piece)
{
    AVPacket *packet = audio->packet;

    if (!has_track(audio, piece)) {
        return;
    }
    const struct ph_track *track = audio->base.track;
    int samples = ph_track_samples(track, packet);
    if (samples <= 0 || !ph_audio_clock_next(&audio->clock, track->par->sample_rate, samples,
                                             &packet->pts, &packet->duration)) {
        audio->base.counts.damaged++;
        return;
    }
    packet->dts = packet->pts;
    packet->flags = AV_PKT_FLAG_KEY;
    packet->opaque = audio->follows_loss ? PH_PACKET_FOLLOWS_LOSS : NULL;
    audio->follows_loss = false;
    ph_es_tell_packet(&audio->base, packet);
}

static void take_frame(struct es_audio *audio, const struct ph_audio_piece *piece)
{
    size_t len = piece->frame.len - piece->frame.payload;

    if (av_new_packet(audio->packet, (int)len) < 0) {
        lose_time(audio);
        return;
    }
    memcpy(audio->packet->data, piece->data + piece->frame.payload, len);
    take_packet(audio, piece);
    av_packet_unref(audio->packet);
}

static void take_latm(struct es_audio *audio, struct ph_audio_piece *piece)
{
    const uint8_t *data = piece->data + piece->frame.payload;
    struct ph_latm_element element;

    int err = ph_latm_read(&audio->latm, data, piece->frame.len - piece->frame.payload, &element);
    if (err != PH_OK) {
        audio->base.counts.damaged += err == PH_EPROTO;
        lose_time(audio); /* how long it would have played, nobody knows */
        return;
    }
    audio->has_config = audio->has_config && !element.is_changed;
    for (unsigned i = 0; i < element.count; i++) {
        if (av_new_packet(audio->packet, (int)element.frames[i].len) < 0) {
            lose_time(audio);
            return;
        }
        ph_latm_copy(audio->packet->data, data, element.frames[i].pos_bits, element.frames[i].len);
        take_packet(audio, piece);
        av_packet_unref(audio->packet);
    }
}

static void take_pieces(struct es_audio *audio)
{
    struct ph_audio_piece piece;

    while (ph_audio_split_next(&audio->split, &piece)) {
        if (piece.follows_hole) {
            lose_time(audio);
        }
        if (piece.pts != PH_TS_NO_TIME) {
            ph_audio_clock_set(&audio->clock, piece.pts);
        }
        if (audio->base.codec_id == AV_CODEC_ID_AAC_LATM) {
            take_latm(audio, &piece);
        } else {
            take_frame(audio, &piece);
        }
    }
    audio->base.counts.damaged += audio->split.damaged;
    audio->split.damaged = 0;
}

static void feed(struct ph_es *es, const struct ph_es_payload *payload)
{
    struct es_audio *audio = from_base(es);

    ph_audio_split_feed(&audio->split, payload);
    take_pieces(audio);
}

static void flush(struct ph_es *es)
{
    struct es_audio *audio = from_base(es);

    ph_audio_split_end(&audio->split);
    take_pieces(audio);
}

static void destroy(struct ph_es *es)
{
    struct es_audio *audio = from_base(es);

    av_packet_free(&audio->packet);
    ph_audio_split_fini(&audio->split);
    free(audio);
}

static ph_audio_read_cb choose_framing(enum AVCodecID codec_id)
{
    switch (codec_id) {
    case AV_CODEC_ID_AAC:
        return ph_adts_read;
    case AV_CODEC_ID_AAC_LATM:
        return ph_loas_read;
    case AV_CODEC_ID_OPUS:
        return ph_opus_ts_read;
    case AV_CODEC_ID_AC3:
    case AV_CODEC_ID_EAC3:
        return ph_ac3_read;
    default:
        return ph_mpa_read;
    }
}

struct ph_es *ph_es_audio_create(const struct ph_ts_stream *stream)
{
    static const struct ph_es_class class = {feed, flush, destroy};
    struct es_audio *audio = ph_new(struct es_audio);

    audio->packet = av_packet_alloc();
    if (audio->packet == NULL) {
        free(audio);
        return NULL;
    }
    audio->base.class = &class;
    audio->opus_channels = stream->opus_channels;
    ph_audio_split_init(&audio->split, choose_framing(stream->codec_id));
    return &audio->base;
}
