/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_SEGMENTER_H
#define PHIEN_PACKAGE_SEGMENTER_H

#include "gop.h"
#include "pace.h"

#include <phien/media/track.h>

#include <stdbool.h>
#include <stddef.h>

/*
 * Decides where parts and segments end. Times in, decisions out: it sees no payload, and the
 * muxers do what it says. Frames come in decoding order of both tracks together (interleave.h).
 *
 * One track is the reference: the video if there is one. The rules:
 *
 * - The part target is chosen once in a channel's life, from the frame duration measured on the
 *   first part: as many whole frames as come nearest to the configured part duration (for audio:
 *   as fit into it), and 2 ms for publishers that round to milliseconds.
 * - A part is closed as soon as the next frame would not fit, without waiting for that frame.
 *   The declared durations telescope: a part starts at the declared end of the one before, so
 *   their sum follows the media within a frame, whatever each is rounded to. A declared duration
 *   is never above the part target, and not below 85 % of it but for the last part of a segment
 *   and those that begin at a random access point.
 * - A part begins at each random access point, unless the next one still falls into the part.
 * - A segment ends at a random access point once it is long enough, or when the one to come
 *   would be too late: segments round to the target duration at most, because a playlist's
 *   target duration can never change. Without a random access point in time a segment is cut
 *   where decoding cannot start.
 * - When video frames are missing while audio goes on, parts and segments end by audio time. A
 *   hole in everything that is longer than the target duration is a discontinuity.
 *
 * A follower (the audio rendition) cuts parts by the same rules, segments where it is told.
 */
enum ph_cut {
    PH_CUT_NONE,
    PH_CUT_PART,
    PH_CUT_SEGMENT,       /* and the part */
    PH_CUT_DISCONTINUITY, /* and the segment: what follows does not go on from what was before */
};

struct ph_frame {
    enum ph_track_kind kind;
    ph_usec dts;
    bool is_random_access;
    size_t bytes;
};

/* What a cut closed. */
struct ph_closed {
    bool has_part; /* false: the segment ended exactly where its last part had ended before */
    ph_usec duration;
    bool is_independent;
    bool is_gop_long; /* cut without a random access point, since none came in time */
};

struct ph_segmenter_params {
    ph_usec part;            /* what is configured */
    ph_usec segment;         /* what is configured */
    ph_usec target_duration; /* EXT-X-TARGETDURATION */
    bool is_follower;
    /* Whatever timestamps say, parts and segments end here. */
    size_t max_part_bytes;
    size_t max_segment_bytes;
    unsigned max_part_packets;
};

/* Segment boundaries that a follower has not reached yet. */
enum { PH_SEGMENTER_BOUNDARIES = 64 };

struct ph_segmenter {
    struct ph_segmenter_params params;
    enum ph_track_kind reference;
    struct ph_pace pace;
    struct ph_gop gop;
    struct ph_gop_plan plan;
    ph_usec part_target; /* 0 until it is chosen */

    bool is_running;   /* something was added since the last discontinuity or flush */
    bool is_anchored;  /* the start is the reference's, or something was closed */
    bool is_audio_led; /* `clock` is the audio's, since video frames are missing */
    bool has_newest;
    ph_usec segment_start; /* declared */
    ph_usec part_start;    /* declared */
    ph_usec reference_end; /* expected end of the reference's newest frame */
    ph_usec clock;         /* how far the media has come */
    ph_usec newest;        /* expected end of the newest frame of either track */

    struct {
        unsigned packets;
        size_t bytes;
        bool has_reference;
        bool is_independent;
    } part;
    unsigned segment_packets;
    size_t segment_bytes;

    ph_usec boundaries[PH_SEGMENTER_BOUNDARIES];
    unsigned boundary_count;
};

void ph_segmenter_init(struct ph_segmenter *segmenter, const struct ph_segmenter_params *params);

/*
 * The tracks change: from now on `reference` is the reference, its frames last about `hint`
 * (0: unknown). What was under way must have been flushed.
 */
void ph_segmenter_set_reference(struct ph_segmenter *segmenter, enum ph_track_kind reference,
                                ph_usec hint);

/* What to do before `frame` is added; describes what that closes. */
enum ph_cut ph_segmenter_before(struct ph_segmenter *segmenter, const struct ph_frame *frame,
                                struct ph_closed *closed);

/* `frame` went into the open part. */
void ph_segmenter_add(struct ph_segmenter *segmenter, const struct ph_frame *frame);

/* Whether the open part must be closed now, because the next frame would not fit. */
bool ph_segmenter_after(struct ph_segmenter *segmenter, struct ph_closed *closed);

/* Closes what is open. PH_CUT_SEGMENT, or PH_CUT_NONE if nothing was. */
enum ph_cut ph_segmenter_flush(struct ph_segmenter *segmenter, struct ph_closed *closed);

/* Tells a follower where the leader ended a segment: it ends its own at the first frame after. */
void ph_segmenter_follow(struct ph_segmenter *segmenter, ph_usec at);

/* What a segment may last at most, key frame or not. */
ph_usec ph_segmenter_longest(const struct ph_segmenter *segmenter);

/* Expected duration of a frame of the reference; 0 while nothing is known. */
static inline ph_usec ph_segmenter_frame(const struct ph_segmenter *segmenter)
{
    return ph_pace_frame(&segmenter->pace);
}

#endif
