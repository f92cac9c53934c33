/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_ES_ES_H
#define PHIEN_INGEST_SRT_ES_ES_H

#include "../ts/demux.h"

#include <phien/core/conf.h>
#include <phien/media/track.h>

/*
 * Elementary streams: the payloads of PES packets in, tracks and access units out, as media/
 * wants them: video length-prefixed with avcC or hvcC, audio without framing.
 *
 * Two kinds behind one interface: video.c (H.264, HEVC) and audio.c (AAC in ADTS and LATM,
 * Opus, AC-3, E-AC-3, MP2, MP3).
 */
struct ph_es;

struct ph_es_ops {
    /* What the stream is became known, or changed. Borrowed. */
    void (*on_track)(void *arg, struct ph_track *track);
    /*
     * An access unit: stream_index = enum ph_track_kind, time_base 1/90000 for video and for
     * audio, dts and pts as fed (free of wraps), AV_PKT_FLAG_KEY at random access points.
     * Ref-counted data with FFmpeg's padding, immutable from then on. Borrowed.
     */
    void (*on_packet)(void *arg, const AVPacket *packet);
};

/* A PES packet's payload with times free of wraps. */
struct ph_es_payload {
    const uint8_t *data; /* with FFmpeg's padding behind it */
    size_t len;
    int64_t pts; /* 90 kHz, or PH_TS_NO_TIME */
    int64_t dts;
    bool is_damaged;
    bool follows_loss;
};

/* Access units that did not go out. */
struct ph_es_counts {
    uint64_t damaged;  /* dropped since bytes of them were missing, or they were malformed */
    uint64_t unusable; /* video dropped since it refers to what was lost */
};

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
