/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a state to the bytes that readers get: rendered once, on the home, whoever asks how often.
 */
#include "picture.h"

#include "message.h"
#include "text_buf.h"

#include <phien/core/mem.h>
#include <phien/http/sse.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void format_etag(char out[static 24], int64_t number)
{
    snprintf(out, 24, "\"%" PRId64 "\"", number);
}

/* ---- what has changed ---- */

/* The one product of which nothing but its counts has changed; NULL: more has changed, or none. */
static const struct ph_product *find_recounted(const struct ph_overlay_state *before,
                                               const struct ph_overlay_state *after)
{
    const struct ph_product *found = NULL;

    if (before->count != after->count) {
        return NULL;
    }
    for (size_t i = 0; i < after->count; i++) {
        /* Counts do not change the order, so that what is elsewhere has changed otherwise. */
        const struct ph_product *a = before->products[i];
        const struct ph_product *b = after->products[i];
        if (a == b) {
            continue;
        }
        if (found != NULL || b->is_hidden || !ph_product_is_recounted(a, b)) {
            return NULL;
        }
        found = b;
    }
    return found;
}

/* ---- events ---- */

static void add_event(struct ph_picture *picture, const char *event, char *data)
{
    struct ph_buf *more = ph_sse_format(picture->state->seq, event, data);

    free(data);
    if (picture->events == NULL) {
        picture->events = more;
        return;
    }
    struct ph_buf *both = ph_buf_create(picture->events->len + more->len);
    memcpy(both->data, picture->events->data, picture->events->len);
    memcpy(both->data + picture->events->len, more->data, more->len);
    ph_buf_unref(&picture->events);
    ph_buf_unref(&more);
    picture->events = both;
    picture->has_many_events = true;
}

static void add_events(struct ph_picture *picture, const char *channel,
                       const struct ph_overlay_state *before)
{
    const struct ph_overlay_state *after = picture->state;

    if (after->card_seq != before->card_seq) {
        add_event(picture, "card", ph_message_card(after, channel));
    }
    if (after->rev == before->rev) {
        return;
    }
    const struct ph_product *recounted = find_recounted(before, after);
    if (recounted != NULL) {
        add_event(picture, "stock", ph_message_stock(after, recounted));
    } else {
        add_event(picture, "shelf", ph_message_shelf(after, channel));
    }
}

/* ---- the picture ---- */

struct ph_picture *ph_picture_create(const char *channel, struct ph_overlay_state *state,
                                     const struct ph_picture *before)
{
    struct ph_picture *picture = ph_new(struct ph_picture);
    bool has_shelf = before != NULL && before->state->rev == state->rev;
    bool has_card = before != NULL && before->state->card_seq == state->card_seq;

    atomic_init(&picture->refs, 1);
    picture->state = ph_overlay_state_ref(state);
    picture->overlay = ph_text_buf_wrap(ph_message_overlay(state, channel));
    picture->shelf =
        has_shelf ? ph_buf_ref(before->shelf) : ph_text_buf_wrap(ph_message_shelf(state, channel));
    picture->card =
        has_card ? ph_buf_ref(before->card) : ph_text_buf_wrap(ph_message_card(state, channel));
    format_etag(picture->overlay_etag, state->seq);
    format_etag(picture->shelf_etag, state->rev);
    format_etag(picture->card_etag, state->card_seq);
    if (before != NULL) {
        add_events(picture, channel, before->state);
    }
    return picture;
}

struct ph_picture *ph_picture_ref(struct ph_picture *picture)
{
    atomic_fetch_add_explicit(&picture->refs, 1, memory_order_relaxed);
    return picture;
}

void ph_picture_unref(struct ph_picture **ref)
{
    struct ph_picture *picture = *ref;

    *ref = NULL;
    if (picture == NULL || atomic_fetch_sub_explicit(&picture->refs, 1, memory_order_acq_rel) > 1) {
        return;
    }
    ph_overlay_state_unref(&picture->state);
    ph_buf_unref(&picture->overlay);
    ph_buf_unref(&picture->shelf);
    ph_buf_unref(&picture->card);
    ph_buf_unref(&picture->events);
    free(picture);
}

struct ph_buf *ph_picture_greeting(const struct ph_picture *picture)
{
    /* A wrapped text still has its NUL. */
    return ph_sse_format(picture->state->seq, "overlay", (const char *)picture->overlay->data);
}
