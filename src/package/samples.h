/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_SAMPLES_H
#define PHIEN_PACKAGE_SAMPLES_H

#include <phien/core/bytes.h>
#include <phien/media/track.h>

/*
 * The access units of a part until it ends. Then the muxer is given all of them in a row: its
 * many structs are fetched into the CPU's cache once a part, not once a packet. They are copied
 * side by side, so that the packets' own memory is free again at once and stays in the cache too.
 * Together that is a fifth of what a channel costs.
 */
struct ph_sample {
    enum ph_track_kind kind;
    int flags; /* an AVPacket's */
    size_t size;
    int64_t dts;
    int64_t pts;
    int64_t duration;
};

struct ph_samples {
    struct ph_sample *list;
    size_t count;
    size_t cap;
    struct ph_writer data;            /* of all of them */
    int64_t last_dts[PH_TRACK_KINDS]; /* ever; -1: none yet */
};

void ph_samples_init(struct ph_samples *samples);
void ph_samples_fini(struct ph_samples *samples);

/*
 * Copies the packet. PH_EINVAL: it has no bytes, or times that cannot follow those of its track
 * so far. PH_ENOMEM: all are lost.
 */
PH_MUST_CHECK int ph_samples_add(struct ph_samples *samples, const AVPacket *packet);

/*
 * Lets each video frame last until the next and the last one until `end`; it lasts as long as its
 * packet said if `end` is AV_NOPTS_VALUE or not later.
 */
void ph_samples_end_video(struct ph_samples *samples, int64_t end);

/* The next sample as a packet that borrows its bytes; `at` begins with zeros. False: no more. */
struct ph_samples_cursor {
    size_t index;
    size_t offset;
};

bool ph_samples_next(const struct ph_samples *samples, struct ph_samples_cursor *at,
                     AVPacket *packet);

/* Forgets them; what is added next must be later all the same. */
void ph_samples_clear(struct ph_samples *samples);

#endif
