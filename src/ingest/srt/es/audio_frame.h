/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_ES_AUDIO_FRAME_H
#define PHIEN_INGEST_SRT_ES_AUDIO_FRAME_H

#include <phien/core/err.h>

#include <libavcodec/codec_id.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the header of a frame of audio tells. */
struct ph_audio_frame {
    enum AVCodecID codec_id;
    size_t len;      /* the whole frame's, header included */
    size_t payload;  /* what is handed out begins here; what lies before is framing */
    uint32_t config; /* frames of another track, or of another codec, differ in it */
    bool continues;  /* it belongs to the frame before (E-AC-3's substreams) */
};

/*
 * Reads the header of a frame that begins at `data`; each way of framing has one of these.
 * PH_EPROTO: no frame begins here. PH_EAGAIN: one may, but that takes more bytes to see.
 */
typedef int (*ph_audio_read_cb)(const uint8_t *data, size_t len, struct ph_audio_frame *out);

/* The largest packet of Opus that means anything: 5 streams, 120 ms at 510 kbit/s each. */
#define PH_OPUS_BYTES_MAX (5 * 6 * 1275)

/* No frame is longer, in any of the framings. */
#define PH_AUDIO_FRAME_MAX (40 * 1024)

/* AAC, ISO/IEC 14496-3 section 1.A.2.2. `config` is its AudioSpecificConfig's 16 bits. */
PH_MUST_CHECK int ph_adts_read(const uint8_t *data, size_t len, struct ph_audio_frame *out);

/* AAC, AudioSyncStream of ISO/IEC 14496-3 section 1.7.2. The payload is an AudioMuxElement. */
PH_MUST_CHECK int ph_loas_read(const uint8_t *data, size_t len, struct ph_audio_frame *out);

/* Opus behind the control header of its mapping to transport streams. */
PH_MUST_CHECK int ph_opus_ts_read(const uint8_t *data, size_t len, struct ph_audio_frame *out);

/* MP2 and MP3, ISO/IEC 11172-3 section 2.4.1.3 and 13818-3: the header tells which. */
PH_MUST_CHECK int ph_mpa_read(const uint8_t *data, size_t len, struct ph_audio_frame *out);

/* AC-3 and E-AC-3, ETSI TS 102 366 section 4.3 and annex E: the header tells which. */
PH_MUST_CHECK int ph_ac3_read(const uint8_t *data, size_t len, struct ph_audio_frame *out);

#endif
