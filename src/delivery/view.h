/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_DELIVERY_VIEW_H
#define PHIEN_DELIVERY_VIEW_H

#include "feed.h"
#include "hold.h"

/*
 * A worker's view of a channel: the newest snapshots that the channel's home has posted to it.
 * It is made when the first viewer asks, and stops listening when nobody has asked for a while.
 */
struct ph_view {
    const struct ph_registry_entry *entry;
    struct ph_snapshot *snapshots[PH_RENDITION_COUNT]; /* NULL: nothing to list yet */
    bool is_wanted[PH_RENDITION_COUNT];                /* the home posts its news to us */
    bool is_known[PH_RENDITION_COUNT];                 /* it has done so at least once */
    ph_usec used_at[PH_RENDITION_COUNT];
    bool is_on_air;
    bool is_away;
    bool is_expected;
    struct ph_hold_list holds[PH_RENDITION_COUNT]; /* requests that wait for news */
};

/* All views of one worker. */
struct ph_views;

/* `on_news` is called after a view has changed. */
struct ph_views *ph_views_create(struct ph_feeds *feeds, unsigned worker,
                                 void (*on_news)(void *arg, struct ph_view *view,
                                                 enum ph_rendition rendition),
                                 void *arg);
void ph_views_destroy(struct ph_views **views);

/* The view of a channel; NULL: there is no such channel. */
struct ph_view *ph_views_find(struct ph_views *views, const char *channel, size_t len);

/* Asks the home for news of the rendition, unless that was done before. */
void ph_views_use(struct ph_views *views, struct ph_view *view, enum ph_rendition rendition,
                  ph_usec now);

/* Lets go of what nobody has asked for in a while. To be called every few seconds. */
void ph_views_sweep(struct ph_views *views, ph_usec now);

#endif
