/* SPDX-License-Identifier: Apache-2.0 */
/* What every kind of elementary stream does at its end: tracks and packets are told. */
#include "kind.h"

void ph_es_tell_track(struct ph_es *es, struct ph_track *track)
{
    if (ph_track_equal(track, es->track)) {
        ph_track_unref(&track);
        return;
    }
    ph_track_unref(&es->track);
    es->track = track;
    es->ops->on_track(es->arg, track);
}

void ph_es_tell_packet(struct ph_es *es, AVPacket *packet)
{
    packet->stream_index = (int)es->kind;
    packet->time_base = (AVRational){1, 90000};
    es->ops->on_packet(es->arg, packet);
}
