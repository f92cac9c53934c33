/* SPDX-License-Identifier: Apache-2.0 */
/* Tag bodies: an even first byte is followed by video, an odd one by audio. */
#include <ingest/rtmp/flv.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ph_flv_tag tag;

    if (size == 0) {
        return 0;
    }
    bool is_audio = data[0] & 1;
    int err = is_audio ? ph_flv_read_audio(&tag, data + 1, size - 1)
                       : ph_flv_read_video(&tag, data + 1, size - 1);
    if (err != PH_OK || tag.data == NULL) {
        return 0;
    }
    PH_ASSERT(tag.data >= data + 1 && tag.data + tag.len <= data + size);
    PH_ASSERT(tag.nanoseconds <= 999999);
    PH_ASSERT(tag.cts_ms >= -0x800000 && tag.cts_ms <= 0x7FFFFF);
    return 0;
}
