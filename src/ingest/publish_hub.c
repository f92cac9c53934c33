/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The home's end of publishing: binds one session at a time to each channel, decides who it is when
 * several come, hands its tracks and packets to the channel, and keeps the channel's deadlines.
 */
#include "contest.h"
#include "publish_log.h"

#include <phien/core/mem.h>
#include <phien/core/text.h>
#include <phien/net/timer.h>

#include <stdlib.h>
#include <string.h>

/* One channel, on its home's thread. */
struct desk {
    const struct ph_registry_entry *entry;
    struct ph_loop *loop;
    struct ph_stats *stats;
    struct ph_publisher *bound; /* holds a reference */
    atomic_bool is_taken;       /* there is one; any thread may look */
    ph_usec media_at;           /* the last packet of that one came */
    struct ph_contest contest;
    struct ph_timer *timer;
    ph_usec timer_at;
};

struct ph_publish_hub {
    const struct ph_registry *registry;
    bool refuses_newcomers; /* where somebody is on the channel */
    struct desk *desks;     /* by the registry's index */
};

static void keep_deadline(struct desk *desk)
{
    ph_usec at = ph_channel_deadline(desk->entry->channel);

    if (at != desk->timer_at && desk->timer != NULL) {
        desk->timer_at = at;
        ph_timer_set(desk->timer, at);
    }
}

static void on_deadline(void *arg)
{
    struct desk *desk = arg;

    desk->timer_at = PH_USEC_NEVER;
    ph_channel_tick(desk->entry->channel, ph_clock_now());
    keep_deadline(desk);
}

struct ph_publish_hub *ph_publish_hub_create(const struct ph_conf *conf,
                                             const struct ph_registry *registry,
                                             struct ph_loop *const *loops,
                                             struct ph_stats *const *stats)
{
    struct ph_publish_hub *hub = ph_new(struct ph_publish_hub);
    size_t count = ph_registry_count(registry);

    hub->registry = registry;
    hub->refuses_newcomers = conf->publish.takeover == PH_CONF_TAKEOVER_REFUSE;
    hub->desks = ph_new_array(struct desk, count);
    for (size_t i = 0; i < count; i++) {
        const struct ph_registry_entry *entry = ph_registry_at(registry, i);
        hub->desks[i] = (struct desk){
            .entry = entry,
            .loop = loops[entry->home],
            .stats = stats[entry->home],
            .timer_at = PH_USEC_NEVER,
        };
        atomic_init(&hub->desks[i].is_taken, false);
        hub->desks[i].timer = ph_timer_create(loops[entry->home], on_deadline, &hub->desks[i]);
        keep_deadline(&hub->desks[i]); /* of a channel that goes on from an earlier run */
    }
    return hub;
}

static struct desk *desk_of(const struct ph_publisher *publisher)
{
    return &publisher->hub->desks[publisher->entry->index];
}

static bool is_srt(const struct ph_publisher *publisher)
{
    return strcmp(publisher->protocol, "srt") == 0;
}

static enum ph_stat stat_of(const struct ph_publisher *publisher)
{
    return is_srt(publisher) ? PH_STAT_SESSIONS_SRT : PH_STAT_SESSIONS_RTMP;
}

/*
 * Whether the publisher said that it is done. SRT has no other word for that than to close, which
 * a caller that was lost does not do; TCP is closed by the system also for an app that crashed.
 */
static bool is_end_of_stream(const struct ph_publisher *publisher, enum ph_close_reason reason)
{
    return reason == PH_CLOSE_UNPUBLISH || (reason == PH_CLOSE_PEER_CLOSED && is_srt(publisher));
}

/* Ends the bound session's hold; the channel goes into its grace period. */
static void unbind(struct desk *desk, enum ph_close_reason reason, const char *detail)
{
    bool is_over = is_end_of_stream(desk->bound, reason);

    ph_publish_log_stop(desk->bound, reason, detail);
    ph_stats_add(desk->stats, stat_of(desk->bound), -1);
    ph_stats_closed(desk->stats, reason);
    desk->bound->is_bound = false;
    atomic_store_explicit(&desk->is_taken, false, memory_order_relaxed);
    ph_publisher_unref(&desk->bound);
    ph_channel_end(desk->entry->channel, is_over, ph_clock_now());
    keep_deadline(desk);
}

static void refuse(const struct desk *desk, struct ph_publisher *publisher,
                   enum ph_close_reason reason)
{
    ph_publish_log_refused(publisher, reason);
    ph_stats_closed(desk->stats, reason);
    ph_publisher_post_closed(publisher, reason);
}

/* Whether the newcomer may have a channel that another session is on. */
static enum ph_close_reason judge(struct desk *desk, const struct ph_publisher *publisher,
                                  ph_usec now)
{
    const struct ph_publisher *bound = desk->bound;

    /* With a latency between key and media, the older session may come after the newer one. */
    if (bound->called_at > publisher->called_at) {
        return PH_CLOSE_TAKEOVER;
    }
    if (atomic_load_explicit(&bound->is_gone, memory_order_relaxed)) {
        return PH_CLOSE_NONE;
    }
    if (publisher->hub->refuses_newcomers) {
        return PH_CLOSE_ALREADY_PUBLISHING;
    }
    return ph_contest_allows(&desk->contest, publisher->called_at - desk->media_at, bound->late,
                             now)
               ? PH_CLOSE_NONE
               : PH_CLOSE_CONTESTED;
}

static void take_over(struct desk *desk, const struct ph_publisher *publisher, ph_usec now)
{
    ph_publish_log_takeover(publisher, desk->bound->session, now - desk->media_at);
    ph_publisher_post_closed(desk->bound, PH_CLOSE_TAKEOVER);
    unbind(desk, PH_CLOSE_TAKEOVER, NULL);
}

void ph_publish_hub_begin(struct ph_publisher *publisher)
{
    struct desk *desk = desk_of(publisher);
    struct ph_now now = ph_clock_now();

    if (desk->timer == NULL) {
        ph_publisher_post_closed(publisher, PH_CLOSE_SHUTDOWN);
        return;
    }
    if (desk->bound != NULL) {
        enum ph_close_reason refusal = judge(desk, publisher, now.mono);
        if (refusal != PH_CLOSE_NONE) {
            refuse(desk, publisher, refusal);
            return;
        }
        take_over(desk, publisher, now.mono);
    }
    desk->bound = ph_publisher_ref(publisher);
    publisher->is_bound = true;
    atomic_store_explicit(&desk->is_taken, true, memory_order_relaxed);
    publisher->since_wall = now.wall;
    publisher->since_mono = now.mono;
    desk->media_at = now.mono; /* to have come is a sign of life, too */
    ph_stats_add(desk->stats, stat_of(publisher), 1);
    ph_publish_log_start(publisher);
    ph_channel_begin(desk->entry->channel, publisher->session, now);
    keep_deadline(desk);
}

void ph_publish_hub_application(struct ph_publisher *publisher, const char *application)
{
    ph_text_copy(publisher->application, sizeof(publisher->application), application);
    if (publisher->is_bound) {
        ph_publish_log_application(publisher);
    }
}

void ph_publish_hub_track(struct ph_publisher *publisher, struct ph_track *track)
{
    if (publisher->is_bound) {
        ph_channel_track(publisher->entry->channel, track, ph_clock_now());
        keep_deadline(desk_of(publisher));
    }
}

void ph_publish_hub_packet(struct ph_publisher *publisher, const AVPacket *packet)
{
    if (publisher->is_bound) {
        struct desk *desk = desk_of(publisher);
        struct ph_now now = ph_clock_now();
        desk->media_at = now.mono;
        /* A packet that cannot be used is counted by the channel; the session goes on. */
        (void)ph_channel_packet(desk->entry->channel, packet, now);
        keep_deadline(desk);
    }
}

void ph_publish_hub_end(struct ph_publisher *publisher, enum ph_close_reason reason,
                        const char *detail)
{
    if (publisher->is_bound) {
        unbind(desk_of(publisher), reason, detail);
    }
}

void ph_publish_hub_close_home(struct ph_publish_hub *hub, unsigned home)
{
    for (size_t i = 0; i < ph_registry_count(hub->registry); i++) {
        struct desk *desk = &hub->desks[i];
        if (desk->entry->home != home) {
            continue;
        }
        if (desk->bound != NULL) {
            ph_publisher_post_closed(desk->bound, PH_CLOSE_SHUTDOWN);
            unbind(desk, PH_CLOSE_SHUTDOWN, NULL);
        }
        ph_channel_shut(desk->entry->channel, ph_clock_now());
        ph_timer_destroy(&desk->timer);
    }
}

void ph_publish_hub_destroy(struct ph_publish_hub **ref)
{
    struct ph_publish_hub *hub = *ref;

    *ref = NULL;
    if (hub != NULL) {
        free(hub->desks);
        free(hub);
    }
}

bool ph_publish_hub_is_kept(const struct ph_publish_hub *hub, const struct ph_registry_entry *entry)
{
    return hub->refuses_newcomers &&
           atomic_load_explicit(&hub->desks[entry->index].is_taken, memory_order_relaxed);
}

void ph_publish_hub_get_info(const struct ph_publish_hub *hub,
                             const struct ph_registry_entry *entry, struct ph_publish_info *out)
{
    const struct ph_publisher *bound = hub->desks[entry->index].bound;

    memset(out, 0, sizeof(*out));
    if (bound != NULL) {
        out->session = bound->session;
        out->protocol = bound->protocol;
        out->peer = bound->peer;
        out->application = bound->application;
        out->since_wall = bound->since_wall;
    }
}

const struct ph_registry *ph_publish_hub_registry(const struct ph_publish_hub *hub)
{
    return hub->registry;
}

struct ph_mailbox *ph_publish_hub_mailbox(const struct ph_publish_hub *hub,
                                          const struct ph_registry_entry *entry)
{
    return ph_loop_mailbox(hub->desks[entry->index].loop);
}
