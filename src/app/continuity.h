/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_APP_CONTINUITY_H
#define PHIEN_APP_CONTINUITY_H

#include <phien/delivery/feed.h>

/*
 * What outlives a run of the server, in the file that the config's `state` names: for each channel
 * the record of delivery/feed.h. Noted every PH_CONTINUITY_INTERVAL by the homes, written by a
 * thread of its own, since a disk may take its time, and put in place whole, so that a crash leaves
 * the old file or the new one. JSON; a file that is missing, damaged or of channels that are no
 * longer there is no reason not to start.
 *
 * What was used between the last note and a crash is not in the file, so on reading
 * PH_CONTINUITY_MSN_MARGIN and PH_CONTINUITY_DISCONTINUITY_MARGIN are added: far more than can come
 * in that time, and few enough that hls.js, which keeps an array by discontinuity, stays quick.
 */
struct ph_continuity;

#define PH_CONTINUITY_INTERVAL (2 * PH_USEC_PER_S)

enum { PH_CONTINUITY_MSN_MARGIN = 1024, PH_CONTINUITY_DISCONTINUITY_MARGIN = 64 };

/* What the file said of a channel. */
struct ph_continuity_entry {
    /* With the margins; live only if it is still to be expected. All zero: it said nothing. */
    struct ph_feed_record record;
    /*
     * Wall clock: when that was so; if it was live, when its publisher was there last. A time to
     * come counts as now.
     */
    ph_usec noted_at;
};

/*
 * Reads the file and makes sure that it can be written: then PH_OK and *out, with an entry for each
 * channel of the registry. *out is NULL with PH_OK where `state` is empty. What cannot be used is
 * logged (state.unreadable) and left aside, a whole file as PATH.unreadable; PH_EIO, logged as
 * well: the file cannot be written.
 */
PH_MUST_CHECK int ph_continuity_create(struct ph_continuity **out, const struct ph_conf *conf,
                                       const struct ph_registry *registry);

/* By the registry's index. */
const struct ph_continuity_entry *ph_continuity_entry(const struct ph_continuity *continuity,
                                                      size_t index);

/* Once the loops run. */
PH_MUST_CHECK int ph_continuity_start(struct ph_continuity *continuity);

/*
 * A home's thread: the records of its channels, `count` of them, at the registry's `indices`.
 * Copied; what differs from the last is written soon.
 */
void ph_continuity_note(struct ph_continuity *continuity, const size_t *indices,
                        const struct ph_feed_record *records, size_t count);

/* Writes what was noted last and ends the thread. NULL is fine. */
void ph_continuity_destroy(struct ph_continuity **continuity);

#endif
