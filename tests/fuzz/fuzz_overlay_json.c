/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies of the overlay's API. The first byte says which: p(ut), c(hange), s(how), i(mport). What
 * is accepted is done to a small shelf, and all that is said of it afterwards must be fit to be
 * carried.
 */
#include "overlay/message.h"
#include "overlay/message_json.h"
#include "overlay/message_text.h"

#include <phien/core/text.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define CHANNEL "cho"
#define NOW (INT64_C(1785837600) * PH_USEC_PER_S)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The state that `change`, which is used up, makes of `state`. */
static void must_apply(struct ph_overlay_state **state, struct ph_change *change)
{
    struct ph_overlay_state *next;
    struct ph_faults faults = {0};
    int err = ph_overlay_state_apply(*state, change, NOW, &next, &faults);

    PH_ASSERT(err == PH_OK);
    ph_change_fini(change);
    ph_overlay_state_unref(state);
    *state = next;
}

/* One product shown for less than it costs, one hidden. */
static struct ph_overlay_state *make_shelf(void)
{
    static const char products[] =
        "[{\"sku\":\"A1\",\"title\":\"Mận hậu\",\"price\":45000,\"unit\":\"kg\",\"stock\":12},"
        "{\"sku\":\"B2\",\"title\":\"Mật ong\",\"price\":180000,\"hidden\":true}]";
    static const char card[] = "{\"sku\":\"A1\",\"flash_price\":39000,\"note\":\"Chỉ hôm nay\"}";
    struct ph_overlay_state *state = ph_overlay_state_create();
    struct ph_faults faults = {0};
    struct ph_change change;
    int err = ph_change_read_import(&change, CHANNEL, products, sizeof(products) - 1, &faults);

    PH_ASSERT(err == PH_OK);
    must_apply(&state, &change);
    err = ph_change_read_card(&change, card, sizeof(card) - 1, NOW, &faults);
    PH_ASSERT(err == PH_OK);
    must_apply(&state, &change);
    return state;
}

static int read_body(struct ph_change *change, char kind, const void *body, size_t len,
                     struct ph_faults *faults)
{
    switch (kind) {
    case 'c':
        return ph_change_read_patch(change, CHANNEL, "A1", body, len, faults);
    case 's':
        return ph_change_read_card(change, body, len, NOW, faults);
    case 'i':
        return ph_change_read_import(change, CHANNEL, body, len, faults);
    default:
        return ph_change_read_put(change, CHANNEL, "A1", body, len, faults);
    }
}

static void check_utf8(const char *text)
{
    while (*text != '\0') {
        size_t len = ph_text_utf8_length(text);
        PH_ASSERT(len > 0);
        text += len;
    }
}

static void check_faults(const struct ph_faults *faults, int err)
{
    PH_ASSERT((err == PH_OK) == (faults->count == 0));
    for (size_t i = 0; i < faults->count && i < PH_FAULTS_MAX; i++) {
        PH_ASSERT(faults->items[i].detail[0] != '\0');
        check_utf8(faults->items[i].pointer);
        check_utf8(faults->items[i].detail);
    }
}

/* Takes `text` over. */
static void check_json(char *text)
{
    json_error_t error;
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);

    PH_ASSERT(json != NULL);
    json_decref(json);
    free(text);
}

static char *write_product(const struct ph_product *product)
{
    json_t *json = ph_message_json_own_product(product);
    char *text = ph_message_json_write(json);

    json_decref(json);
    return text;
}

static void check_attributes(const char *attributes)
{
    size_t quotes = 0;

    check_utf8(attributes);
    PH_ASSERT(strlen(attributes) <= PH_MESSAGE_ATTRIBUTES_BYTES_MAX);
    for (const char *c = attributes; *c != '\0'; c++) {
        PH_ASSERT((unsigned char)*c >= 0x20);
        PH_ASSERT(*c != '"' || quotes % 2 == 1 || c[-1] == '=');
        quotes += *c == '"';
    }
    PH_ASSERT(quotes % 2 == 0);
}

static void check_caption(const char *caption)
{
    size_t lines = 1;

    check_utf8(caption);
    for (const char *c = caption; *c != '\0'; c++) {
        PH_ASSERT((unsigned char)*c >= 0x20 || *c == '\n');
        lines += *c == '\n';
    }
    PH_ASSERT(lines <= 3);
}

static void check_cue(struct ph_cue *cue, size_t max)
{
    json_error_t error;
    json_t *json = json_loadb(cue->message, cue->message_len, JSON_REJECT_DUPLICATES, &error);

    PH_ASSERT(json != NULL && cue->message_len <= max);
    PH_ASSERT(strlen(cue->message) == cue->message_len);
    json_decref(json);
    if (cue->attributes != NULL) {
        check_attributes(cue->attributes);
    }
    if (cue->caption != NULL) {
        check_caption(cue->caption);
    }
    ph_cue_unref(&cue);
}

static void check_messages(const struct ph_overlay_state *state)
{
    check_json(ph_message_card(state, CHANNEL));
    check_json(ph_message_shelf(state, CHANNEL));
    check_json(ph_message_overlay(state, CHANNEL));
    check_json(ph_message_shelf_all(state));
    check_cue(ph_message_card_cue(state, CHANNEL), PH_CUE_CARD_BYTES_MAX);
    check_cue(ph_message_shelf_cue(state, CHANNEL), PH_CUE_SHELF_BYTES_MAX);
}

static void check_state(const struct ph_overlay_state *state)
{
    const struct ph_product *pinned = ph_overlay_state_pinned(state);

    PH_ASSERT(state->count <= PH_SHELF_PRODUCTS_MAX);
    PH_ASSERT(state->rev <= state->seq && state->card_seq <= state->seq);
    PH_ASSERT((state->card != NULL) == (pinned != NULL));
    PH_ASSERT(pinned == NULL || !pinned->is_hidden);
    PH_ASSERT(pinned == NULL || state->card->flash_price < pinned->price);
    for (size_t i = 0; i < state->count; i++) {
        const struct ph_product *product = state->products[i];
        PH_ASSERT(product->price >= 0 && product->stock >= PH_NO_NUMBER && product->sold >= 0);
        PH_ASSERT(i == 0 || state->products[i - 1]->position <= product->position);
        check_json(write_product(product));
        check_json(ph_message_stock(state, product));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ph_faults faults = {0};
    struct ph_overlay_state *shelf;
    struct ph_overlay_state *next;
    struct ph_change change;
    int err;

    if (size == 0) {
        return 0;
    }
    err = read_body(&change, (char)data[0], data + 1, size - 1, &faults);
    check_faults(&faults, err);
    if (err != PH_OK) {
        PH_ASSERT(change.kind == PH_CHANGE_NONE && change.products == NULL);
        return 0;
    }
    shelf = make_shelf();
    err = ph_overlay_state_apply(shelf, &change, NOW, &next, &faults);
    check_faults(&faults, err);
    if (err == PH_OK) {
        check_state(next);
        check_messages(next);
    }
    ph_overlay_state_unref(&next);
    ph_overlay_state_unref(&shelf);
    ph_change_fini(&change);
    return 0;
}
