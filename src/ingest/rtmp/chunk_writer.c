/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages to chunks (RTMP 1.0 §5.3): the session's replies, and whatever publishes.
 */
#include "chunk.h"

#define EXTENDED 0xFFFFFF

void ph_rtmp_chunk_writer_init(struct ph_rtmp_chunk_writer *writer)
{
    *writer = (struct ph_rtmp_chunk_writer){.chunk_size = PH_RTMP_CHUNK_SIZE_DEFAULT};
}

/* The shortest header that says enough after what was sent before; 0 unless terse. */
static unsigned choose_fmt(const struct ph_rtmp_chunk_writer *writer,
                           const struct ph_rtmp_message *message, uint32_t *field)
{
    const struct ph_rtmp_chunk_sent *sent =
        &writer->sent[message->csid % PH_ARRAY_SIZE(writer->sent)];
    const struct ph_rtmp_message *last = &sent->message;
    uint32_t step = message->timestamp - last->timestamp;

    *field = message->timestamp;
    if (!writer->is_terse || last->csid != message->csid || last->msid != message->msid ||
        step > INT32_MAX) {
        return 0;
    }
    *field = step;
    if (last->len != message->len || last->type != message->type) {
        return 1;
    }
    return sent->field == step ? 3 : 2;
}

static void write_header(struct ph_writer *out, const struct ph_rtmp_message *message, unsigned fmt,
                         uint32_t field)
{
    ph_write_u8(out, (uint8_t)(fmt << 6 | message->csid));
    if (fmt < 3) {
        ph_write_u24(out, field < EXTENDED ? field : EXTENDED);
    }
    if (fmt < 2) {
        ph_write_u24(out, (uint32_t)message->len);
        ph_write_u8(out, message->type);
    }
    if (fmt == 0) {
        ph_write_u32le(out, message->msid);
    }
    if (field >= EXTENDED) {
        ph_write_u32(out, field);
    }
}

static void write_body(const struct ph_rtmp_chunk_writer *writer, struct ph_writer *out,
                       const struct ph_rtmp_message *message, uint32_t field)
{
    for (size_t pos = 0; pos < message->len;) {
        size_t left = message->len - pos;
        size_t len = left < writer->chunk_size ? left : writer->chunk_size;
        if (pos > 0) {
            write_header(out, message, 3, writer->omits_extended ? 0 : field);
        }
        ph_write_bytes(out, message->data + pos, len);
        pos += len;
    }
}

void ph_rtmp_chunk_write(struct ph_rtmp_chunk_writer *writer, struct ph_writer *out,
                         const struct ph_rtmp_message *message)
{
    uint32_t field = 0;

    PH_ASSERT(message->csid >= 2 && message->csid < 64);
    PH_ASSERT(message->len <= PH_RTMP_MESSAGE_MAX);
    unsigned fmt = choose_fmt(writer, message, &field);
    write_header(out, message, fmt, field);
    write_body(writer, out, message, field);

    struct ph_rtmp_chunk_sent *sent = &writer->sent[message->csid % PH_ARRAY_SIZE(writer->sent)];
    sent->message = *message;
    sent->message.data = NULL;
    sent->message.payload = NULL;
    /* After fmt 0 a reader takes the absolute time for the step: never leave that one out. */
    sent->field = fmt == 0 ? UINT32_MAX : field;
    if (message->type == PH_RTMP_SET_CHUNK_SIZE) {
        struct ph_reader in;
        ph_reader_init(&in, message->data, message->len);
        writer->chunk_size = ph_read_u32(&in);
    }
}
