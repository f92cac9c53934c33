/* SPDX-License-Identifier: Apache-2.0 */
#include "fragment.h"

#include <phien/core/bytes.h>

#define BOX(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))

struct sizes {
    uint32_t *values;
    size_t max;
    size_t count;
};

/* The next box's content. False: there is none. */
static bool read_box(struct ph_reader *in, uint32_t *type, struct ph_reader *content)
{
    uint32_t size = ph_read_u32(in);

    *type = ph_read_u32(in);
    if (in->failed || size < 8) {
        return false;
    }
    const uint8_t *data = ph_read_bytes(in, size - 8);
    if (data == NULL) {
        return false;
    }
    ph_reader_init(content, data, size - 8);
    return true;
}

static void skip_if(struct ph_reader *in, uint32_t flags, uint32_t flag, size_t bytes)
{
    if (flags & flag) {
        ph_read_skip(in, bytes);
    }
}

static uint32_t read_tfhd(struct ph_reader in, uint32_t *default_size)
{
    uint32_t flags = ph_read_u32(&in) & 0xffffff;
    uint32_t track = ph_read_u32(&in);

    skip_if(&in, flags, 0x01, 8);
    skip_if(&in, flags, 0x02, 4);
    skip_if(&in, flags, 0x08, 4);
    *default_size = flags & 0x10 ? ph_read_u32(&in) : 0;
    return track;
}

static void read_trun(struct ph_reader in, uint32_t default_size, struct sizes *sizes)
{
    uint32_t flags = ph_read_u32(&in) & 0xffffff;
    uint32_t count = ph_read_u32(&in);

    skip_if(&in, flags, 0x001, 4);
    skip_if(&in, flags, 0x004, 4);
    for (uint32_t i = 0; i < count && !in.failed; i++) {
        skip_if(&in, flags, 0x100, 4);
        uint32_t size = flags & 0x200 ? ph_read_u32(&in) : default_size;
        skip_if(&in, flags, 0x400, 4);
        skip_if(&in, flags, 0x800, 4);
        if (sizes->count < sizes->max) {
            sizes->values[sizes->count] = size;
        }
        sizes->count++;
    }
}

static void read_traf(struct ph_reader in, uint32_t wanted, struct sizes *sizes)
{
    struct ph_reader content;
    uint32_t type = 0;
    uint32_t track = 0;
    uint32_t default_size = 0;

    while (read_box(&in, &type, &content)) {
        if (type == BOX('t', 'f', 'h', 'd')) {
            track = read_tfhd(content, &default_size);
        } else if (type == BOX('t', 'r', 'u', 'n') && track == wanted) {
            read_trun(content, default_size, sizes);
        }
    }
}

size_t fragment_read_sizes(const void *data, size_t len, uint32_t track, uint32_t *values,
                           size_t max)
{
    struct sizes sizes = {.values = values, .max = max};
    struct ph_reader in;
    struct ph_reader moof;
    struct ph_reader traf;
    uint32_t type = 0;

    ph_reader_init(&in, data, len);
    while (read_box(&in, &type, &moof)) {
        while (type == BOX('m', 'o', 'o', 'f') && ph_reader_left(&moof) > 0) {
            uint32_t inner = 0;
            if (!read_box(&moof, &inner, &traf)) {
                break;
            }
            if (inner == BOX('t', 'r', 'a', 'f')) {
                read_traf(traf, track, &sizes);
            }
        }
    }
    return sizes.count;
}
