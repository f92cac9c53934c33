/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_INTERLEAVE_H
#define PHIEN_PACKAGE_INTERLEAVE_H

#include <phien/core/clock.h>

#include <libavcodec/avcodec.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Puts audio behind the video of its time: publishers send the two in bursts, and a segment
 * should hold the audio of its own video and no other. Video is never held back. Audio waits
 * until video has come as far, but not longer than PH_INTERLEAVE_LEAD: then video frames are
 * missing, and audio goes on alone.
 */
#define PH_INTERLEAVE_LEAD PH_USEC_PER_S

/* More audio than this in waiting goes on at once, whatever its timestamps say. */
enum { PH_INTERLEAVE_PACKETS = 512, PH_INTERLEAVE_BYTES = 1 << 20 };

struct ph_interleave {
    struct {
        AVPacket *packet;
        ph_usec dts;
    } queue[PH_INTERLEAVE_PACKETS]; /* a ring */
    unsigned first;
    unsigned count;
    size_t bytes;
    ph_usec newest;    /* audio */
    ph_usec video_end; /* the newest video frame's */
    bool has_video;    /* there is a video track to wait for */
};

/* Begins anew. What waits must have been pulled; zeroed memory has none. */
void ph_interleave_begin(struct ph_interleave *interleave, bool has_video);
void ph_interleave_fini(struct ph_interleave *interleave);

/* Whether audio at `dts` need not wait: it may be used at once instead of being pushed. */
bool ph_interleave_passes(const struct ph_interleave *interleave, ph_usec dts);

/* There is room after each pull that gave NULL. Keeps a reference; false without memory. */
bool ph_interleave_push(struct ph_interleave *interleave, const AVPacket *audio, ph_usec dts);

/* Video has come as far as `end`. */
void ph_interleave_video(struct ph_interleave *interleave, ph_usec end);

/* The next audio packet that need not wait, NULL if there is none; `all` releases every one. */
AVPacket *ph_interleave_pull(struct ph_interleave *interleave, bool all);

#endif
