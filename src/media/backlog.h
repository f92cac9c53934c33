/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_MEDIA_BACKLOG_H
#define PHIEN_MEDIA_BACKLOG_H

#include <phien/core/err.h>

#include <libavcodec/avcodec.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The packets that a session has sent before its channel is on air: first in, first out, bounded
 * in bytes, number and time. It never refuses a packet; its owner empties it once it is full.
 */
enum {
    PH_BACKLOG_MAX_BYTES = 16 * 1024 * 1024,
    PH_BACKLOG_MAX_PACKETS = 2048,
    PH_BACKLOG_MAX_TICKS = 4 * 90000,
};

struct ph_backlog_item {
    AVPacket *packet;
    int64_t dts;   /* session time, 90 kHz */
    bool is_start; /* a random access point of video */
};

struct ph_backlog {
    struct ph_backlog_item
        *items; /* a ring of PH_BACKLOG_MAX_PACKETS, allocated when first needed */
    size_t head;
    size_t count;
    size_t bytes;
};

/* Frees what it holds. */
void ph_backlog_clear(struct ph_backlog *backlog);

/* Keeps a reference. The backlog must not be full. */
PH_MUST_CHECK int ph_backlog_push(struct ph_backlog *backlog, const AVPacket *packet, int64_t dts,
                                  bool is_start);

/* Takes the oldest out; the caller owns the packet. False: there is none. */
bool ph_backlog_shift(struct ph_backlog *backlog, struct ph_backlog_item *out);

bool ph_backlog_is_full(const struct ph_backlog *backlog);

/* The first random access point, or NULL. */
const struct ph_backlog_item *ph_backlog_find_start(const struct ph_backlog *backlog);

#endif
