/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_DELIVERY_FEED_PRIVATE_H
#define PHIEN_DELIVERY_FEED_PRIVATE_H

#include <phien/delivery/feed.h>
#include <phien/package/snapshot.h>

/*
 * What a home tells a worker of a channel: a new snapshot, or, as the answer to a wish, that
 * there is none yet. News that were not taken before newer ones came are left out.
 */
struct ph_news {
    const struct ph_registry_entry *entry;
    enum ph_rendition rendition;
    struct ph_snapshot *snapshot; /* NULL: nothing to list yet; borrowed */
    bool is_on_air;
    bool is_away;     /* nothing but the slate is on air, and somebody may be again */
    bool is_expected; /* a session is there or may come back; with snapshot NULL: wait for one */
};

/* Who takes a worker's news. Before the loops start. */
void ph_feeds_attach(struct ph_feeds *feeds, unsigned worker,
                     void (*on_news)(void *arg, const struct ph_news *news), void *arg);

/*
 * The worker's thread: this worker wants (or no longer wants) news of a rendition. Every wish is
 * answered by one news at least.
 */
void ph_feeds_want(struct ph_feeds *feeds, const struct ph_registry_entry *entry, unsigned worker,
                   enum ph_rendition rendition, bool wanted);

const struct ph_feeds_params *ph_feeds_get_params(const struct ph_feeds *feeds);

#endif
