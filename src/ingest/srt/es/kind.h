/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_ES_KIND_H
#define PHIEN_INGEST_SRT_ES_KIND_H

#include "payload.h"

#include <phien/core/conf.h>

struct ph_es;

/* What a kind of elementary stream does with what it is fed. */
struct ph_es_class {
    void (*feed)(struct ph_es *es, const struct ph_es_payload *payload);
    void (*flush)(struct ph_es *es);
    void (*destroy)(struct ph_es *es); /* frees all but, and then, the struct itself */
};

/* The first member of each kind's own struct. */
struct ph_es {
    const struct ph_es_class *class;
    enum ph_track_kind kind;
    enum AVCodecID codec_id;
    enum ph_conf_on_loss on_loss;
    const struct ph_es_ops *ops;
    void *arg;
    struct ph_track *track; /* the last one told; NULL: none yet */
    struct ph_es_counts counts;
};

/* Each makes its own struct, with `base` filled in by the caller afterwards. NULL: no memory. */
struct ph_es *ph_es_video_create(enum AVCodecID codec_id);
struct ph_es *ph_es_audio_create(const struct ph_ts_stream *stream);

/* Tells `track` if it differs from the one told last. Takes the caller's reference over. */
void ph_es_tell_track(struct ph_es *es, struct ph_track *track);

/* Hands out `packet` as one of this stream. */
void ph_es_tell_packet(struct ph_es *es, AVPacket *packet);

#endif
