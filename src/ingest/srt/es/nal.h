/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_ES_NAL_H
#define PHIEN_INGEST_SRT_ES_NAL_H

#include "sps.h"

#include <libavcodec/codec_id.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a NAL unit of H.264 or HEVC is to the access unit that it stands in. */
enum ph_nal_role {
    PH_NAL_NONE,      /* nothing special: belongs to the access unit that it stands in */
    PH_NAL_OPENING,   /* behind a slice it begins the next access unit: SEI and the like */
    PH_NAL_DELIMITER, /* begins an access unit */
    PH_NAL_VPS,       /* parameter sets: as OPENING */
    PH_NAL_SPS,
    PH_NAL_PPS,
    PH_NAL_SLICE, /* of the picture itself: no auxiliary picture, no layer above it */
};

enum ph_nal_role ph_nal_role(enum AVCodecID codec_id, const uint8_t *nal, size_t len);

/* As many bytes of a slice as are looked at: three codes, a frame number, the two flags. */
#define PH_SLICE_HEAD_BYTES 40

/* The beginning of a slice's header. */
struct ph_slice_head {
    bool is_first; /* of its picture, or field */
    bool is_random_access;
    bool is_leading; /* HEVC: RASL, refers to what stands before its random access point */
    unsigned pps_id;

    /* H.264, where the SPS says that there are fields: */
    bool is_field;
    bool is_bottom;
    uint32_t frame_num;
};

/* Up to pps_id. PH_EPROTO: malformed. */
PH_MUST_CHECK int ph_slice_head_parse(struct ph_slice_head *out, enum AVCodecID codec_id,
                                      const uint8_t *nal, size_t len);

/* H.264: the rest, which only the SPS tells how to read. Leaves a frame as it is if malformed. */
void ph_slice_head_parse_field(struct ph_slice_head *head, const struct ph_sps *sps,
                               const uint8_t *nal, size_t len);

/* Whether `b` begins the other field of the frame whose first field `a` belongs to. */
bool ph_slice_head_is_pair(const struct ph_slice_head *a, const struct ph_slice_head *b);

#endif
