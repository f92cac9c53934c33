/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_MEDIA_SILENCE_H
#define PHIEN_MEDIA_SILENCE_H

#include <phien/media/track.h>

/*
 * A packet that decodes to silence by the track's own configuration, for what must go on while the
 * publisher sends no sound. The caller owns it. Its duration is set, in samples. NULL for no track,
 * and for codecs and layouts whose silence is not known: AAC with one or two channels and Opus in
 * its plain mapping are.
 */
AVPacket *ph_silence_create(const struct ph_track *track);

#endif
