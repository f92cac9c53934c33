/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_ES_AUDIO_CONFIG_H
#define PHIEN_INGEST_SRT_ES_AUDIO_CONFIG_H

#include "audio_frame.h"

#include <phien/media/track.h>

/* Extradata as ph_track_create wants it. */
struct ph_audio_config {
    uint8_t data[512]; /* with a program_config_element and its comment it is no longer */
    size_t len;        /* 0: each frame tells */
};

/* The AudioSpecificConfig of a whole ADTS frame. */
PH_MUST_CHECK int ph_audio_config_adts(struct ph_audio_config *out,
                                       const struct ph_audio_frame *frame, const uint8_t *data);

/*
 * OpusHead for a channel_config_code; -1: there is none, which means stereo. PH_EUNSUPPORTED: the
 * channels are told in a way that is not read here.
 */
PH_MUST_CHECK int ph_audio_config_opus(struct ph_audio_config *out, int channel_config_code);

/* The track of a stream of which `packet` is a frame, complete with what only the frame tells. */
PH_MUST_CHECK int ph_audio_config_make_track(struct ph_track **out, enum AVCodecID codec_id,
                                             const struct ph_audio_config *config,
                                             const AVPacket *packet);

#endif
