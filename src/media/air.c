/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packet's way through a channel on air: program, timeline, sinks. A program is changed only at
 * a packet that one may start with: a random access point of video, or any packet if there is no
 * video.
 */
#include "air.h"

#include "codec.h"

#include <phien/core/log.h>

#include <libavutil/mathematics.h>

/* Dates that would go back by more than this do: the wall clock was put right in between. */
#define DATE_STEP (10 * PH_USEC_PER_S)

int ph_air_read(const struct ph_publication *p, const AVPacket *packet, struct ph_arrival *out)
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

void ph_air_drop(struct ph_channel *channel, int64_t count)
{
    channel->publication.dropped += count;
    ph_stats_add(channel->stats, PH_STAT_INGEST_DROPPED, count);
}

bool ph_air_wants_video(const struct ph_publication *p)
{
    return p->tracks[PH_TRACK_VIDEO] != NULL && p->has_shown[PH_TRACK_VIDEO];
}

static bool is_start(const struct ph_publication *p, const struct ph_arrival *a)
{
    return !ph_air_wants_video(p) || (a->kind == PH_TRACK_VIDEO && a->is_random_access);
}

/* Whether the packet's track is in the program that is on air or about to be. */
static bool is_in_program(const struct ph_channel *channel, enum ph_track_kind kind)
{
    return channel->publication.refined[kind] != NULL && channel->program != NULL &&
           ph_program_track(channel->program, kind) == channel->publication.refined[kind];
}

int ph_air_refine(struct ph_publication *p, const struct ph_arrival *a)
{
    if (p->refined[a->kind] != NULL || (a->kind == PH_TRACK_VIDEO && !a->is_random_access)) {
        return 0;
    }
    int err = ph_track_refine(&p->refined[a->kind], p->tracks[a->kind], a->packet);
    if (err == 0) {
        p->is_program_due = true;
    }
    return err;
}

static void make_program(struct ph_channel *channel)
{
    struct ph_publication *p = &channel->publication;
    struct ph_track *video = ph_air_wants_video(p) ? p->refined[PH_TRACK_VIDEO] : NULL;
    struct ph_track *sound = p->refined[PH_TRACK_AUDIO];
    bool is_mute = sound == NULL && video != NULL;
    struct ph_track *audio = is_mute ? ph_mute_begin(channel) : sound;
    struct ph_program *program = ph_program_create(video, audio);

    if (!is_mute) {
        ph_mute_end(&channel->mute);
    }
    program->is_mute = is_mute && audio != NULL;
    ph_program_unref(&channel->program);
    channel->program = program;
    if (video != NULL) {
        ph_timeline_set_track(&channel->timeline, video);
    }
    if (audio != NULL) {
        ph_timeline_set_track(&channel->timeline, audio);
    }
    p->is_program_due = false;
    p->is_announce_due = true;
}

static void log_program(const struct ph_channel *channel, const char *event, struct ph_now now)
{
    const struct ph_track *video = channel->program->video;
    AVRational rate = video != NULL ? video->frame_rate : (AVRational){0, 1};

    ph_log_info(
        event, ph_kv("channel", channel->conf->name),
        ph_kv("session", channel->publication.session), ph_kv("video", ph_track_codec_name(video)),
        ph_kv("audio", ph_track_codec_name(ph_program_sound(channel->program))),
        ph_kv_int("width", video != NULL ? video->par->width : 0),
        ph_kv_int("height", video != NULL ? video->par->height : 0),
        ph_kv_real("fps", av_q2d(rate)),
        ph_kv_int("wait_ms", (now.mono - channel->publication.first_at.mono) / PH_USEC_PER_MS));
}

/* Of a timestamp of channel->out, since the timeline's zero. */
static ph_usec time_of(const struct ph_channel *channel, int64_t value)
{
    return av_rescale_q(value, channel->out->time_base, (AVRational){1, PH_USEC_PER_S});
}

/*
 * Timestamps may run ahead of the wall clock, by a hole that was none or a burst, and a link that
 * had just come back may bring media more slowly than the slate went on. Then dates go on where
 * they ended: players order by them.
 */
void ph_air_date(struct ph_channel *channel)
{
    const AVPacket *first = channel->out;
    ph_usec date = channel->timeline.wall + time_of(channel, first->dts);
    ph_usec back = channel->dated_until - date;

    if (back > 0 && back < DATE_STEP) {
        ph_timeline_redate(&channel->timeline,
                           av_rescale_q(first->dts, first->time_base, PH_TIMELINE_TIME_BASE),
                           channel->dated_until);
    }
    channel->dated_until = 0;
    channel->told_wall = channel->timeline.wall;
}

void ph_air_give(struct ph_channel *channel, bool starts, struct ph_now now)
{
    AVPacket *out = channel->out;
    ph_usec end = channel->told_wall + time_of(channel, out->dts + out->duration);

    channel->dated_until = end > channel->dated_until ? end : channel->dated_until;
    ph_sinks_packet(&channel->sinks, out, starts, now.mono);
    av_packet_unref(out);
}

/* Tells the sinks of the program whose first packet lies at `ticks` (90 kHz). */
static void announce(struct ph_channel *channel, int64_t ticks, struct ph_now now)
{
    struct ph_publication *p = &channel->publication;
    bool discontinuity = channel->has_aired;

    channel->has_aired = true;
    channel->has_ended = false;
    if (p->is_redate_due) {
        ph_timeline_redate(&channel->timeline, ticks, now.wall);
    }
    ph_air_date(channel);
    ph_away_give_way(channel, now);
    if (!p->is_on_air) {
        p->is_on_air = true;
        channel->on_air_since_wall = now.wall;
        ph_stats_add(channel->stats, PH_STAT_CHANNELS_ON_AIR, 1);
        log_program(channel, "channel.on_air", now);
    } else {
        log_program(channel, "channel.change", now);
    }
    p->is_announce_due = false;
    p->is_redate_due = false;
    p->is_jump_untold = false;
    ph_sinks_program(&channel->sinks, channel->program, channel->timeline.wall, discontinuity);
}

/*
 * A jump moves timestamps at once, so that nothing is lost and the tracks stay together; sinks
 * hear of it at the next packet that a program may start with. Once is enough: an encoder that
 * begins anew with another program has told of it before its other track follows.
 */
static void note_step(struct ph_channel *channel, const struct ph_arrival *a,
                      const struct ph_timestamps *at, struct ph_now now)
{
    struct ph_publication *p = &channel->publication;

    if (at->step == PH_TIMELINE_GOES_ON) {
        return;
    }
    if (at->step == PH_TIMELINE_REALIGNED) {
        p->is_jump_untold = true;
    } else if (at->step == PH_TIMELINE_JUMPED || p->is_jump_untold) {
        p->is_announce_due = true;
    }
    p->is_redate_due = p->is_redate_due || p->is_announce_due;
    if (at->step != PH_TIMELINE_FOLLOWED) {
        p->jumps++;
        ph_stats_add(channel->stats, PH_STAT_TIMELINE_JUMPS, 1);
    }
    if (p->jumps > 1 && now.mono - p->jump_logged_mono < PH_USEC_PER_S) {
        return; /* a broken clock must not flood the log */
    }
    p->jump_logged_mono = now.mono;
    ph_log_warn("channel.jump", ph_kv("channel", channel->conf->name), ph_kv("session", p->session),
                ph_kv("track", a->kind == PH_TRACK_VIDEO ? "video" : "audio"),
                ph_kv_int("ms", at->jump_ms), ph_kv_int("jumps", p->jumps));
}

static void measure(struct ph_channel *channel, const struct ph_arrival *a, int64_t ticks,
                    struct ph_now now)
{
    struct ph_publication *p = &channel->publication;
    bool is_video = a->kind == PH_TRACK_VIDEO;

    p->packets[a->kind]++;
    p->bytes[a->kind] += a->packet->size;
    p->newest[a->kind] = ticks;
    ph_meter_add(&p->bits, now.mono, (int64_t)a->packet->size * 8);
    ph_stats_add(channel->stats,
                 is_video ? PH_STAT_INGEST_PACKETS_VIDEO : PH_STAT_INGEST_PACKETS_AUDIO, 1);
    if (!is_video) {
        return;
    }
    ph_meter_add(&p->frames, av_rescale(ticks, PH_USEC_PER_S, PH_TIMELINE_HZ), 1);
    if (a->is_random_access) {
        if (p->last_key > 0) {
            p->gop_s = (double)(ticks - p->last_key) / PH_TIMELINE_HZ;
        }
        p->last_key = ticks;
    }
}

int ph_air_place(struct ph_channel *channel, const struct ph_track *track,
                 const struct ph_arrival *a, struct ph_now now, struct ph_timestamps *at)
{
    AVPacket *out = channel->out;
    int err = ph_timeline_place(&channel->timeline, a->kind, a->pts, a->dts,
                                ph_track_samples(track, a->packet), now.mono, at);

    if (err != 0) {
        return err;
    }
    av_packet_unref(out);
    if (av_packet_ref(out, a->packet) < 0) {
        return PH_ENOMEM;
    }
    av_packet_free_side_data(out);
    out->pts = at->pts;
    out->dts = at->dts;
    out->duration = at->duration;
    out->time_base = track->time_base;
    out->stream_index = (int)a->kind;
    out->flags = a->is_random_access ? AV_PKT_FLAG_KEY : 0;
    return 0;
}

int ph_air_packet(struct ph_channel *channel, const struct ph_arrival *a, struct ph_now now)
{
    struct ph_publication *p = &channel->publication;
    struct ph_timestamps at;
    bool starts = is_start(p, a);

    if (p->is_program_due && starts) {
        make_program(channel);
    }
    /* A track that waits for the next random access point, or a start that could not be placed. */
    if (!is_in_program(channel, a->kind) || (!p->is_on_air && !starts)) {
        ph_air_drop(channel, 1);
        return 0;
    }
    if (a->packet->opaque == PH_PACKET_FOLLOWS_LOSS) {
        ph_timeline_expect_hole(&channel->timeline, a->kind);
    }
    int err = ph_air_place(channel, p->refined[a->kind], a, now, &at);
    if (err != 0) {
        ph_air_drop(channel, 1);
        return err;
    }
    int64_t ticks = av_rescale_q(at.dts, channel->out->time_base, PH_TIMELINE_TIME_BASE);
    note_step(channel, a, &at, now);
    if (p->is_announce_due && starts) {
        announce(channel, ticks, now);
    }
    measure(channel, a, ticks, now);
    ph_away_heard(&channel->away, now.mono);
    ph_air_give(channel, starts, now);
    if (channel->program->is_mute) {
        ph_mute_follow(channel, a, now);
    }
    return 0;
}

void ph_air_leave(struct ph_channel *channel, struct ph_now now)
{
    if (!channel->publication.is_on_air) {
        return;
    }
    channel->publication.is_on_air = false;
    ph_stats_add(channel->stats, PH_STAT_CHANNELS_ON_AIR, -1);
    ph_sinks_pause(&channel->sinks, now.mono);
}
