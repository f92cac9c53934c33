/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sound of a program that is_mute: frames of silence on the pictures' own clock, one after the
 * other, so that on the timeline they are what the session's own sound would be.
 */
#include "mute.h"

#include "air.h"

#include <phien/media/silence.h>

#include <libavutil/mathematics.h>
#include <stdlib.h>

/* Pictures that are further apart have jumped, and the silence goes with them. */
enum { APART_MAX = PH_TIMELINE_HZ };

void ph_mute_fini(struct ph_mute *mute)
{
    av_packet_free(&mute->packet);
}

void ph_mute_end(struct ph_mute *mute)
{
    ph_mute_fini(mute);
    *mute = (struct ph_mute){0};
}

/* What those who watch have heard: the publisher or, after a restart, the slate. */
static struct ph_track *heard(const struct ph_channel *channel)
{
    const struct ph_away *away = &channel->away;

    if (channel->program != NULL) {
        return channel->program->audio;
    }
    return away->slate != NULL && away->form != PH_SLATE_NONE
               ? ph_slate_program(away->slate, away->form)->audio
               : NULL;
}

struct ph_track *ph_mute_begin(struct ph_channel *channel)
{
    struct ph_track *track = channel->has_ended ? NULL : heard(channel);

    ph_mute_end(&channel->mute);
    channel->mute.packet = ph_silence_create(track);
    return channel->mute.packet != NULL ? track : NULL;
}

static int64_t next_of(const struct ph_mute *mute, const struct ph_track *track)
{
    return mute->begin + av_rescale_q(mute->count * mute->packet->duration, track->time_base,
                                      PH_TIMELINE_TIME_BASE);
}

void ph_mute_follow(struct ph_channel *channel, const struct ph_arrival *picture, struct ph_now now)
{
    struct ph_mute *mute = &channel->mute;
    struct ph_track *track = channel->program->audio;

    if (mute->count == 0 || llabs(picture->dts - next_of(mute, track)) > APART_MAX) {
        mute->begin = picture->dts;
        mute->count = 0;
    }
    while (next_of(mute, track) <= picture->dts) {
        const struct ph_arrival a = {
            .packet = mute->packet,
            .kind = PH_TRACK_AUDIO,
            .pts = next_of(mute, track),
            .dts = next_of(mute, track),
            .is_random_access = true,
        };
        struct ph_timestamps at;
        mute->count++;
        if (ph_air_place(channel, track, &a, now, &at) == PH_OK) {
            ph_air_give(channel, false, now);
        }
    }
}
