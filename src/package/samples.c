/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In front of the mp4 muxer: what goes into the part under way.
 */
#include "samples.h"

#include <phien/core/mem.h>

#include <stdlib.h>

enum {
    FIRST_COUNT = 32,
    /* Far more than a part may hold. */
    DATA_BYTES_MAX = 256 * 1024 * 1024,
    /* What may be kept for the next part. */
    DATA_BYTES_KEPT = 1024 * 1024,
};

void ph_samples_init(struct ph_samples *samples)
{
    *samples = (struct ph_samples){.last_dts = {-1, -1, -1}};
    ph_writer_init(&samples->data, DATA_BYTES_MAX);
}

void ph_samples_fini(struct ph_samples *samples)
{
    ph_writer_fini(&samples->data);
    free(samples->list);
    samples->list = NULL;
    samples->count = 0;
}

void ph_samples_clear(struct ph_samples *samples)
{
    samples->count = 0;
    samples->data.len = 0;
    if (samples->data.failed || samples->data.cap > DATA_BYTES_KEPT) {
        ph_writer_fini(&samples->data);
        ph_writer_init(&samples->data, DATA_BYTES_MAX);
    }
}

static bool is_placeable(const struct ph_samples *samples, const AVPacket *packet)
{
    int kind = packet->stream_index;

    return kind > PH_TRACK_NONE && kind < PH_TRACK_KINDS && packet->size > 0 &&
           packet->dts > samples->last_dts[kind] && packet->pts >= packet->dts;
}

int ph_samples_add(struct ph_samples *samples, const AVPacket *packet)
{
    if (!is_placeable(samples, packet)) {
        return PH_EINVAL;
    }
    ph_write_bytes(&samples->data, packet->data, (size_t)packet->size);
    if (samples->data.failed) {
        ph_samples_clear(samples);
        return PH_ENOMEM;
    }
    if (samples->count == samples->cap) {
        samples->cap = samples->cap > 0 ? 2 * samples->cap : FIRST_COUNT;
        samples->list = ph_realloc_array(samples->list, samples->cap, sizeof(*samples->list));
    }
    samples->list[samples->count++] = (struct ph_sample){
        .kind = (enum ph_track_kind)packet->stream_index,
        .flags = packet->flags,
        .size = (size_t)packet->size,
        .dts = packet->dts,
        .pts = packet->pts,
        .duration = packet->duration,
    };
    samples->last_dts[packet->stream_index] = packet->dts;
    return PH_OK;
}

void ph_samples_end_video(struct ph_samples *samples, int64_t end)
{
    for (size_t i = samples->count; i > 0; i--) {
        struct ph_sample *sample = &samples->list[i - 1];
        if (sample->kind != PH_TRACK_VIDEO) {
            continue;
        }
        if (end != AV_NOPTS_VALUE && end > sample->dts) {
            sample->duration = end - sample->dts;
        }
        end = sample->dts;
    }
}

bool ph_samples_next(const struct ph_samples *samples, struct ph_samples_cursor *at,
                     AVPacket *packet)
{
    if (at->index == samples->count) {
        return false;
    }
    const struct ph_sample *sample = &samples->list[at->index++];
    packet->data = samples->data.data + at->offset;
    packet->size = (int)sample->size;
    packet->stream_index = (int)sample->kind;
    packet->flags = sample->flags;
    packet->dts = sample->dts;
    packet->pts = sample->pts;
    packet->duration = sample->duration;
    at->offset += sample->size;
    return true;
}
