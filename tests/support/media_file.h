/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_SUPPORT_MEDIA_FILE_H
#define PHIEN_TESTS_SUPPORT_MEDIA_FILE_H

#include <phien/core/err.h>
#include <phien/media/track.h>

/*
 * The access units of a file, all in memory, as an RTMP publisher sends them: in milliseconds
 * from the first one on, stream_index = enum ph_track_kind. The first track of each kind counts.
 */
struct media_file {
    AVCodecParameters *tracks[PH_TRACK_KINDS]; /* NULL: none of this kind */
    AVPacket **packets;                        /* in decoding order of both tracks together */
    size_t count;
    int64_t length_ms; /* after which the file can follow itself */
};

/* PH_EIO: it cannot be read. PH_EMEDIA: nothing in it can be sent. */
PH_MUST_CHECK int media_file_read(struct media_file *file, const char *path);
void media_file_fini(struct media_file *file);

#endif
