/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of MPEG audio, layers II and III (ISO/IEC 11172-3 section 2.4.1.3), with the lower
 * sample rates of 13818-3 and those of the unofficial MPEG-2.5. In transport streams both layers
 * come under the same stream types, so only the frames tell.
 */
#include "audio_frame.h"

enum { HEADER = 4, MPEG_1 = 3, MPEG_RESERVED = 1 };

/* By MPEG-1 layer II, MPEG-1 layer III, MPEG-2; 0: a size that the header does not tell. */
static const uint16_t kbit_rates[3][16] = {
    {0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 0},
    {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0},
    {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0},
};

int ph_mpa_read(const uint8_t *data, size_t len, struct ph_audio_frame *out)
{
    static const unsigned rates[] = {44100, 48000, 32000, 0};

    if ((len > 0 && data[0] != 0xff) || (len > 1 && (data[1] & 0xe0) != 0xe0)) {
        return PH_EPROTO;
    }
    if (len < HEADER) {
        return PH_EAGAIN;
    }
    unsigned version = data[1] >> 3 & 3;
    unsigned layer = 4 - (data[1] >> 1 & 3);
    unsigned rate = rates[data[2] >> 2 & 3] >> (version == MPEG_1 ? 0 : version == 2 ? 1 : 2);
    unsigned kbit_rate = kbit_rates[version != MPEG_1 ? 2 : layer == 3][data[2] >> 4];
    bool is_mono = data[3] >> 6 == 3;
    if (version == MPEG_RESERVED || (layer != 2 && layer != 3) || rate == 0 || kbit_rate == 0) {
        return PH_EPROTO;
    }
    unsigned slots = version != MPEG_1 && layer == 3 ? 72 : 144;
    *out = (struct ph_audio_frame){
        .codec_id = layer == 2 ? AV_CODEC_ID_MP2 : AV_CODEC_ID_MP3,
        .len = slots * kbit_rate * 1000 / rate + (data[2] >> 1 & 1),
        .config = (data[1] & 0x1eu) << 8 | (data[2] & 0x0cu) << 4 | is_mono,
    };
    return PH_OK;
}
