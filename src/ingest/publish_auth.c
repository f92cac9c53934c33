/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may publish to what. Phone apps have one field for the address and one for "the key", and
 * people put things where there is room, so every part of the path may be the channel's name or
 * its key:
 *
 *   live/sinho?key=KEY    sinho?key=KEY    live/KEY    KEY    live/sinho/KEY
 *
 * The key decides. A name that belongs to another channel than the key refuses, since then one
 * of the two is a mistake and the wrong channel would be on air.
 */
#include "publisher.h"

#include <phien/core/query.h>

#include <string.h>

enum { KEY_MAX = 128 };

struct candidates {
    const struct ph_registry_entry *by_name;
    const struct ph_registry_entry *by_key;
    bool has_two_names;
};

static void look_at(struct candidates *found, const struct ph_registry *registry, const char *text,
                    size_t len)
{
    const struct ph_registry_entry *by_name = ph_registry_find(registry, text, len);
    const struct ph_registry_entry *by_key = ph_registry_find_by_key(registry, text, len);

    if (by_key != NULL) {
        found->by_key = by_key;
    } else if (by_name != NULL) {
        found->has_two_names |= found->by_name != NULL && found->by_name != by_name;
        found->by_name = by_name;
    }
}

enum ph_close_reason ph_publish_authorise(const struct ph_registry *registry, const char *path,
                                          const char *query, const struct ph_registry_entry **entry)
{
    static const char app[] = "live/";
    struct candidates found = {NULL, NULL, false};
    char key[KEY_MAX + 1];

    /* Even where a channel bears the name, what stands before the slash is the application. */
    if (strncmp(path, app, strlen(app)) == 0) {
        path += strlen(app);
    }
    while (*path != '\0') {
        size_t len = strcspn(path, "/");
        if (len > 0 && len <= KEY_MAX) {
            look_at(&found, registry, path, len);
        }
        path += len;
        path += *path == '/';
    }
    if (ph_query_get(query, "key", key, sizeof(key))) {
        const struct ph_registry_entry *by_key =
            ph_registry_find_by_key(registry, key, strlen(key));
        found.by_key = by_key != NULL ? by_key : found.by_key;
    }
    *entry = found.by_name != NULL ? found.by_name : found.by_key;
    if (found.by_key == NULL) {
        return found.by_name != NULL ? PH_CLOSE_BAD_KEY : PH_CLOSE_UNKNOWN_CHANNEL;
    }
    if (found.has_two_names || (found.by_name != NULL && found.by_name != found.by_key)) {
        return PH_CLOSE_BAD_KEY;
    }
    return PH_CLOSE_NONE;
}

const char *ph_publish_channel_named(const struct ph_publish_hub *hub, const char *path)
{
    const struct ph_registry_entry *entry = NULL;

    (void)ph_publish_authorise(ph_publish_hub_registry(hub), path, "", &entry);
    return entry != NULL ? entry->conf->name : NULL;
}
