/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codec headers, the part that all codecs share: which parser reads what, and the walk over an
 * access unit's NAL units. The parsers are in codec_video.c and codec_audio.c.
 */
#include "codec.h"

#include <phien/core/bytes.h>

bool ph_codec_is_headerless(enum AVCodecID id)
{
    return id == AV_CODEC_ID_MP2 || id == AV_CODEC_ID_MP3 || id == AV_CODEC_ID_AC3 ||
           id == AV_CODEC_ID_EAC3;
}

int ph_codec_parse(struct ph_codec_info *out, enum AVCodecID id, const uint8_t *data, size_t len)
{
    *out = (struct ph_codec_info){0};
    switch (id) {
    case AV_CODEC_ID_H264:
    case AV_CODEC_ID_HEVC:
    case AV_CODEC_ID_AV1:
        return ph_codec_parse_video(out, id, data, len);
    default:
        return ph_codec_parse_audio(out, id, data, len);
    }
}

static uint32_t read_length(struct ph_reader *r, unsigned size)
{
    uint32_t length = 0;

    for (unsigned i = 0; i < size; i++) {
        length = length << 8 | ph_read_u8(r);
    }
    return length;
}

bool ph_codec_is_random_access(enum AVCodecID id, unsigned nal_length_size, const uint8_t *data,
                               size_t len)
{
    struct ph_reader r;

    ph_reader_init(&r, data, len);
    while (ph_reader_left(&r) > nal_length_size) {
        uint32_t length = read_length(&r, nal_length_size);
        const uint8_t *nal = ph_read_bytes(&r, length);
        if (nal == NULL) {
            return false;
        }
        if (length == 0) {
            continue;
        }
        /* The first slice decides: all slices of a picture are of one kind. */
        if (id == AV_CODEC_ID_H264) {
            unsigned type = nal[0] & 31; /* H.264 table 7-1 */
            if (type >= 1 && type <= 5) {
                return type == 5;
            }
        } else {
            unsigned type = nal[0] >> 1 & 63; /* H.265 table 7-1 */
            if (type < 32) {
                return type >= 16 && type <= 21;
            }
        }
    }
    return false;
}
