/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_ES_PAYLOAD_H
#define PHIEN_INGEST_SRT_ES_PAYLOAD_H

#include "../ts/demux.h"

#include <phien/media/track.h>

/* What goes into an elementary stream, and what comes out of it. */

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

#endif
