/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the sessions and the packager: whose tracks are on air, since when, and what happens
 * while nobody publishes. A session's packets pile up in a backlog until both tracks have shown
 * themselves or the wait is over; then the first random access point puts the channel on air.
 */
#include <phien/media/channel.h>

#include "air.h"
#include "codec.h"

#include <phien/core/log.h>
#include <phien/core/mem.h>

#include <libavutil/mathematics.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_US = 2 * 1000000 };

struct ph_channel *ph_channel_create(const struct ph_conf *conf,
                                     const struct ph_conf_channel *channel_conf,
                                     struct ph_stats *stats)
{
    struct ph_channel *channel = ph_new(struct ph_channel);

    channel->conf = channel_conf;
    channel->grace = (ph_usec)conf->publish.grace_s * PH_USEC_PER_S;
    channel->linger = (ph_usec)conf->publish.linger_s * PH_USEC_PER_S;
    channel->stats = stats;
    channel->grace_deadline = PH_USEC_NEVER;
    channel->out = av_packet_alloc();
    PH_ASSERT(channel->out != NULL);
    ph_timeline_init(&channel->timeline);
    return channel;
}

static void release(struct ph_publication *p)
{
    for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
        ph_track_unref(&p->refined[kind]);
        ph_track_unref(&p->tracks[kind]);
    }
    ph_backlog_clear(&p->backlog);
}

void ph_channel_destroy(struct ph_channel **channel)
{
    struct ph_channel *c = *channel;

    *channel = NULL;
    if (c == NULL) {
        return;
    }
    release(&c->publication);
    ph_sinks_fini(&c->sinks);
    av_packet_free(&c->out);
    ph_program_unref(&c->program);
    free(c);
}

const char *ph_channel_name(const struct ph_channel *channel)
{
    return channel->conf->name;
}

const char *ph_channel_title(const struct ph_channel *channel)
{
    const char *title = channel->conf->title;

    return title != NULL && title[0] != '\0' ? title : channel->conf->name;
}

void ph_channel_add_sink(struct ph_channel *channel, const struct ph_sink_ops *ops, void *arg)
{
    ph_sinks_add(&channel->sinks, ops, arg,
                 channel->publication.is_on_air ? channel->program : NULL, channel->timeline.wall);
}

void ph_channel_remove_sink(struct ph_channel *channel, void *arg)
{
    ph_sinks_remove(&channel->sinks, arg);
}

void ph_channel_begin(struct ph_channel *channel, const char *session, struct ph_now now)
{
    (void)now;
    PH_ASSERT(!channel->publication.is_bound);
    channel->publication = (struct ph_publication){.is_bound = true};
    snprintf(channel->publication.session, sizeof(channel->publication.session), "%s", session);
    channel->grace_deadline = PH_USEC_NEVER;
    ph_timeline_begin(&channel->timeline);
}

void ph_channel_track(struct ph_channel *channel, struct ph_track *track, struct ph_now now)
{
    struct ph_publication *p = &channel->publication;

    (void)now;
    if (!p->is_bound || ph_track_equal(p->tracks[track->kind], track)) {
        return; /* encoders repeat their sequence headers, some with every key frame */
    }
    if (p->has_shown[track->kind] && !p->is_on_air) {
        /* What waits in the backlog belongs to the old header. */
        ph_air_drop(channel, (int64_t)p->backlog.count);
        ph_backlog_clear(&p->backlog);
    }
    ph_track_unref(&p->tracks[track->kind]);
    ph_track_unref(&p->refined[track->kind]);
    p->tracks[track->kind] = ph_track_ref(track);
}

static int read_arrival(const struct ph_publication *p, const AVPacket *packet,
                        struct ph_arrival *out)
{
    AVRational unit = packet->time_base;

    if (packet->stream_index != PH_TRACK_VIDEO && packet->stream_index != PH_TRACK_AUDIO) {
        return PH_EINVAL;
    }
    *out = (struct ph_arrival){.packet = packet, .kind = (enum ph_track_kind)packet->stream_index};
    if (p->tracks[out->kind] == NULL || packet->size <= 0 || packet->dts == AV_NOPTS_VALUE ||
        unit.num <= 0 || unit.den <= 0) {
        return PH_EPROTO;
    }
    out->dts = av_rescale_q(packet->dts, unit, PH_TIMELINE_TIME_BASE);
    out->pts = packet->pts != AV_NOPTS_VALUE
                   ? av_rescale_q(packet->pts, unit, PH_TIMELINE_TIME_BASE)
                   : out->dts;
    if (out->dts < -PH_TIMELINE_MAX || out->dts > PH_TIMELINE_MAX || out->pts < -PH_TIMELINE_MAX ||
        out->pts > PH_TIMELINE_MAX) {
        return PH_EPROTO;
    }
    if (p->tracks[out->kind]->par->codec_id == AV_CODEC_ID_OPUS &&
        ph_codec_opus_samples(packet->data, (size_t)packet->size) == 0) {
        return PH_EPROTO;
    }
    out->is_random_access = ph_track_is_random_access(p->tracks[out->kind], packet);
    return 0;
}

/* A packet that waited. What fails here was fine when it came, but for the timeline. */
static int air_held(struct ph_channel *channel, const AVPacket *packet, int64_t from,
                    struct ph_now now)
{
    struct ph_arrival a;
    int err = read_arrival(&channel->publication, packet, &a);

    if (err != 0 || (a.kind == PH_TRACK_AUDIO && a.dts < from)) {
        ph_air_drop(channel, 1);
        return err;
    }
    return ph_air_packet(channel, &a, now);
}

/*
 * Everything from the first random access point on goes out; audio before it does not. It goes
 * first: publishers may send the audio that belongs after it before it.
 */
static void go_on_air(struct ph_channel *channel, struct ph_now now)
{
    struct ph_publication *p = &channel->publication;
    const struct ph_backlog_item *start =
        ph_air_wants_video(p) ? ph_backlog_find_start(&p->backlog) : NULL;
    const AVPacket *first = start != NULL ? start->packet : NULL;
    struct ph_backlog_item item;
    struct ph_arrival a;
    int64_t from = INT64_MIN;

    if (first != NULL && read_arrival(p, first, &a) == 0) {
        from = a.pts;
        (void)air_held(channel, first, from, now);
    }
    while (ph_backlog_shift(&p->backlog, &item)) {
        if (item.packet != first) {
            (void)air_held(channel, item.packet, from, now);
        }
        av_packet_free(&item.packet);
    }
}

static void try_to_go_on_air(struct ph_channel *channel, struct ph_now now)
{
    struct ph_publication *p = &channel->publication;
    bool has_both = p->has_shown[PH_TRACK_VIDEO] && p->has_shown[PH_TRACK_AUDIO];
    bool has_start = !ph_air_wants_video(p) || ph_backlog_find_start(&p->backlog) != NULL;
    struct ph_backlog_item item;

    if (has_start && (has_both || p->is_wait_over || ph_backlog_is_full(&p->backlog))) {
        go_on_air(channel, now);
        return;
    }
    while (!has_start && ph_backlog_is_full(&p->backlog) && ph_backlog_shift(&p->backlog, &item)) {
        ph_air_drop(channel, 1);
        av_packet_free(&item.packet);
    }
}

/* Before the channel is on air; video that cannot be decoded is not kept. */
static int queue_up(struct ph_channel *channel, const struct ph_arrival *a, struct ph_now now)
{
    struct ph_publication *p = &channel->publication;

    if (a->kind == PH_TRACK_VIDEO && !a->is_random_access &&
        ph_backlog_find_start(&p->backlog) == NULL) {
        ph_air_drop(channel, 1);
        return 0;
    }
    int err = ph_backlog_push(&p->backlog, a->packet, a->dts,
                              a->kind == PH_TRACK_VIDEO && a->is_random_access);
    if (err != 0) {
        ph_air_drop(channel, 1);
        return err;
    }
    p->is_wait_over = p->is_wait_over || now.mono - p->first_mono >= WAIT_US;
    try_to_go_on_air(channel, now);
    return 0;
}

int ph_channel_packet(struct ph_channel *channel, const AVPacket *packet, struct ph_now now)
{
    struct ph_publication *p = &channel->publication;
    struct ph_arrival a;

    if (!p->is_bound) {
        return PH_ECLOSED;
    }
    int err = read_arrival(p, packet, &a);
    if (err == 0) {
        p->has_shown[a.kind] = true;
        err = ph_air_refine(p, &a);
    }
    if (err != 0) {
        ph_air_drop(channel, 1);
        return err;
    }
    if (!p->has_packet) {
        p->has_packet = true;
        p->first_mono = now.mono;
        ph_timeline_anchor(&channel->timeline, a.dts, now);
    }
    return p->is_on_air ? ph_air_packet(channel, &a, now) : queue_up(channel, &a, now);
}

void ph_channel_set_cue(struct ph_channel *channel, struct ph_cue *cue)
{
    ph_sinks_cue(&channel->sinks, cue);
}

void ph_channel_end(struct ph_channel *channel, bool is_over, struct ph_now now)
{
    struct ph_publication *p = &channel->publication;

    if (!p->is_bound) {
        return;
    }
    ph_air_drop(channel, (int64_t)p->backlog.count);
    release(p);
    p->is_bound = false;
    if (p->is_on_air) {
        p->is_on_air = false;
        ph_stats_add(channel->stats, PH_STAT_CHANNELS_ON_AIR, -1);
        ph_sinks_pause(&channel->sinks, now.mono);
    }
    if (channel->has_aired && !channel->has_ended) {
        channel->stay = is_over ? channel->linger : channel->grace;
        channel->grace_deadline = now.mono + channel->stay;
    }
}

ph_usec ph_channel_deadline(const struct ph_channel *channel)
{
    const struct ph_publication *p = &channel->publication;

    if (p->is_bound) {
        bool is_waiting = p->has_packet && !p->is_on_air && !p->is_wait_over;
        return is_waiting ? p->first_mono + WAIT_US : PH_USEC_NEVER;
    }
    return channel->grace_deadline;
}

void ph_channel_tick(struct ph_channel *channel, struct ph_now now)
{
    if (now.mono < ph_channel_deadline(channel)) {
        return;
    }
    if (channel->publication.is_bound) {
        channel->publication.is_wait_over = true;
        try_to_go_on_air(channel, now);
        return;
    }
    channel->grace_deadline = PH_USEC_NEVER;
    channel->has_ended = true;
    ph_log_info("channel.end", ph_kv("channel", channel->conf->name),
                ph_kv_int("after_ms", channel->stay / PH_USEC_PER_MS));
    ph_sinks_end(&channel->sinks, now.mono);
}

void ph_channel_get_status(const struct ph_channel *channel, struct ph_channel_status *out)
{
    const struct ph_publication *p = &channel->publication;

    *out = (struct ph_channel_status){
        .is_on_air = p->is_on_air,
        .is_publishing = p->is_bound,
        .is_expected = p->is_bound || channel->grace_deadline != PH_USEC_NEVER,
        .program = channel->program,
        .on_air_since_wall = channel->on_air_since_wall,
        .dropped = p->dropped,
        .jumps = p->jumps,
        .bitrate_bps = p->is_on_air ? (int64_t)ph_meter_rate(&p->bits) : 0,
        .fps = p->is_on_air ? ph_meter_rate(&p->frames) : 0,
        .gop_s = p->gop_s,
    };
    for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
        out->packets[kind] = p->packets[kind];
        out->bytes[kind] = p->bytes[kind];
    }
    if (p->packets[PH_TRACK_VIDEO] > 0 && p->packets[PH_TRACK_AUDIO] > 0) {
        int64_t apart = p->newest[PH_TRACK_AUDIO] - p->newest[PH_TRACK_VIDEO];
        out->av_offset_ms = (double)apart * 1000 / PH_TIMELINE_HZ;
    }
}
