/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timed metadata as players of HLS read it in every carrier: an ID3v2.4 tag, here of one frame
 * with a description, which names the application, and a text.
 */
#include "id3.h"

#include <string.h>

enum {
    FRAME_HEADER = 10,
    UTF_8 = 3,
    MAX_SYNCSAFE = (1 << 28) - 1,
};

/* Seven bits a byte, so that no size looks like the sync word of MPEG audio. */
static void write_syncsafe(struct ph_writer *out, size_t v)
{
    ph_write_u8(out, v >> 21 & 0x7f);
    ph_write_u8(out, v >> 14 & 0x7f);
    ph_write_u8(out, v >> 7 & 0x7f);
    ph_write_u8(out, v & 0x7f);
}

void ph_id3_write_txxx(struct ph_writer *out, const char *description, const char *text, size_t len)
{
    size_t description_len = strlen(description);

    if (len > MAX_SYNCSAFE || description_len > MAX_SYNCSAFE - len ||
        description_len + len > MAX_SYNCSAFE - FRAME_HEADER - 2) {
        out->failed = true;
        return;
    }
    size_t body = 1 + description_len + 1 + len;
    ph_write_bytes(out, "ID3\x04\x00\x00", 6);
    write_syncsafe(out, FRAME_HEADER + body);
    ph_write_text(out, "TXXX");
    write_syncsafe(out, body);
    ph_write_u16(out, 0);
    ph_write_u8(out, UTF_8);
    ph_write_bytes(out, description, description_len + 1);
    ph_write_bytes(out, text, len);
}
