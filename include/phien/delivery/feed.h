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

struct ph_feeds_params {
    const struct ph_conf *conf;
    const struct ph_registry *registry;
    struct ph_loop *const *loops;  /* one for each worker */
    struct ph_stats *const *stats; /* one for each worker */
    size_t workers;                /* at most PH_FEED_WORKERS_MAX */
    const char *epoch;             /* names this run of the server in media names */
    ph_usec wall;                  /* now */
};

#define PH_FEED_WORKERS_MAX 64

/* Before the loops start: gives every channel its packager. */
struct ph_feeds *ph_feeds_create(const struct ph_feeds_params *params);

/* After all loops have been destroyed. */
void ph_feeds_destroy(struct ph_feeds **feeds);

/* Bytes of media held for a channel. The home's thread. */
size_t ph_feeds_bytes(const struct ph_feeds *feeds, const struct ph_registry_entry *entry);

/* How many watch, for whoever serves them and whoever asks. */
struct ph_audience *ph_feeds_audience(const struct ph_feeds *feeds);

#endif
