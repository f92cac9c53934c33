/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_PICTURE_H
#define PHIEN_OVERLAY_PICTURE_H

#include "state.h"

#include <phien/core/buf.h>

/*
 * What readers are answered from: a channel's durable state, the texts in which everybody may read
 * it, and what the readers of its events are told of the change that made it. The home makes one
 * for each change and posts it to all workers. Immutable, ref-counted; any thread.
 */
struct ph_picture {
    atomic_uint refs;
    struct ph_overlay_state *state;
    struct ph_buf *overlay;
    struct ph_buf *shelf;
    struct ph_buf *card;
    char overlay_etag[24]; /* "\"12\"": the seq, the revision, the card's seq */
    char shelf_etag[24];
    char card_etag[24];
    struct ph_buf *events; /* of the change; NULL: none */
    bool has_many_events;  /* a reader may have got the first of them only */
};

/*
 * Of `state`, which came after the picture `before`; NULL: the one to begin with, which has no
 * events. Texts that have not changed are shared with `before`.
 */
struct ph_picture *ph_picture_create(const char *channel, struct ph_overlay_state *state,
                                     const struct ph_picture *before);
struct ph_picture *ph_picture_ref(struct ph_picture *picture);
void ph_picture_unref(struct ph_picture **picture);

/* The event "overlay", for those who have nothing yet. */
struct ph_buf *ph_picture_greeting(const struct ph_picture *picture);

#endif
