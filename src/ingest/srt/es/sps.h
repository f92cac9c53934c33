/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_ES_SPS_H
#define PHIEN_INGEST_SRT_ES_SPS_H

#include <phien/core/err.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PH_SPS_PTL_BYTES 12

/* What a sequence parameter set says that avcC, hvcC or the reading of slices need. */
struct ph_sps {
    unsigned id;
    unsigned chroma_format;
    unsigned luma_depth; /* bits a sample */
    unsigned chroma_depth;

    /* H.264: */
    bool has_separate_planes;
    unsigned frame_num_bits;
    bool has_fields; /* pictures may be fields */

    /* HEVC: */
    unsigned vps_id;
    unsigned sub_layers;
    bool is_temporal_id_nested;
    uint8_t ptl[PH_SPS_PTL_BYTES]; /* general profile, tier and level, as hvcC has them */
};

/* NAL units with their headers. PH_EPROTO: malformed. */
PH_MUST_CHECK int ph_sps_parse_h264(struct ph_sps *out, const uint8_t *nal, size_t len);
PH_MUST_CHECK int ph_sps_parse_hevc(struct ph_sps *out, const uint8_t *nal, size_t len);

/* H.264's profiles whose SPS, and avcC, have chroma format and bit depths. */
bool ph_sps_is_high(uint8_t profile_idc);

#endif
