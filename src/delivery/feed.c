/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes each channel's snapshots from its packager and posts them to the workers whose viewers
 * watch it. A worker that has no viewer of a channel hears nothing of it.
 */
#include "feed.h"

#include <phien/core/mem.h>
#include <phien/package/packager.h>

#include <stdlib.h>
#include <string.h>

/*
 * The way of one rendition's news to one worker. There is room for one: what the worker has not
 * taken yet is replaced by what is newer, so a worker that is late finds no queue.
 */
struct slot {
    struct ph_mail mail; /* under way while there are news */
    struct ph_feeds *feeds;
    unsigned worker;
    struct ph_news *_Atomic news;
};

/* One channel, on its home's thread. */
struct feed {
    struct ph_feeds *feeds;
    const struct ph_registry_entry *entry;
    struct ph_packager *packager;
    struct slot *slots;                     /* for each rendition one for each worker */
    uint64_t wanted_by[PH_RENDITION_COUNT]; /* a bit for each worker */
    bool is_on_air;                         /* this and the next: as it was told last */
    bool is_away;
};

struct listener {
    void (*on_news)(void *arg, const struct ph_news *news);
    void *arg;
};

struct ph_feeds {
    struct ph_feeds_params params;
    struct feed *feeds; /* by the registry's index */
    struct ph_audience *audience;
    struct listener listeners[PH_FEED_WORKERS_MAX];
};

struct wish {
    struct ph_mail mail;
    struct feed *feed;
    unsigned worker;
    enum ph_rendition rendition;
    bool wanted;
};

static void free_news(struct ph_news *news)
{
    if (news != NULL) {
        ph_snapshot_unref(&news->snapshot);
        free(news);
    }
}

static struct ph_news *exchange_news(struct slot *slot, struct ph_news *news)
{
    return atomic_exchange_explicit(&slot->news, news, memory_order_acq_rel);
}

static void deliver_news(struct ph_mail *mail)
{
    struct slot *slot = ph_container_of(mail, struct slot, mail);
    const struct listener *listener = &slot->feeds->listeners[slot->worker];
    struct ph_news *news = exchange_news(slot, NULL);

    listener->on_news(listener->arg, news);
    free_news(news);
}

static void discard_news(struct ph_mail *mail)
{
    free_news(exchange_news(ph_container_of(mail, struct slot, mail), NULL));
}

static void post_news(struct feed *feed, unsigned worker, enum ph_rendition rendition,
                      struct ph_snapshot *snapshot)
{
    const struct ph_feeds_params *params = &feed->feeds->params;
    struct slot *slot = &feed->slots[rendition * params->workers + worker];
    struct ph_news *news = ph_new(struct ph_news);
    struct ph_channel_status status;

    ph_channel_get_status(feed->entry->channel, &status);
    *news = (struct ph_news){
        .entry = feed->entry,
        .rendition = rendition,
        .snapshot = snapshot != NULL ? ph_snapshot_ref(snapshot) : NULL,
        .is_on_air = status.is_on_air,
        .is_away = status.is_away,
        .is_expected = status.is_expected,
    };
    ph_stats_add(params->stats[feed->entry->home], PH_STAT_SNAPSHOTS, snapshot != NULL);
    struct ph_news *late = exchange_news(slot, news);
    if (late != NULL) {
        free_news(late); /* and the mail is still under way */
    } else {
        ph_mailbox_post(ph_loop_mailbox(params->loops[worker]), &slot->mail);
    }
}

static void post_to_all(struct feed *feed, enum ph_rendition rendition,
                        struct ph_snapshot *snapshot)
{
    for (unsigned worker = 0; worker < feed->feeds->params.workers; worker++) {
        if (feed->wanted_by[rendition] >> worker & 1) {
            post_news(feed, worker, rendition, snapshot);
        }
    }
}

static void on_snapshot(void *arg, struct ph_snapshot *snapshot)
{
    post_to_all(arg, snapshot->rendition, snapshot);
}

static const struct ph_packager_ops packager_ops = {.on_snapshot = on_snapshot};

/* Beside the packager, a sink that only learns when to look whether the channel is on air. */
static void tell_state(struct feed *feed, enum ph_rendition rendition)
{
    if (feed->wanted_by[rendition] != 0) {
        struct ph_snapshot *snapshot = ph_packager_snapshot(feed->packager, rendition);
        post_to_all(feed, rendition, snapshot);
        ph_snapshot_unref(&snapshot);
    }
}

static void look(struct feed *feed)
{
    struct ph_channel_status status;

    ph_channel_get_status(feed->entry->channel, &status);
    if (feed->is_on_air != status.is_on_air || feed->is_away != status.is_away) {
        feed->is_on_air = status.is_on_air;
        feed->is_away = status.is_away;
        tell_state(feed, PH_RENDITION_AV);
    }
}

static void on_program(void *arg, struct ph_program *program, ph_usec wall, bool discontinuity)
{
    (void)program;
    (void)wall;
    (void)discontinuity;
    look(arg);
}

static void on_packet(void *arg, const AVPacket *packet, ph_usec now)
{
    (void)arg;
    (void)packet;
    (void)now;
}

static void on_pause(void *arg, ph_usec now)
{
    (void)now;
    look(arg);
}

/* Who waits for a first snapshot, of whatever rendition, has to hear that none will come. */
static void on_end(void *arg, ph_usec now)
{
    struct feed *feed = arg;

    (void)now;
    feed->is_on_air = false;
    feed->is_away = false;
    for (enum ph_rendition r = PH_RENDITION_AV; r < PH_RENDITION_COUNT; r++) {
        tell_state(feed, r);
    }
}

static const struct ph_sink_ops state_sink = {
    .on_program = on_program,
    .on_packet = on_packet,
    .on_pause = on_pause,
    .on_end = on_end,
};

static struct slot *create_slots(struct ph_feeds *feeds)
{
    size_t count = PH_RENDITION_COUNT * feeds->params.workers;
    struct slot *slots = ph_alloc(count * sizeof(*slots));

    for (size_t i = 0; i < count; i++) {
        slots[i].mail = (struct ph_mail){.deliver = deliver_news, .discard = discard_news};
        slots[i].feeds = feeds;
        slots[i].worker = (unsigned)(i % feeds->params.workers);
    }
    return slots;
}

static void go_on(struct feed *feed, const struct ph_feed_record *record)
{
    if (record->next_msn != 0) {
        ph_packager_go_on(feed->packager, record->next_msn, record->next_discontinuity,
                          record->is_live);
    }
}

static void open_feed(struct ph_feeds *feeds, size_t index)
{
    const struct ph_feeds_params *params = &feeds->params;
    struct feed *feed = &feeds->feeds[index];

    feed->feeds = feeds;
    feed->entry = ph_registry_at(params->registry, index);
    feed->slots = create_slots(feeds);
    feed->packager =
        ph_packager_create(params->conf, feed->entry->conf->name, params->epoch, params->wall,
                           params->stats[feed->entry->home], &packager_ops, feed);
    if (params->records != NULL) {
        go_on(feed, &params->records[index]);
    }
    ph_channel_add_sink(feed->entry->channel, &ph_packager_sink, feed->packager);
    ph_channel_add_sink(feed->entry->channel, &state_sink, feed);
}

struct ph_feeds *ph_feeds_create(const struct ph_feeds_params *params)
{
    struct ph_feeds *feeds = ph_new(struct ph_feeds);
    size_t count = ph_registry_count(params->registry);

    PH_ASSERT(params->workers <= PH_FEED_WORKERS_MAX);
    feeds->params = *params;
    feeds->feeds = ph_alloc(count * sizeof(*feeds->feeds));
    feeds->audience = ph_audience_create(params->workers, count, ph_loop_now(params->loops[0]));
    for (size_t i = 0; i < count; i++) {
        open_feed(feeds, i);
    }
    feeds->params.records = NULL;
    return feeds;
}

static void close_feed(struct feed *feed)
{
    ph_channel_remove_sink(feed->entry->channel, feed);
    ph_channel_remove_sink(feed->entry->channel, feed->packager);
    ph_packager_destroy(&feed->packager);
    free(feed->slots);
}

void ph_feeds_destroy(struct ph_feeds **ref)
{
    struct ph_feeds *feeds = *ref;

    *ref = NULL;
    if (feeds == NULL) {
        return;
    }
    for (size_t i = 0; i < ph_registry_count(feeds->params.registry); i++) {
        close_feed(&feeds->feeds[i]);
    }
    ph_audience_destroy(&feeds->audience);
    free(feeds->feeds);
    free(feeds);
}

size_t ph_feeds_bytes(const struct ph_feeds *feeds, const struct ph_registry_entry *entry)
{
    const struct feed *feed = &feeds->feeds[entry->index];

    return ph_packager_bytes(feed->packager);
}

void ph_feeds_record(const struct ph_feeds *feeds, const struct ph_registry_entry *entry,
                     struct ph_feed_record *out)
{
    const struct feed *feed = &feeds->feeds[entry->index];
    struct ph_channel_status status;

    ph_channel_get_status(entry->channel, &status);
    *out = (struct ph_feed_record){
        .next_msn = ph_packager_next_msn(feed->packager),
        .next_discontinuity = ph_packager_next_discontinuity(feed->packager),
        .slate = status.slate,
        .is_live = status.is_expected,
        .is_publishing = status.is_publishing,
    };
}

struct ph_audience *ph_feeds_audience(const struct ph_feeds *feeds)
{
    return feeds->audience;
}

void ph_feeds_attach(struct ph_feeds *feeds, unsigned worker,
                     void (*on_news)(void *arg, const struct ph_news *news), void *arg)
{
    feeds->listeners[worker] = (struct listener){on_news, arg};
}

static void discard_wish(struct ph_mail *mail)
{
    free(ph_container_of(mail, struct wish, mail));
}

static void deliver_wish(struct ph_mail *mail)
{
    struct wish *wish = ph_container_of(mail, struct wish, mail);
    struct feed *feed = wish->feed;
    uint64_t *wanted_by = &feed->wanted_by[wish->rendition];
    uint64_t bit = UINT64_C(1) << wish->worker;

    *wanted_by = wish->wanted ? *wanted_by | bit : *wanted_by & ~bit;
    ph_packager_want(feed->packager, wish->rendition, *wanted_by != 0);
    if (wish->wanted) {
        struct ph_snapshot *snapshot = ph_packager_snapshot(feed->packager, wish->rendition);
        post_news(feed, wish->worker, wish->rendition, snapshot);
        ph_snapshot_unref(&snapshot);
    }
    free(wish);
}

void ph_feeds_want(struct ph_feeds *feeds, const struct ph_registry_entry *entry, unsigned worker,
                   enum ph_rendition rendition, bool wanted)
{
    struct wish *wish = ph_new(struct wish);

    wish->mail.deliver = deliver_wish;
    wish->mail.discard = discard_wish;
    wish->feed = &feeds->feeds[entry->index];
    wish->worker = worker;
    wish->rendition = rendition;
    wish->wanted = wanted;
    ph_mailbox_post(ph_loop_mailbox(feeds->params.loops[entry->home]), &wish->mail);
}

const struct ph_feeds_params *ph_feeds_get_params(const struct ph_feeds *feeds)
{
    return &feeds->params;
}
