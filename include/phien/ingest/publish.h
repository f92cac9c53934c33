/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_PUBLISH_H
#define PHIEN_INGEST_PUBLISH_H

#include <phien/core/stats.h>
#include <phien/media/registry.h>
#include <phien/net/loop.h>

/*
 * Where the sessions of every protocol meet the channels: who may publish to what, who does so
 * now, and the way of tracks and packets from the session's thread to the channel's home.
 *
 * The newest session that authenticates for a channel wins at once; the one before is closed with
 * the reason `takeover`, because after a lost link it is the same phone with a new address. Not so
 * where two that are both alive fight for it (`contested`), or publish.takeover says otherwise
 * (`already_publishing`): then the newcomer is refused.
 */

/* The homes' ends of all channels. */
struct ph_publish_hub;

/*
 * One loop and one stats for each worker. Before the loops start. Each channel of the registry is
 * driven (its deadlines kept) on its home from then on.
 */
struct ph_publish_hub *ph_publish_hub_create(const struct ph_conf *conf,
                                             const struct ph_registry *registry,
                                             struct ph_loop *const *loops,
                                             struct ph_stats *const *stats);

/*
 * The home's thread, when all sessions have been closed: ends what is still bound to channels of
 * this home and stops their timers.
 */
void ph_publish_hub_close_home(struct ph_publish_hub *hub, unsigned home);

/* After all loops have ended and been destroyed. */
void ph_publish_hub_destroy(struct ph_publish_hub **hub);

/*
 * Whether nobody else may come now, since a session is on the channel and publish.takeover is
 * refuse: for protocols that can say so before a session begins. Any thread.
 */
bool ph_publish_hub_is_kept(const struct ph_publish_hub *hub,
                            const struct ph_registry_entry *entry);

/* The session bound to a channel, for /api/v1/channels. The home's thread. */
struct ph_publish_info {
    const char *session; /* NULL: nobody publishes; borrowed until the session ends */
    const char *protocol;
    const char *peer;
    const char *application;
    ph_usec since_wall;
};

void ph_publish_hub_get_info(const struct ph_publish_hub *hub,
                             const struct ph_registry_entry *entry, struct ph_publish_info *out);

/*
 * What a session says of itself. `path` is what the publisher asked for, without query, decoded:
 * "live/sinho", "live/KEY", "KEY". `query` may hold key=KEY. Neither is ever logged whole.
 */
struct ph_publish_request {
    const char *session;  /* id for log lines, at most 15 characters */
    const char *protocol; /* "rtmp"; static */
    const char *path;
    const char *query;
    const char *peer;
    const char *application;   /* what the app calls itself; may be "" */
    unsigned max_bitrate_kbps; /* over 10 s; 0: no limit */
    ph_usec called_at;         /* when it showed its key, on the monotonic clock */
    ph_usec late;              /* its media come in so long after they were sent: SRT's latency */
};

/*
 * One session's hold on a channel. Used on the session's thread, which is the one of `loop`'s
 * mailbox given at opening.
 */
struct ph_publisher;

/*
 * Finds the channel and checks the key. PH_CLOSE_NONE and *out, or the reason for refusing.
 * Accepted forms of path and query: NAME?key=KEY, KEY, NAME/KEY, each with or without "live/".
 *
 * `on_closed` is called later on the session's thread if the channel's side ends the session
 * (takeover, overload, limit); the session then closes the publisher and itself.
 */
enum ph_close_reason ph_publisher_open(struct ph_publisher **out, struct ph_publish_hub *hub,
                                       struct ph_mailbox *mailbox,
                                       const struct ph_publish_request *request,
                                       void (*on_closed)(void *arg, enum ph_close_reason reason),
                                       void *arg);

/*
 * The channel that `path` names, whatever its key, or NULL: what the log line of a refusal names.
 * Any thread; the text lives as long as the config.
 */
const char *ph_publish_channel_named(const struct ph_publish_hub *hub, const char *path);

/* What the session learns of the application after opening; for the log and the API. */
void ph_publisher_set_application(struct ph_publisher *publisher, const char *application);

/* See ph_channel_track and ph_channel_packet; references are taken. */
void ph_publisher_track(struct ph_publisher *publisher, struct ph_track *track);
void ph_publisher_packet(struct ph_publisher *publisher, const AVPacket *packet, ph_usec now);

/*
 * The peer has gone; what still comes was sent before that. Whoever comes next takes the channel
 * over as if it were free.
 */
void ph_publisher_set_gone(struct ph_publisher *publisher);

/* Gives the hold back. `detail` is for the log line, may be NULL. */
void ph_publisher_close(struct ph_publisher **publisher, enum ph_close_reason reason,
                        const char *detail);

#endif
