/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_MEDIA_REGISTRY_H
#define PHIEN_MEDIA_REGISTRY_H

#include <phien/media/channel.h>

/*
 * The channels of the config, by name and by key. Built before the first worker starts and
 * immutable until the last has ended, so any thread may look up; what is found is used on its
 * home's thread only.
 */
struct ph_registry;

struct ph_registry_entry {
    const struct ph_conf_channel *conf;
    struct ph_channel *channel;
    unsigned home;  /* index of the worker that owns the channel, by hash of its name */
    unsigned index; /* position among all entries, for arrays beside the registry */
};

/* Creates the channels; stats[home] counts for the channels of that home. */
struct ph_registry *ph_registry_create(const struct ph_conf *conf, struct ph_stats *const *stats);
void ph_registry_destroy(struct ph_registry **registry);

/* NULL: no such channel. `len` bytes, not NUL-terminated, whatever a peer sent. */
const struct ph_registry_entry *ph_registry_find(const struct ph_registry *registry,
                                                 const char *name, size_t len);

/*
 * The channel whose key this is, or NULL. Every key is compared, each in constant time.
 */
const struct ph_registry_entry *ph_registry_find_by_key(const struct ph_registry *registry,
                                                        const char *key, size_t len);

size_t ph_registry_count(const struct ph_registry *registry);
const struct ph_registry_entry *ph_registry_at(const struct ph_registry *registry, size_t index);

#endif
