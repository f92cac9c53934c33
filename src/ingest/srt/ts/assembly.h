/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_TS_ASSEMBLY_H
#define PHIEN_INGEST_SRT_TS_ASSEMBLY_H

#include "counter.h"
#include "demux.h"

/*
 * One stream's PES packets, put together from its packets' payloads and handed out as early as
 * their end is known: with their last byte when they tell their length, else with the next one.
 */

/* What the streams of a demultiplexer share. */
struct ph_ts_output {
    const struct ph_ts_ops *ops;
    void *arg;
    struct ph_ts_counts counts;
    size_t buffered; /* bytes of all streams' buffers */
};

struct ph_ts_assembly {
    struct ph_ts_output *output;
    size_t index; /* of the stream, as told */
    struct ph_ts_counter counter;
    bool is_open;      /* a PES packet is under way */
    bool follows_loss; /* what comes out next does */
    bool is_total_told;
    size_t total; /* length of the PES packet with its header; its limit while it is not told */
    size_t len;   /* what is there of it, also when it was handed out */
    size_t cap;
    uint8_t *data;
    size_t tail;     /* where in `data` the last payload is */
    size_t last_len; /* its length */
};

void ph_ts_assembly_init(struct ph_ts_assembly *assembly, struct ph_ts_output *output,
                         size_t index);
void ph_ts_assembly_fini(struct ph_ts_assembly *assembly);

void ph_ts_assembly_feed(struct ph_ts_assembly *assembly, const struct ph_ts_packet *packet);

/* Bytes of the stream are missing here. */
void ph_ts_assembly_break(struct ph_ts_assembly *assembly);

/* So many packets, of whatever PID, may be missing here. */
void ph_ts_assembly_lose(struct ph_ts_assembly *assembly, size_t packets);

/* Nothing more comes of the PES packet under way. */
void ph_ts_assembly_end(struct ph_ts_assembly *assembly);

/* Nothing more comes of the stream: what is under way may be cut. */
void ph_ts_assembly_flush(struct ph_ts_assembly *assembly);

#endif
