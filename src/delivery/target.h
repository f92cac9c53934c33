/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_DELIVERY_TARGET_H
#define PHIEN_DELIVERY_TARGET_H

#include <phien/core/err.h>
#include <phien/package/snapshot.h>

/* What a request under /live/CHANNEL/ asks for. */
enum ph_target_kind {
    PH_TARGET_NONE,
    PH_TARGET_INFO,     /* info.json */
    PH_TARGET_PLAYLIST, /* of `rendition` in `form` */
    PH_TARGET_SEGMENT,  /* number is the msn */
    PH_TARGET_PART,     /* number is the part's running number */
    PH_TARGET_INIT,     /* number is the init segment's */
};

struct ph_target {
    enum ph_target_kind kind;
    enum ph_rendition rendition;
    enum ph_playlist_form form; /* DELTA if _HLS_skip asks for it */
    int64_t number;
    int64_t msn;  /* _HLS_msn; -1: not a blocking request */
    int64_t part; /* _HLS_part; -1: absent */
};

/*
 * Reads `path` (behind /live/CHANNEL/, `len` bytes) and `query`. Media names of another epoch are
 * not found. PH_ENOTFOUND: there is no such resource (404). PH_EINVAL: the delivery directives
 * are not valid (400), RFC 8216bis section 6.2.5.2. Directives that are not known are ignored.
 */
PH_MUST_CHECK int ph_target_parse(struct ph_target *out, const char *path, size_t len,
                                  const char *query, const char *epoch);

#endif
