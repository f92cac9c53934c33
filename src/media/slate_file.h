/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_MEDIA_SLATE_FILE_H
#define PHIEN_MEDIA_SLATE_FILE_H

#include <phien/media/track.h>

#include <stddef.h>

/* An MP4 that lives as long as the program. */
struct ph_slate_bytes {
    const uint8_t *data;
    size_t len;
};

/* What scripts/make-slate.sh made, as src/media/slate/embed.cmake linked it in. */
extern const struct ph_slate_bytes ph_slate_portrait;
extern const struct ph_slate_bytes ph_slate_landscape;

enum {
    PH_SLATE_PICTURE_TICKS = 3600, /* of the video's 1/90000: 25 pictures a second */
    PH_SLATE_MAX_PICTURES = 125,
};

/* What one of them has: pictures to be shown over and over, and one frame of silence. */
struct ph_slate_file {
    struct ph_track *video;
    struct ph_track *audio;
    AVPacket *pictures[PH_SLATE_MAX_PICTURES]; /* payload and flags only; the first is an IDR */
    int picture_count;
    AVPacket *silence;
};

/*
 * Takes `bytes` apart. PH_EMEDIA and the like: it is no such file, or its pictures are not in the
 * order that they are shown in, one each PH_SLATE_PICTURE_TICKS; PH_ENOMEM. `out` is to be closed
 * in any case.
 */
PH_MUST_CHECK int ph_slate_file_open(struct ph_slate_file *out, const struct ph_slate_bytes *bytes);
void ph_slate_file_close(struct ph_slate_file *file);

#endif
