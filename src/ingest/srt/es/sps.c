/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sequence parameter sets, as far as phien has to know them (H.264 7.3.2.1.1, H.265 7.3.2.2.1).
 * What the picture looks like is found out by FFmpeg's parsers, see media/track.c.
 */
#include "sps.h"

#include "annexb.h"

enum { H264_SPS_MAX_ID = 31, HEVC_SPS_MAX_ID = 15, HEVC_SUB_LAYERS_MAX = 7 };

bool ph_sps_is_high(uint8_t profile_idc)
{
    switch (profile_idc) {
    case 44:
    case 83:
    case 86:
    case 100:
    case 110:
    case 118:
    case 122:
    case 128:
    case 134:
    case 135:
    case 138:
    case 139:
    case 244:
        return true;
    default:
        return false;
    }
}

/* Only to get past it. */
static void skip_scaling_list(struct ph_rbsp *rbsp, unsigned size)
{
    int32_t last = 8;
    int32_t next = 8;

    for (unsigned i = 0; i < size && !rbsp->bits.failed; i++) {
        if (next != 0) {
            /* Modulo 256 as the standard has it; done unsigned, since the delta may be any. */
            next = (int32_t)(((uint32_t)last + (uint32_t)ph_rbsp_read_se(rbsp)) & 255);
        }
        last = next != 0 ? next : last;
    }
}

static void read_high(struct ph_rbsp *rbsp, struct ph_sps *out)
{
    out->chroma_format = ph_rbsp_read_ue(rbsp);
    if (out->chroma_format == 3) {
        out->has_separate_planes = ph_rbsp_read_flag(rbsp);
    }
    out->luma_depth = ph_rbsp_read_ue(rbsp);
    out->chroma_depth = ph_rbsp_read_ue(rbsp);
    ph_rbsp_read_flag(rbsp); /* lossless transform bypass */
    if (!ph_rbsp_read_flag(rbsp)) {
        return;
    }
    unsigned lists = out->chroma_format == 3 ? 12 : 8;
    for (unsigned i = 0; i < lists; i++) {
        if (ph_rbsp_read_flag(rbsp)) {
            skip_scaling_list(rbsp, i < 6 ? 16 : 64);
        }
    }
}

static void skip_picture_order(struct ph_rbsp *rbsp)
{
    uint32_t type = ph_rbsp_read_ue(rbsp);

    if (type == 0) {
        ph_rbsp_read_ue(rbsp);
    } else if (type == 1) {
        ph_rbsp_read_flag(rbsp);
        ph_rbsp_read_se(rbsp);
        ph_rbsp_read_se(rbsp);
        uint32_t cycle = ph_rbsp_read_ue(rbsp);
        for (uint32_t i = 0; i < cycle && !rbsp->bits.failed; i++) {
            ph_rbsp_read_se(rbsp);
        }
    } else if (type > 2) {
        rbsp->bits.failed = true;
    }
}

/* Both codecs send what is above 8 bits, and hvcC and avcC have three bits for that. */
static int finish(struct ph_sps *out, const struct ph_rbsp *rbsp, unsigned max_id)
{
    if (rbsp->bits.failed || out->id > max_id || out->chroma_format > 3 || out->luma_depth > 7 ||
        out->chroma_depth > 7) {
        return PH_EPROTO;
    }
    out->luma_depth += 8;
    out->chroma_depth += 8;
    return PH_OK;
}

int ph_sps_parse_h264(struct ph_sps *out, const uint8_t *nal, size_t len)
{
    struct ph_rbsp rbsp;

    *out = (struct ph_sps){.chroma_format = 1};
    ph_rbsp_open(&rbsp, nal, len, 1, len);
    uint8_t profile = (uint8_t)ph_rbsp_read(&rbsp, 8);
    ph_rbsp_read(&rbsp, 16); /* constraints, level */
    out->id = ph_rbsp_read_ue(&rbsp);
    if (ph_sps_is_high(profile)) {
        read_high(&rbsp, out);
    }
    uint32_t more_bits = ph_rbsp_read_ue(&rbsp); /* of frame_num, above 4 */
    skip_picture_order(&rbsp);
    ph_rbsp_read_ue(&rbsp);   /* reference frames */
    ph_rbsp_read_flag(&rbsp); /* gaps in frame_num */
    ph_rbsp_read_ue(&rbsp);   /* width in macroblocks */
    ph_rbsp_read_ue(&rbsp);   /* height in map units */
    out->has_fields = !ph_rbsp_read_flag(&rbsp);
    if (more_bits > 12) {
        return PH_EPROTO;
    }
    out->frame_num_bits = more_bits + 4;
    return finish(out, &rbsp, H264_SPS_MAX_ID);
}

/* Profiles and levels of the lower temporal layers (7.3.3). */
static void skip_sub_layers(struct ph_rbsp *rbsp, unsigned count)
{
    uint32_t present = count > 0 ? ph_rbsp_read(rbsp, 16) : 0; /* two flags each, from the top */

    for (unsigned i = 0; i < count; i++) {
        bool has_profile = (present >> (15 - 2 * i) & 1) != 0;
        bool has_level = (present >> (14 - 2 * i) & 1) != 0;
        ph_bits_skip(&rbsp->bits, (has_profile ? 88u : 0u) + (has_level ? 8u : 0u));
    }
}

int ph_sps_parse_hevc(struct ph_sps *out, const uint8_t *nal, size_t len)
{
    struct ph_rbsp rbsp;

    *out = (struct ph_sps){0};
    ph_rbsp_open(&rbsp, nal, len, 2, len);
    out->vps_id = ph_rbsp_read(&rbsp, 4);
    out->sub_layers = ph_rbsp_read(&rbsp, 3) + 1;
    out->is_temporal_id_nested = ph_rbsp_read_flag(&rbsp);
    for (size_t i = 0; i < PH_SPS_PTL_BYTES; i++) {
        out->ptl[i] = (uint8_t)ph_rbsp_read(&rbsp, 8);
    }
    skip_sub_layers(&rbsp, out->sub_layers - 1);
    out->id = ph_rbsp_read_ue(&rbsp);
    out->chroma_format = ph_rbsp_read_ue(&rbsp);
    if (out->chroma_format == 3) {
        ph_rbsp_read_flag(&rbsp); /* separate colour planes */
    }
    ph_rbsp_read_ue(&rbsp); /* width */
    ph_rbsp_read_ue(&rbsp); /* height */
    if (ph_rbsp_read_flag(&rbsp)) {
        for (int i = 0; i < 4; i++) {
            ph_rbsp_read_ue(&rbsp); /* conformance window */
        }
    }
    out->luma_depth = ph_rbsp_read_ue(&rbsp);
    out->chroma_depth = ph_rbsp_read_ue(&rbsp);
    if (out->sub_layers > HEVC_SUB_LAYERS_MAX) {
        return PH_EPROTO;
    }
    return finish(out, &rbsp, HEVC_SPS_MAX_ID);
}
