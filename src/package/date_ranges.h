/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_DATE_RANGES_H
#define PHIEN_PACKAGE_DATE_RANGES_H

#include <phien/package/snapshot.h>

/*
 * The date ranges of a channel's cards, at most one of them open. They stay listed while any date
 * in them is, and nothing of them changes but that an end is added (RFC 8216bis section 4.4.5.1).
 */
struct ph_date_ranges {
    struct ph_date_range **items; /* by start */
    size_t count;
    bool is_changed; /* since whoever makes snapshots last set it to false */
};

void ph_date_ranges_fini(struct ph_date_ranges *ranges);

/*
 * From `start` on, a wall clock time, a range with these attributes; NULL: none. What is open ends
 * there, unless its attributes are the same: then it goes on, and has no other id than before.
 * `seq` and `start` make the id, so the same card shown again has another. A range that would
 * begin before the one before it has ended begins then, and each lasts a millisecond at least. At
 * most 64 are kept: the oldest go first.
 */
void ph_date_ranges_set(struct ph_date_ranges *ranges, int64_t seq, ph_usec start,
                        const char *attributes);

/* Forgets what ended before `oldest`, the date of the first segment that is still listed. */
void ph_date_ranges_expire(struct ph_date_ranges *ranges, ph_usec oldest);

#endif
