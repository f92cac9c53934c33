/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first step in the packager: audio and video in decoding order together, as segments want
 * them, from the order in which a publisher sent them.
 */
#include "interleave.h"

#include <phien/core/err.h>

void ph_interleave_begin(struct ph_interleave *in, bool has_video)
{
    PH_ASSERT(in->count == 0);
    in->has_video = has_video;
    in->newest = INT64_MIN;
    in->video_end = INT64_MIN;
}

void ph_interleave_fini(struct ph_interleave *in)
{
    AVPacket *packet = NULL;

    while ((packet = ph_interleave_pull(in, true)) != NULL) {
        av_packet_free(&packet);
    }
}

bool ph_interleave_passes(const struct ph_interleave *in, ph_usec dts)
{
    return in->count == 0 && (!in->has_video || dts < in->video_end);
}

bool ph_interleave_push(struct ph_interleave *in, const AVPacket *audio, ph_usec dts)
{
    PH_ASSERT(in->count < PH_INTERLEAVE_PACKETS);
    AVPacket *packet = av_packet_clone(audio);
    if (packet == NULL) {
        return false;
    }
    unsigned last = (in->first + in->count) % PH_INTERLEAVE_PACKETS;
    in->queue[last].packet = packet;
    in->queue[last].dts = dts;
    in->count++;
    in->bytes += (size_t)packet->size;
    in->newest = dts;
    return true;
}

void ph_interleave_video(struct ph_interleave *in, ph_usec end)
{
    in->video_end = end;
}

AVPacket *ph_interleave_pull(struct ph_interleave *in, bool all)
{
    if (in->count == 0) {
        return NULL;
    }
    ph_usec dts = in->queue[in->first].dts;
    bool is_full = in->count == PH_INTERLEAVE_PACKETS || in->bytes > PH_INTERLEAVE_BYTES;
    if (in->has_video && !all && !is_full && dts >= in->video_end &&
        in->newest - dts < PH_INTERLEAVE_LEAD) {
        return NULL;
    }
    AVPacket *packet = in->queue[in->first].packet;
    in->first = (in->first + 1) % PH_INTERLEAVE_PACKETS;
    in->count--;
    in->bytes -= (size_t)packet->size;
    return packet;
}
