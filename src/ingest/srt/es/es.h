/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_ES_ES_H
#define PHIEN_INGEST_SRT_ES_ES_H

#include "payload.h"

#include <phien/core/conf.h>

/*
 * Elementary streams: the payloads of PES packets in, tracks and access units out, as media/
 * wants them: video length-prefixed with avcC or hvcC, audio without framing.
 *
 * Two kinds behind one interface: video.c (H.264, HEVC) and audio.c (AAC in ADTS and LATM,
 * Opus, AC-3, E-AC-3, MP2, MP3).
 */
struct ph_es;

/* PH_EUNSUPPORTED: a codec that is none of the above. */
PH_MUST_CHECK int ph_es_create(struct ph_es **out, const struct ph_ts_stream *stream,
                               enum ph_conf_on_loss on_loss, const struct ph_es_ops *ops,
                               void *arg);
void ph_es_destroy(struct ph_es **es);

void ph_es_feed(struct ph_es *es, const struct ph_es_payload *payload);

/* Hands out what only more bytes would have ended. */
void ph_es_flush(struct ph_es *es);

enum ph_track_kind ph_es_kind(const struct ph_es *es);
void ph_es_get_counts(const struct ph_es *es, struct ph_es_counts *out);

#endif
