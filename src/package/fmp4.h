/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_FMP4_H
#define PHIEN_PACKAGE_FMP4_H

#include "cmaf.h"
#include "events.h"
#include "output.h"
#include "segmenter.h"

/*
 * A rendition in fragmented MP4: what the segmenter decides, the muxer does, and the result goes
 * into the window. There are two, with and without video; the second follows the first's
 * segments.
 */
struct ph_fmp4 {
    struct ph_segmenter segmenter;
    struct ph_output output;
    struct ph_track *video; /* of the program on air, as far as they are in this rendition */
    struct ph_track *audio;
    struct ph_cmaf *cmaf; /* NULL: made with the next packet */
    bool is_broken;       /* no muxer can be made for these tracks */
    bool is_init_due;     /* the muxer's init segment has not been put into the window yet */
    ph_usec wall;         /* of the timeline's zero */
    ph_usec composition;  /* pts - dts of the first video frame: how late the first picture is */
    bool has_composition;
    struct ph_events events;
    ph_usec newest; /* when the newest packet of the reference track is shown: dts + composition */

    /* The segment under way, and the last one closed. */
    bool has_first_part;
    bool is_independent; /* it begins where decoding can */
    ph_usec pdt;
    struct {
        bool is_independent;
        ph_usec pdt;
        ph_usec duration; /* 0: it had no part */
        ph_usec start;    /* of its first picture on the timeline: pdt - wall */
    } closed;
};

void ph_fmp4_init(struct ph_fmp4 *fmp4, const struct ph_segmenter_params *segmenter,
                  const struct ph_window_params *window, struct ph_stats *stats);
void ph_fmp4_fini(struct ph_fmp4 *fmp4);

/*
 * The packets that follow are of these tracks, either may be NULL. `is_break`: they do not go on
 * from what came before. What was under way must have been flushed.
 */
void ph_fmp4_set_tracks(struct ph_fmp4 *fmp4, struct ph_track *video, struct ph_track *audio,
                        bool is_break);

/* The packets that follow, of the same tracks, do not go on from what came before. */
void ph_fmp4_break(struct ph_fmp4 *fmp4);

/*
 * The three steps of a packet: cut before it, add it, cut after it. `cut` and `add` may fail like
 * the muxer: the part or the packet is lost.
 */
PH_MUST_CHECK int ph_fmp4_before(struct ph_fmp4 *fmp4, const AVPacket *packet,
                                 const struct ph_frame *frame, enum ph_cut *cut,
                                 struct ph_closed *closed);
PH_MUST_CHECK int ph_fmp4_add(struct ph_fmp4 *fmp4, const AVPacket *packet,
                              const struct ph_frame *frame);
/* `did_cut`: a part was published. */
PH_MUST_CHECK int ph_fmp4_after(struct ph_fmp4 *fmp4, bool *did_cut);

/*
 * A cue that begins at `at`: an event message before the part under way, if that has a packet of
 * the reference track (video, where there is one) that late, else before the part of the first
 * such packet to come. The message has that packet's time, and is not said when there is a newer
 * one of its kind to be said with that packet. `tag` (ID3) is copied.
 */
void ph_fmp4_add_cue(struct ph_fmp4 *fmp4, const struct ph_cue *cue, ph_usec at, const void *tag,
                     size_t len);

/* Closes part and segment with what they have. */
PH_MUST_CHECK int ph_fmp4_flush(struct ph_fmp4 *fmp4);

#endif
