/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_DESK_H
#define PHIEN_OVERLAY_DESK_H

#include "desk_write.h"
#include "picture.h"

#include <phien/media/registry.h>
#include <phien/net/loop.h>

/*
 * Where a channel's changes are put in order, on its home: each is tried on the newest state, given
 * to the store, and shown and answered when it is durable. What is shown goes to the channel as
 * cues and to everybody else as a picture.
 *
 * Two states: the accepted one, on which the next change is tried, and the durable one, which is
 * shown. When the store fails, what was built on the failed change fails as well, and the accepted
 * state is the durable one again.
 *
 * All functions: the home's thread, or before it runs and after it has ended.
 */
struct ph_desk;

struct ph_desk_ops {
    void (*on_picture)(void *arg, const struct ph_registry_entry *entry,
                       struct ph_picture *picture); /* borrowed */
    void (*on_idle)(void *arg);                     /* the store has nothing of the desk's */
};

struct ph_desk_params {
    const struct ph_registry_entry *entry;
    struct ph_loop *loop; /* the home's */
    struct ph_store *store;
    unsigned writes_per_s; /* 0: no limit */
    ph_usec patience;      /* with the store: nothing more is taken while it takes longer */
    const struct ph_desk_ops *ops;
    void *arg;
};

/* Before the loops start: reads what is kept, and sets the channel's cues. */
PH_MUST_CHECK int ph_desk_create(struct ph_desk **out, const struct ph_desk_params *params);

/* The picture to begin with. Borrowed. */
struct ph_picture *ph_desk_picture(const struct ph_desk *desk);

/* Any thread: sends a write on its way. */
void ph_desk_post(struct ph_desk *desk, struct ph_desk_write *write);

/* Takes no more changes, and does not hide cards any more. */
void ph_desk_close(struct ph_desk *desk);

/* Whether the store has nothing of the desk's. */
bool ph_desk_is_idle(const struct ph_desk *desk);

/* Answers those who wait for a place in the stream, and makes nobody wait any more. */
void ph_desk_flush(struct ph_desk *desk);

/* After its loop has ended, before it is destroyed. */
void ph_desk_detach(struct ph_desk *desk);

/* After its loop has been destroyed. */
void ph_desk_destroy(struct ph_desk **desk);

#endif
