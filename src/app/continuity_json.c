/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of the state file. An operator may have edited it, a disk may have spoilt it, another
 * phien may have written it: nothing in it is believed that the server could not go on from.
 */
#include "continuity_json.h"

#include <phien/core/log.h>
#include <phien/core/mem.h>
#include <phien/core/rfc3339.h>

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* Larger ones players cannot take, and no server has come to them. */
enum { NUMBER_MAX = INT32_MAX / 2 };

static bool read_number(const json_t *object, const char *key, int64_t *out)
{
    const json_t *value = json_object_get(object, key);

    *out = json_integer_value(value);
    return json_is_integer(value) && *out >= 0 && *out <= NUMBER_MAX;
}

static bool read_entry(const json_t *object, struct ph_continuity_entry *out)
{
    const char *noted_at = json_string_value(json_object_get(object, "noted_at"));
    const char *slate = json_string_value(json_object_get(object, "slate"));
    const json_t *live = json_object_get(object, "live");

    if (noted_at == NULL || !ph_rfc3339_parse(noted_at, &out->noted_at) || slate == NULL ||
        !json_is_boolean(live)) {
        return false;
    }
    out->record.is_live = json_is_true(live);
    out->record.slate = ph_slate_form_named(slate);
    return read_number(object, "next_msn", &out->record.next_msn) &&
           read_number(object, "next_discontinuity", &out->record.next_discontinuity);
}

static void read_channels(const json_t *channels, const struct ph_registry *registry,
                          struct ph_continuity_entry *entries)
{
    for (size_t i = 0; i < ph_registry_count(registry); i++) {
        const char *name = ph_registry_at(registry, i)->conf->name;
        const json_t *object = json_object_get(channels, name);
        struct ph_continuity_entry entry = {.noted_at = 0};
        if (object == NULL) {
            continue;
        }
        if (read_entry(object, &entry)) {
            entries[i] = entry;
        } else {
            ph_log_warn("state.unreadable", ph_kv("channel", name),
                        ph_kv("reason", "its entry is not as it should be"));
        }
    }
}

static int read_document(const json_t *root, const struct ph_registry *registry,
                         struct ph_continuity_entry *entries,
                         char reason[static PH_CONTINUITY_REASON])
{
    const json_t *version = json_object_get(root, "version");
    const json_t *channels = json_object_get(root, "channels");

    if (!json_is_integer(version) || json_integer_value(version) < 1) {
        snprintf(reason, PH_CONTINUITY_REASON, "it has no version");
        return PH_EPROTO;
    }
    if (json_integer_value(version) != PH_CONTINUITY_VERSION) {
        snprintf(reason, PH_CONTINUITY_REASON, "it is of version %lld, of a newer phien",
                 (long long)json_integer_value(version));
        return PH_EUNSUPPORTED;
    }
    if (!json_is_object(channels)) {
        snprintf(reason, PH_CONTINUITY_REASON, "it has no channels");
        return PH_EPROTO;
    }
    read_channels(channels, registry, entries);
    return PH_OK;
}

int ph_continuity_json_read(const char *text, size_t len, const struct ph_registry *registry,
                            struct ph_continuity_entry *entries,
                            char reason[static PH_CONTINUITY_REASON])
{
    json_error_t error;
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);

    if (root == NULL) {
        snprintf(reason, PH_CONTINUITY_REASON, "line %d: %s", error.line, error.text);
        return PH_EPROTO;
    }
    int err = read_document(root, registry, entries, reason);
    json_decref(root);
    return err;
}

static json_t *write_entry(const struct ph_continuity_entry *entry)
{
    char noted_at[32];

    ph_clock_format_utc(entry->noted_at, noted_at);
    return json_pack("{s:s, s:b, s:s, s:I, s:I}", "noted_at", noted_at, "live",
                     (int)entry->record.is_live, "slate", ph_slate_form_name(entry->record.slate),
                     "next_msn", (json_int_t)entry->record.next_msn, "next_discontinuity",
                     (json_int_t)entry->record.next_discontinuity);
}

static char *end_line(char *text)
{
    size_t len = strlen(text);

    text = ph_realloc_array(text, len + 2, 1);
    memcpy(text + len, "\n", 2);
    return text;
}

char *ph_continuity_json_write(const struct ph_registry *registry,
                               const struct ph_continuity_entry *entries, ph_usec wall)
{
    json_t *channels = json_object();
    char written_at[32];
    int failures = 0;

    for (size_t i = 0; i < ph_registry_count(registry); i++) {
        if (entries[i].noted_at != 0) {
            failures += json_object_set_new(channels, ph_registry_at(registry, i)->conf->name,
                                            write_entry(&entries[i])) != 0;
        }
    }
    ph_clock_format_utc(wall, written_at);
    json_t *root = json_pack("{s:i, s:s, s:o}", "version", PH_CONTINUITY_VERSION, "written_at",
                             written_at, "channels", channels);
    char *text = failures == 0 && root != NULL ? json_dumps(root, JSON_INDENT(2)) : NULL;
    json_decref(root);
    return text != NULL ? end_line(text) : NULL;
}
