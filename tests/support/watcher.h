/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_WATCHER_H
#define PHIEN_TESTS_WATCHER_H

#include "m3u8.h"

#include <phien/package/snapshot.h>

/*
 * Reads every playlist of a channel as it comes, and holds it to what was listed before, to the
 * other renditions' playlists and to RFC 8216bis. Fails the test at what it finds.
 */
struct watcher_rendition {
    struct m3u8 *list; /* the newest; NULL: none yet */
    struct m3u8 *before;
    int64_t greatest_part;
    bool *is_abandoned; /* by part number: was hinted at and has given way to another */
    size_t abandoned_cap;
    size_t abandoned; /* how many */
};

/* What a segment is in every rendition. */
struct watcher_segment {
    bool is_known;
    int64_t discontinuity_number;
    bool has_discontinuity;
    int64_t date_ms;
};

struct watcher {
    struct watcher_rendition renditions[PH_RENDITION_COUNT];
    struct watcher_segment *segments; /* by msn, from first_msn on */
    size_t segment_count;
    int64_t first_msn;  /* -1: none yet */
    size_t lists;       /* how many were read */
    bool is_sound_free; /* the dates of audio are not held against the others' */
};

void watcher_init(struct watcher *watcher);
void watcher_fini(struct watcher *watcher);
void watcher_take(struct watcher *watcher, struct ph_snapshot *snapshot);

/* Of the part hinted at. */
int64_t watcher_hint(const struct watcher *watcher, enum ph_rendition rendition);

#endif
