/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codec headers of video: avcC and hvcC (ISO/IEC 14496-15 sections 5.3.3.1 and 8.3.3.1), av1C
 * (AV1 in ISOBMFF section 2.3), and the CODECS strings that RFC 6381 and they define.
 */
#include "codec.h"

#include <phien/core/bytes.h>

#include <inttypes.h>
#include <stdio.h>

/* lengthSizeMinusOne: 2 is reserved. */
static int set_nal_length_size(struct ph_codec_info *out, uint8_t byte)
{
    out->nal_length_size = (byte & 3u) + 1;
    return out->nal_length_size == 3 ? PH_EPROTO : 0;
}

/* Reads `count` parameter sets; their smallest one, an SPS, has at least four bytes. */
static void skip_parameter_sets(struct ph_reader *r, unsigned count)
{
    for (unsigned i = 0; i < count && !r->failed; i++) {
        ph_read_skip(r, ph_read_u16(r));
    }
}

static int parse_avcc(struct ph_codec_info *out, const uint8_t *data, size_t len)
{
    struct ph_reader r;

    ph_reader_init(&r, data, len);
    uint8_t version = ph_read_u8(&r);
    uint8_t profile = ph_read_u8(&r);
    uint8_t compatibility = ph_read_u8(&r);
    uint8_t level = ph_read_u8(&r);
    int err = set_nal_length_size(out, ph_read_u8(&r));
    unsigned sps_count = ph_read_u8(&r) & 31;
    skip_parameter_sets(&r, sps_count);
    unsigned pps_count = ph_read_u8(&r);
    skip_parameter_sets(&r, pps_count);
    if (err != 0 || r.failed || version != 1 || sps_count == 0 || pps_count == 0) {
        return PH_EPROTO;
    }
    out->profile = profile;
    out->level = level;
    snprintf(out->codecs, sizeof(out->codecs), "avc1.%02x%02x%02x", profile, compatibility, level);
    return 0;
}

static uint32_t reverse_bits(uint32_t v)
{
    uint32_t reversed = 0;

    for (int i = 0; i < 32; i++) {
        reversed = reversed << 1 | (v >> i & 1);
    }
    return reversed;
}

/*
 * ISO/IEC 14496-15 annex E.3: "hvc1.1.6.L93.B0". The compatibility flags stand with the first
 * flag as the lowest bit, constraint bytes at the end that are zero are left out.
 */
static int format_hevc(struct ph_codec_info *out, const uint8_t *ptl)
{
    static const char *const space[] = {"", "A", "B", "C"};
    uint32_t compatibility =
        (uint32_t)ptl[1] << 24 | (uint32_t)ptl[2] << 16 | (uint32_t)ptl[3] << 8 | ptl[4];
    const uint8_t *constraints = ptl + 5;
    int shown = 6;

    int len =
        snprintf(out->codecs, sizeof(out->codecs), "hvc1.%s%d.%" PRIX32 ".%c%d", space[ptl[0] >> 6],
                 ptl[0] & 31, reverse_bits(compatibility), ptl[0] & 0x20 ? 'H' : 'L', ptl[11]);
    while (shown > 0 && constraints[shown - 1] == 0) {
        shown--;
    }
    for (int i = 0; i < shown && len < (int)sizeof(out->codecs); i++) {
        len +=
            snprintf(out->codecs + len, sizeof(out->codecs) - (size_t)len, ".%X", constraints[i]);
    }
    return len < (int)sizeof(out->codecs) ? 0 : PH_EPROTO;
}

static int parse_hvcc(struct ph_codec_info *out, const uint8_t *data, size_t len)
{
    enum { TYPE_SPS = 33 };
    bool has_sps = false;
    struct ph_reader r;

    ph_reader_init(&r, data, len);
    uint8_t version = ph_read_u8(&r);
    const uint8_t *ptl = ph_read_bytes(&r, 12); /* profile, tier and level */
    ph_read_skip(&r, 8);
    int err = set_nal_length_size(out, ph_read_u8(&r));
    unsigned arrays = ph_read_u8(&r);
    for (unsigned i = 0; i < arrays && !r.failed; i++) {
        unsigned type = ph_read_u8(&r) & 63;
        unsigned count = ph_read_u16(&r);
        skip_parameter_sets(&r, count);
        has_sps = has_sps || (type == TYPE_SPS && count > 0);
    }
    /* Drafts of the format had version 0, and encoders that write it are still in use. */
    if (err != 0 || r.failed || version > 1 || !has_sps) {
        return PH_EPROTO;
    }
    out->profile = ptl[0] & 31;
    out->level = ptl[11];
    return format_hevc(out, ptl);
}

static int parse_av1c(struct ph_codec_info *out, const uint8_t *data, size_t len)
{
    struct ph_bits b;

    ph_bits_init(&b, data, len);
    uint32_t marker_version = ph_bits_read(&b, 8);
    unsigned profile = ph_bits_read(&b, 3);
    unsigned level = ph_bits_read(&b, 5);
    bool is_high_tier = ph_bits_read(&b, 1) != 0;
    bool is_high_depth = ph_bits_read(&b, 1) != 0;
    bool is_twelve = ph_bits_read(&b, 1) != 0;
    ph_bits_skip(&b, 13);
    if (b.failed || marker_version != 0x81 || profile > 2) {
        return PH_EPROTO;
    }
    int depth = !is_high_depth ? 8 : profile == 2 && is_twelve ? 12 : 10;
    out->profile = (int)profile;
    out->level = (int)level;
    snprintf(out->codecs, sizeof(out->codecs), "av01.%u.%02u%c.%02d", profile, level,
             is_high_tier ? 'H' : 'M', depth);
    return 0;
}

int ph_codec_parse_video(struct ph_codec_info *out, enum AVCodecID id, const uint8_t *data,
                         size_t len)
{
    switch (id) {
    case AV_CODEC_ID_H264:
        return parse_avcc(out, data, len);
    case AV_CODEC_ID_HEVC:
        return parse_hvcc(out, data, len);
    case AV_CODEC_ID_AV1:
        return parse_av1c(out, data, len);
    default:
        return PH_EUNSUPPORTED;
    }
}
