/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_MEDIA_MUTE_H
#define PHIEN_MEDIA_MUTE_H

#include <phien/core/clock.h>
#include <phien/media/track.h>

struct ph_arrival;
struct ph_channel;

/*
 * Silence beside a publisher who sends no sound, to viewers who have had some. A player that has
 * begun with sound and picture takes no stream of pictures alone on the same page load: Media
 * Source Extensions refuse an init segment with other tracks than the first one had
 * ("initialization segment received"), and hls.js 1.7 stops there.
 */
struct ph_mute {
    AVPacket *packet; /* a frame of silence; NULL: the program on air is not mute */
    int64_t begin;    /* session time, 90 kHz */
    int64_t count;    /* frames since then */
};

void ph_mute_fini(struct ph_mute *mute);

/*
 * A program of the session begins, with a picture and without sound: the track that viewers have
 * had, to go on with in silence, or NULL if they have had none or its silence is not known.
 * Borrowed from the program on air or the slate.
 */
struct ph_track *ph_mute_begin(struct ph_channel *channel);

/* A program with sound begins. */
void ph_mute_end(struct ph_mute *mute);

/* The picture has gone out; the silence goes up to it. What cannot be placed is left out. */
void ph_mute_follow(struct ph_channel *channel, const struct ph_arrival *picture,
                    struct ph_now now);

#endif
