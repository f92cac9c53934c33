/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The home's end of publishing: binds one session at a time to each channel, hands its tracks and
 * packets to the channel, keeps the channel's deadlines, and writes the two lines of the log that
 * tell an operator who was on air, with what, for how long, and why it ended.
 */
#include "publisher.h"

#include <phien/core/log.h>
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
    struct ph_timer *timer;
    ph_usec timer_at;
};

struct ph_publish_hub {
    const struct ph_registry *registry;
    struct desk *desks; /* by the registry's index */
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

struct ph_publish_hub *ph_publish_hub_create(const struct ph_registry *registry,
                                             struct ph_loop *const *loops,
                                             struct ph_stats *const *stats)
{
    struct ph_publish_hub *hub = ph_new(struct ph_publish_hub);
    size_t count = ph_registry_count(registry);

    hub->registry = registry;
    hub->desks = ph_new_array(struct desk, count);
    for (size_t i = 0; i < count; i++) {
        const struct ph_registry_entry *entry = ph_registry_at(registry, i);
        hub->desks[i] = (struct desk){
            .entry = entry,
            .loop = loops[entry->home],
            .stats = stats[entry->home],
            .timer_at = PH_USEC_NEVER,
        };
        hub->desks[i].timer = ph_timer_create(loops[entry->home], on_deadline, &hub->desks[i]);
    }
    return hub;
}

static struct desk *desk_of(const struct ph_publisher *publisher)
{
    return &publisher->hub->desks[publisher->entry->index];
}

static const char *codec_of(const struct ph_track *track)
{
    return track != NULL ? ph_track_codec_name(track) : NULL;
}

static void log_stop(const struct desk *desk, enum ph_close_reason reason, const char *detail)
{
    const struct ph_publisher *publisher = desk->bound;
    struct ph_channel_status status;

    ph_channel_get_status(desk->entry->channel, &status);
    const struct ph_track *video = status.is_on_air ? status.program->video : NULL;
    const struct ph_track *audio = status.is_on_air ? status.program->audio : NULL;
    double duration_s = (double)(ph_clock_mono() - publisher->since_mono) / PH_USEC_PER_S;
    int64_t bytes = status.bytes[PH_TRACK_VIDEO] + status.bytes[PH_TRACK_AUDIO];
    ph_log_at(ph_close_reason_is_error(reason) ? PH_LOG_WARN : PH_LOG_INFO, "publish.stop",
              ph_kv("channel", desk->entry->conf->name), ph_kv("session", publisher->session),
              ph_kv("reason", ph_close_reason_name(reason)),
              ph_kv("detail", detail != NULL ? detail : ph_close_reason_text(reason)),
              ph_kv("peer", publisher->peer), ph_kv("application", publisher->application),
              ph_kv_real("duration_s", duration_s), ph_kv("video", codec_of(video)),
              ph_kv_int("width", video != NULL ? video->par->width : 0),
              ph_kv_int("height", video != NULL ? video->par->height : 0),
              ph_kv_real("fps", status.fps), ph_kv("audio", codec_of(audio)),
              ph_kv_int("mean_kbps", duration_s > 0 ? (double)bytes * 8 / 1000 / duration_s : 0),
              ph_kv_int("video_packets", status.packets[PH_TRACK_VIDEO]),
              ph_kv_int("audio_packets", status.packets[PH_TRACK_AUDIO]),
              ph_kv_int("dropped", status.dropped), ph_kv_int("jumps", status.jumps),
              ph_kv_real("gop_s", status.gop_s));
}

static enum ph_stat stat_of(const struct ph_publisher *publisher)
{
    return strcmp(publisher->protocol, "srt") == 0 ? PH_STAT_SESSIONS_SRT : PH_STAT_SESSIONS_RTMP;
}

/* Ends the bound session's hold; the channel goes into its grace period. */
static void unbind(struct desk *desk, enum ph_close_reason reason, const char *detail)
{
    log_stop(desk, reason, detail);
    ph_stats_add(desk->stats, stat_of(desk->bound), -1);
    ph_stats_closed(desk->stats, reason);
    desk->bound->is_bound = false;
    ph_publisher_unref(&desk->bound);
    ph_channel_end(desk->entry->channel, reason == PH_CLOSE_UNPUBLISH, ph_clock_now());
    keep_deadline(desk);
}

static void refuse(const struct desk *desk, struct ph_publisher *publisher,
                   enum ph_close_reason reason)
{
    ph_log_warn("publish.refused", ph_kv("channel", desk->entry->conf->name),
                ph_kv("session", publisher->session), ph_kv("protocol", publisher->protocol),
                ph_kv("reason", ph_close_reason_name(reason)),
                ph_kv("detail", ph_close_reason_text(reason)), ph_kv("peer", publisher->peer),
                ph_kv("application", publisher->application));
    ph_stats_closed(desk->stats, reason);
    ph_publisher_post_closed(publisher, reason);
}

void ph_publish_hub_begin(struct ph_publisher *publisher)
{
    struct desk *desk = desk_of(publisher);
    struct ph_now now = ph_clock_now();

    if (desk->timer == NULL) {
        ph_publisher_post_closed(publisher, PH_CLOSE_SHUTDOWN);
        return;
    }
    /* With a latency between key and media, the older session may come after the newer one. */
    if (desk->bound != NULL && desk->bound->called_at > publisher->called_at) {
        refuse(desk, publisher, PH_CLOSE_TAKEOVER);
        return;
    }
    if (desk->bound != NULL) {
        ph_publisher_post_closed(desk->bound, PH_CLOSE_TAKEOVER);
        unbind(desk, PH_CLOSE_TAKEOVER, NULL);
    }
    desk->bound = ph_publisher_ref(publisher);
    publisher->is_bound = true;
    publisher->since_wall = now.wall;
    publisher->since_mono = now.mono;
    ph_stats_add(desk->stats, stat_of(publisher), 1);
    ph_log_info("publish.start", ph_kv("channel", desk->entry->conf->name),
                ph_kv("session", publisher->session), ph_kv("protocol", publisher->protocol),
                ph_kv("peer", publisher->peer), ph_kv("application", publisher->application));
    ph_channel_begin(desk->entry->channel, publisher->session, now);
    keep_deadline(desk);
}

void ph_publish_hub_application(struct ph_publisher *publisher, const char *application)
{
    ph_text_copy(publisher->application, sizeof(publisher->application), application);
    if (publisher->is_bound) {
        ph_log_info("publish.application", ph_kv("channel", publisher->entry->conf->name),
                    ph_kv("session", publisher->session),
                    ph_kv("application", publisher->application));
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
        /* A packet that cannot be used is counted by the channel; the session goes on. */
        (void)ph_channel_packet(publisher->entry->channel, packet, ph_clock_now());
        keep_deadline(desk_of(publisher));
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
