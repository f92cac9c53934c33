/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_MEDIA_SILENCE_H
#define PHIEN_MEDIA_SILENCE_H

#include <phien/core/clock.h>
#include <phien/media/track.h>

struct ph_arrival;
struct ph_channel;

/*
 * Silence beside a publisher who sends no sound, to viewers who have had some. A player that has
 * begun with sound and picture takes no stream of pictures alone on the same page load: Media
 * Source Extensions refuse an init segment with other tracks than the first one had
 * ("initialization segment received"), and hls.js 1.7 stops there. The frame of silence is the
 * slate's.
 */

/* The track to put beside `video`, or NULL: there is no need, or nothing to make it of. */
struct ph_track *ph_silence_track(const struct ph_channel *channel, const struct ph_track *video);

/* The picture has gone out; the silence goes up to it. What cannot be placed is left out. */
void ph_silence_follow(struct ph_channel *channel, const struct ph_arrival *picture,
                       struct ph_now now);

#endif
