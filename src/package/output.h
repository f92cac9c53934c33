/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_OUTPUT_H
#define PHIEN_PACKAGE_OUTPUT_H

#include "arena.h"
#include "window.h"

#include <phien/core/stats.h>

/*
 * Where a rendition's parts go: its window, made when the first part comes, the init segment that
 * goes with them, and the newest snapshot.
 */
struct ph_output {
    struct ph_window_params params; /* first numbers: of the next window */
    struct ph_stats *stats;
    struct ph_arena arena;      /* where the bytes of parts lie, whatever muxer they are of */
    struct ph_window *window;   /* NULL until there is something to list */
    struct ph_init *init;       /* of the parts that come next; NULL in MPEG-TS and WebVTT */
    struct ph_snapshot *newest; /* NULL: none was asked for since the last change */
    int64_t init_number;
    int64_t snapshot_number;
    int64_t discontinuity_number; /* EXT-X-DISCONTINUITYs so far */
    ph_usec part_target;
    bool is_discontinuity_due; /* the next segment begins with one */
    bool is_discontinuity;     /* the one under way, or the last, does */
    bool is_wanted;
};

void ph_output_init(struct ph_output *output, const struct ph_window_params *params,
                    struct ph_stats *stats);
void ph_output_fini(struct ph_output *output);

/*
 * Before anything is listed: numbers begin no lower than these. `is_break`: the first segment
 * begins with EXT-X-DISCONTINUITY.
 */
void ph_output_go_on(struct ph_output *output, int64_t next_msn, int64_t discontinuity_number,
                     bool is_break);

/* Forgets all that is listed. */
void ph_output_reset(struct ph_output *output);

/* As reset; what comes next has the numbers of the next segment of `leader`. */
void ph_output_join(struct ph_output *output, const struct ph_output *leader);

/* The same with the last segment of `leader`. */
void ph_output_join_last(struct ph_output *output, const struct ph_output *leader);

/*
 * The next segment does not go on from what is there, if anything is there. The part that was
 * hinted at will not come.
 */
void ph_output_break(struct ph_output *output);

/*
 * The part hinted at will not come: its number is never used. Between two segments, and nothing
 * where there are no parts.
 */
void ph_output_abandon_hint(struct ph_output *output);

/* The init segment of the parts that come next. The same bytes again are no new one. */
void ph_output_set_init(struct ph_output *output, struct ph_buf *bytes);

/* Takes over `bytes`. Begins a segment at `pdt` if none is under way. */
void ph_output_add_part(struct ph_output *output, struct ph_buf *bytes, ph_usec pdt,
                        ph_usec duration, bool is_independent);

/* Closes the segment under way, if there is one. */
void ph_output_close_segment(struct ph_output *output);

/* Something changed that goes into the next snapshot. */
void ph_output_touch(struct ph_output *output);

/* EXT-X-ENDLIST. */
void ph_output_end(struct ph_output *output);

/* The msn of the segment under way or of the next. */
int64_t ph_output_msn(const struct ph_output *output);

/* The msn of the segment after the one under way, if one is under way. */
int64_t ph_output_next_msn(const struct ph_output *output);

/* How many EXT-X-DISCONTINUITYs there will be with the next segment. */
int64_t ph_output_next_discontinuity(const struct ph_output *output);

size_t ph_output_bytes(const struct ph_output *output);
struct ph_report ph_output_report(const struct ph_output *output);

/* The date of the first segment listed; PH_USEC_NEVER: there is none. */
ph_usec ph_output_oldest(const struct ph_output *output);

/* A new reference to the picture of now, NULL while no segment is listed. */
struct ph_snapshot *ph_output_snapshot(struct ph_output *output,
                                       const struct ph_window_beside *beside);

#endif
