/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an uploaded picture is called: by its content, so that the same one twice is one, and a
 * name never means another picture.
 */
#include "image.h"

#include <libavutil/mem.h>
#include <libavutil/sha.h>
#include <string.h>

enum { HASH_BYTES = 16, HASH_DIGITS = 2 * HASH_BYTES, SHA256_BYTES = 32 };

static const struct {
    const char *extension;
    const char *content_type;
} kinds[] = {
    [PH_IMAGE_JPEG] = {".jpg", "image/jpeg"},
    [PH_IMAGE_PNG] = {".png", "image/png"},
    [PH_IMAGE_WEBP] = {".webp", "image/webp"},
};

const char *ph_image_content_type(enum ph_image_type type)
{
    return type != PH_IMAGE_NONE ? kinds[type].content_type : "application/octet-stream";
}

static void hash(uint8_t out[static SHA256_BYTES], const uint8_t *data, size_t len)
{
    struct AVSHA *sha = av_sha_alloc();

    PH_ASSERT(sha != NULL);
    av_sha_init(sha, 8 * SHA256_BYTES);
    av_sha_update(sha, data, len);
    av_sha_final(sha, out);
    av_free(sha);
}

void ph_image_name(char out[static 40], const uint8_t *data, size_t len, enum ph_image_type type)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t sum[SHA256_BYTES];

    PH_ASSERT(type != PH_IMAGE_NONE);
    hash(sum, data, len);
    for (size_t i = 0; i < HASH_BYTES; i++) {
        out[2 * i] = digits[sum[i] >> 4];
        out[2 * i + 1] = digits[sum[i] & 15];
    }
    memcpy(out + HASH_DIGITS, kinds[type].extension, strlen(kinds[type].extension) + 1);
}

static bool is_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

enum ph_image_type ph_image_name_type(const char *name, size_t len)
{
    for (size_t i = 0; i < HASH_DIGITS; i++) {
        if (i >= len || !is_digit(name[i])) {
            return PH_IMAGE_NONE;
        }
    }
    for (enum ph_image_type type = PH_IMAGE_JPEG; type <= PH_IMAGE_WEBP; type++) {
        size_t size = strlen(kinds[type].extension);
        if (len == HASH_DIGITS + size &&
            memcmp(name + HASH_DIGITS, kinds[type].extension, size) == 0) {
            return type;
        }
    }
    return PH_IMAGE_NONE;
}
