/* SPDX-License-Identifier: Apache-2.0 */
/* The card that is to be shown, as the API's users send it: which product, and what is special. */
#include "body.h"
#include "line.h"

#include <phien/core/rfc3339.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DURATION_S_MAX = 86400 };

static const ph_usec ends_in_max = 366 * 86400 * PH_USEC_PER_S;

struct reading {
    struct ph_change *change;
    struct ph_card card; /* texts borrowed of the body */
    ph_usec now;
    struct ph_faults *faults;
};

static void read_sku(struct reading *reading, json_t *value)
{
    const char *sku = json_string_value(value);

    if (sku == NULL || !ph_sku_is_valid(sku, strlen(sku))) {
        ph_faults_add(reading->faults, "/sku",
                      "is required: that of the product to show, 1 to 64 of A-Z a-z 0-9 . _ -");
        return;
    }
    reading->card.sku = sku;
}

static void read_flash_price(struct reading *reading, json_t *value)
{
    json_int_t price = json_integer_value(value);

    if (!json_is_integer(value) || price < 0 || price > PH_PRICE_MAX) {
        ph_faults_add(reading->faults, "/flash_price",
                      "must be a whole number of đồng, or of the currency's smallest unit, from 0, "
                      "and below the price");
        return;
    }
    reading->card.flash_price = price;
}

static void read_ends_at(struct reading *reading, json_t *value)
{
    const char *text = json_string_value(value);
    ph_usec at;

    if (text == NULL || !ph_rfc3339_parse(text, &at)) {
        ph_faults_add(reading->faults, "/ends_at",
                      "must be a time with its zone, such as 2026-08-04T20:00:00+07:00");
        return;
    }
    if (at <= reading->now || at - reading->now > ends_in_max) {
        char now[32];
        ph_clock_format_utc(reading->now, now);
        ph_faults_add(reading->faults, "/ends_at",
                      "must lie in the future, at most a year: it is %s now", now);
        return;
    }
    reading->card.ends_at = at;
}

static void read_note(struct reading *reading, json_t *value)
{
    const char *note = json_string_value(value);
    size_t chars;

    if (note == NULL || !ph_line_is_valid(note, &chars) || chars > PH_NOTE_CHARS_MAX) {
        ph_faults_add(reading->faults, "/note",
                      "must be a text of at most %d characters in one line", PH_NOTE_CHARS_MAX);
        return;
    }
    reading->card.note = note;
}

static void read_duration(struct reading *reading, json_t *value)
{
    json_int_t seconds = json_integer_value(value);

    if (!json_is_integer(value) || seconds < 1 || seconds > DURATION_S_MAX) {
        ph_faults_add(reading->faults, "/duration_s",
                      "must be a whole number of seconds from 1 to %d, or left out",
                      DURATION_S_MAX);
        return;
    }
    reading->change->duration = seconds * PH_USEC_PER_S;
}

static const struct {
    const char *name;
    void (*read)(struct reading *reading, json_t *value);
} members[] = {
    {"sku", read_sku},   {"flash_price", read_flash_price}, {"ends_at", read_ends_at},
    {"note", read_note}, {"duration_s", read_duration},
};

/* All that are known are taken out of `root`; null is as if it were left out. */
static void read_members(struct reading *reading, json_t *root)
{
    const char *name;
    json_t *value;

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        value = json_object_get(root, members[i].name);
        if ((value != NULL && !json_is_null(value)) || members[i].read == read_sku) {
            members[i].read(reading, value);
        }
    }
    json_object_foreach(root, name, value)
    {
        size_t i = 0;
        while (i < sizeof(members) / sizeof(members[0]) && strcmp(members[i].name, name) != 0) {
            i++;
        }
        if (i == sizeof(members) / sizeof(members[0])) {
            ph_faults_add_member(reading->faults, "", name,
                                 "is no member: sku flash_price ends_at note duration_s are");
        }
    }
}

int ph_change_read_card(struct ph_change *out, const void *body, size_t len, ph_usec now,
                        struct ph_faults *faults)
{
    struct reading reading = {.change = out, .now = now, .faults = faults};
    json_t *root;
    int err;

    ph_change_init(out, PH_CHANGE_NONE);
    err = ph_body_parse_object(&root, body, len, faults);
    if (err != PH_OK) {
        return err;
    }
    ph_change_init(out, PH_CHANGE_SHOW_CARD);
    reading.card = (struct ph_card){.sku = "",
                                    .note = "",
                                    .flash_price = PH_NO_NUMBER,
                                    .ends_at = PH_USEC_NEVER,
                                    .hides_at = PH_USEC_NEVER};
    read_members(&reading, root);
    snprintf(out->sku, sizeof(out->sku), "%s", reading.card.sku);
    out->card = ph_card_create(&reading.card);
    json_decref(root);
    return ph_change_end(out, faults);
}
