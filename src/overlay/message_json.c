/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state's pieces in JSON. What is the same is written in the same bytes each time: players know
 * by them that nothing is new.
 */
#include "message_json.h"

#include "link.h"

#include <string.h>

enum { HOW = JSON_COMPACT };

static void add_text(json_t *object, const char *name, const char *text)
{
    if (text[0] != '\0') {
        (void)json_object_set_new(object, name, json_string(text));
    }
}

static void add_number(json_t *object, const char *name, int64_t number)
{
    if (number != PH_NO_NUMBER) {
        (void)json_object_set_new(object, name, json_integer(number));
    }
}

static void add_time(json_t *object, const char *name, ph_usec at)
{
    char text[32];

    if (at != PH_USEC_NEVER) {
        ph_clock_format_utc(at, text);
        add_text(object, name, text);
    }
}

json_t *ph_message_json_begin(int64_t seq)
{
    return json_pack("{s:s,s:I}", "v", "phien.overlay/1", "seq", (json_int_t)seq);
}

static json_t *write_product(const struct ph_product *product, const char *url)
{
    json_t *object = json_object();

    add_text(object, "sku", product->sku);
    add_text(object, "title", product->title);
    add_number(object, "price", product->price);
    add_number(object, "original_price", product->original_price);
    add_text(object, "currency", product->currency);
    add_text(object, "unit", product->unit);
    add_text(object, "image", product->image);
    add_text(object, "url", url);
    add_number(object, "stock", product->stock);
    add_number(object, "sold", product->sold);
    add_text(object, "badge", product->badge);
    add_text(object, "origin", product->origin);
    return object;
}

json_t *ph_message_json_product(const struct ph_product *product, const char *channel)
{
    char url[PH_URL_BYTES_MAX + 1];
    size_t len = ph_link_fill(url, sizeof(url), product->url, product->sku, channel);

    /* Half an address leads nowhere. */
    return write_product(product, len < sizeof(url) ? url : "");
}

json_t *ph_message_json_own_product(const struct ph_product *product)
{
    json_t *object = write_product(product, product->url);

    add_number(object, "position", product->position);
    if (product->is_hidden) {
        (void)json_object_set_new(object, "hidden", json_true());
    }
    return object;
}

json_t *ph_message_json_card(const struct ph_overlay_state *state, const char *channel)
{
    const struct ph_product *product = ph_overlay_state_pinned(state);
    const struct ph_card *card = state->card;
    json_t *object;

    if (product == NULL) {
        return json_null();
    }
    object = ph_message_json_product(product, channel);
    add_number(object, "flash_price", card->flash_price);
    add_time(object, "ends_at", card->ends_at);
    add_text(object, "note", card->note);
    add_time(object, "shown_at", card->shown_at);
    add_time(object, "hides_at", card->hides_at);
    return object;
}

json_t *ph_message_json_shelf(const struct ph_overlay_state *state, const char *channel)
{
    json_t *shelf = json_array();

    for (size_t i = 0; i < state->count; i++) {
        if (!state->products[i]->is_hidden) {
            (void)json_array_append_new(shelf,
                                        ph_message_json_product(state->products[i], channel));
        }
    }
    return shelf;
}

char *ph_message_json_write(const json_t *message)
{
    char *text = json_dumps(message, HOW);

    PH_ASSERT(text != NULL);
    return text;
}

size_t ph_message_json_size(const json_t *message)
{
    return json_dumpb(message, NULL, 0, HOW);
}
