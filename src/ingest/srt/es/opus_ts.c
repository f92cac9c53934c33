/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opus in transport streams: each packet stands behind a control header with its size (the
 * mapping that Xiph and FFmpeg have in use; "Opus" is its registration descriptor). What is to be
 * trimmed at the ends is not: players start and stop wherever they like.
 */
#include "audio_frame.h"

#include <phien/core/bytes.h>

enum { START_TRIM = 0x10, END_TRIM = 0x08, EXTENSION = 0x04 };

int ph_opus_ts_read(const uint8_t *data, size_t len, struct ph_audio_frame *out)
{
    struct ph_reader r;
    size_t size = 0;
    uint8_t step;

    if ((len > 0 && data[0] != 0x7f) || (len > 1 && (data[1] & 0xe0) != 0xe0)) {
        return PH_EPROTO;
    }
    ph_reader_init(&r, data, len);
    ph_read_skip(&r, 1);
    uint8_t flags = ph_read_u8(&r);
    do {
        step = ph_read_u8(&r);
        size += step;
    } while (step == 255 && size <= PH_OPUS_BYTES_MAX);
    if (size > PH_OPUS_BYTES_MAX) {
        return PH_EPROTO;
    }
    ph_read_skip(&r, ((flags & START_TRIM) != 0 ? 2 : 0) + ((flags & END_TRIM) != 0 ? 2 : 0));
    if ((flags & EXTENSION) != 0) {
        ph_read_skip(&r, ph_read_u8(&r));
    }
    if (r.failed) {
        return PH_EAGAIN;
    }
    size_t header = len - ph_reader_left(&r);
    *out = (struct ph_audio_frame){
        .codec_id = AV_CODEC_ID_OPUS, .len = header + size, .payload = header};
    return size > 0 ? PH_OK : PH_EPROTO;
}
