/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session's end of publishing: what a session says travels from here to the channel's home,
 * by a direct call when the home is the same worker, else as a mail.
 */
#include "publisher.h"

#include <phien/core/mem.h>
#include <phien/core/text.h>

#include <stdio.h>
#include <stdlib.h>

/*
 * What may be under way to a home that does not keep up: two seconds at 32 Mbit/s. Past it the
 * session ends, because memory would grow without bound.
 */
enum { IN_FLIGHT_LIMIT_BYTES = 8 * 1024 * 1024 };

/* What a packet's way costs beside its data: small ones in great number are limited as well. */
enum { LETTER_BYTES = 512 };

/* The time over which a session's bitrate is averaged. */
enum { RATE_WINDOW_S = 10 };

enum letter_kind {
    LETTER_NONE,
    LETTER_BEGIN,
    LETTER_APPLICATION,
    LETTER_TRACK,
    LETTER_PACKET,
    LETTER_END,
    LETTER_CLOSED, /* from the home to the session; the others go the other way */
};

struct letter {
    struct ph_mail mail;
    enum letter_kind kind;
    struct ph_publisher *publisher;
    struct ph_track *track;
    AVPacket *packet;
    size_t weight; /* of the packet, in what is in flight */
    enum ph_close_reason reason;
    char *text;
};

struct ph_publisher *ph_publisher_ref(struct ph_publisher *publisher)
{
    atomic_fetch_add_explicit(&publisher->refs, 1, memory_order_relaxed);
    return publisher;
}

void ph_publisher_unref(struct ph_publisher **ref)
{
    struct ph_publisher *publisher = *ref;

    *ref = NULL;
    if (publisher != NULL &&
        atomic_fetch_sub_explicit(&publisher->refs, 1, memory_order_acq_rel) == 1) {
        free(publisher);
    }
}

static void free_letter(struct letter *letter)
{
    atomic_fetch_sub_explicit(&letter->publisher->in_flight, letter->weight, memory_order_relaxed);
    av_packet_free(&letter->packet);
    ph_track_unref(&letter->track);
    ph_publisher_unref(&letter->publisher);
    free(letter->text);
    free(letter);
}

static void discard(struct ph_mail *mail)
{
    free_letter(ph_container_of(mail, struct letter, mail));
}

static void deliver(struct ph_mail *mail)
{
    struct letter *letter = ph_container_of(mail, struct letter, mail);
    struct ph_publisher *publisher = letter->publisher;

    switch (letter->kind) {
    case LETTER_BEGIN:
        ph_publish_hub_begin(publisher);
        break;
    case LETTER_APPLICATION:
        ph_publish_hub_application(publisher, letter->text);
        break;
    case LETTER_TRACK:
        ph_publish_hub_track(publisher, letter->track);
        break;
    case LETTER_PACKET:
        ph_publish_hub_packet(publisher, letter->packet);
        break;
    case LETTER_END:
        ph_publish_hub_end(publisher, letter->reason, letter->text);
        break;
    case LETTER_CLOSED:
        if (!publisher->is_closed) {
            publisher->on_closed(publisher->arg, letter->reason);
        }
        break;
    case LETTER_NONE:
        break;
    }
    free_letter(letter);
}

static struct letter *create_letter(struct ph_publisher *publisher, enum letter_kind kind)
{
    struct letter *letter = ph_new(struct letter);

    letter->mail.deliver = deliver;
    letter->mail.discard = discard;
    letter->kind = kind;
    letter->publisher = ph_publisher_ref(publisher);
    return letter;
}

/* Hands the letter to the home: at once if this is its thread. */
static void send(struct letter *letter)
{
    struct ph_publisher *publisher = letter->publisher;

    if (publisher->home == publisher->mailbox) {
        deliver(&letter->mail);
    } else {
        ph_mailbox_post(publisher->home, &letter->mail);
    }
}

enum ph_close_reason ph_publisher_open(struct ph_publisher **out, struct ph_publish_hub *hub,
                                       struct ph_mailbox *mailbox,
                                       const struct ph_publish_request *request,
                                       void (*on_closed)(void *arg, enum ph_close_reason reason),
                                       void *arg)
{
    const struct ph_registry_entry *entry = NULL;
    enum ph_close_reason refusal =
        ph_publish_authorise(ph_publish_hub_registry(hub), request->path, request->query, &entry);

    if (refusal != PH_CLOSE_NONE) {
        return refusal;
    }
    struct ph_publisher *publisher = ph_new(struct ph_publisher);
    atomic_init(&publisher->refs, 1);
    atomic_init(&publisher->in_flight, 0);
    atomic_init(&publisher->is_gone, false);
    publisher->hub = hub;
    publisher->entry = entry;
    publisher->mailbox = mailbox;
    publisher->home = ph_publish_hub_mailbox(hub, entry);
    publisher->called_at = request->called_at;
    publisher->late = request->late;
    publisher->protocol = request->protocol;
    publisher->on_closed = on_closed;
    publisher->arg = arg;
    publisher->rate_limit_bps = (int64_t)request->max_bitrate_kbps * 1000;
    snprintf(publisher->session, sizeof(publisher->session), "%s", request->session);
    snprintf(publisher->peer, sizeof(publisher->peer), "%s", request->peer);
    ph_text_copy(publisher->application, sizeof(publisher->application), request->application);
    send(create_letter(publisher, LETTER_BEGIN));
    *out = publisher;
    return PH_CLOSE_NONE;
}

void ph_publisher_set_application(struct ph_publisher *publisher, const char *application)
{
    struct letter *letter = create_letter(publisher, LETTER_APPLICATION);

    letter->text = ph_strdup(application);
    send(letter);
}

void ph_publisher_track(struct ph_publisher *publisher, struct ph_track *track)
{
    struct letter *letter = create_letter(publisher, LETTER_TRACK);

    letter->track = ph_track_ref(track);
    send(letter);
}

/*
 * A bucket that leaks at the allowed rate and holds what that rate lets through in the window:
 * bursts pass, a steady excess does not.
 */
static bool is_over_rate(struct ph_publisher *publisher, int size, ph_usec now)
{
    if (publisher->rate_limit_bps == 0) {
        return false;
    }
    ph_usec elapsed = now - publisher->rate_at;
    elapsed = elapsed < RATE_WINDOW_S * PH_USEC_PER_S ? elapsed : RATE_WINDOW_S * PH_USEC_PER_S;
    publisher->rate_at = now;
    publisher->rate_level_bits -= publisher->rate_limit_bps * elapsed / PH_USEC_PER_S;
    if (publisher->rate_level_bits < 0) {
        publisher->rate_level_bits = 0;
    }
    publisher->rate_level_bits += (int64_t)size * 8;
    return publisher->rate_level_bits > publisher->rate_limit_bps * RATE_WINDOW_S;
}

void ph_publisher_packet(struct ph_publisher *publisher, const AVPacket *packet, ph_usec now)
{
    if (is_over_rate(publisher, packet->size, now)) {
        ph_publisher_post_closed(publisher, PH_CLOSE_LIMIT);
        return;
    }
    if (publisher->home == publisher->mailbox) {
        ph_publish_hub_packet(publisher, packet);
        return;
    }
    struct letter *letter = create_letter(publisher, LETTER_PACKET);
    letter->packet = av_packet_clone(packet);
    letter->weight = LETTER_BYTES + (size_t)packet->size;
    size_t in_flight =
        atomic_fetch_add_explicit(&publisher->in_flight, letter->weight, memory_order_relaxed);
    if (letter->packet == NULL || in_flight > IN_FLIGHT_LIMIT_BYTES) {
        free_letter(letter);
        ph_publisher_post_closed(publisher, PH_CLOSE_OVERLOAD);
        return;
    }
    ph_mailbox_post(publisher->home, &letter->mail);
}

void ph_publisher_set_gone(struct ph_publisher *publisher)
{
    atomic_store_explicit(&publisher->is_gone, true, memory_order_relaxed);
}

void ph_publisher_close(struct ph_publisher **ref, enum ph_close_reason reason, const char *detail)
{
    struct ph_publisher *publisher = *ref;

    *ref = NULL;
    if (publisher == NULL) {
        return;
    }
    struct letter *letter = create_letter(publisher, LETTER_END);
    letter->reason = reason;
    letter->text = detail != NULL ? ph_strdup(detail) : NULL;
    publisher->is_closed = true;
    send(letter);
    ph_publisher_unref(&publisher);
}

void ph_publisher_post_closed(struct ph_publisher *publisher, enum ph_close_reason reason)
{
    struct letter *letter = create_letter(publisher, LETTER_CLOSED);

    letter->reason = reason;
    ph_mailbox_post(publisher->mailbox, &letter->mail);
}
