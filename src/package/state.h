/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_STATE_H
#define PHIEN_PACKAGE_STATE_H

#include "cards.h"
#include "cues.h"
#include "date_ranges.h"
#include "fmp4.h"
#include "interleave.h"
#include "ts.h"

#include <phien/package/packager.h>

/*
 * The packager from inside, for its four parts: packager.c, what viewers get, sink.c, what the
 * channel gives, sound.c, what the audio rendition gets of it, and place.c, where cues go.
 */

/* Packets and parts lost in a row: now and then one is the publisher's fault, many are ours. */
struct ph_faults {
    ph_usec since;
    unsigned count;
};

/* Where the audio rendition is, and what it is given where there is no sound. */
struct ph_sound {
    AVPacket *silence; /* of its track; NULL: none is known */
    int64_t next;      /* where its newest packet ends, in its track's ticks; AV_NOPTS_VALUE */
    ph_usec silent_to; /* up to here silence was given */
    ph_usec start;     /* of the first picture since the last break; PH_USEC_NEVER: none yet */
    ph_usec patience;  /* how much later than its picture sound may come */
};

struct ph_packager {
    const char *channel;
    const struct ph_packager_ops *ops;
    void *arg;
    struct ph_stats *stats;

    struct ph_program *program; /* NULL: none yet */
    struct ph_interleave interleave;
    struct ph_fmp4 av; /* leads */
    struct ph_fmp4 audio;
    struct ph_sound sound;
    struct ph_ts ts;
    struct ph_cards cards;

    struct ph_cues cues;
    struct ph_date_ranges ranges;
    int64_t pictured_msn; /* the segment that the newest picture is in; -1: none yet */

    struct ph_buf *index;
    ph_usec part_hold_back;     /* 0 until the first snapshot */
    int64_t last_dependent_msn; /* the newest segment that does not begin where decoding can */
    bool is_gop_long;           /* of this session */
    bool is_gop_told;

    ph_usec now; /* of the packet that is being taken */
    struct ph_faults faults;
    struct ph_faults ts_faults;
};

/* Tells the observer of what is new in the renditions that somebody wants. */
void ph_packager_publish(struct ph_packager *packager);

/* The tracks are set anew; the leading rendition's have been. */
void ph_packager_set_sound(struct ph_packager *packager, bool is_break);

/* A packet of audio, which the leading rendition has been given. */
PH_MUST_CHECK int ph_packager_take_sound(struct ph_packager *packager, const AVPacket *packet,
                                         const struct ph_frame *frame);

/* A picture is about to come: sound begins with the first. */
void ph_packager_begin_sound(struct ph_packager *packager, const AVPacket *picture);

/* A picture has come. */
PH_MUST_CHECK int ph_packager_fill_sound(struct ph_packager *packager, const AVPacket *picture);

/* The leading rendition has closed all it had: the audio rendition does, with as many segments. */
PH_MUST_CHECK int ph_packager_end_sound(struct ph_packager *packager);

/* The same, and what comes next does not go on from there. */
PH_MUST_CHECK int ph_packager_break_sound(struct ph_packager *packager);

/*
 * Says the cues that are due with the packet of the reference track that the leading rendition
 * has just been given. MPEG-TS gets them before that packet; the error is its own.
 */
PH_MUST_CHECK int ph_packager_place_cues(struct ph_packager *packager);

#endif
