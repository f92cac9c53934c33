/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_WINDOW_H
#define PHIEN_PACKAGE_WINDOW_H

#include "date_ranges.h"

#include <phien/package/snapshot.h>

/*
 * A rendition's window: the segments that its playlist lists, those that have left the playlist
 * but must still be served, and the segment under way. The packager adds to it; a snapshot is
 * its immutable picture. One thread.
 *
 * Kept by these rules (RFC 8216bis sections 6.2.2 and 6.2.5):
 * - listed: the newest segments that make up window_s, at least three target durations;
 * - served after that for as long again, so that a player with an old playlist still gets them;
 * - both only as far as max_bytes allows: then the oldest go first, unlisted ones before listed
 *   ones; the segment under way and the one before it always stay.
 */
struct ph_window;

struct ph_window_params {
    enum ph_rendition rendition;
    struct ph_playlist_params playlist;
    ph_usec window; /* what is listed */
    size_t max_bytes;
    int64_t first_msn;
    int64_t first_discontinuity; /* EXT-X-DISCONTINUITY-SEQUENCE to begin with */
    int64_t first_part;          /* running number */
};

struct ph_window *ph_window_create(const struct ph_window_params *params);
void ph_window_destroy(struct ph_window **window);

/* PART-TARGET, set once before the first part; 0 for a rendition without parts. */
void ph_window_set_part_target(struct ph_window *window, ph_usec part_target);

/*
 * Begins the next segment; the one under way must have been closed. `init` is referenced, NULL in
 * MPEG-TS and WebVTT. Also takes an ended playlist up again (after EXT-X-ENDLIST).
 */
void ph_window_open_segment(struct ph_window *window, ph_usec pdt, bool is_discontinuity,
                            struct ph_init *init);

/* Adds a part to the segment under way and numbers it. Takes over `bytes`. */
void ph_window_add_part(struct ph_window *window, struct ph_buf *bytes, ph_usec duration,
                        bool is_independent);

/*
 * The number that the next part would have had is never used: the part that was hinted at does not
 * come (RFC 8216bis section 6.2.6). Between two segments only, since the parts of one are numbered
 * in a row.
 */
void ph_window_skip_part(struct ph_window *window);

/*
 * Closes the segment under way, if there is one. One without parts vanishes: its msn is used
 * again, and the next segment inherits its discontinuity.
 */
void ph_window_close_segment(struct ph_window *window);

/* EXT-X-ENDLIST from now on; closes the segment under way. */
void ph_window_end(struct ph_window *window);

bool ph_window_has_open_segment(const struct ph_window *window);
bool ph_window_is_ended(const struct ph_window *window);
/* The msn of the segment under way, or of the next. */
int64_t ph_window_msn(const struct ph_window *window);
/* The running number of the next part. */
int64_t ph_window_next_part(const struct ph_window *window);
ph_usec ph_window_open_duration(const struct ph_window *window);
size_t ph_window_bytes(const struct ph_window *window);
/* Segments that are closed and listed. */
size_t ph_window_listed(const struct ph_window *window);
/* The date of the first of those, or of the segment under way; PH_USEC_NEVER: neither is there. */
ph_usec ph_window_oldest(const struct ph_window *window);

/* Where it stands, for the other renditions' snapshots. */
struct ph_report ph_window_report(const struct ph_window *window);

/*
 * Bits per second of the listed segments: the highest of any run of them that lasts 0.5 to 1.5
 * target durations, and the mean. 0 while there is none. For BANDWIDTH and AVERAGE-BANDWIDTH
 * (RFC 8216bis section 4.4.6.2).
 */
void ph_window_bitrate(const struct ph_window *window, int64_t *peak_bps, int64_t *average_bps);

/* What a snapshot tells beside its window. All of it is borrowed; snapshots take references. */
struct ph_window_beside {
    struct ph_report reports[PH_REPORTS_MAX];
    struct ph_buf *index;                /* text of the multivariant playlist, or NULL */
    const struct ph_date_ranges *ranges; /* or NULL */
    ph_usec part_hold_back;              /* 0: as the window's params say */
};

/* The picture of now; the caller owns the reference. `beside` may be NULL. */
struct ph_snapshot *ph_window_snapshot(struct ph_window *window,
                                       const struct ph_window_beside *beside);

#endif
