/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the sessions and the packager: whose tracks and packets they are, how long the channel
 * stays listed without any, and what is told of it.
 */
#include <phien/media/channel.h>

#include "air.h"
#include "wait.h"

#include <phien/core/log.h>
#include <phien/core/mem.h>

#include <stdio.h>
#include <stdlib.h>

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
    ph_away_init(&channel->away, conf);
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
    ph_mute_fini(&c->mute);
    ph_away_fini(&c->away);
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

void ph_channel_use_slate(struct ph_channel *channel, const struct ph_slate *slate)
{
    channel->away.slate = slate;
}

void ph_channel_resume(struct ph_channel *channel, enum ph_slate_form form, ph_usec ago,
                       struct ph_now now)
{
    PH_ASSERT(!channel->publication.is_bound);
    channel->has_aired = true;
    channel->stay = channel->grace;
    channel->grace_deadline = now.mono + channel->grace - ago;
    ph_away_resume(&channel->away, form, ago, now.mono);
    ph_log_info("channel.resume", ph_kv("channel", channel->conf->name),
                ph_kv_int("away_ms", ago / PH_USEC_PER_MS),
                ph_kv("slate", ph_slate_form_name(form)));
}

void ph_channel_add_sink(struct ph_channel *channel, const struct ph_sink_ops *ops, void *arg)
{
    struct ph_program *program =
        channel->publication.is_on_air ? channel->program : ph_away_program(&channel->away);

    ph_sinks_add(&channel->sinks, ops, arg, program, channel->told_wall);
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
        ph_wait_clear(channel);
    }
    ph_track_unref(&p->tracks[track->kind]);
    ph_track_unref(&p->refined[track->kind]);
    p->tracks[track->kind] = ph_track_ref(track);
}

int ph_channel_packet(struct ph_channel *channel, const AVPacket *packet, struct ph_now now)
{
    struct ph_publication *p = &channel->publication;
    struct ph_arrival a;

    if (!p->is_bound) {
        return PH_ECLOSED;
    }
    int err = ph_air_read(p, packet, &a);
    if (err == 0) {
        p->has_shown[a.kind] = true;
        err = ph_air_refine(p, &a);
    }
    if (err != 0) {
        ph_air_drop(channel, 1);
        return err;
    }
    return p->is_on_air ? ph_air_packet(channel, &a, now) : ph_wait_packet(channel, &a, now);
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
    ph_wait_clear(channel);
    release(p);
    p->is_bound = false;
    if (channel->has_aired && !channel->has_ended) {
        channel->stay = is_over ? channel->linger : channel->grace;
        channel->grace_deadline = now.mono + channel->stay;
    }
    ph_air_leave(channel, now);
}

static ph_usec sooner(ph_usec a, ph_usec b)
{
    return a < b ? a : b;
}

ph_usec ph_channel_deadline(const struct ph_channel *channel)
{
    ph_usec session = sooner(channel->grace_deadline, ph_wait_deadline(&channel->publication));

    return sooner(session, ph_away_deadline(channel));
}

static void end_stream(struct ph_channel *channel, struct ph_now now)
{
    channel->grace_deadline = PH_USEC_NEVER;
    channel->has_ended = true;
    ph_away_end(channel, "end", now);
    ph_log_info("channel.end", ph_kv("channel", channel->conf->name),
                ph_kv_int("after_ms", channel->stay / PH_USEC_PER_MS));
    ph_sinks_end(&channel->sinks, now.mono);
}

void ph_channel_shut(struct ph_channel *channel, struct ph_now now)
{
    ph_away_end(channel, "shutdown", now);
}

void ph_channel_tick(struct ph_channel *channel, struct ph_now now)
{
    if (now.mono >= channel->grace_deadline) {
        end_stream(channel, now);
    }
    ph_wait_tick(channel, now);
    ph_away_tick(channel, now);
}

void ph_channel_get_status(const struct ph_channel *channel, struct ph_channel_status *out)
{
    const struct ph_publication *p = &channel->publication;

    *out = (struct ph_channel_status){
        .is_on_air = p->is_on_air,
        .is_publishing = p->is_bound,
        .is_expected = p->is_bound || channel->grace_deadline != PH_USEC_NEVER,
        .is_away = channel->has_aired && !channel->has_ended && !p->is_on_air,
        .slate = channel->away.form,
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
