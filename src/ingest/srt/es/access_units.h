/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_ES_ACCESS_UNITS_H
#define PHIEN_INGEST_SRT_ES_ACCESS_UNITS_H

#include "parameter_sets.h"
#include "payload.h"

/*
 * Payloads of PES packets in, access units out. As a rule a PES packet is one access unit, which
 * goes out with its last byte. There are also PES packets with several of them, with none but
 * parameter sets (kept for the next one), and encoders whose access units go on in the PES packet
 * behind: these are told apart by what stands in the slices.
 */

/* Levels of H.264 and HEVC allow 600 slices; an access unit with more NAL units is malformed. */
#define PH_ACCESS_UNIT_NALS_MAX 2048

/* Payloads with times whose access unit has not been found yet. */
#define PH_ACCESS_UNIT_MARKS_MAX 4

struct ph_nal_span {
    uint32_t offset; /* into the unit's data */
    uint32_t len;    /* not 0 */
};

/* 90 kHz; both PH_TS_NO_TIME when the PES packet's times were another unit's. */
struct ph_unit_times {
    int64_t pts;
    int64_t dts;
};

/* Borrowed for the call. */
struct ph_access_unit {
    const uint8_t *data;
    const struct ph_nal_span *nals;
    size_t nal_count;
    struct ph_unit_times times;
    /* avcC or hvcC, where the sets are known, of random access points and until the first one. */
    const struct ph_buf *config;
    struct ph_slice_head head;
    /*
     * The unit's beginning is missing, though no loss was told: it was handed out already, since
     * nothing said that it would go on. Or it has too many NAL units, or is too large.
     */
    bool is_rest;
};

struct ph_access_units {
    struct ph_parameter_sets sets;
    void (*on_unit)(void *arg, const struct ph_access_unit *unit);
    void *arg;

    /* What is scanned: the payload in place, or `kept` when it is the sequel of something. */
    const uint8_t *view;
    size_t view_len;
    size_t nal_start;  /* of the NAL unit whose end is looked for */
    size_t scanned;    /* no start code begins before, but the one at nal_start */
    bool is_looked_at; /* the NAL unit at nal_start, a slice, has been taken already */

    uint8_t *kept;
    size_t kept_len;
    size_t kept_cap;
    bool is_slice_kept;
    unsigned joins; /* payloads that `kept` was joined with before there was a slice */
    /*
     * Each is kept until the next one begins, since one went on unforeseen: a frame of latency.
     */
    bool is_holding;

    /* Times of payloads, each for the first access unit that begins at `offset` or behind it. */
    struct {
        size_t offset;
        struct ph_unit_times times;
    } marks[PH_ACCESS_UNIT_MARKS_MAX];
    size_t mark_count;
    bool has_config; /* one was formatted */

    /* The unit under way. */
    struct ph_nal_span nals[PH_ACCESS_UNIT_NALS_MAX];
    size_t nal_count;
    size_t opening; /* the first of the NAL units that may belong to the next one; or SIZE_MAX */
    bool has_delimiter; /* among these */
    bool has_slice;
    bool is_rest;
    bool is_paired; /* the field that came last is its frame's second */
    struct ph_slice_head head;
    struct ph_buf *config;
    struct ph_unit_times times;
};

void ph_access_units_init(struct ph_access_units *units, enum AVCodecID codec_id,
                          void (*on_unit)(void *arg, const struct ph_access_unit *unit), void *arg);
void ph_access_units_fini(struct ph_access_units *units);

/* A payload that follows the one before without loss, and is whole. */
void ph_access_units_feed(struct ph_access_units *units, const struct ph_es_payload *payload);

/* Hands out what is under way, if there is a slice in it. */
void ph_access_units_end(struct ph_access_units *units);

/* Forgets what is under way; true if there was a slice in it. */
bool ph_access_units_drop(struct ph_access_units *units);

/* Whether a payload begins with an access unit instead of going on with one. */
bool ph_access_units_begins(const struct ph_access_units *units, const uint8_t *data, size_t len);

#endif
