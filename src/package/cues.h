/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_CUES_H
#define PHIEN_PACKAGE_CUES_H

#include <phien/media/cue.h>

/*
 * Which cue is to be said with a picture: a new one with the next picture there is, and those that
 * hold again at the start of segments, for viewers who have just come.
 */
struct ph_cues {
    struct {
        struct ph_cue *cue; /* that holds; NULL: none was ever set */
        bool is_new;        /* and was not said yet */
        ph_usec said_at;    /* on the timeline; PH_USEC_NEVER: not since the last break */
    } kinds[PH_CUE_KINDS];
};

void ph_cues_fini(struct ph_cues *cues);

/* Takes a reference. */
void ph_cues_set(struct ph_cues *cues, struct ph_cue *cue);

/* What was said before is not heard by those who see what follows. */
void ph_cues_break(struct ph_cues *cues);

/*
 * The cue of `kind` if it is to be said with the picture at `at`, else NULL: borrowed, and taken
 * as said. Cards: when new, and with each segment's first picture. Shelves: when new, but a second
 * after the last at the earliest, and with a segment's first picture ten seconds after it.
 */
struct ph_cue *ph_cues_next(struct ph_cues *cues, enum ph_cue_kind kind, ph_usec at,
                            bool is_segment_start);

#endif
