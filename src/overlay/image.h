/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_IMAGE_H
#define PHIEN_OVERLAY_IMAGE_H

#include "store.h"

#include <phien/core/buf.h>
#include <phien/net/loop.h>

/*
 * What kind of image these bytes are, by their content and never by a name; _NONE: none of ours.
 * Looks at the headers as far as width and height, which must be 1..8192 each.
 */
enum ph_image_type ph_image_sniff(const uint8_t *data, size_t len, unsigned *width,
                                  unsigned *height);

/* "image/jpeg" */
const char *ph_image_content_type(enum ph_image_type type);

/* "HASH.jpg" of the bytes: the first 128 bits of their SHA-256, in hex. */
void ph_image_name(char out[static 40], const uint8_t *data, size_t len, enum ph_image_type type);

/* The type that a name says, _NONE for what is no image's name. */
enum ph_image_type ph_image_name_type(const char *name, size_t len);

/*
 * The images that a worker served last, by channel and name, so that the thousands who see a card
 * at once do not each ask the store. The worker's thread.
 */
struct ph_image_cache;

struct ph_image_cache *ph_image_cache_create(size_t max_bytes);
void ph_image_cache_destroy(struct ph_image_cache **cache);

/* A reference of the caller's, or NULL. */
struct ph_buf *ph_image_cache_get(struct ph_image_cache *cache, const char *channel,
                                  const char *name);
/* Takes a reference of its own. */
void ph_image_cache_put(struct ph_image_cache *cache, const char *channel, const char *name,
                        struct ph_buf *bytes);

#endif
