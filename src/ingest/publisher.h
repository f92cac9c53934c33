/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_PUBLISHER_H
#define PHIEN_INGEST_PUBLISHER_H

#include <phien/ingest/publish.h>

#include <stdatomic.h>

/*
 * A session's hold on a channel, seen from both ends. The session's thread and the home's each
 * have a reference, and so has every mail under way between them.
 */
struct ph_publisher {
    atomic_uint refs;

    /* Set at opening, read by both ends. */
    struct ph_publish_hub *hub;
    const struct ph_registry_entry *entry;
    struct ph_mailbox *mailbox; /* the session's */
    struct ph_mailbox *home;
    ph_usec called_at;
    ph_usec late;
    char session[16];
    const char *protocol;
    char peer[64];

    /* What the packets weigh that are posted and not yet taken by the home. */
    atomic_size_t in_flight;

    atomic_bool is_gone; /* the peer; set by the session */

    /* The session's thread. */
    void (*on_closed)(void *arg, enum ph_close_reason reason);
    void *arg;
    bool is_closed;
    int64_t rate_limit_bps; /* 0: none */
    int64_t rate_level_bits;
    ph_usec rate_at;

    /* The home's thread. */
    bool is_bound;
    char application[96];
    ph_usec since_wall;
    ph_usec since_mono;
};

struct ph_publisher *ph_publisher_ref(struct ph_publisher *publisher);
void ph_publisher_unref(struct ph_publisher **publisher);

/* The home's end, on the home's thread; see publish_hub.c. */
void ph_publish_hub_begin(struct ph_publisher *publisher);
void ph_publish_hub_application(struct ph_publisher *publisher, const char *application);
void ph_publish_hub_track(struct ph_publisher *publisher, struct ph_track *track);
void ph_publish_hub_packet(struct ph_publisher *publisher, const AVPacket *packet);
void ph_publish_hub_end(struct ph_publisher *publisher, enum ph_close_reason reason,
                        const char *detail);

/* Tells the session, on its thread and from its loop, that it has to end. Any thread. */
void ph_publisher_post_closed(struct ph_publisher *publisher, enum ph_close_reason reason);

/* Any thread. */
const struct ph_registry *ph_publish_hub_registry(const struct ph_publish_hub *hub);
struct ph_mailbox *ph_publish_hub_mailbox(const struct ph_publish_hub *hub,
                                          const struct ph_registry_entry *entry);

/*
 * The channel that `path` and `query` ask for, if its key is among them. PH_CLOSE_NONE and
 * *entry; PH_CLOSE_BAD_KEY and in *entry the channel that was named; or
 * PH_CLOSE_UNKNOWN_CHANNEL. See publish_auth.c for the forms.
 */
enum ph_close_reason ph_publish_authorise(const struct ph_registry *registry, const char *path,
                                          const char *query,
                                          const struct ph_registry_entry **entry);

#endif
