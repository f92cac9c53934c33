/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that sellers write, which will stand in JSON, in attributes, in HTML and in HTTP. */
#include "link.h"

#include "line.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

static const char *placeholder_of(const char *at, const char *sku, const char *channel, size_t *len)
{
    if (strncmp(at, "{sku}", 5) == 0) {
        *len = 5;
        return sku;
    }
    if (strncmp(at, "{channel}", 9) == 0) {
        *len = 9;
        return channel;
    }
    return NULL;
}

/* The bytes behind "http://" or "https://"; NULL for all else. */
static const char *skip_scheme(const char *url, bool needs_tls)
{
    if (strncasecmp(url, "https://", 8) == 0) {
        return url + 8;
    }
    return !needs_tls && strncasecmp(url, "http://", 7) == 0 ? url + 7 : NULL;
}

/* A host, and no name and password before it, which hide where an address really goes. */
static bool has_host(const char *rest)
{
    size_t len = strcspn(rest, "/?#");

    return len > 0 && rest[0] != ':' && memchr(rest, '@', len) == NULL;
}

static bool is_address(const char *url, bool needs_tls, bool may_fill)
{
    const char *rest = skip_scheme(url, needs_tls);
    size_t chars;

    if (rest == NULL || !has_host(rest) || !ph_line_is_valid(url, &chars)) {
        return false;
    }
    for (size_t len = 1; *rest != '\0'; rest += len, len = 1) {
        if (may_fill && placeholder_of(rest, "", "", &len) != NULL) {
            continue;
        }
        if (strchr(" \"<>\\`{}", *rest) != NULL) {
            return false;
        }
    }
    return true;
}

bool ph_link_is_valid(const char *url)
{
    return is_address(url, false, true);
}

size_t ph_link_fill(char *out, size_t size, const char *url, const char *sku, const char *channel)
{
    size_t used = 0;

    for (size_t len = 1; *url != '\0'; url += len, len = 1) {
        const char *value = placeholder_of(url, sku, channel, &len);
        size_t value_len = value != NULL ? strlen(value) : 1;
        if (used + value_len < size) {
            memcpy(out + used, value != NULL ? value : url, value_len);
        }
        used += value_len;
    }
    if (size > 0) {
        out[used < size ? used : size - 1] = '\0';
    }
    return used;
}

static bool is_image_name(const char *name)
{
    static const char *const endings[] = {".jpg", ".png", ".webp"};

    if (strspn(name, "0123456789abcdef") != 32) {
        return false;
    }
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        if (strcmp(name + 32, endings[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool ph_link_is_image(const char *image, const char *channel)
{
    static const char before[] = "/api/v1/channels/";
    static const char behind[] = "/images/";
    size_t len = strlen(channel);

    if (image[0] != '/') {
        return is_address(image, true, false);
    }
    if (strncmp(image, before, sizeof(before) - 1) != 0) {
        return false;
    }
    image += sizeof(before) - 1;
    if (strncmp(image, channel, len) != 0 ||
        strncmp(image + len, behind, sizeof(behind) - 1) != 0) {
        return false;
    }
    return is_image_name(image + len + sizeof(behind) - 1);
}
