/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_DELIVERY_POLICY_H
#define PHIEN_DELIVERY_POLICY_H

#include <phien/package/snapshot.h>

/*
 * What caches between us and the viewers may keep, and for how long (RFC 8216bis appendix B.1).
 * TD is the target duration.
 */
struct ph_policy {
    char playlist[32];         /* a playlist asked for without directives: TD / 2 */
    char playlist_blocked[32]; /* one that a blocking request waited for: its URL names a state */
    char missing[32];          /* 404 of a playlist or of media: TD */
    char refused[32];          /* 400 of a blocking request: 4 TD */
};

/* Media names are never used again, so what they name never changes. */
extern const char ph_policy_media[];

/* A request that waited in vain may succeed at the next try. */
extern const char ph_policy_unsatisfied[];

void ph_policy_init(struct ph_policy *policy, unsigned target_duration_s);

/* How long a blocking request is held at most: 3 TD, and less than the 10 s after which hls.js
 * gives up on a playlist. */
ph_usec ph_policy_hold(unsigned target_duration_s);

/* "video/mp4" and the like, for segments, parts and init segments. */
const char *ph_policy_media_type(enum ph_rendition rendition);

#endif
