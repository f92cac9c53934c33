/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_TS_H
#define PHIEN_PACKAGE_TS_H

#include "fmp4.h"
#include "mpegts.h"

/*
 * The rendition in MPEG-TS: whole segments, cut where the leading fMP4 rendition's are and
 * numbered like them. Made only while somebody wants it, from a segment on that begins where
 * decoding can.
 */
struct ph_ts {
    struct ph_output output;
    struct ph_track *video; /* of the program on air */
    struct ph_track *audio;
    struct ph_mpegts *mpegts; /* NULL: nothing is packaged now */
    bool is_wanted;
    bool is_unsupported; /* MPEG-TS cannot carry these tracks, or gave up on them */
};

void ph_ts_init(struct ph_ts *ts, const struct ph_window_params *window, struct ph_stats *stats);
void ph_ts_fini(struct ph_ts *ts);

/* The packets that follow are of these tracks; the segment under way must have been ended. */
void ph_ts_set_tracks(struct ph_ts *ts, struct ph_track *video, struct ph_track *audio,
                      bool is_break);

/* Forgets everything when nobody wants it any more. */
void ph_ts_want(struct ph_ts *ts, bool wanted);

/* Makes no more segments until the tracks are set anew. */
void ph_ts_give_up(struct ph_ts *ts);

/* `leader` has ended a segment, and what follows does not go on from it if `is_break`. */
PH_MUST_CHECK int ph_ts_end_segment(struct ph_ts *ts, const struct ph_fmp4 *leader, bool is_break);

/* `leader` begins a segment, `is_access`: at a random access point. */
PH_MUST_CHECK int ph_ts_begin_segment(struct ph_ts *ts, const struct ph_fmp4 *leader,
                                      bool is_access);

PH_MUST_CHECK int ph_ts_add(struct ph_ts *ts, const AVPacket *packet);

/* An ID3 tag at this time of the timeline, in the segment under way if one is made. */
PH_MUST_CHECK int ph_ts_add_id3(struct ph_ts *ts, const void *tag, size_t len, ph_usec at);

#endif
