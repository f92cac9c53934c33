/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table in the order of use: uthash keeps its entries in the order in which they were added, so
 * one that is taken out and added again is the newest, and the first is the one to go.
 */
#include "image.h"

#include <phien/core/mem.h>

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* What an entry costs beside its bytes, roughly: an image of 100 bytes is not free. */
enum { ENTRY_BYTES = 256 };

struct entry {
    struct ph_buf *bytes;
    UT_hash_handle hh;
    char key[]; /* "CHANNEL/NAME" */
};

struct ph_image_cache {
    struct entry *entries; /* the one used longest ago first */
    size_t bytes;
    size_t max_bytes;
};

struct ph_image_cache *ph_image_cache_create(size_t max_bytes)
{
    struct ph_image_cache *cache = ph_new(struct ph_image_cache);

    cache->max_bytes = max_bytes;
    return cache;
}

static size_t cost_of(const struct ph_buf *bytes)
{
    return bytes->len + ENTRY_BYTES;
}

static void remove_entry(struct ph_image_cache *cache, struct entry *entry)
{
    HASH_DEL(cache->entries, entry); /* NOLINT(clang-analyzer-*): it is in it, and no other is */
    cache->bytes -= cost_of(entry->bytes);
    ph_buf_unref(&entry->bytes);
    free(entry);
}

void ph_image_cache_destroy(struct ph_image_cache **ref)
{
    struct ph_image_cache *cache = *ref;

    *ref = NULL;
    if (cache != NULL) {
        while (cache->entries != NULL) {
            remove_entry(cache, cache->entries);
        }
        free(cache);
    }
}

static struct entry *create_entry(const char *channel, const char *name)
{
    size_t channel_len = strlen(channel);
    size_t name_len = strlen(name);
    struct entry *entry = ph_alloc(sizeof(*entry) + channel_len + name_len + 2);

    memcpy(entry->key, channel, channel_len);
    entry->key[channel_len] = '/';
    memcpy(entry->key + channel_len + 1, name, name_len);
    return entry;
}

static struct entry *find_entry(struct ph_image_cache *cache, const char *channel, const char *name)
{
    struct entry *like = create_entry(channel, name);
    struct entry *entry = NULL;

    HASH_FIND_STR(cache->entries, like->key, entry);
    free(like);
    return entry;
}

struct ph_buf *ph_image_cache_get(struct ph_image_cache *cache, const char *channel,
                                  const char *name)
{
    struct entry *entry = find_entry(cache, channel, name);

    if (entry == NULL) {
        return NULL;
    }
    HASH_DEL(cache->entries, entry);
    HASH_ADD_STR(cache->entries, key, entry);
    return ph_buf_ref(entry->bytes);
}

void ph_image_cache_put(struct ph_image_cache *cache, const char *channel, const char *name,
                        struct ph_buf *bytes)
{
    struct entry *entry = find_entry(cache, channel, name);

    if (cost_of(bytes) > cache->max_bytes) {
        return;
    }
    if (entry != NULL) {
        remove_entry(cache, entry);
    }
    while (cache->bytes + cost_of(bytes) > cache->max_bytes) {
        remove_entry(cache, cache->entries); /* NOLINT(clang-analyzer-unix.Malloc): the next one */
    }
    entry = create_entry(channel, name);
    entry->bytes = ph_buf_ref(bytes);
    cache->bytes += cost_of(bytes);
    HASH_ADD_STR(cache->entries, key, entry); /* NOLINT(clang-analyzer-unix.Malloc): see there */
}
