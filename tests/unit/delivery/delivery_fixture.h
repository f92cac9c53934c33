/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_DELIVERY_FIXTURE_H
#define PHIEN_TESTS_DELIVERY_FIXTURE_H

#include "../media/media_file.h"
#include "delivery/feed.h"
#include "http/exchange.h"

#include <phien/core/log.h>
#include <phien/core/mem.h>
#include <phien/delivery/hls.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/*
 * Two workers, one of them the home of the channel, and a publisher with a clock of its own. The
 * loops do not run: mail is delivered when the test says so.
 */
enum { WORKERS = 2 };

#define MS PH_USEC_PER_MS
#define S PH_USEC_PER_S
#define START_WALL (INT64_C(1785837600) * S)

struct world {
    struct ph_conf conf;
    struct ph_conf_channel channel_conf;
    struct ph_loop *loops[WORKERS];
    struct ph_stats stats[WORKERS];
    struct ph_stats *all_stats[WORKERS];
    struct ph_registry *registry;
    struct ph_feeds *feeds;
    const struct ph_registry_entry *entry;
    unsigned home;
    unsigned away;
    struct ph_now now;
    int64_t ms; /* of the publisher's clock */
    struct media_file media;
    struct ph_track *tracks[PH_TRACK_KINDS];
};

static inline void ignore_line(void *arg, const char *line)
{
    (void)arg;
    (void)line;
}

/* `record`: what an earlier run left of the channel, or NULL. */
static inline struct world *world_create_after(const struct ph_feed_record *record)
{
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    ph_log_divert(ignore_line, NULL);
    world->channel_conf = (struct ph_conf_channel){
        .name = "sinho", .key = "key", .title = "Sìn Hồ", .overlay_token = ""};
    world->conf = (struct ph_conf){
        .workers = WORKERS,
        .hls = {.part_ms = 250,
                .segment_ms = 2000,
                .window_s = 30,
                .max_channel_bytes = 16 << 20,
                .mpegts = true},
        .publish = {.grace_s = 90},
        .channels = &world->channel_conf,
        .channels_count = 1,
    };
    media_file_open(&world->media, "h264_bframes_aac.mp4");
    for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
        assert_int_equal(ph_track_create(&world->tracks[kind], world->media.par[kind]), PH_OK);
    }
    for (size_t i = 0; i < WORKERS; i++) {
        assert_int_equal(ph_loop_create(&world->loops[i], "test"), PH_OK);
        world->all_stats[i] = &world->stats[i];
    }
    world->now = (struct ph_now){1000 * S, START_WALL};
    world->registry = ph_registry_create(&world->conf, world->all_stats);
    world->entry = ph_registry_at(world->registry, 0);
    world->home = world->entry->home;
    world->away = 1 - world->home;
    const struct ph_feeds_params params = {
        .conf = &world->conf,
        .registry = world->registry,
        .loops = world->loops,
        .stats = world->all_stats,
        .workers = WORKERS,
        .epoch = "e1",
        .wall = START_WALL,
        .records = record,
    };
    world->feeds = ph_feeds_create(&params);
    return world;
}

static inline struct world *world_create(void)
{
    return world_create_after(NULL);
}

static inline void world_destroy(struct world *world)
{
    for (size_t i = 0; i < WORKERS; i++) {
        ph_loop_destroy(&world->loops[i]);
    }
    ph_feeds_destroy(&world->feeds);
    ph_registry_destroy(&world->registry);
    for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
        ph_track_unref(&world->tracks[kind]);
    }
    media_file_close(&world->media);
    ph_log_divert(NULL, NULL);
    free(world);
}

/* All mail is delivered, and what is posted on that, until there is none. */
static inline void settle(struct world *world)
{
    for (int round = 0; round < 8; round++) {
        for (size_t i = 0; i < WORKERS; i++) {
            ph_mailbox_deliver(ph_loop_mailbox(world->loops[i]));
        }
    }
}

/* ---- the publisher; on the home's thread ---- */

static inline void publish(struct world *world)
{
    struct ph_channel *channel = world->entry->channel;

    ph_channel_begin(channel, "s", world->now);
    for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
        ph_channel_track(channel, world->tracks[kind], world->now);
    }
}

static inline void unpublish(struct world *world)
{
    ph_channel_end(world->entry->channel, false, world->now);
}

static inline void wait_for(struct world *world, ph_usec duration)
{
    world->now.mono += duration;
    world->now.wall += duration;
    ph_channel_tick(world->entry->channel, world->now);
}

static inline void send(struct world *world, enum ph_track_kind kind, bool is_key)
{
    AVPacket *packet = av_packet_clone(media_file_find(&world->media, kind, is_key));

    assert_non_null(packet);
    packet->flags = is_key ? AV_PKT_FLAG_KEY : 0;
    packet->time_base = (AVRational){1, 1000};
    packet->dts = world->ms;
    packet->pts = world->ms;
    assert_int_equal(ph_channel_packet(world->entry->channel, packet, world->now), PH_OK);
    av_packet_free(&packet);
}

/* 25 frames a second, a key frame each second, and audio. */
static inline void play(struct world *world, int64_t duration_ms)
{
    for (int64_t end = world->ms + duration_ms; world->ms < end; world->ms++) {
        if (world->ms % 40 == 0) {
            send(world, PH_TRACK_VIDEO, world->ms % 1000 == 0);
        }
        if (world->ms * 3 % 64 < 3) {
            send(world, PH_TRACK_AUDIO, true);
        }
        world->now.mono += MS;
        world->now.wall += MS;
    }
}

#endif
