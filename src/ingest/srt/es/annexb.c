/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAL units between start codes, and the bits inside of them: the lowest step of video. Plain
 * functions over bytes that a peer chose (H.264 7.3.1, 9.1 and annex B; H.265 is the same).
 */
#include "annexb.h"

size_t ph_annexb_find(const uint8_t *data, size_t len, size_t from)
{
    size_t i = from;

    while (len >= PH_ANNEXB_START_BYTES && i <= len - PH_ANNEXB_START_BYTES) {
        /* The third byte tells how far the next start code must be away. */
        if (data[i + 2] == 0) {
            i += 1;
        } else if (data[i + 2] == 1 && data[i] == 0 && data[i + 1] == 0) {
            return i;
        } else {
            i += 3;
        }
    }
    return len;
}

size_t ph_annexb_trim(const uint8_t *nal, size_t len)
{
    while (len > 0 && nal[len - 1] == 0) {
        len--;
    }
    return len;
}

void ph_rbsp_open(struct ph_rbsp *rbsp, const uint8_t *nal, size_t len, size_t header_bytes,
                  size_t limit)
{
    size_t end = len < limit ? len : limit;
    size_t count = 0;
    unsigned zeros = 0;

    for (size_t i = header_bytes; i < end && count < PH_RBSP_BYTES; i++) {
        if (zeros >= 2 && nal[i] == 3) {
            zeros = 0;
            continue;
        }
        zeros = nal[i] == 0 ? zeros + 1 : 0;
        rbsp->data[count++] = nal[i];
    }
    ph_bits_init(&rbsp->bits, rbsp->data, count);
}

uint32_t ph_rbsp_read(struct ph_rbsp *rbsp, unsigned count)
{
    return ph_bits_read(&rbsp->bits, count);
}

bool ph_rbsp_read_flag(struct ph_rbsp *rbsp)
{
    return ph_bits_read(&rbsp->bits, 1) != 0;
}

uint32_t ph_rbsp_read_ue(struct ph_rbsp *rbsp)
{
    unsigned zeros = 0;

    while (!ph_rbsp_read_flag(rbsp)) {
        zeros++;
        if (zeros > 31 || rbsp->bits.failed) {
            rbsp->bits.failed = true;
            return 0;
        }
    }
    return ((uint32_t)1 << zeros) - 1 + ph_bits_read(&rbsp->bits, zeros);
}

int32_t ph_rbsp_read_se(struct ph_rbsp *rbsp)
{
    uint32_t code = ph_rbsp_read_ue(rbsp);
    int32_t magnitude = (int32_t)(code / 2 + code % 2);

    return code % 2 != 0 ? magnitude : -magnitude;
}
