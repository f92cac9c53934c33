/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_CARDS_H
#define PHIEN_PACKAGE_CARDS_H

#include "fmp4.h"
#include "webvtt.h"

/*
 * The rendition of captions: a WebVTT segment for each of the leading fMP4 rendition's, with the
 * same number and date, empty where no card is shown.
 */
struct ph_cards {
    struct ph_output output;
    struct ph_captions captions;
};

void ph_cards_init(struct ph_cards *cards, const struct ph_window_params *window,
                   struct ph_stats *stats);
void ph_cards_fini(struct ph_cards *cards);

/* From `at` on the timeline this caption is shown; NULL: none. */
void ph_cards_set(struct ph_cards *cards, ph_usec at, const char *caption);

/* `leader` has ended a segment: so does this one, with the same discontinuities. */
void ph_cards_end_segment(struct ph_cards *cards, const struct ph_fmp4 *leader);

#endif
