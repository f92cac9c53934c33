/* SPDX-License-Identifier: Apache-2.0 */
#include "api_answer.h"

#include "message_json.h"

#include <phien/core/mem.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static char *dump(json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER);

    json_decref(json);
    PH_ASSERT(text != NULL);
    return text;
}

static json_t *describe_product(const struct ph_product *product)
{
    return product != NULL ? ph_message_json_own_product(product) : json_null();
}

char *ph_api_answer_product(int64_t seq, int64_t rev, const struct ph_product *product)
{
    return dump(json_pack("{s:I, s:I, s:o}", "seq", (json_int_t)seq, "rev", (json_int_t)rev,
                          "product", describe_product(product)));
}

static void add_place(json_t *json, const struct ph_desk_answer *answer)
{
    char pdt[32];

    if (!answer->is_placed) {
        json_object_set_new(json, "pdt", json_null());
        json_object_set_new(json, "msn", json_null());
        json_object_set_new(json, "part", json_null());
        return;
    }
    ph_clock_format_utc(answer->place.pdt, pdt);
    json_object_set_new(json, "pdt", json_string(pdt));
    json_object_set_new(json, "msn", json_integer(answer->place.msn));
    json_object_set_new(json, "part", json_integer(answer->place.part));
}

static void add_what_was_done(json_t *json, const struct ph_desk_write *write, const char *channel)
{
    const struct ph_desk_answer *answer = &write->answer;
    const struct ph_overlay_state *state = answer->state;

    switch (write->change.kind) {
    case PH_CHANGE_PUT_PRODUCT:
    case PH_CHANGE_PATCH_PRODUCT:
        json_object_set_new(json, "rev", json_integer(answer->rev));
        json_object_set_new(json, "product",
                            describe_product(ph_overlay_state_find(state, write->change.sku)));
        break;
    case PH_CHANGE_DELETE_PRODUCT:
        json_object_set_new(json, "rev", json_integer(answer->rev));
        break;
    case PH_CHANGE_IMPORT:
        json_object_set_new(json, "rev", json_integer(answer->rev));
        json_object_set_new(json, "products", json_integer((json_int_t)state->count));
        json_object_set_new(json, "dry_run", json_boolean(write->is_dry_run));
        break;
    case PH_CHANGE_SHOW_CARD:
        add_place(json, answer);
        json_object_set_new(json, "card", ph_message_json_card(state, channel));
        break;
    case PH_CHANGE_HIDE_CARD:
        add_place(json, answer);
        break;
    case PH_CHANGE_END_OFFER: /* nobody asked for it */
    case PH_CHANGE_NONE:
        break;
    }
}

char *ph_api_answer_write(const struct ph_desk_write *write, const char *channel)
{
    json_t *json = json_pack("{s:I}", "seq", (json_int_t)write->answer.seq);

    if (write->answer.is_replayed) {
        json_object_set_new(json, "replayed", json_true());
    } else {
        add_what_was_done(json, write, channel);
    }
    return dump(json);
}

char *ph_api_answer_image(const char *channel, const char *name, unsigned width, unsigned height,
                          size_t bytes)
{
    char path[160];

    snprintf(path, sizeof(path), "/api/v1/channels/%s/images/%s", channel, name);
    return dump(json_pack("{s:s, s:i, s:i, s:I}", "image", path, "width", (int)width, "height",
                          (int)height, "bytes", (json_int_t)bytes));
}
