/* SPDX-License-Identifier: Apache-2.0 */
/* A state in words: the answers of the API and the server-sent events. For cues see message_cue.c.
 */
#include "message.h"

#include "message_json.h"

static char *finish(json_t *message)
{
    char *text = ph_message_json_write(message);

    json_decref(message);
    return text;
}

static void add(json_t *message, const char *name, json_t *value)
{
    (void)json_object_set_new(message, name, value);
}

char *ph_message_card(const struct ph_overlay_state *state, const char *channel)
{
    json_t *message = ph_message_json_begin(state->card_seq);

    add(message, "card", ph_message_json_card(state, channel));
    return finish(message);
}

char *ph_message_shelf(const struct ph_overlay_state *state, const char *channel)
{
    json_t *message = ph_message_json_begin(state->rev);

    add(message, "rev", json_integer(state->rev));
    add(message, "shelf", ph_message_json_shelf(state, channel));
    return finish(message);
}

char *ph_message_overlay(const struct ph_overlay_state *state, const char *channel)
{
    json_t *message = ph_message_json_begin(state->seq);

    add(message, "rev", json_integer(state->rev));
    add(message, "card", ph_message_json_card(state, channel));
    add(message, "shelf", ph_message_json_shelf(state, channel));
    return finish(message);
}

char *ph_message_stock(const struct ph_overlay_state *state, const struct ph_product *product)
{
    json_t *message = ph_message_json_begin(state->seq);

    add(message, "sku", json_string(product->sku));
    if (product->stock != PH_NO_NUMBER) {
        add(message, "stock", json_integer(product->stock));
    }
    add(message, "sold", json_integer(product->sold));
    return finish(message);
}

char *ph_message_shelf_all(const struct ph_overlay_state *state)
{
    json_t *message = ph_message_json_begin(state->seq);
    json_t *shelf = json_array();

    for (size_t i = 0; i < state->count; i++) {
        (void)json_array_append_new(shelf, ph_message_json_own_product(state->products[i]));
    }
    add(message, "rev", json_integer(state->rev));
    add(message, "shelf", shelf);
    return finish(message);
}
