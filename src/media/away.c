/* SPDX-License-Identifier: Apache-2.0 */
/*
 * While nobody is there: notices that a channel's sinks get nothing any more, and shows them the
 * slate in real time. Players take a live playlist that stands still for 1.5 target durations for
 * dead (RFC 8216bis section 6.2.1), so that is how long it waits.
 *
 * On the timeline the slate is a session like any other. The publisher's own next session has its
 * packets in the backlog meanwhile, and no place on the timeline until it goes on air.
 */
#include "away.h"

#include "air.h"
#include "wait.h"

#include <phien/core/log.h>

#include <libavutil/mathematics.h>

/* A tick that comes this late says that the loop stood still. */
#define LATE (300 * PH_USEC_PER_MS)
/* What is due for longer than this is not shown after all. */
#define CATCH_UP PH_USEC_PER_S
/* How many target durations a player may be behind the end of a playlist. */
#define BEHIND 3

void ph_away_init(struct ph_away *away, const struct ph_conf *conf)
{
    *away = (struct ph_away){
        .target = (ph_usec)ph_conf_target_duration_s(conf) * PH_USEC_PER_S,
        .window = (ph_usec)conf->hls.window_s * PH_USEC_PER_S,
        .check_mono = PH_USEC_NEVER,
        .next = av_packet_alloc(),
    };
    PH_ASSERT(away->next != NULL);
}

void ph_away_fini(struct ph_away *away)
{
    av_packet_free(&away->next);
}

static ph_usec patience(const struct ph_away *away)
{
    return away->target * 3 / 2;
}

static bool can_show(const struct ph_away *away)
{
    return away->slate != NULL && away->form != PH_SLATE_NONE;
}

void ph_away_resume(struct ph_away *away, enum ph_slate_form form, ph_usec ago, ph_usec mono)
{
    ph_usec back = ago + BEHIND * away->target;

    away->form = form;
    away->heard_mono = mono - (ago > patience(away) ? ago : patience(away));
    away->back = back < away->window ? back : away->window;
    away->check_mono = can_show(away) ? mono : PH_USEC_NEVER;
}

void ph_away_heard(struct ph_away *away, ph_usec mono)
{
    away->heard_mono = mono;
    if (away->check_mono == PH_USEC_NEVER && can_show(away)) {
        away->check_mono = mono + patience(away);
    }
}

static void hide(struct ph_channel *channel, const char *next, struct ph_now now)
{
    struct ph_away *away = &channel->away;

    away->is_showing = false;
    away->check_mono = PH_USEC_NEVER;
    av_packet_unref(away->next);
    ph_log_info("slate.end", ph_kv("channel", channel->conf->name),
                ph_kv_int("shown_ms", (now.mono - away->began_mono) / PH_USEC_PER_MS),
                ph_kv("next", next));
}

void ph_away_give_way(struct ph_channel *channel, struct ph_now now)
{
    struct ph_away *away = &channel->away;

    if (away->is_showing) {
        hide(channel, "seller", now);
    }
    away->form = ph_slate_form_of(channel->program);
}

void ph_away_end(struct ph_channel *channel, const char *next, struct ph_now now)
{
    if (channel->away.is_showing) {
        hide(channel, next, now);
        ph_sinks_pause(&channel->sinks, now.mono);
    }
    channel->away.check_mono = PH_USEC_NEVER;
}

struct ph_program *ph_away_program(const struct ph_away *away)
{
    return away->is_showing ? ph_slate_program(away->slate, away->form) : NULL;
}

/*
 * Once the publisher's random access point is there nothing else begins or goes on, although her
 * second track may take until the end of the wait, which is shorter than players' patience: what
 * is shown beside it would have to be made up for, and she would be late from then on.
 */
ph_usec ph_away_deadline(const struct ph_channel *channel)
{
    const struct ph_away *away = &channel->away;

    if (ph_wait_has_start(&channel->publication)) {
        return PH_USEC_NEVER;
    }
    return away->is_showing ? away->zero_mono + away->next_due : away->check_mono;
}

static int fetch(struct ph_away *away)
{
    away->next_due = ph_slate_player_due(&away->player);
    av_packet_unref(away->next);
    return ph_slate_player_next(&away->player, away->next);
}

static struct ph_now before(struct ph_now now, ph_usec time)
{
    return (struct ph_now){.mono = now.mono - time, .wall = now.wall - time};
}

/*
 * From its first picture on, now. After a restart it began earlier, a little before the last of
 * what viewers have: hls.js, once the server has been away for long enough, finds its place in a
 * playlist of other numbers by the date alone, and without one that it knows waits for ever.
 */
static int start(struct ph_channel *channel, struct ph_now now)
{
    struct ph_away *away = &channel->away;
    const struct ph_program *program = ph_slate_program(away->slate, away->form);
    struct ph_now zero = before(now, away->back);

    away->is_placed = true;
    away->is_announce_due = true;
    away->zero_mono = zero.mono;
    away->back = 0;
    ph_timeline_begin(&channel->timeline);
    ph_timeline_set_track(&channel->timeline, program->video);
    if (program->audio != NULL) {
        ph_timeline_set_track(&channel->timeline, program->audio);
    }
    ph_timeline_anchor(&channel->timeline, 0, zero);
    ph_slate_player_init(&away->player, away->slate, away->form);
    return fetch(away);
}

static int show_next(struct ph_channel *channel, struct ph_now now)
{
    struct ph_away *away = &channel->away;
    struct ph_program *program = ph_slate_program(away->slate, away->form);
    const AVPacket *next = away->next;
    struct ph_track *track = ph_program_track(program, next->stream_index);
    const struct ph_arrival a = {
        .packet = next,
        .kind = track->kind,
        .pts = av_rescale_q(next->pts, next->time_base, PH_TIMELINE_TIME_BASE),
        .dts = av_rescale_q(next->dts, next->time_base, PH_TIMELINE_TIME_BASE),
        .is_random_access = ph_track_is_random_access(track, next),
    };
    struct ph_timestamps at;
    bool starts = a.kind == PH_TRACK_VIDEO && a.is_random_access;

    int err = ph_air_place(channel, track, &a, now, &at);
    if (err != PH_OK) {
        return err;
    }
    if (away->is_announce_due) {
        away->is_announce_due = false;
        ph_air_date(channel);
        ph_sinks_program(&channel->sinks, program, channel->timeline.wall, channel->has_aired);
    }
    ph_air_give(channel, starts, now);
    return fetch(away);
}

/*
 * One picture at a time, and the sound up to the next one: a tick for each packet would be three
 * times as many. What is late counts as shown when it was due.
 */
static int show_due(struct ph_channel *channel, struct ph_now now)
{
    struct ph_away *away = &channel->away;
    int err = PH_OK;

    if (!away->is_placed || now.mono - away->zero_mono - away->next_due > CATCH_UP) {
        err = start(channel, now);
    }
    while (err == PH_OK && (away->next->stream_index == PH_TRACK_AUDIO ||
                            away->zero_mono + away->next_due <= now.mono)) {
        ph_usec late = now.mono - away->zero_mono - away->next_due;
        err = show_next(channel, late > 0 ? before(now, late) : now);
    }
    return err;
}

static void begin(struct ph_channel *channel, struct ph_now now)
{
    struct ph_away *away = &channel->away;

    ph_log_info("slate.begin", ph_kv("channel", channel->conf->name),
                ph_kv("form", ph_slate_form_name(away->form)),
                ph_kv_int("silent_ms", (now.mono - away->heard_mono) / PH_USEC_PER_MS));
    if (channel->publication.is_on_air) {
        ph_air_leave(channel, now);
        ph_wait_anew(&channel->publication);
    }
    away->is_showing = true;
    away->is_placed = false;
    away->began_mono = now.mono;
}

/* Whether the sinks have heard nothing for too long; otherwise, when to look again. */
static bool is_silent(struct ph_channel *channel, struct ph_now now)
{
    struct ph_away *away = &channel->away;
    ph_usec due = away->heard_mono + patience(away);
    ph_usec late = now.mono - away->check_mono;

    if (!can_show(away)) {
        away->check_mono = PH_USEC_NEVER;
        return false;
    }
    if (due > now.mono) {
        away->check_mono = due;
        return false;
    }
    if (channel->publication.is_on_air && late > LATE) {
        /* It was us who were not there: what she has sent may not have been read yet. */
        away->check_mono = now.mono + LATE;
        return false;
    }
    return true;
}

void ph_away_tick(struct ph_channel *channel, struct ph_now now)
{
    struct ph_away *away = &channel->away;

    if (now.mono < ph_away_deadline(channel) || (!away->is_showing && !is_silent(channel, now))) {
        return;
    }
    if (!away->is_showing) {
        begin(channel, now);
    }
    int err = show_due(channel, now);
    if (err != PH_OK) {
        ph_log_error("slate.failed", ph_kv("channel", channel->conf->name),
                     ph_kv("reason", ph_err_text(err)));
        hide(channel, "nothing", now);
        ph_sinks_pause(&channel->sinks, now.mono);
    }
}
