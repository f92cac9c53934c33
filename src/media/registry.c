/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which channel is meant: by its name for viewers, by its key for publishers that say nothing
 * else. Filled once from the config, only read after.
 */
#include <phien/media/registry.h>

#include <phien/core/mem.h>
#include <phien/core/secret.h>

#include <stdlib.h>
#include <string.h>

struct ph_registry {
    struct ph_registry_entry *entries;
    uint32_t *hashes; /* of the names, beside them so that a search touches little memory */
    size_t count;
};

/* FNV-1a, 32 bits. Only names from the config get a home, so a peer cannot choose collisions. */
static uint32_t hash_name(const char *name, size_t len)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (unsigned char)name[i]) * 16777619u;
    }
    return hash;
}

struct ph_registry *ph_registry_create(const struct ph_conf *conf, struct ph_stats *const *stats)
{
    struct ph_registry *registry = ph_new(struct ph_registry);

    registry->count = conf->channels_count;
    registry->entries = ph_new_array(struct ph_registry_entry, registry->count);
    registry->hashes = ph_new_array(uint32_t, registry->count);
    for (size_t i = 0; i < registry->count; i++) {
        const struct ph_conf_channel *channel = &conf->channels[i];
        uint32_t hash = hash_name(channel->name, strlen(channel->name));
        unsigned home = hash % conf->workers;
        registry->hashes[i] = hash;
        registry->entries[i] = (struct ph_registry_entry){
            .conf = channel,
            .channel = ph_channel_create(conf, channel, stats[home]),
            .home = home,
            .index = (unsigned)i,
        };
    }
    return registry;
}

void ph_registry_destroy(struct ph_registry **registry)
{
    struct ph_registry *r = *registry;

    *registry = NULL;
    if (r == NULL) {
        return;
    }
    for (size_t i = 0; i < r->count; i++) {
        ph_channel_destroy(&r->entries[i].channel);
    }
    free(r->hashes);
    free(r->entries);
    free(r);
}

const struct ph_registry_entry *ph_registry_find(const struct ph_registry *registry,
                                                 const char *name, size_t len)
{
    uint32_t hash = hash_name(name, len);

    for (size_t i = 0; i < registry->count; i++) {
        const char *ours = registry->entries[i].conf->name;
        if (registry->hashes[i] == hash && strlen(ours) == len && memcmp(ours, name, len) == 0) {
            return &registry->entries[i];
        }
    }
    return NULL;
}

const struct ph_registry_entry *ph_registry_find_by_key(const struct ph_registry *registry,
                                                        const char *key, size_t len)
{
    const struct ph_registry_entry *found = NULL;

    /* No early end: how long it takes must not tell which key was nearly right. */
    for (size_t i = 0; i < registry->count; i++) {
        if (ph_secret_equal(registry->entries[i].conf->key, key, len)) {
            found = &registry->entries[i];
        }
    }
    return found;
}

size_t ph_registry_count(const struct ph_registry *registry)
{
    return registry->count;
}

const struct ph_registry_entry *ph_registry_at(const struct ph_registry *registry, size_t index)
{
    return index < registry->count ? &registry->entries[index] : NULL;
}
