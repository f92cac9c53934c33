/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_MEDIA_CODEC_H
#define PHIEN_MEDIA_CODEC_H

#include <phien/core/err.h>

#include <libavcodec/avcodec.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a codec's header tells: the extradata of MP4's sample entries, or the first frame of a
 * codec that has none. Plain functions over bytes that a peer chose.
 */
struct ph_codec_info {
    char codecs[40]; /* RFC 6381 */
    int profile;     /* as FFmpeg numbers them */
    int level;
    unsigned nal_length_size; /* 1, 2 or 4 for codecs made of NAL units, else 0 */
    int sample_rate;          /* audio; of the core when there is spectral band replication */
    int channels;
    int frame_samples; /* samples a packet at sample_rate if constant, else 0 */
};

/*
 * Reads avcC, hvcC, av1C, an AudioSpecificConfig, OpusHead or FLAC's STREAMINFO. PH_EPROTO:
 * malformed; PH_EUNSUPPORTED: a codec, or a kind of it, that we cannot package. MP2, MP3,
 * AC-3 and E-AC-3 have no header: only `codecs` and `frame_samples` are set.
 */
PH_MUST_CHECK int ph_codec_parse(struct ph_codec_info *out, enum AVCodecID id, const uint8_t *data,
                                 size_t len);

/* The parsers behind it; `out` is zeroed, and not changed but by them. */
PH_MUST_CHECK int ph_codec_parse_video(struct ph_codec_info *out, enum AVCodecID id,
                                       const uint8_t *data, size_t len);
PH_MUST_CHECK int ph_codec_parse_audio(struct ph_codec_info *out, enum AVCodecID id,
                                       const uint8_t *data, size_t len);

/* Whether the codec's parameters stand in each frame instead of in extradata. */
bool ph_codec_is_headerless(enum AVCodecID id);

/* Sample rate, channels and frame_samples from a frame of MP2, MP3, AC-3 or E-AC-3. */
PH_MUST_CHECK int ph_codec_parse_frame(struct ph_codec_info *out, enum AVCodecID id,
                                       const uint8_t *data, size_t len);

/*
 * The duration of an Opus packet in samples of 48 kHz, from its first bytes (RFC 6716 section
 * 3.1), 0 if they are malformed.
 */
int ph_codec_opus_samples(const uint8_t *data, size_t len);

/*
 * Whether an access unit of length-prefixed NAL units is a random access point: its first slice
 * is an IDR (H.264) or an IRAP picture (HEVC).
 */
bool ph_codec_is_random_access(enum AVCodecID id, unsigned nal_length_size, const uint8_t *data,
                               size_t len);

#endif
