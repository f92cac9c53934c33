/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_RTMP_FLV_H
#define PHIEN_INGEST_RTMP_FLV_H

#include <phien/core/bytes.h>
#include <phien/media/track.h>

/*
 * The bodies of FLV's audio and video tags, which RTMP's audio and video messages are: legacy
 * FLV (Adobe's "Video File Format" version 10, annex E.4) and Enhanced RTMP v2.
 */
enum ph_flv_what {
    PH_FLV_NONE,            /* nothing for us: seek commands, HDR metadata, another track */
    PH_FLV_SEQUENCE_HEADER, /* `data` is the decoder's configuration */
    PH_FLV_FRAME,           /* `data` is one access unit */
    PH_FLV_SEQUENCE_END,
    PH_FLV_UNSUPPORTED, /* media of a codec that cannot be packaged; `codec_name` says which */
};

struct ph_flv_tag {
    enum ph_flv_what what;
    enum AVCodecID codec_id;
    char codec_name[24]; /* for log lines: "avc1", "vp09", "legacy video codec 4" */
    bool is_key;
    int32_t cts_ms;       /* presentation minus decoding time */
    uint32_t nanoseconds; /* to be added to the message's time; 0..999999 */
    const uint8_t *data;  /* borrowed from the input */
    size_t len;
};

/* PH_EPROTO: the tag is cut short or contradicts itself; the next one may well be sound. */
PH_MUST_CHECK int ph_flv_read_video(struct ph_flv_tag *tag, const uint8_t *data, size_t len);
PH_MUST_CHECK int ph_flv_read_audio(struct ph_flv_tag *tag, const uint8_t *data, size_t len);

enum ph_flv_dialect {
    PH_FLV_DIALECT_NONE,
    PH_FLV_LEGACY_WHERE_POSSIBLE, /* H.264, AAC, MP3; the others have no legacy form */
    PH_FLV_ENHANCED,
};

/*
 * Writes the tag body that carries the configuration of `par` (extradata as struct ph_track has
 * it). Writes nothing for codecs without one. PH_EUNSUPPORTED: FLV cannot carry the codec.
 */
PH_MUST_CHECK int ph_flv_write_sequence_header(struct ph_writer *out, const AVCodecParameters *par,
                                               enum ph_flv_dialect dialect);

/* The tag body of one access unit; the packet's time base is 1/1000. */
PH_MUST_CHECK int ph_flv_write_frame(struct ph_writer *out, const AVCodecParameters *par,
                                     const AVPacket *packet, enum ph_flv_dialect dialect);

#endif
