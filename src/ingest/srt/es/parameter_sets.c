/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameter sets, from where they stand in the stream to where MP4 wants them: avcC and hvcC
 * (ISO/IEC 14496-15 sections 5.3.3.1 and 8.3.3.1). NAL units go in as they came.
 */
#include "parameter_sets.h"

#include "annexb.h"

#include <phien/core/mem.h>

#include <string.h>

/* What a track takes as extradata, and as many PPSs as avcC can count. */
enum { RECORD_MAX_BYTES = 64 * 1024, PPS_MAX = 255 };

enum { HEVC_VPS = 32, HEVC_SPS = 33, HEVC_PPS = 34 };

void ph_parameter_sets_init(struct ph_parameter_sets *sets, enum AVCodecID codec_id)
{
    *sets = (struct ph_parameter_sets){.codec_id = codec_id};
}

void ph_parameter_sets_fini(struct ph_parameter_sets *sets)
{
    for (size_t i = 0; i < PH_ARRAY_SIZE(sets->vps); i++) {
        ph_buf_unref(&sets->vps[i]);
    }
    for (size_t i = 0; i < PH_ARRAY_SIZE(sets->sps); i++) {
        ph_buf_unref(&sets->sps[i].nal);
    }
    for (size_t i = 0; i < PH_ARRAY_SIZE(sets->pps); i++) {
        ph_buf_unref(&sets->pps[i].nal);
    }
}

/* False without memory: the set before stays. */
static bool replace(struct ph_buf **set, const uint8_t *nal, size_t len)
{
    struct ph_buf *copy;

    if (*set != NULL && (*set)->len == len && memcmp((*set)->data, nal, len) == 0) {
        return true; /* encoders repeat them with every key frame */
    }
    if (ph_buf_try_create(&copy, len) != PH_OK) {
        return false;
    }
    memcpy(copy->data, nal, len);
    ph_buf_unref(set);
    *set = copy;
    return true;
}

static void put_vps(struct ph_parameter_sets *sets, const uint8_t *nal, size_t len)
{
    if (len > 2) {
        (void)replace(&sets->vps[nal[2] >> 4], nal, len);
    }
}

static void put_sps(struct ph_parameter_sets *sets, const uint8_t *nal, size_t len)
{
    struct ph_sps info;
    int err = sets->codec_id == AV_CODEC_ID_H264 ? ph_sps_parse_h264(&info, nal, len)
                                                 : ph_sps_parse_hevc(&info, nal, len);

    if (err == PH_OK && replace(&sets->sps[info.id].nal, nal, len)) {
        sets->sps[info.id].info = info;
    }
}

static void put_pps(struct ph_parameter_sets *sets, const uint8_t *nal, size_t len)
{
    struct ph_rbsp rbsp;

    ph_rbsp_open(&rbsp, nal, len, sets->codec_id == AV_CODEC_ID_H264 ? 1 : 2, len);
    uint32_t id = ph_rbsp_read_ue(&rbsp);
    uint32_t sps_id = ph_rbsp_read_ue(&rbsp);
    if (!rbsp.bits.failed && id < PH_ARRAY_SIZE(sets->pps) && sps_id < PH_ARRAY_SIZE(sets->sps) &&
        replace(&sets->pps[id].nal, nal, len)) {
        sets->pps[id].sps_id = sps_id;
    }
}

void ph_parameter_sets_put(struct ph_parameter_sets *sets, enum ph_nal_role role,
                           const uint8_t *nal, size_t len)
{
    if (len > PH_PARAMETER_SET_MAX_BYTES) {
        return;
    }
    if (role == PH_NAL_VPS) {
        put_vps(sets, nal, len);
    } else if (role == PH_NAL_SPS) {
        put_sps(sets, nal, len);
    } else if (role == PH_NAL_PPS) {
        put_pps(sets, nal, len);
    }
}

/* The id of the SPS that a PPS refers to, or -1. */
static int find_sps(const struct ph_parameter_sets *sets, unsigned pps_id)
{
    if (pps_id >= PH_ARRAY_SIZE(sets->pps) || sets->pps[pps_id].nal == NULL) {
        return -1;
    }
    unsigned id = sets->pps[pps_id].sps_id;
    return sets->sps[id].nal != NULL ? (int)id : -1;
}

const struct ph_sps *ph_parameter_sets_get_sps(const struct ph_parameter_sets *sets,
                                               unsigned pps_id)
{
    int id = find_sps(sets, pps_id);

    return id >= 0 ? &sets->sps[id].info : NULL;
}

static bool is_pps_of(const struct ph_parameter_sets *sets, size_t i, unsigned sps_id)
{
    return sets->pps[i].nal != NULL && sets->pps[i].sps_id == sps_id;
}

static unsigned count_pps(const struct ph_parameter_sets *sets, unsigned sps_id)
{
    unsigned count = 0;

    for (size_t i = 0; i < PH_ARRAY_SIZE(sets->pps); i++) {
        count += is_pps_of(sets, i, sps_id) ? 1 : 0;
    }
    return count < PPS_MAX ? count : PPS_MAX;
}

static void write_set(struct ph_writer *w, const struct ph_buf *nal)
{
    ph_write_u16(w, (uint16_t)nal->len);
    ph_write_bytes(w, nal->data, nal->len);
}

static void write_pps(struct ph_writer *w, const struct ph_parameter_sets *sets, unsigned sps_id)
{
    unsigned left = count_pps(sets, sps_id);

    for (size_t i = 0; i < PH_ARRAY_SIZE(sets->pps) && left > 0; i++) {
        if (is_pps_of(sets, i, sps_id)) {
            write_set(w, sets->pps[i].nal);
            left--;
        }
    }
}

/* Reserved bits are ones. */
static void write_avcc(struct ph_writer *w, const struct ph_parameter_sets *sets, unsigned sps_id)
{
    const struct ph_buf *sps = sets->sps[sps_id].nal;
    const struct ph_sps *info = &sets->sps[sps_id].info;

    ph_write_u8(w, 1);
    ph_write_bytes(w, sps->data + 1, 3); /* profile, constraints, level */
    ph_write_u8(w, 0xFC | 3);            /* length fields of four bytes */
    ph_write_u8(w, 0xE0 | 1);
    write_set(w, sps);
    ph_write_u8(w, (uint8_t)count_pps(sets, sps_id));
    write_pps(w, sets, sps_id);
    if (ph_sps_is_high(sps->data[1])) {
        ph_write_u8(w, (uint8_t)(0xFC | info->chroma_format));
        ph_write_u8(w, (uint8_t)(0xF8 | (info->luma_depth - 8)));
        ph_write_u8(w, (uint8_t)(0xF8 | (info->chroma_depth - 8)));
        ph_write_u8(w, 0); /* no SPS extensions */
    }
}

/* "Complete", as the sample entry hvc1 demands; that they are repeated in-band does no harm. */
static void begin_array(struct ph_writer *w, unsigned nal_type, unsigned count)
{
    ph_write_u8(w, (uint8_t)(0x80 | nal_type));
    ph_write_u16(w, (uint16_t)count);
}

static void write_hvcc(struct ph_writer *w, const struct ph_parameter_sets *sets, unsigned sps_id)
{
    const struct ph_sps *info = &sets->sps[sps_id].info;

    ph_write_u8(w, 1);
    ph_write_bytes(w, info->ptl, sizeof(info->ptl));
    ph_write_u16(w, 0xF000); /* min_spatial_segmentation_idc: not said */
    ph_write_u8(w, 0xFC);    /* parallelismType: not said */
    ph_write_u8(w, (uint8_t)(0xFC | info->chroma_format));
    ph_write_u8(w, (uint8_t)(0xF8 | (info->luma_depth - 8)));
    ph_write_u8(w, (uint8_t)(0xF8 | (info->chroma_depth - 8)));
    ph_write_u16(w, 0); /* avgFrameRate: not said */
    ph_write_u8(w, (uint8_t)(info->sub_layers << 3 | (info->is_temporal_id_nested ? 4 : 0) | 3));
    ph_write_u8(w, 3); /* arrays */
    begin_array(w, HEVC_VPS, 1);
    write_set(w, sets->vps[info->vps_id]);
    begin_array(w, HEVC_SPS, 1);
    write_set(w, sets->sps[sps_id].nal);
    begin_array(w, HEVC_PPS, count_pps(sets, sps_id));
    write_pps(w, sets, sps_id);
}

int ph_parameter_sets_format(const struct ph_parameter_sets *sets, unsigned pps_id,
                             struct ph_buf **out)
{
    int sps_id = find_sps(sets, pps_id);
    bool is_h264 = sets->codec_id == AV_CODEC_ID_H264;
    struct ph_writer writer;

    *out = NULL;
    if (sps_id < 0 || (!is_h264 && sets->vps[sets->sps[sps_id].info.vps_id] == NULL)) {
        return PH_ENOTFOUND;
    }
    ph_writer_init(&writer, RECORD_MAX_BYTES);
    if (is_h264) {
        write_avcc(&writer, sets, (unsigned)sps_id);
    } else {
        write_hvcc(&writer, sets, (unsigned)sps_id);
    }
    *out = ph_writer_take(&writer);
    return *out != NULL ? PH_OK : PH_ELIMIT;
}
