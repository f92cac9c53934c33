/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_MPEGTS_H
#define PHIEN_PACKAGE_MPEGTS_H

#include <phien/core/buf.h>
#include <phien/media/track.h>

/*
 * MPEG-TS segments (RFC 8216bis section 3.2), each beginning with PAT and PMT. One for each
 * program, so that continuity counters go on from segment to segment.
 */
struct ph_mpegts;

/* Whether players of HLS can read the track's codec in MPEG-TS. NULL: no. */
bool ph_mpegts_carries(const struct ph_track *track);

/*
 * Tracks that MPEG-TS cannot carry are left out; PH_EUNSUPPORTED if none is left, or if there is
 * video and it cannot be carried. `is_discontinuity` announces to the decoder that timestamps
 * and counters do not go on from an earlier one's.
 */
PH_MUST_CHECK int ph_mpegts_create(struct ph_mpegts **out, const struct ph_track *video,
                                   const struct ph_track *audio, bool is_discontinuity);
void ph_mpegts_destroy(struct ph_mpegts **mpegts);

/*
 * A packet of the program, in its track's time base; one of a track that is left out is ignored.
 * PH_EINVAL, PH_EMEDIA: it was dropped, the others go on.
 */
PH_MUST_CHECK int ph_mpegts_add(struct ph_mpegts *mpegts, const AVPacket *packet);

/*
 * An ID3 tag whose time is `pts`, 90 kHz, on the timeline of the packets: before the next of them.
 * A time before the last tag's counts as that.
 * Each segment says in its PMT that there may be some (timed metadata of HLS: stream type 0x15 with
 * both descriptors), whether there are or not. PH_EINVAL: empty or over 65000 bytes; PH_EMEDIA.
 */
PH_MUST_CHECK int ph_mpegts_add_id3(struct ph_mpegts *mpegts, const void *tag, size_t len,
                                    int64_t pts);

/* Ends the segment. PH_EAGAIN: there is nothing to publish. The caller owns `segment`. */
PH_MUST_CHECK int ph_mpegts_cut(struct ph_mpegts *mpegts, struct ph_buf **segment);

#endif
