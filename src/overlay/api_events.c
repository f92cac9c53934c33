/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The events of a channel: whoever comes is told the whole state, or, if they were here before,
 * what they have missed; then each change as its picture comes.
 */
#include "api.h"

#include "problem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct ph_api_past *past_at(struct ph_api_channel *channel, size_t number)
{
    return &channel->past[number % PH_API_MISSED_MAX];
}

static size_t oldest_past(const struct ph_api_channel *channel)
{
    return channel->past_count > PH_API_MISSED_MAX ? channel->past_count - PH_API_MISSED_MAX : 0;
}

void ph_api_tell(struct ph_api_channel *channel, struct ph_picture *picture)
{
    struct ph_api_past *past = past_at(channel, channel->past_count++);

    ph_picture_unref(&channel->picture);
    channel->picture = ph_picture_ref(picture);
    ph_buf_unref(&channel->greeting);
    ph_buf_unref(&past->events);
    past->seq = picture->state->seq;
    past->has_many_events = picture->has_many_events;
    if (picture->events != NULL) {
        past->events = ph_buf_ref(picture->events);
        if (channel->room != NULL) {
            ph_sse_room_send(channel->room, picture->events);
        }
    }
}

void ph_api_channel_fini(struct ph_api_channel *channel)
{
    if (channel->room != NULL) {
        ph_sse_room_destroy(&channel->room);
    }
    for (size_t i = 0; i < PH_API_MISSED_MAX; i++) {
        ph_buf_unref(&channel->past[i].events);
    }
    ph_buf_unref(&channel->greeting);
    ph_picture_unref(&channel->picture);
}

static struct ph_buf *greet(struct ph_api_channel *channel)
{
    if (channel->greeting == NULL) {
        channel->greeting = ph_picture_greeting(channel->picture);
    }
    return ph_buf_ref(channel->greeting);
}

/* A seq that we gave; -1: it is none. */
static int64_t parse_seq(const char *text)
{
    char *end = NULL;

    if (*text < '0' || *text > '9') {
        return -1;
    }
    errno = 0;
    long long seq = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0' ? seq : -1;
}

/* Who got the first event of a change may not have got its second: they get both again. */
static bool is_missed(const struct ph_api_past *past, int64_t last)
{
    return past->events != NULL &&
           (past->seq > last || (past->seq == last && past->has_many_events));
}

static struct ph_buf *join_missed(struct ph_api_channel *channel, int64_t last, size_t len)
{
    struct ph_buf *events = ph_buf_create(len);
    size_t at = 0;

    for (size_t i = oldest_past(channel); i < channel->past_count; i++) {
        const struct ph_api_past *past = past_at(channel, i);
        if (is_missed(past, last)) {
            memcpy(events->data + at, past->events->data, past->events->len);
            at += past->events->len;
        }
    }
    return events;
}

/*
 * What a reader is told first who has heard all up to `last`; NULL: nothing. Where the whole state
 * is shorter than all that was missed, it is that.
 */
static struct ph_buf *catch_up(struct ph_api_channel *channel, int64_t last)
{
    size_t oldest = oldest_past(channel);
    size_t len = 0;

    if (channel->past_count == 0 || last + 1 < past_at(channel, oldest)->seq ||
        last > channel->picture->state->seq) {
        return greet(channel);
    }
    for (size_t i = oldest; i < channel->past_count; i++) {
        const struct ph_api_past *past = past_at(channel, i);
        len += is_missed(past, last) ? past->events->len : 0;
    }
    struct ph_buf *whole = greet(channel);
    if (len > whole->len) {
        return whole;
    }
    ph_buf_unref(&whole);
    return len > 0 ? join_missed(channel, last, len) : NULL;
}

static void handle_events(struct ph_http_exchange *exchange, const struct ph_http_param *params,
                          void *arg)
{
    struct ph_overlay_api *api = arg;
    const struct ph_registry_entry *entry = ph_api_find(api, exchange, &params[0]);

    if (entry == NULL) {
        return;
    }
    if (api->is_draining) {
        ph_problem_respond(exchange, 503, "the server ends; try again", NULL);
        return;
    }
    struct ph_api_channel *channel = &api->channels[entry->index];
    int64_t last = parse_seq(ph_http_exchange_request(exchange)->last_event_id);
    if (channel->room == NULL) {
        channel->room = ph_sse_room_create(api->loop, api->params->stats[api->worker]);
    }
    ph_sse_room_join(channel->room, exchange, last >= 0 ? catch_up(channel, last) : greet(channel));
}

void ph_api_add_events(struct ph_overlay_api *api, struct ph_router *router)
{
    ph_router_add(router, 1U << PH_HTTP_GET, "/api/v1/channels/{}/events", handle_events, api);
}
