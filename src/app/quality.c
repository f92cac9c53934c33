/* SPDX-License-Identifier: Apache-2.0 */
#include "quality.h"

/*
 * Poor is what viewers see: less than a small picture needs, fewer pictures than make a movement,
 * or a link that cannot send again what it loses, since SRT needs four round trips for that. Fair
 * is close to that.
 */
enum {
    POOR_BITRATE_BPS = 150 * 1000,
    FAIR_BITRATE_BPS = 400 * 1000,
    POOR_FPS = 10,
    FAIR_FPS = 15,
    POOR_ROUND_TRIPS = 4,
    FAIR_ROUND_TRIPS = 8,
    /* A phone may take a breath, its buffer will not be empty for longer. */
    POOR_STILL_S = 2,
    /* Means over some seconds say little before. */
    SETTLED_SECONDS = 3,
};

void ph_quality_add(struct ph_quality *quality, const struct ph_quality_sample *sample)
{
    bool is_still = quality->count > 0 && sample->packets == quality->packets;

    if (!sample->is_on_air) {
        *quality = (struct ph_quality){0};
        return;
    }
    quality->still_s = is_still ? quality->still_s + 1 : 0;
    quality->packets = sample->packets;
    quality->dropped[quality->count++ % PH_QUALITY_SECONDS] = sample->dropped;
}

static bool was_anything_lost(const struct ph_quality *quality,
                              const struct ph_quality_sample *sample)
{
    size_t oldest = quality->count > PH_QUALITY_SECONDS ? quality->count % PH_QUALITY_SECONDS : 0;

    return quality->count > 0 && sample->dropped > quality->dropped[oldest];
}

static bool is_slow(const struct ph_quality_sample *sample, int64_t round_trips)
{
    return sample->latency_ms > 0 && sample->rtt_ms * round_trips > sample->latency_ms;
}

static bool is_thin(const struct ph_quality *quality, const struct ph_quality_sample *sample,
                    int64_t bitrate_bps, double fps)
{
    return sample->has_video && quality->count >= SETTLED_SECONDS &&
           (sample->bitrate_bps < bitrate_bps || sample->fps < fps);
}

const char *ph_quality_judge(const struct ph_quality *quality,
                             const struct ph_quality_sample *sample)
{
    if (!sample->is_on_air) {
        return "off";
    }
    if (was_anything_lost(quality, sample) || quality->still_s >= POOR_STILL_S ||
        is_slow(sample, POOR_ROUND_TRIPS) || is_thin(quality, sample, POOR_BITRATE_BPS, POOR_FPS)) {
        return "poor";
    }
    if (is_slow(sample, FAIR_ROUND_TRIPS) || is_thin(quality, sample, FAIR_BITRATE_BPS, FAIR_FPS)) {
        return "fair";
    }
    return "good";
}
