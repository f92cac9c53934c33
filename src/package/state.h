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
 * The packager from inside, for its three parts: packager.c, what viewers get, sink.c, what the
 * channel gives, and place.c, where its cues go.
 */

/* Packets and parts lost in a row: now and then one is the publisher's fault, many are ours. */
struct ph_faults {
    ph_usec since;
    unsigned count;
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

/*
 * Says the cues that are due with the packet of the reference track that the leading rendition
 * has just been given. MPEG-TS gets them before that packet; the error is its own.
 */
PH_MUST_CHECK int ph_packager_place_cues(struct ph_packager *packager);

#endif
