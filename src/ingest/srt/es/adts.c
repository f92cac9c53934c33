/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of AAC in transport streams: ADTS (ISO/IEC 14496-3 section 1.A.2.2), which says in each
 * frame what it is, and the outer framing of LOAS (section 1.7.2), whose inside latm.c knows.
 */
#include "audio_frame.h"

enum { ADTS_HEADER = 7, ADTS_CRC = 2, ADTS_RATES = 13, LOAS_HEADER = 3 };

int ph_adts_read(const uint8_t *data, size_t len, struct ph_audio_frame *out)
{
    /* 12 bits of sync, one of the MPEG version, and the layer, which is 0. */
    if ((len > 0 && data[0] != 0xff) || (len > 1 && (data[1] & 0xf6) != 0xf0)) {
        return PH_EPROTO;
    }
    if (len < ADTS_HEADER) {
        return PH_EAGAIN;
    }
    unsigned object_type = (data[2] >> 6) + 1u;
    unsigned rate = data[2] >> 2 & 15;
    unsigned channels = (data[2] & 1u) << 2 | data[3] >> 6;
    /*
     * Several raw data blocks could share a header, but nothing tells where each one ends, and a
     * sample of MP4 is one block. No encoder is known that makes use of it.
     */
    bool has_one_block = (data[6] & 3) == 0;
    *out = (struct ph_audio_frame){
        .codec_id = AV_CODEC_ID_AAC,
        .len = (data[3] & 3u) << 11 | (unsigned)data[4] << 3 | data[5] >> 5,
        .payload = ADTS_HEADER + ((data[1] & 1) != 0 ? 0 : ADTS_CRC),
        .config = object_type << 11 | rate << 7 | channels << 3,
    };
    return rate < ADTS_RATES && has_one_block && out->len > out->payload ? PH_OK : PH_EPROTO;
}

int ph_loas_read(const uint8_t *data, size_t len, struct ph_audio_frame *out)
{
    if ((len > 0 && data[0] != 0x56) || (len > 1 && (data[1] & 0xe0) != 0xe0)) {
        return PH_EPROTO;
    }
    if (len < LOAS_HEADER) {
        return PH_EAGAIN;
    }
    *out = (struct ph_audio_frame){
        .codec_id = AV_CODEC_ID_AAC,
        .len = LOAS_HEADER + ((data[1] & 0x1fu) << 8 | data[2]),
        .payload = LOAS_HEADER,
    };
    return out->len > LOAS_HEADER ? PH_OK : PH_EPROTO;
}
