/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_EVENTS_H
#define PHIEN_PACKAGE_EVENTS_H

#include <phien/core/bytes.h>
#include <phien/media/cue.h>

/*
 * The event messages of a rendition that wait for their packets, which may come late: each is said
 * where it belongs. Bounded: of too many the oldest go.
 */
enum { PH_EVENTS_MAX = 8 };

struct ph_events {
    struct {
        struct ph_buf *tag;
        enum ph_cue_kind kind;
        uint32_t id;
        ph_usec at; /* on the timeline; none is earlier than the one before it */
    } items[PH_EVENTS_MAX];
    size_t count;
};

/* Forgets what waits. */
void ph_events_clear(struct ph_events *events);

/* `tag` is copied. */
void ph_events_add(struct ph_events *events, const struct ph_cue *cue, ph_usec at, const void *tag,
                   size_t len);

/*
 * Writes what is due at `now`, of each kind the newest, with that as its time and in units of
 * which `timescale` make up a second. What is due waits no longer then.
 */
void ph_events_write(struct ph_events *events, ph_usec now, uint32_t timescale,
                     struct ph_writer *out);

#endif
