/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_WEBVTT_H
#define PHIEN_PACKAGE_WEBVTT_H

#include <phien/core/buf.h>
#include <phien/core/clock.h>

/*
 * The card as a caption, for players that know nothing of it: which text holds when, and WebVTT
 * segments of it (W3C WebVTT; RFC 8216bis section 3.1.4 for the timestamp map). Times are those of
 * the channel's timeline.
 */
struct ph_captions {
    struct ph_caption *items; /* by start; the last one is open */
    size_t count;
};

void ph_captions_fini(struct ph_captions *captions);

/* From `at` on this text, NULL for none. Lines are parted by '\n'. */
void ph_captions_set(struct ph_captions *captions, ph_usec at, const char *text);

/* The segment from `start` to `end`; what ended before it is forgotten. Never NULL. */
struct ph_buf *ph_captions_segment(struct ph_captions *captions, ph_usec start, ph_usec end);

#endif
