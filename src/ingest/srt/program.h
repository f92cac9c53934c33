/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_PROGRAM_H
#define PHIEN_INGEST_SRT_PROGRAM_H

#include "es/es.h"

#include <phien/core/clock.h>

/* The stream that is taken of one kind. */
struct ph_srt_stream {
    struct ph_es *es;        /* NULL: the program has none that can be packaged */
    struct ph_ts_stream map; /* as the program map has it */
    size_t index;            /* among the streams last told */
    ph_usec since;           /* when it was taken */
    ph_usec first_pes;       /* arrival of the first; PH_USEC_NEVER: none came */
    bool has_track;
    bool has_key_frame; /* video */
};

/*
 * Which streams of the transport stream's program are taken: the first video and the first audio
 * that can be packaged. One that stays in the map is kept, even if another comes before it.
 */
struct ph_srt_program {
    enum ph_conf_on_loss on_loss;
    const struct ph_es_ops *ops;
    void *arg;
    struct ph_srt_stream streams[PH_TRACK_KINDS];
    struct ph_es_counts past[PH_TRACK_KINDS]; /* of streams that were let go */
    bool has_map;
    /*
     * What the map has only in forms that cannot be packaged, PH_TRACK_NONE if nothing. Video
     * counts even beside good audio: a seller whose picture nobody sees has to be told.
     */
    enum ph_track_kind lacking;
    ph_usec lacking_since; /* PH_USEC_NEVER: nothing is */
    char refused[128];     /* "stream types 0x02 (MPEG-2 video), 0x06" */
};

void ph_srt_program_init(struct ph_srt_program *program, enum ph_conf_on_loss on_loss,
                         const struct ph_es_ops *ops, void *arg);
void ph_srt_program_fini(struct ph_srt_program *program);

/* A program map. What streams that are let go have left comes out first. */
void ph_srt_program_take(struct ph_srt_program *program, const struct ph_ts_stream *streams,
                         size_t count, ph_usec now);

/* The stream with this index in the map; NULL: it is not taken. */
struct ph_srt_stream *ph_srt_program_find(struct ph_srt_program *program, size_t index);

/* Video if there is any, else audio, else NULL. */
const struct ph_srt_stream *ph_srt_program_leader(const struct ph_srt_program *program);

void ph_srt_program_flush(struct ph_srt_program *program);

/* Since the beginning, of all streams of this kind. */
void ph_srt_program_get_counts(const struct ph_srt_program *program, enum ph_track_kind kind,
                               struct ph_es_counts *out);

#endif
