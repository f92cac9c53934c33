/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an upload is taken for. An image has sides that are allowed and begins as its type does; its
 * name says its type; and any bytes may be asked whether they are an image's name.
 */
#include <overlay/image.h>

#include <phien/core/err.h>

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const starts[] = {
    [PH_IMAGE_JPEG] = "\xFF\xD8\xFF",
    [PH_IMAGE_PNG] = "\x89PNG\r\n\x1A\n",
    [PH_IMAGE_WEBP] = "RIFF",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned width;
    unsigned height;
    char name[40];
    enum ph_image_type type = ph_image_sniff(data, size, &width, &height);

    (void)ph_image_name_type((const char *)data, size);
    if (type == PH_IMAGE_NONE) {
        PH_ASSERT(width == 0 && height == 0);
        return 0;
    }
    PH_ASSERT(width >= 1 && width <= 8192 && height >= 1 && height <= 8192);
    PH_ASSERT(memcmp(data, starts[type], strlen(starts[type])) == 0);
    ph_image_name(name, data, size, type);
    PH_ASSERT(ph_image_name_type(name, strlen(name)) == type);
    return 0;
}
