/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timed metadata in fragmented MP4: boxes that stand before a movie fragment. Version 1, whose
 * time is the media's and not an offset in a segment, is the only one that the scheme allows.
 */
#include "emsg.h"

static const char scheme[] = "https://aomedia.org/emsg/ID3";
static const char value[] = "";

enum {
    VERSION_1 = 1 << 24,
    DURATION_UNKNOWN = -1,
    /* Size, type, version and flags, time scale, time, duration, id. */
    FIXED_LEN = 4 + 4 + 4 + 4 + 8 + 4 + 4,
};

void ph_emsg_write(struct ph_writer *out, const struct ph_emsg *emsg)
{
    size_t rest = FIXED_LEN + sizeof(scheme) + sizeof(value);

    if (emsg->tag_len > UINT32_MAX - rest) {
        out->failed = true;
        return;
    }
    ph_write_u32(out, (uint32_t)(rest + emsg->tag_len));
    ph_write_text(out, "emsg");
    ph_write_u32(out, VERSION_1);
    ph_write_u32(out, emsg->timescale);
    ph_write_u64(out, emsg->time);
    ph_write_u32(out, (uint32_t)DURATION_UNKNOWN);
    ph_write_u32(out, emsg->id);
    ph_write_bytes(out, scheme, sizeof(scheme));
    ph_write_bytes(out, value, sizeof(value));
    ph_write_bytes(out, emsg->tag, emsg->tag_len);
}
