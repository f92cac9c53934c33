/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_MEDIA_AWAY_H
#define PHIEN_MEDIA_AWAY_H

#include <phien/media/channel.h>

/*
 * What a channel does while its sinks hear nothing of a publisher: after 1.5 target durations it
 * shows the slate, until one is on air again or the stream is over.
 */
struct ph_away {
    const struct ph_slate *slate; /* NULL: nothing is shown */
    ph_usec target;               /* the target duration */
    ph_usec window;               /* how much is listed */
    ph_usec back;                 /* how far back the first slate begins */
    enum ph_slate_form form;      /* for those who watched the program that was on air last */
    ph_usec heard_mono;           /* when sinks got a publisher's packet last */
    ph_usec check_mono;           /* when to look at that again, PH_USEC_NEVER: not at all */

    bool is_showing;
    bool is_placed;       /* what the timeline knows of a session is the slate's */
    bool is_announce_due; /* sinks are to be told before the next packet */
    ph_usec began_mono;
    ph_usec zero_mono; /* when its first picture was due; later than it began after a lapse */
    struct ph_slate_player player;
    AVPacket *next; /* of the player */
    ph_usec next_due;
};

void ph_away_init(struct ph_away *away, const struct ph_conf *conf);
void ph_away_fini(struct ph_away *away);

/* See ph_channel_resume. */
void ph_away_resume(struct ph_away *away, enum ph_slate_form form, ph_usec ago, ph_usec mono);

/* Sinks get a publisher's packet. */
void ph_away_heard(struct ph_away *away, ph_usec mono);

/* A program of the publisher is on air from now on: nothing else is shown. */
void ph_away_give_way(struct ph_channel *channel, struct ph_now now);

/* Nobody came back, or the server ends; `next` is for the log. */
void ph_away_end(struct ph_channel *channel, const char *next, struct ph_now now);

/* What is shown; NULL: nothing. */
struct ph_program *ph_away_program(const struct ph_away *away);

ph_usec ph_away_deadline(const struct ph_channel *channel);
void ph_away_tick(struct ph_channel *channel, struct ph_now now);

#endif
