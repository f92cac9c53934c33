/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_MEDIA_AIR_H
#define PHIEN_MEDIA_AIR_H

#include "away.h"
#include "backlog.h"
#include "meter.h"
#include "mute.h"
#include "sinks.h"
#include "timeline.h"

/*
 * A channel's inside, shared by channel.c (sessions, time), wait.c (what a session has sent before
 * it is on air), air.c (what goes out) away.c (what goes out while nobody is there) and mute.c
 * (what goes out as sound where none is sent).
 */
/* All that is forgotten when the session ends. */
struct ph_publication {
    char session[64];
    bool is_bound;
    bool is_on_air;
    ph_usec jump_logged_mono;

    /* Since the session began, or was silent for so long that it waits anew. */
    bool is_wait_over;
    bool has_packet;
    struct ph_now first_at; /* when its first packet came */
    int64_t first_dts;
    struct ph_backlog backlog;

    struct ph_track *tracks[PH_TRACK_KINDS]; /* as the session described them */
    /* The same with what the first packet told; NULL until that has come. */
    struct ph_track *refined[PH_TRACK_KINDS];
    bool has_shown[PH_TRACK_KINDS]; /* packets came, not just a header */

    bool is_program_due;  /* the refined tracks are not what is on air */
    bool is_announce_due; /* sinks must be told before the next packet */
    bool is_redate_due;   /* the date of the timeline's zero is off since a jump */
    bool is_jump_untold;  /* one track has jumped; sinks have not been told of anything since */

    int64_t packets[PH_TRACK_KINDS];
    int64_t bytes[PH_TRACK_KINDS];
    int64_t dropped;
    int64_t jumps;
    struct ph_meter bits;           /* by arrival */
    struct ph_meter frames;         /* by the timeline */
    int64_t newest[PH_TRACK_KINDS]; /* dts on the timeline, 90 kHz */
    int64_t last_key;
    double gop_s;
};

struct ph_channel {
    const struct ph_conf_channel *conf;
    ph_usec grace;  /* after a publisher that was lost */
    ph_usec linger; /* after one that ended the stream */
    struct ph_stats *stats;
    struct ph_sinks sinks;
    struct ph_timeline timeline;
    struct ph_program *program; /* the newest that was on air */
    bool has_aired;
    bool has_ended; /* and nothing was on air since */
    struct ph_away away;
    struct ph_mute mute;
    ph_usec told_wall;   /* the date of the timeline's zero, as sinks were told */
    ph_usec dated_until; /* the date of the end of what sinks were given */
    ph_usec on_air_since_wall;
    ph_usec stay;                      /* how long it stays listed since its last session ended */
    ph_usec grace_deadline;            /* PH_USEC_NEVER: no end is due */
    AVPacket *out;                     /* what sinks are handed, reused */
    struct ph_publication publication; /* the session that is bound, if any */
};

/* A packet and what the channel found out about it. */
struct ph_arrival {
    const AVPacket *packet;
    enum ph_track_kind kind;
    int64_t pts; /* session time, 90 kHz */
    int64_t dts;
    bool is_random_access;
};

/*
 * What the channel finds out about a session's packet. PH_EPROTO and the like: there is no use for
 * it.
 */
PH_MUST_CHECK int ph_air_read(const struct ph_publication *p, const AVPacket *packet,
                              struct ph_arrival *out);

/* Counts packets that do not go out. */
void ph_air_drop(struct ph_channel *channel, int64_t count);

/* Whether a program of the tracks that have shown themselves begins with video. */
bool ph_air_wants_video(const struct ph_publication *p);

/*
 * Completes the packet's track with what only a packet tells: at a random access point of video,
 * at the first packet of audio.
 */
PH_MUST_CHECK int ph_air_refine(struct ph_publication *p, const struct ph_arrival *a);

/* Puts a packet of `track` on the timeline, and into channel->out as sinks are handed it. */
PH_MUST_CHECK int ph_air_place(struct ph_channel *channel, const struct ph_track *track,
                               const struct ph_arrival *a, struct ph_now now,
                               struct ph_timestamps *at);

/*
 * Puts a packet on the timeline and out to the sinks, with the program it begins. One whose track
 * must wait for the next random access point is dropped, which is no error.
 */
PH_MUST_CHECK int ph_air_packet(struct ph_channel *channel, const struct ph_arrival *a,
                                struct ph_now now);

/*
 * To be called before sinks are told of a program that begins with channel->out: its dates begin
 * no sooner than those of what sinks were given before have ended.
 */
void ph_air_date(struct ph_channel *channel);

/* Gives channel->out to the sinks. */
void ph_air_give(struct ph_channel *channel, bool starts, struct ph_now now);

/* The session is not on air any more, if it was: sinks hear a pause. */
void ph_air_leave(struct ph_channel *channel, struct ph_now now);

#endif
