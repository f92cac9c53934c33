/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAL unit types and slice headers: what access_units.c finds the borders of access units by
 * (H.264 7.4.1.2.3 and 7.3.3, H.265 7.4.2.4.4 and 7.3.6.1).
 */
#include "nal.h"

#include "annexb.h"

static enum ph_nal_role get_h264_role(unsigned type)
{
    switch (type) {
    case 1:
    case 2: /* partition A, which has the slice's header */
    case 5:
        return PH_NAL_SLICE;
    case 7:
        return PH_NAL_SPS;
    case 8:
        return PH_NAL_PPS;
    case 9:
        return PH_NAL_DELIMITER;
    case 6:
    case 14:
    case 15:
    case 16:
    case 17:
    case 18:
        return PH_NAL_OPENING;
    default:
        return PH_NAL_NONE;
    }
}

static enum ph_nal_role get_hevc_role(unsigned type)
{
    switch (type) {
    case 32:
        return PH_NAL_VPS;
    case 33:
        return PH_NAL_SPS;
    case 34:
        return PH_NAL_PPS;
    case 35:
        return PH_NAL_DELIMITER;
    case 39: /* SEI that stands before the picture */
        return PH_NAL_OPENING;
    default:
        if (type < 32) {
            return PH_NAL_SLICE;
        }
        return (type >= 41 && type <= 44) || (type >= 48 && type <= 55) ? PH_NAL_OPENING
                                                                        : PH_NAL_NONE;
    }
}

enum ph_nal_role ph_nal_role(enum AVCodecID codec_id, const uint8_t *nal, size_t len)
{
    if (codec_id == AV_CODEC_ID_H264) {
        return len >= 1 ? get_h264_role(nal[0] & 31) : PH_NAL_NONE;
    }
    bool is_base_layer = len >= 2 && (nal[0] & 1) == 0 && nal[1] >> 3 == 0;
    return is_base_layer ? get_hevc_role(nal[0] >> 1 & 63) : PH_NAL_NONE;
}

static int parse_h264(struct ph_slice_head *out, const uint8_t *nal, size_t len)
{
    struct ph_rbsp rbsp;

    ph_rbsp_open(&rbsp, nal, len, 1, PH_SLICE_HEAD_BYTES);
    out->is_random_access = (nal[0] & 31) == 5;
    out->is_first = ph_rbsp_read_ue(&rbsp) == 0;
    ph_rbsp_read_ue(&rbsp); /* slice_type */
    out->pps_id = ph_rbsp_read_ue(&rbsp);
    return rbsp.bits.failed ? PH_EPROTO : PH_OK;
}

static int parse_hevc(struct ph_slice_head *out, const uint8_t *nal, size_t len)
{
    unsigned type = nal[0] >> 1 & 63;
    struct ph_rbsp rbsp;

    ph_rbsp_open(&rbsp, nal, len, 2, PH_SLICE_HEAD_BYTES);
    out->is_random_access = type >= 16 && type <= 21;
    out->is_leading = type == 8 || type == 9;
    out->is_first = ph_rbsp_read_flag(&rbsp);
    if (type >= 16 && type <= 23) {
        ph_rbsp_read_flag(&rbsp); /* no_output_of_prior_pics */
    }
    out->pps_id = ph_rbsp_read_ue(&rbsp);
    return rbsp.bits.failed ? PH_EPROTO : PH_OK;
}

int ph_slice_head_parse(struct ph_slice_head *out, enum AVCodecID codec_id, const uint8_t *nal,
                        size_t len)
{
    *out = (struct ph_slice_head){0};
    return codec_id == AV_CODEC_ID_H264 ? parse_h264(out, nal, len) : parse_hevc(out, nal, len);
}

void ph_slice_head_parse_field(struct ph_slice_head *head, const struct ph_sps *sps,
                               const uint8_t *nal, size_t len)
{
    struct ph_rbsp rbsp;

    if (!sps->has_fields) {
        return;
    }
    ph_rbsp_open(&rbsp, nal, len, 1, PH_SLICE_HEAD_BYTES);
    ph_rbsp_read_ue(&rbsp);
    ph_rbsp_read_ue(&rbsp);
    ph_rbsp_read_ue(&rbsp);
    ph_rbsp_read(&rbsp, sps->has_separate_planes ? 2 : 0);
    uint32_t frame_num = ph_rbsp_read(&rbsp, sps->frame_num_bits);
    bool is_field = ph_rbsp_read_flag(&rbsp);
    bool is_bottom = is_field && ph_rbsp_read_flag(&rbsp);
    if (!rbsp.bits.failed) {
        head->frame_num = frame_num;
        head->is_field = is_field;
        head->is_bottom = is_bottom;
    }
}

bool ph_slice_head_is_pair(const struct ph_slice_head *a, const struct ph_slice_head *b)
{
    return a->is_field && b->is_field && a->is_bottom != b->is_bottom &&
           a->frame_num == b->frame_num && !b->is_random_access;
}
