/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_CMAF_H
#define PHIEN_PACKAGE_CMAF_H

#include <phien/core/buf.h>
#include <phien/media/track.h>

/*
 * Fragmented MP4 (ISO/IEC 14496-12) as RFC 8216bis section 3.3 wants it: an init segment and
 * parts, each one movie fragment. One for each program and rendition.
 */
struct ph_cmaf;

/* Either track may be NULL, not both. */
PH_MUST_CHECK int ph_cmaf_create(struct ph_cmaf **out, const struct ph_track *video,
                                 const struct ph_track *audio);
void ph_cmaf_destroy(struct ph_cmaf **cmaf);

/*
 * Borrowed. NULL before the first part if a codec's configuration lies in its packets (AC-3,
 * E-AC-3), else there from the beginning.
 */
struct ph_buf *ph_cmaf_init(const struct ph_cmaf *cmaf);

/*
 * A packet of one of the tracks, in its track's time base. PH_EINVAL: it was dropped, the others
 * go on.
 */
PH_MUST_CHECK int ph_cmaf_add(struct ph_cmaf *cmaf, const AVPacket *packet);

/*
 * Bytes of a box to stand before the movie fragment of the part under way, which needs not have
 * packets yet: an event message. In the order of the calls; a box that would make it more than
 * 256 KB a part is left out.
 */
void ph_cmaf_add_box(struct ph_cmaf *cmaf, const void *box, size_t len);

/*
 * Ends the part. `video_end` is where its last video frame ends, in the video's time base;
 * AV_NOPTS_VALUE: as the packet says. The caller owns `part`, which is left as it is if there is
 * nothing to publish (PH_EAGAIN). PH_EMEDIA: the muxer refused some packets; the part may be there
 * without them.
 */
PH_MUST_CHECK int ph_cmaf_cut(struct ph_cmaf *cmaf, int64_t video_end, struct ph_buf **part);

#endif
