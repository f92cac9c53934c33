/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Before a session is on air: its packets pile up in a backlog until both tracks have shown
 * themselves or the wait is over; then the first random access point puts the channel on air.
 */
#include "wait.h"

#include <libavutil/mathematics.h>

enum { WAIT_US = 2 * 1000000, BURST_MAX = 5 * PH_TIMELINE_HZ };

/* A packet that waited. What fails here was fine when it came, but for the timeline. */
static int air_held(struct ph_channel *channel, const AVPacket *packet, int64_t from,
                    struct ph_now now)
{
    struct ph_arrival a;
    int err = ph_air_read(&channel->publication, packet, &a);

    if (err != 0 || (a.kind == PH_TRACK_AUDIO && a.dts < from)) {
        ph_air_drop(channel, 1);
        return err;
    }
    return ph_air_packet(channel, &a, now);
}

static void drop_oldest(struct ph_channel *channel)
{
    struct ph_backlog_item item;

    if (ph_backlog_shift(&channel->publication.backlog, &item)) {
        ph_air_drop(channel, 1);
        av_packet_free(&item.packet);
    }
}

/*
 * Everything from the first random access point on goes out; audio before it does not. It goes
 * first: publishers may send the audio that belongs after it before it.
 */
static void go_on_air_from(struct ph_channel *channel, const AVPacket *first, struct ph_now now)
{
    struct ph_publication *p = &channel->publication;
    struct ph_backlog_item item;
    struct ph_arrival a;
    int64_t from = INT64_MIN;

    if (first != NULL && ph_air_read(p, first, &a) == 0) {
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

/*
 * By the first packet of the wait, which no other had to wait for. But after a dead line media come
 * in a burst, and no picture is of later than it came. What is further ahead has leapt, and is
 * the timeline's business.
 */
static void anchor(struct ph_channel *channel, const struct ph_backlog_item *start,
                   struct ph_now now)
{
    const struct ph_publication *p = &channel->publication;
    int64_t elapsed = av_rescale(now.mono - p->first_at.mono, PH_TIMELINE_HZ, PH_USEC_PER_S);
    int64_t ahead = start != NULL ? start->dts - p->first_dts - elapsed : 0;

    ph_timeline_begin(&channel->timeline);
    if (ahead > 0 && ahead <= BURST_MAX) {
        ph_timeline_anchor(&channel->timeline, start->dts, now);
    } else {
        ph_timeline_anchor(&channel->timeline, p->first_dts, p->first_at);
    }
}

static void go_on_air(struct ph_channel *channel, struct ph_now now)
{
    struct ph_publication *p = &channel->publication;
    const struct ph_backlog_item *start =
        ph_air_wants_video(p) ? ph_backlog_find_start(&p->backlog) : NULL;

    /* Sound alone has waited beside the slate: what it said then would put it behind its time. */
    while (start == NULL && channel->away.is_showing && p->backlog.count > 1) {
        drop_oldest(channel);
    }
    channel->away.is_placed = false;
    p->is_program_due = true; /* the slate's tracks are those that the timeline knows of */
    anchor(channel, start, now);
    go_on_air_from(channel, start != NULL ? start->packet : NULL, now);
}

static void try_to_go_on_air(struct ph_channel *channel, struct ph_now now)
{
    struct ph_publication *p = &channel->publication;
    bool has_both = p->has_shown[PH_TRACK_VIDEO] && p->has_shown[PH_TRACK_AUDIO];
    bool has_start = !ph_air_wants_video(p) || ph_backlog_find_start(&p->backlog) != NULL;

    if (has_start && (has_both || p->is_wait_over || ph_backlog_is_full(&p->backlog))) {
        go_on_air(channel, now);
        return;
    }
    while (!has_start && ph_backlog_is_full(&p->backlog)) {
        drop_oldest(channel);
    }
}

int ph_wait_packet(struct ph_channel *channel, const struct ph_arrival *a, struct ph_now now)
{
    struct ph_publication *p = &channel->publication;

    if (!p->has_packet) {
        p->has_packet = true;
        p->first_at = now;
        p->first_dts = a->dts;
    }
    /* Video that cannot be decoded is not kept. */
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
    p->is_wait_over = p->is_wait_over || now.mono - p->first_at.mono >= WAIT_US;
    try_to_go_on_air(channel, now);
    return 0;
}

void ph_wait_clear(struct ph_channel *channel)
{
    ph_air_drop(channel, (int64_t)channel->publication.backlog.count);
    ph_backlog_clear(&channel->publication.backlog);
}

void ph_wait_anew(struct ph_publication *p)
{
    p->is_wait_over = false;
    p->has_packet = false;
    p->last_key = 0;
    for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
        p->has_shown[kind] = false;
        ph_track_unref(&p->refined[kind]);
    }
}

bool ph_wait_has_start(const struct ph_publication *p)
{
    return p->is_bound && !p->is_on_air && ph_air_wants_video(p) &&
           ph_backlog_find_start(&p->backlog) != NULL;
}

ph_usec ph_wait_deadline(const struct ph_publication *p)
{
    bool is_waiting = p->is_bound && p->has_packet && !p->is_on_air && !p->is_wait_over;

    return is_waiting ? p->first_at.mono + WAIT_US : PH_USEC_NEVER;
}

void ph_wait_tick(struct ph_channel *channel, struct ph_now now)
{
    if (now.mono >= ph_wait_deadline(&channel->publication)) {
        channel->publication.is_wait_over = true;
        try_to_go_on_air(channel, now);
    }
}
