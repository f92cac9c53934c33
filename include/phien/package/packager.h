/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_PACKAGER_H
#define PHIEN_PACKAGE_PACKAGER_H

#include <phien/core/conf.h>
#include <phien/core/stats.h>
#include <phien/media/channel.h>
#include <phien/package/snapshot.h>

/*
 * The packager: the sink of a channel that makes segments and parts of its packets, keeps the
 * windows and tells its observer of each new snapshot. No loop, no clock, no file: packets in,
 * snapshots out, on the thread of the channel's home.
 */
struct ph_packager;

/*
 * on_snapshot: a rendition has something new: a part, a segment, its end. Borrowed for the call;
 *              take a reference to keep it.
 */
struct ph_packager_ops {
    void (*on_snapshot)(void *arg, struct ph_snapshot *snapshot);
};

/*
 * `epoch` names this run of the server in media names. `wall` is the time of creation: media
 * sequence numbers and the discontinuity sequence start from it, in steps so small that they
 * hardly ever go back over a restart; ph_packager_go_on sees to it that they never do. `conf`,
 * `channel` and `ops` must outlive the packager.
 */
struct ph_packager *ph_packager_create(const struct ph_conf *conf, const char *channel,
                                       const char *epoch, ph_usec wall, struct ph_stats *stats,
                                       const struct ph_packager_ops *ops, void *arg);
void ph_packager_destroy(struct ph_packager **packager);

/*
 * Before the first packet: an earlier run had come to these numbers, so those of this one are not
 * below them. `is_break`: its last playlists may still be watched, so what comes begins with
 * EXT-X-DISCONTINUITY.
 */
void ph_packager_go_on(struct ph_packager *packager, int64_t next_msn, int64_t next_discontinuity,
                       bool is_break);

/* The next segment's msn, and how many EXT-X-DISCONTINUITYs there will have been with it. */
int64_t ph_packager_next_msn(const struct ph_packager *packager);
int64_t ph_packager_next_discontinuity(const struct ph_packager *packager);

/* What ph_channel_add_sink takes, with the packager as `arg`. */
extern const struct ph_sink_ops ph_packager_sink;

/*
 * Whether somebody watches the rendition. MPEG-TS is packaged only while wanted, from the next
 * random access point on; the others are always packaged, so that a viewer finds a window. Nobody
 * is told of a rendition that is not wanted; ph_packager_snapshot has the current state at any
 * time.
 */
void ph_packager_want(struct ph_packager *packager, enum ph_rendition rendition, bool wanted);

/* A new reference to the newest snapshot, or NULL while nothing can be listed yet. */
struct ph_snapshot *ph_packager_snapshot(struct ph_packager *packager, enum ph_rendition rendition);

/* Bytes of media held now, all renditions. */
size_t ph_packager_bytes(const struct ph_packager *packager);

#endif
