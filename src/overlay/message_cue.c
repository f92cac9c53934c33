/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state as cues, which go into the stream and so must be small. A cue's seq is that of its own
 * last change: until something of it changes it is the same cue, also after a restart.
 */
#include "message.h"

#include "message_json.h"
#include "message_text.h"

#include <stdlib.h>

/* What a card can do without, in this order. The rest is always short enough: all its texts are. */
static const char *const spare[] = {"origin", "badge", "note", "image", "url"};

struct ph_cue *ph_message_card_cue(const struct ph_overlay_state *state, const char *channel)
{
    json_t *message = ph_message_json_begin(state->card_seq);
    json_t *card = ph_message_json_card(state, channel);
    char *caption = ph_message_caption(state);
    char *attributes = ph_message_attributes(state, channel);
    struct ph_cue *cue;
    char *text;

    (void)json_object_set_new(message, "card", card);
    for (size_t i = 0; i < sizeof(spare) / sizeof(spare[0]) &&
                       ph_message_json_size(message) > PH_CUE_CARD_BYTES_MAX;
         i++) {
        (void)json_object_del(card, spare[i]);
    }
    text = ph_message_json_write(message);
    cue = ph_cue_create(PH_CUE_CARD, state->card_seq, text, caption, attributes);
    free(text);
    free(attributes);
    free(caption);
    json_decref(message);
    return cue;
}

static void delete_from_all(json_t *shelf, const char *name)
{
    for (size_t i = 0; i < json_array_size(shelf); i++) {
        (void)json_object_del(json_array_get(shelf, i), name);
    }
}

/* As many from the front as fit, and word that there are more. */
static void cut(json_t *message, json_t *shelf)
{
    size_t size;
    size_t count = json_array_size(shelf);

    (void)json_object_set_new(message, "more", json_true());
    size = ph_message_json_size(message);
    while (size > PH_CUE_SHELF_BYTES_MAX && count > 0) {
        count--;
        size -= ph_message_json_size(json_array_get(shelf, count)) + (count > 0 ? 1 : 0);
        (void)json_array_remove(shelf, count);
    }
}

struct ph_cue *ph_message_shelf_cue(const struct ph_overlay_state *state, const char *channel)
{
    json_t *message = ph_message_json_begin(state->rev);
    json_t *shelf = ph_message_json_shelf(state, channel);
    struct ph_cue *cue;
    char *text;

    (void)json_object_set_new(message, "rev", json_integer(state->rev));
    (void)json_object_set_new(message, "shelf", shelf);
    if (ph_message_json_size(message) > PH_CUE_SHELF_BYTES_MAX) {
        delete_from_all(shelf, "url");
    }
    if (ph_message_json_size(message) > PH_CUE_SHELF_BYTES_MAX) {
        delete_from_all(shelf, "image");
    }
    if (ph_message_json_size(message) > PH_CUE_SHELF_BYTES_MAX) {
        cut(message, shelf);
    }
    text = ph_message_json_write(message);
    cue = ph_cue_create(PH_CUE_SHELF, state->rev, text, NULL, NULL);
    free(text);
    json_decref(message);
    return cue;
}
