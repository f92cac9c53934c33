/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_SUPPORT_PUSH_H
#define PHIEN_TESTS_SUPPORT_PUSH_H

#include "media_file.h"
#include "rtmp_publisher.h"

#include <phien/net/loop.h>

/*
 * One RTMP publisher on a loop: connects, publishes and sends files at their own pace. The files
 * lie in memory and are shared, so that hundreds fit into one process.
 */
struct push;

/*
 * on_live: the server accepted publish; the first packet follows.
 * on_packet: this packet of a file is handed to the socket next. May be NULL.
 * on_end: the server has taken the last packet, or there was a failure, of which `failure` tells
 *         (else NULL). The last call; destroy the push in it or later.
 */
struct push_ops {
    void (*on_live)(void *arg);
    void (*on_packet)(void *arg, const AVPacket *packet);
    void (*on_end)(void *arg, const char *failure);
};

/* What publishers have in common; outlives them. */
struct push_plan {
    struct ph_loop *loop;
    const char *url; /* rtmp://ADDRESS:PORT/APP/NAME?key=KEY; the first {} stands for the number */
    const struct media_file *files; /* follow each other, each with its own sequence headers */
    size_t file_count;
    bool is_looping;       /* from the beginning again after the last one */
    bool is_fast;          /* as fast as the server takes it, instead of in real time */
    int64_t audio_from_ms; /* no audio, and no sequence header of it, before */
    struct rtmp_publisher_conf publisher; /* its texts come from the URL */
    const struct push_ops *ops;
};

/* Connects at `at`, on the loop's clock. PH_EINVAL: that is not a URL of RTMP. */
PH_MUST_CHECK int push_create(struct push **out, const struct push_plan *plan, unsigned number,
                              ph_usec at, void *arg);

/* Sends no more and says good-bye; on_end follows. Does nothing after the end. */
void push_stop(struct push *push);

/* Drops the connection if the push has not ended. */
void push_destroy(struct push **push);

#endif
