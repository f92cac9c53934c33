/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sound of a program that is_mute: frames of silence on the pictures' own clock, one after the
 * other, so that on the timeline they are what the session's own sound would be.
 */
#include "silence.h"

#include "air.h"

#include <stdlib.h>

/* Pictures that are further apart have jumped, and the silence goes with them. */
enum { APART_MAX = PH_TIMELINE_HZ };

static bool is_aac(const struct ph_track *track)
{
    return track != NULL && track->par->codec_id == AV_CODEC_ID_AAC;
}

/* Whether those who watch have had sound: the publisher's or, after a restart, the slate's. */
static bool had_sound(const struct ph_channel *channel)
{
    const struct ph_program *slate = ph_slate_program(channel->away.slate, channel->away.form);

    return (channel->program != NULL && is_aac(channel->program->audio)) ||
           (slate != NULL && slate->audio != NULL);
}

struct ph_track *ph_silence_track(const struct ph_channel *channel, const struct ph_track *video)
{
    if (video == NULL || channel->away.slate == NULL || channel->has_ended || !had_sound(channel)) {
        return NULL;
    }
    return ph_slate_program(channel->away.slate, PH_SLATE_PORTRAIT)->audio;
}

void ph_silence_follow(struct ph_channel *channel, const struct ph_arrival *picture,
                       struct ph_now now)
{
    struct ph_track *track = channel->program->audio;
    struct ph_publication *p = &channel->publication;
    int64_t length = (int64_t)track->frame_samples * PH_TIMELINE_HZ / track->time_base.den;

    if (llabs(picture->dts - p->silence_next) > APART_MAX) {
        p->silence_next = picture->dts;
    }
    while (p->silence_next <= picture->dts) {
        const struct ph_arrival a = {
            .packet = ph_slate_silence(channel->away.slate),
            .kind = PH_TRACK_AUDIO,
            .pts = p->silence_next,
            .dts = p->silence_next,
            .is_random_access = true,
        };
        struct ph_timestamps at;
        p->silence_next += length;
        if (ph_air_place(channel, track, &a, now, &at) == PH_OK) {
            ph_air_give(channel, false, now);
        }
    }
}
