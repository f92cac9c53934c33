/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packager's figures, from those of the operator.
 */
#include "setup.h"

#include <phien/package/packager.h>

#include <stdio.h>

/* 2024-01-01: not 1970, because numbers above 2^31 are more than some players can take. */
#define NUMBERS_BEGIN (INT64_C(1704067200) * PH_USEC_PER_S)

enum { PART_PACKETS_MAX = 2048 };

/*
 * Media sequence numbers count quarters of a segment: segments are shorter than configured when a
 * key frame ends them early, but hardly down to that on average.
 *
 * Discontinuities count in steps of ten minutes, which is seldom enough that the number stays
 * small: hls.js 1.7 keeps an array by discontinuity and walks it for every playlist, and needed
 * 0.8 s a playlist on a desktop for a sequence of 91 million.
 */
#define MSN_STEPS 4
#define DISCONTINUITY_STEP (600 * PH_USEC_PER_S)

static int64_t count_since_begin(ph_usec wall, ph_usec unit)
{
    return wall > NUMBERS_BEGIN ? (wall - NUMBERS_BEGIN) / unit : 0;
}

/*
 * MPEG-TS keeps its share also while nobody wants it: it may be wanted at any time. That of the
 * captions is far more than they need, so that they reach as far back as the video does.
 */
static size_t share(const struct ph_conf *conf, enum ph_rendition rendition)
{
    static const unsigned with_ts[PH_RENDITION_COUNT] = {0, 60, 10, 28, 2};
    static const unsigned without[PH_RENDITION_COUNT] = {0, 84, 14, 0, 2};
    unsigned percent = conf->hls.mpegts ? with_ts[rendition] : without[rendition];

    return (size_t)conf->hls.max_channel_bytes / 100 * percent;
}

struct ph_window_params ph_setup_window(const struct ph_conf *conf, const char *epoch, ph_usec wall,
                                        enum ph_rendition rendition)
{
    unsigned target_duration_s = ph_conf_target_duration_s(conf);
    ph_usec segment = (ph_usec)conf->hls.segment_ms * PH_USEC_PER_MS;
    struct ph_window_params params = {
        .rendition = rendition,
        .playlist = {.target_duration_s = target_duration_s,
                     .skip_until = 6 * (ph_usec)target_duration_s * PH_USEC_PER_S},
        .window = (ph_usec)conf->hls.window_s * PH_USEC_PER_S,
        .max_bytes = share(conf, rendition),
        .first_msn = count_since_begin(wall, segment / MSN_STEPS),
        .first_discontinuity = count_since_begin(wall, DISCONTINUITY_STEP),
    };

    snprintf(params.playlist.epoch, sizeof(params.playlist.epoch), "%s", epoch);
    return params;
}

struct ph_segmenter_params ph_setup_segmenter(const struct ph_conf *conf,
                                              enum ph_rendition rendition)
{
    size_t max_bytes = share(conf, rendition);

    /* A window always keeps the segment under way and the one before, so these must be small. */
    return (struct ph_segmenter_params){
        .part = (ph_usec)conf->hls.part_ms * PH_USEC_PER_MS,
        .segment = (ph_usec)conf->hls.segment_ms * PH_USEC_PER_MS,
        .target_duration = (ph_usec)ph_conf_target_duration_s(conf) * PH_USEC_PER_S,
        .is_follower = rendition == PH_RENDITION_AUDIO,
        .max_part_bytes = max_bytes / 8,
        .max_segment_bytes = max_bytes / 4,
        .max_part_packets = PART_PACKETS_MAX,
    };
}
