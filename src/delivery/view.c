/* SPDX-License-Identifier: Apache-2.0 */
#include "view.h"

#include <phien/core/mem.h>

#include <stdlib.h>

/*
 * How long a worker goes on listening without a request. MPEG-TS is packaged only because
 * somebody listens, so that ends sooner; both are longer than any player pauses between reloads
 * and than any request is held.
 */
#define FMP4_IDLE (60 * PH_USEC_PER_S)
#define TS_IDLE (30 * PH_USEC_PER_S)

struct ph_views {
    struct ph_feeds *feeds;
    unsigned worker;
    void (*on_news)(void *arg, struct ph_view *view, enum ph_rendition rendition);
    void *arg;
    struct ph_view **views; /* by the registry's index; NULL until somebody asks */
    size_t count;
};

static void take_news(void *arg, const struct ph_news *news)
{
    struct ph_views *views = arg;
    struct ph_view *view = views->views[news->entry->index];
    enum ph_rendition rendition = news->rendition;

    if (view == NULL || !view->is_wanted[rendition]) {
        return;
    }
    ph_snapshot_unref(&view->snapshots[rendition]);
    view->snapshots[rendition] = news->snapshot != NULL ? ph_snapshot_ref(news->snapshot) : NULL;
    view->is_known[rendition] = true;
    view->is_on_air = news->is_on_air;
    view->is_away = news->is_away;
    view->is_expected = news->is_expected;
    views->on_news(views->arg, view, rendition);
}

struct ph_views *ph_views_create(struct ph_feeds *feeds, unsigned worker,
                                 void (*on_news)(void *arg, struct ph_view *view,
                                                 enum ph_rendition rendition),
                                 void *arg)
{
    struct ph_views *views = ph_new(struct ph_views);

    views->feeds = feeds;
    views->worker = worker;
    views->on_news = on_news;
    views->arg = arg;
    views->count = ph_registry_count(ph_feeds_get_params(feeds)->registry);
    views->views = ph_alloc(views->count * sizeof(*views->views));
    ph_feeds_attach(feeds, worker, take_news, views);
    return views;
}

void ph_views_destroy(struct ph_views **ref)
{
    struct ph_views *views = *ref;

    *ref = NULL;
    if (views == NULL) {
        return;
    }
    for (size_t i = 0; i < views->count; i++) {
        for (size_t r = 0; views->views[i] != NULL && r < PH_RENDITION_COUNT; r++) {
            ph_snapshot_unref(&views->views[i]->snapshots[r]);
        }
        free(views->views[i]);
    }
    free(views->views);
    free(views);
}

struct ph_view *ph_views_find(struct ph_views *views, const char *channel, size_t len)
{
    const struct ph_registry_entry *entry =
        ph_registry_find(ph_feeds_get_params(views->feeds)->registry, channel, len);

    if (entry == NULL) {
        return NULL;
    }
    struct ph_view **view = &views->views[entry->index];
    if (*view == NULL) {
        *view = ph_new(struct ph_view);
        (*view)->entry = entry;
    }
    return *view;
}

void ph_views_use(struct ph_views *views, struct ph_view *view, enum ph_rendition rendition,
                  ph_usec now)
{
    view->used_at[rendition] = now;
    if (!view->is_wanted[rendition]) {
        view->is_wanted[rendition] = true;
        ph_feeds_want(views->feeds, view->entry, views->worker, rendition, true);
    }
}

static bool is_idle(const struct ph_view *view, enum ph_rendition rendition, ph_usec now)
{
    ph_usec idle = rendition == PH_RENDITION_TS ? TS_IDLE : FMP4_IDLE;

    return view->is_wanted[rendition] && now - view->used_at[rendition] > idle;
}

void ph_views_sweep(struct ph_views *views, ph_usec now)
{
    for (size_t i = 0; i < views->count; i++) {
        struct ph_view *view = views->views[i];
        for (int r = PH_RENDITION_AV; view != NULL && r < PH_RENDITION_COUNT; r++) {
            enum ph_rendition rendition = (enum ph_rendition)r;
            if (is_idle(view, rendition, now)) {
                view->is_wanted[r] = false;
                view->is_known[r] = false;
                ph_snapshot_unref(&view->snapshots[r]);
                ph_feeds_want(views->feeds, view->entry, views->worker, rendition, false);
            }
        }
    }
}
