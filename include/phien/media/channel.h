/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_MEDIA_CHANNEL_H
#define PHIEN_MEDIA_CHANNEL_H

#include <phien/core/conf.h>
#include <phien/core/stats.h>
#include <phien/media/cue.h>
#include <phien/media/slate.h>
#include <phien/media/track.h>

/*
 * A channel: the durable thing that viewers know by name. It takes tracks and packets from the
 * session that publishes to it now, puts the packets on its one timeline, and gives them to its
 * sinks (the packager, later the relays). It outlives its sessions.
 *
 * Owned by its home worker: all functions but ph_channel_name/title are for the home's thread.
 * No loop and no clock inside: whoever drives it hands in the time and calls ph_channel_tick at
 * ph_channel_deadline.
 *
 * Packets: AVPacket as FFmpeg uses it, with stream_index = enum ph_track_kind, data ref-counted
 * and immutable. From a session: pts and dts in packet->time_base on the session's own clock
 * (already free of wraps, see timeline.h), opaque = PH_PACKET_FOLLOWS_LOSS where packets of its
 * track are known to be missing before it; to a sink: in the track's time_base on the channel's
 * timeline, dts strictly increasing in each track, pts >= dts >= 0, duration set.
 */
struct ph_channel;

#define PH_PACKET_FOLLOWS_LOSS ((void *)1)

/*
 * What receives a channel's packets. Called on the home's thread, in this order:
 * on_program, on_packet*, (on_program, on_packet*)*, on_pause, … , on_end.
 *
 * on_program: the packets that follow belong to `program`; the first video packet is a random
 *             access point. `wall` is the wall clock time of the timeline's zero: a packet's date
 *             is wall + its timestamp. `discontinuity` is set when the timestamps or the tracks
 *             do not go on from what the sink got before.
 * on_packet:  borrowed for the call; take a reference to keep it.
 * on_pause:   nothing is on air; the channel waits for its publisher. What shows in the meantime,
 *             if anything, is a program that says is_slate, and comes without an on_pause before
 *             the publisher's next.
 * on_end:     nobody came back within the grace period: the stream is over. After it only
 *             on_program can follow.
 *
 * And at any time, also while nothing is on air:
 * on_cue:     from the next picture on `cue` holds, in place of the last one of its kind. NULL for
 *             sinks that carry none. Borrowed; take a reference to keep it.
 */
struct ph_sink_ops {
    void (*on_program)(void *arg, struct ph_program *program, ph_usec wall, bool discontinuity);
    void (*on_packet)(void *arg, const AVPacket *packet, ph_usec now);
    void (*on_pause)(void *arg, ph_usec now);
    void (*on_end)(void *arg, ph_usec now);
    void (*on_cue)(void *arg, struct ph_cue *cue);
};

/* What is known of the stream on air, for logs, /api/v1/channels and the multivariant playlist. */
struct ph_channel_status {
    bool is_on_air;                  /* a session is bound and its first key frame was seen */
    bool is_publishing;              /* a session is bound */
    bool is_expected;                /* one is bound, or may come back and be on air for the same
                                        viewers: the grace period runs */
    bool is_away;                    /* for those who watch: nothing is on air but the slate, yet
                                        somebody may be again */
    enum ph_slate_form slate;        /* what the slate for `program` is, or would be */
    struct ph_program *program;      /* borrowed; NULL when none was ever on air */
    ph_usec on_air_since_wall;       /* of this session */
    int64_t packets[PH_TRACK_KINDS]; /* taken onto the timeline since the session began */
    int64_t bytes[PH_TRACK_KINDS];
    int64_t dropped;     /* since the session began */
    int64_t jumps;       /* of the timestamps since the session began */
    int64_t bitrate_bps; /* over the last seconds, both tracks */
    double fps;          /* measured over the last seconds */
    double gop_s;        /* the last distance between two key frames; 0 unknown */
    double av_offset_ms; /* newest audio minus newest video on the timeline */
};

struct ph_channel *ph_channel_create(const struct ph_conf *conf,
                                     const struct ph_conf_channel *channel_conf,
                                     struct ph_stats *stats);
void ph_channel_destroy(struct ph_channel **channel);

/*
 * Before the loops start. `slate` outlives the channel: what it shows from 1.5 target durations
 * without media on until its publisher is back at a random access point, or the grace period over;
 * for players take a playlist that stands still longer than that for dead (RFC 8216bis section
 * 6.2.1). A channel without one, or whose program is none that the slate goes with, stands still.
 */
void ph_channel_use_slate(struct ph_channel *channel, const struct ph_slate *slate);

/*
 * Before the loops start: in an earlier run the channel was on air, or in its grace period, `ago`
 * before `now`, with a program that this is the slate for. It is as if its publisher had been lost
 * then; the slate, if it has one, begins with the next tick, and lies on the timeline from three
 * target durations before that time on, as far as playlists reach back: what viewers had last is
 * dated in it.
 */
void ph_channel_resume(struct ph_channel *channel, enum ph_slate_form form, ph_usec ago,
                       struct ph_now now);

/* Any thread. */
const char *ph_channel_name(const struct ph_channel *channel);
const char *ph_channel_title(const struct ph_channel *channel);

/* A channel has at most PH_CHANNEL_SINKS_MAX sinks; each is told of the program on air, and of
 * the cues that hold. */
#define PH_CHANNEL_SINKS_MAX 8
void ph_channel_add_sink(struct ph_channel *channel, const struct ph_sink_ops *ops, void *arg);
void ph_channel_remove_sink(struct ph_channel *channel, void *arg);

/*
 * A session begins: what follows comes from it. A session that was bound before must have been
 * ended. `session` is its id for log lines.
 */
void ph_channel_begin(struct ph_channel *channel, const char *session, struct ph_now now);

/*
 * The session's track of track->kind is now `track` (its sequence header came, or changed).
 * Takes a reference of its own.
 */
void ph_channel_track(struct ph_channel *channel, struct ph_track *track, struct ph_now now);

/*
 * An access unit of the session. PH_EPROTO and the like: the packet was dropped and counted, the
 * session may go on. Borrowed; the channel keeps a reference if it needs to.
 *
 * The channel goes on air with the first random access point once both tracks are known, or two
 * seconds after the first packet with the tracks it has then. A session that was silent for so
 * long that the slate is shown begins anew with this.
 */
int ph_channel_packet(struct ph_channel *channel, const AVPacket *packet, struct ph_now now);

/* From the next picture on this holds. Takes a reference of its own. */
void ph_channel_set_cue(struct ph_channel *channel, struct ph_cue *cue);

/*
 * The session is gone. The channel stays listed for publish.linger_s if the publisher said that it
 * was over, for publish.grace_s if it was lost, then it ends.
 */
void ph_channel_end(struct ph_channel *channel, bool is_over, struct ph_now now);

/*
 * The server ends, and so has the session: what is under way is closed, so that viewers get all of
 * it. The channel is not ticked any more; what it waits for, it waits for in the next run.
 */
void ph_channel_shut(struct ph_channel *channel, struct ph_now now);

/* When ph_channel_tick wants to be called (monotonic), PH_USEC_NEVER for not at all. */
ph_usec ph_channel_deadline(const struct ph_channel *channel);
void ph_channel_tick(struct ph_channel *channel, struct ph_now now);

void ph_channel_get_status(const struct ph_channel *channel, struct ph_channel_status *out);

#endif
