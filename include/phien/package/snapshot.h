/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_SNAPSHOT_H
#define PHIEN_PACKAGE_SNAPSHOT_H

#include <phien/core/buf.h>
#include <phien/core/clock.h>

#include <stdatomic.h>
#include <stdbool.h>

/*
 * What viewers are served from: an immutable picture of one rendition's window. The home makes
 * one whenever a part is ready and posts it to the workers that have viewers; they read it, and
 * the parts it refers to, without a lock and without a copy. Any thread may hold references.
 *
 * Words (RFC 8216bis): a segment has a media sequence number (msn) and consists of parts; a part
 * has a running number that never starts again within an epoch. A part is named by its running
 * number and not by its place in a segment, so that a preload hint comes true even when the part
 * turns out to be the first of the next segment.
 *
 * Names, relative to /live/CHANNEL/ (epoch: base 36, new at each start of the server):
 *   av-EPOCH-MSN.m4s  av-EPOCH-pNUMBER.m4s  av-EPOCH-iINIT.mp4   (the same with audio-)
 *   ts/EPOCH-MSN.ts
 *   cards-EPOCH-MSN.vtt
 */
enum ph_rendition {
    PH_RENDITION_NONE,
    PH_RENDITION_AV,    /* fMP4, audio and video muxed, low latency: av.m3u8 */
    PH_RENDITION_AUDIO, /* fMP4, audio alone, low latency: audio.m3u8 */
    PH_RENDITION_TS,    /* MPEG-TS, audio and video, whole segments: ts/index.m3u8 */
    PH_RENDITION_CARDS, /* WebVTT, the card as a caption, whole segments: cards.m3u8 */
    PH_RENDITION_COUNT,
};

/* Bytes with what a response needs; immutable. */
struct ph_part {
    struct ph_buf *bytes;
    int64_t number;
    ph_usec duration;
    bool is_independent; /* decoding can start here */
};

struct ph_init {
    atomic_uint refs;
    struct ph_buf *bytes;
    int64_t number;
};

/* Takes over `bytes`; the caller owns the reference. */
struct ph_init *ph_init_create(struct ph_buf *bytes, int64_t number);
struct ph_init *ph_init_ref(struct ph_init *init);
void ph_init_unref(struct ph_init **init);

struct ph_segment {
    atomic_uint refs;
    int64_t msn;
    ph_usec pdt;                  /* wall clock time of the first sample */
    ph_usec duration;             /* the sum of the parts' */
    int64_t discontinuity_number; /* EXT-X-DISCONTINUITYs up to and with this one, ever */
    bool is_discontinuity;        /* EXT-X-DISCONTINUITY stands before it */
    struct ph_init *init;         /* NULL in MPEG-TS and WebVTT */
    size_t bytes;                 /* the sum of the parts' */
    size_t part_count;
    struct ph_part *parts; /* their concatenation is the segment; TS and WebVTT have one */
};

/*
 * What a playlist says of a span of dates (EXT-X-DATERANGE, RFC 8216bis section 4.4.5.1).
 * Immutable, so closing one makes another with the same id and an end.
 */
struct ph_date_range {
    atomic_uint refs;
    char id[48]; /* never used again for anything else */
    ph_usec start;
    ph_usec end;      /* PH_USEC_NEVER: open */
    char *attributes; /* ",X-SKU=\"A1\",..." */
};

struct ph_date_range *ph_date_range_ref(struct ph_date_range *range);
void ph_date_range_unref(struct ph_date_range **range);

/* Where another rendition stands, for EXT-X-RENDITION-REPORT. */
struct ph_report {
    enum ph_rendition rendition; /* _NONE: no such rendition */
    int64_t last_msn;
    int64_t last_part; /* index within last_msn */
};

/* A playlist reports on all others of the multivariant playlist. */
enum { PH_REPORTS_MAX = 2 };

/* What never changes while a channel lives, equal in all of its playlists. */
struct ph_playlist_params {
    unsigned target_duration_s;
    ph_usec skip_until;     /* CAN-SKIP-UNTIL, 6 x target duration; 0: no delta playlists */
    ph_usec part_hold_back; /* PART-HOLD-BACK, 3 x the largest part target of all renditions; 0:
                               3 x the rendition's own */
    char epoch[16];
};

/* The forms in which a playlist can be asked for. */
enum ph_playlist_form {
    PH_PLAYLIST_FULL,  /* with parts, hint and reports where the rendition has them */
    PH_PLAYLIST_DELTA, /* the same, old segments skipped (_HLS_skip=YES or v2) */
    PH_PLAYLIST_PLAIN, /* without anything of low latency, for /plain/ */
    PH_PLAYLIST_INDEX, /* the multivariant playlist; only in the AV rendition's snapshot */
    PH_PLAYLIST_FORMS,
};

struct ph_snapshot {
    atomic_uint refs;
    enum ph_rendition rendition;
    struct ph_playlist_params params;
    ph_usec part_target; /* 0: a rendition without parts */
    int64_t number;      /* grows with each snapshot of a rendition */
    bool is_ended;       /* EXT-X-ENDLIST */

    struct ph_segment **segments; /* closed ones, by msn without holes, oldest first */
    size_t count;
    size_t listed_from;      /* those before it are no longer listed, still served */
    struct ph_segment *open; /* the parts of the segment under way; NULL if there are none */
    int64_t next_msn;        /* of the segment under way, or of the next */
    int64_t next_part;       /* running number of the part hinted at */
    struct ph_report reports[PH_REPORTS_MAX];
    struct ph_date_range **ranges; /* by start; the same in all playlists of a channel */
    size_t range_count;

    struct ph_buf *index; /* text of the multivariant playlist, or NULL */

    /* Rendered when first asked for, by whichever thread: [form][gzip]. */
    struct ph_buf *_Atomic rendered[PH_PLAYLIST_FORMS][2];
};

struct ph_snapshot *ph_snapshot_ref(struct ph_snapshot *snapshot);
void ph_snapshot_unref(struct ph_snapshot **snapshot);

/*
 * The playlist's text, rendered once for each form and encoding and shared by all viewers. The
 * buffer is borrowed from the snapshot. NULL: this snapshot has no such form:
 * - FULL:  nothing can be listed yet;
 * - DELTA: no segment is old enough to be skipped, the playlist has ended, or the rendition is
 *          MPEG-TS: answer with FULL, which clients that asked for a delta take as well;
 * - PLAIN: no segment is finished yet, or the rendition is MPEG-TS, whose FULL is plain already;
 * - INDEX: there is no multivariant playlist in this snapshot.
 */
struct ph_buf *ph_snapshot_playlist(struct ph_snapshot *snapshot, enum ph_playlist_form form,
                                    bool gzip);

/* The last segment listed, which is a finished one; -1 if there is none. */
int64_t ph_snapshot_last_msn(const struct ph_snapshot *snapshot);

/*
 * Whether the playlist has segment `msn` (part < 0), or its part with index `part` or anything
 * later; a part past the end of a finished segment means the first of the next (RFC 8216bis
 * section 6.2.5.2). A rendition without parts counts whole segments: hls.js asks for parts of
 * another rendition there. An ended playlist has everything: nobody may wait for it.
 */
bool ph_snapshot_has(const struct ph_snapshot *snapshot, int64_t msn, int64_t part);

/*
 * Whether a blocking request for (msn, part) lies too far ahead to wait for: PH_EINVAL asks for
 * status 400. part < 0: the request names none.
 */
int ph_snapshot_check_ahead(const struct ph_snapshot *snapshot, int64_t msn, int64_t part);

/* Borrowed; NULL if it isn't there (any more, or yet). */
const struct ph_segment *ph_snapshot_segment(const struct ph_snapshot *snapshot, int64_t msn);
const struct ph_part *ph_snapshot_part(const struct ph_snapshot *snapshot, int64_t number);
const struct ph_init *ph_snapshot_init(const struct ph_snapshot *snapshot, int64_t number);

struct ph_segment *ph_segment_ref(struct ph_segment *segment);
void ph_segment_unref(struct ph_segment **segment);

/* "av", "audio", "ts", "cards". */
const char *ph_rendition_name(enum ph_rendition rendition);

#endif
