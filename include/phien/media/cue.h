/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_MEDIA_CUE_H
#define PHIEN_MEDIA_CUE_H

#include <phien/core/clock.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A cue: what viewers are to be told from one moment of the stream on, in the forms that carriers
 * need. Whoever makes it (the overlay) knows nothing of playlists, and whoever carries it (the
 * packager, a relay) knows nothing of products.
 *
 * A cue is a state and never a difference: it holds until the next of its kind takes its place,
 * and is repeated for those who join later.
 *
 * Ref-counted; any thread may hold one. All is immutable, but for the receipt, which is the home's.
 */
enum ph_cue_kind {
    PH_CUE_NONE,
    PH_CUE_CARD,  /* what is pinned now; small, repeated at each segment's start */
    PH_CUE_SHELF, /* all that is for sale; larger, repeated now and then */
    PH_CUE_KINDS,
};

enum {
    PH_CUE_CARD_BYTES_MAX = 1024,
    PH_CUE_SHELF_BYTES_MAX = 16384,
};

/* What all readers look for: the description of the ID3 frame, the class of the date range. */
#define PH_CUE_SCHEME "phien.overlay"
#define PH_CUE_CLASS "vn.phien.card"

/* Where in the stream a cue begins to hold: the picture's date, and the part that has it. */
struct ph_cue_place {
    ph_usec pdt; /* wall clock, as EXT-X-PROGRAM-DATE-TIME has it */
    int64_t msn;
    int64_t part; /* index within the segment */
};

struct ph_cue {
    atomic_uint refs;
    enum ph_cue_kind kind;
    int64_t seq;         /* grows with each of a channel's changes; the same cue keeps it */
    const char *message; /* JSON for players with code of ours: UTF-8 without NUL, its kind's
                            maximum at most */
    size_t message_len;
    const char *caption;    /* for players without: lines of plain UTF-8 text, '\n' between; NULL:
                               nothing is shown */
    const char *attributes; /* of an EXT-X-DATERANGE: ",X-SKU=\"A1\",..."; NULL: no range */

    /* The receipt: called once, on the home's thread, when the place is known. */
    void (*on_placed)(void *arg, const struct ph_cue *cue, const struct ph_cue_place *place);
    void *arg;
    bool is_placed;
};

/* Copies the texts, any of which but the message may be NULL. `on_placed` may be NULL. */
struct ph_cue *ph_cue_create(enum ph_cue_kind kind, int64_t seq, const char *message,
                             const char *caption, const char *attributes);
void ph_cue_on_placed(struct ph_cue *cue,
                      void (*on_placed)(void *arg, const struct ph_cue *cue,
                                        const struct ph_cue_place *place),
                      void *arg);
struct ph_cue *ph_cue_ref(struct ph_cue *cue);
void ph_cue_unref(struct ph_cue **cue);

/* Hands out the receipt, the first time only. The home's thread. */
void ph_cue_placed(struct ph_cue *cue, const struct ph_cue_place *place);

#endif
