/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_INDEX_H
#define PHIEN_PACKAGE_INDEX_H

#include <phien/core/buf.h>
#include <phien/media/track.h>

#include <stdbool.h>

/*
 * The text of the multivariant playlist, index.m3u8 (RFC 8216bis section 4.4.6): av.m3u8 first,
 * since players begin with the first variant, then audio.m3u8 alone for thin links when the
 * program has both kinds of tracks; the captions of cards.m3u8 go with both. Its URIs are relative,
 * so the same text serves /live/NAME/index.m3u8 and /live/NAME/plain/index.m3u8.
 */

/* As ph_window_bitrate measures them. 0: not known yet, the text then holds a safe estimate. */
struct ph_index_rate {
    int64_t peak_bps;
    int64_t average_bps;
};

struct ph_index {
    const struct ph_program *program;
    struct ph_index_rate av;
    struct ph_index_rate audio; /* of the audio rendition; only read if there is one */
    double fps;          /* measured; used where the video's headers don't tell; 0: unknown */
    bool is_independent; /* every segment of every variant starts where decoding can */
};

/* The caller owns the reference. */
struct ph_buf *ph_index_format(const struct ph_index *index);

#endif
