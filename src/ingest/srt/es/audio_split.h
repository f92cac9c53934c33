/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_ES_AUDIO_SPLIT_H
#define PHIEN_INGEST_SRT_ES_AUDIO_SPLIT_H

#include "audio_frame.h"
#include "payload.h"

#include <phien/core/bytes.h>

/* So many PES packets may go by until a frame is found to have begun in the first of them. */
#define PH_AUDIO_MARKS_MAX 16

/*
 * Frames of audio out of PES packets, which hold several, or one, or a piece of one. A frame
 * comes out with its last byte; with what is known to be missing goes all that the hole could
 * have touched.
 */
struct ph_audio_split {
    ph_audio_read_cb read;
    struct ph_writer kept; /* the frame that goes on in the next PES packet */
    bool is_aligned;       /* it began with a PES packet */
    size_t search_at;      /* not synced: with so many bytes, looking again is worth it */

    /* Of PES packets: where in the bytes each begins, and its time. Used up by frames. */
    struct {
        size_t at;
        int64_t pts;
    } marks[PH_AUDIO_MARKS_MAX];
    unsigned mark_count;

    /* The PES packet being taken apart; `data` may be `kept`'s. */
    const uint8_t *data;
    size_t len;
    size_t pos;
    size_t pes_start; /* where its payload begins, behind what was kept */
    bool is_damaged;
    bool is_last; /* nothing will follow */

    bool is_synced; /* a frame ends at `pos` */
    bool follows_hole;
    bool has_config;
    uint32_t config;     /* of the last frame */
    unsigned substreams; /* that the last frame was followed by */
    uint64_t damaged;    /* holes that swallowed frames */
};

struct ph_audio_piece {
    struct ph_audio_frame frame;
    const uint8_t *data; /* the frame's, up to the next call */
    int64_t pts;         /* PH_TS_NO_TIME: it follows the frame before */
    bool follows_hole;   /* unknown time went by since the frame before */
};

void ph_audio_split_init(struct ph_audio_split *split, ph_audio_read_cb read);
void ph_audio_split_fini(struct ph_audio_split *split);

/* A PES packet, borrowed until ph_audio_split_next has given false. */
void ph_audio_split_feed(struct ph_audio_split *split, const struct ph_es_payload *payload);

/* The stream is over: what only the beginning of another frame would have ended comes out. */
void ph_audio_split_end(struct ph_audio_split *split);

bool ph_audio_split_next(struct ph_audio_split *split, struct ph_audio_piece *out);

#endif
