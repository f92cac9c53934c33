/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_LINK_H
#define PHIEN_OVERLAY_LINK_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Where "buy" goes: an http or https address without blanks, quotes and braces, but for {sku} and
 * {channel}. Letters beyond ASCII may stand in it, as people copy them out of their browser.
 */
bool ph_link_is_valid(const char *url);

/* The same with both filled in: its length, as snprintf tells it. */
size_t ph_link_fill(char *out, size_t size, const char *url, const char *sku, const char *channel);

/*
 * Where a picture is: an https address (a page that came by https loads no other), or the path of
 * an image that was uploaded to the channel: "/api/v1/channels/CHANNEL/images/HASH.jpg".
 */
bool ph_link_is_image(const char *image, const char *channel);

#endif
