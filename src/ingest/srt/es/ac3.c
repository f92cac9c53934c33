/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of AC-3 (ETSI TS 102 366 section 4.3) and E-AC-3 (annex E). Both begin with the same
 * sync word; bsid, which lies at the same place in both, tells them apart.
 */
#include "audio_frame.h"

enum {
    HEADER = 7,
    AC3_BSID_MAX = 8,
    EAC3_BSID_MIN = 11,
    EAC3_BSID_MAX = 16,
    EAC3_CONFIG = 0x10000
};

/* Section 4.4.1.4, table 4.13: bytes of a frame. */
static size_t frame_bytes(unsigned rate_code, unsigned size_code)
{
    static const uint16_t kbit_rates[] = {32,  40,  48,  56,  64,  80,  96,  112, 128, 160,
                                          192, 224, 256, 320, 384, 448, 512, 576, 640};

    if (size_code / 2 >= sizeof(kbit_rates) / sizeof(kbit_rates[0])) {
        return 0;
    }
    unsigned kbit_rate = kbit_rates[size_code / 2];
    switch (rate_code) {
    case 0: /* 48 kHz */
        return 4 * kbit_rate;
    case 1: /* 44.1 kHz, where frames of two lengths alternate */
        return 2 * (size_t)(kbit_rate * 960 / 441 + size_code % 2);
    case 2: /* 32 kHz */
        return 6 * kbit_rate;
    default:
        return 0;
    }
}

static int read_ac3(const uint8_t *data, struct ph_audio_frame *out)
{
    unsigned rate_code = data[4] >> 6;
    unsigned mode = data[6] >> 5;
    /* Mix levels lie between the mode and the flag of the low-frequency channel. */
    unsigned skipped =
        ((mode & 1) != 0 && mode != 1 ? 2 : 0) + ((mode & 4) != 0 ? 2 : 0) + (mode == 2 ? 2 : 0);
    unsigned has_lfe = data[6] >> (4 - skipped) & 1;

    *out = (struct ph_audio_frame){
        .codec_id = AV_CODEC_ID_AC3,
        .len = frame_bytes(rate_code, data[4] & 63),
        .config = rate_code << 8 | mode << 1 | has_lfe,
    };
    return out->len > 0 ? PH_OK : PH_EPROTO;
}

static int read_eac3(const uint8_t *data, struct ph_audio_frame *out)
{
    unsigned type = data[2] >> 6;
    unsigned substream = data[2] >> 3 & 7;

    *out = (struct ph_audio_frame){
        .codec_id = AV_CODEC_ID_EAC3,
        .len = 2 * (((data[2] & 7u) << 8 | data[3]) + 1),
        .config = EAC3_CONFIG | data[4],
        /* Type 1 depends on the frame before; independent ones but the first are other programs. */
        .continues = type == 1 || substream > 0,
    };
    return type < 3 && out->len > HEADER ? PH_OK : PH_EPROTO;
}

int ph_ac3_read(const uint8_t *data, size_t len, struct ph_audio_frame *out)
{
    if ((len > 0 && data[0] != 0x0b) || (len > 1 && data[1] != 0x77)) {
        return PH_EPROTO;
    }
    if (len < HEADER) {
        return PH_EAGAIN;
    }
    unsigned bsid = data[5] >> 3;
    if (bsid <= AC3_BSID_MAX) {
        return read_ac3(data, out);
    }
    return bsid >= EAC3_BSID_MIN && bsid <= EAC3_BSID_MAX ? read_eac3(data, out) : PH_EPROTO;
}
