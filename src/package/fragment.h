/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_FRAGMENT_H
#define PHIEN_PACKAGE_FRAGMENT_H

#include <phien/core/bytes.h>
#include <phien/media/track.h>

/*
 * A movie fragment in the making: one moof and its mdat (ISO/IEC 14496-12 section 8.8), of access
 * units as they come.
 */
struct ph_fragment_sample {
    uint32_t bytes;
    uint32_t duration;
    uint32_t composition; /* pts - dts */
    uint32_t flags;
};

/* A track's samples in the open fragment. */
struct ph_fragment_run {
    uint32_t track_id; /* 0: there is no such track */
    bool is_plain;     /* sound: each sample stands alone and in its order, and none says so */
    int64_t first_dts; /* of the open fragment */
    int64_t last_dts;  /* ever; -1: none yet */
    struct ph_fragment_sample *samples;
    size_t count;
    size_t cap;
    struct ph_writer data; /* of all of them */
};

struct ph_fragment {
    struct ph_fragment_run runs[PH_TRACK_KINDS];
    uint32_t number; /* of fragments so far */
};

/* Tracks are numbered from 1 on, video first, as in libavformat's init segments. */
void ph_fragment_init(struct ph_fragment *fragment, bool has_video, bool has_audio);
void ph_fragment_fini(struct ph_fragment *fragment);

/*
 * Copies the access unit without its first `skip` bytes. Times are in the track's time base. A
 * sample lasts until the next of its track; the last one of a fragment as long as its packet
 * says. PH_EINVAL: it has no bytes or impossible times, and all is as it was. PH_ENOMEM: there is
 * no memory, and what was in the fragment is lost.
 */
PH_MUST_CHECK int ph_fragment_add(struct ph_fragment *fragment, const AVPacket *packet,
                                  size_t skip);

/*
 * Ends the fragment. `video_end` is where its last video frame ends, AV_NOPTS_VALUE: as the
 * packet says. PH_EAGAIN: there is nothing in it. PH_ENOMEM: as above. The caller owns `out`.
 */
PH_MUST_CHECK int ph_fragment_cut(struct ph_fragment *fragment, int64_t video_end,
                                  struct ph_buf **out);

#endif
