/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_SILENCE_H
#define PHIEN_PACKAGE_SILENCE_H

#include <phien/media/track.h>

/*
 * A packet that decodes to silence by the track's own configuration, for an audio playlist that
 * must go on while its publisher sends no sound. Its duration is set, in samples. NULL for codecs
 * and layouts whose silence is not known: AAC with one or two channels and Opus in its plain
 * mapping are.
 */
AVPacket *ph_silence_create(const struct ph_track *track);

#endif
