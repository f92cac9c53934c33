/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_DELIVERY_FEED_H
#define PHIEN_DELIVERY_FEED_H

#include <phien/core/conf.h>
#include <phien/core/stats.h>
#include <phien/delivery/audience.h>
#include <phien/media/registry.h>
#include <phien/net/loop.h>

/*
 * The home's end of delivery: for each channel the packager that cuts it into parts, and the list
 * of workers that have viewers of it. Each new snapshot is posted to those workers, where a view
 * (see hls.h) answers their requests from it.
 */
struct ph_feeds;

/*
 * What a channel has to go on with in the next run of the server: the numbers that its playlists
 * must not go behind, and whether it was on air (also in its grace period).
 */
struct ph_feed_record {
    int64_t next_msn;
    int64_t next_discontinuity; /* how many EXT-X-DISCONTINUITYs there will have been */
    enum ph_slate_form slate;   /* of the program that was on air last */
    bool is_live;               /* on air, or expected back */
    bool is_publishing;         /* a session is bound to it */
};

struct ph_feeds_params {
    const struct ph_conf *conf;
    const struct ph_registry *registry;
    struct ph_loop *const *loops;  /* one for each worker */
    struct ph_stats *const *stats; /* one for each worker */
    size_t workers;                /* at most PH_FEED_WORKERS_MAX */
    const char *epoch;             /* names this run of the server in media names */
    ph_usec wall;                  /* now */
    /*
     * By the registry's index, what an earlier run left, or NULL; only read while creating.
     * Numbers go on from these where they are ahead of what the wall clock gives. Of a channel that
     * was live, the first segment begins with a discontinuity, and viewers who come before there is
     * anything to list are let wait.
     */
    const struct ph_feed_record *records;
};

#define PH_FEED_WORKERS_MAX 64

/* Before the loops start: gives every channel its packager. */
struct ph_feeds *ph_feeds_create(const struct ph_feeds_params *params);

/* After all loops have been destroyed. */
void ph_feeds_destroy(struct ph_feeds **feeds);

/* Bytes of media held for a channel. The home's thread. */
size_t ph_feeds_bytes(const struct ph_feeds *feeds, const struct ph_registry_entry *entry);

/* The home's thread. */
void ph_feeds_record(const struct ph_feeds *feeds, const struct ph_registry_entry *entry,
                     struct ph_feed_record *out);

/* How many watch, for whoever serves them and whoever asks. */
struct ph_audience *ph_feeds_audience(const struct ph_feeds *feeds);

#endif
