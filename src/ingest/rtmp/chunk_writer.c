/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages to chunks (RTMP 1.0 §5.3): the session's replies, and whatever publishes.
 */
#include "chunk.h"

void ph_rtmp_chunk_writer_init(struct ph_rtmp_chunk_writer *writer)
{
    *writer = (struct ph_rtmp_chunk_writer){.chunk_size = PH_RTMP_CHUNK_SIZE_DEFAULT};
}

static struct ph_rtmp_chunk_sent *find_sent(struct ph_rtmp_chunk_writer *writer, uint32_t csid)
{
    return &writer->sent[csid % PH_ARRAY_SIZE(writer->sent)];
}

/* The shortest form that says enough after what was sent before; fmt 0 unless terse. */
static void shorten(const struct ph_rtmp_chunk_writer *writer,
                    const struct ph_rtmp_chunk_sent *sent, struct ph_rtmp_chunk_header *header)
{
    const struct ph_rtmp_chunk_header *last = &sent->header;
    uint32_t step = header->field - sent->timestamp;

    if (!writer->is_terse || last->csid != header->csid || last->msid != header->msid ||
        step > INT32_MAX) {
        return;
    }
    header->field = step;
    if (last->len != header->len || last->type != header->type) {
        header->fmt = 1;
    } else {
        /* After fmt 0 a reader takes the absolute time for the step: say it then. */
        header->fmt = last->fmt != 0 && last->field == step ? 3 : 2;
    }
}

static void write_body(const struct ph_rtmp_chunk_writer *writer, struct ph_writer *out,
                       const struct ph_rtmp_message *message, struct ph_rtmp_chunk_header header)
{
    header.fmt = 3;
    if (writer->omits_extended) {
        header.field = 0;
    }
    for (size_t pos = 0; pos < message->len;) {
        size_t left = message->len - pos;
        size_t len = left < writer->chunk_size ? left : writer->chunk_size;
        if (pos > 0) {
            ph_rtmp_chunk_header_write(out, &header);
        }
        ph_write_bytes(out, message->data + pos, len);
        pos += len;
    }
}

void ph_rtmp_chunk_write(struct ph_rtmp_chunk_writer *writer, struct ph_writer *out,
                         const struct ph_rtmp_message *message)
{
    struct ph_rtmp_chunk_sent *sent = find_sent(writer, message->csid);
    struct ph_rtmp_chunk_header header = {
        .csid = message->csid,
        .field = message->timestamp,
        .len = (uint32_t)message->len,
        .msid = message->msid,
        .type = message->type,
    };

    PH_ASSERT(message->csid >= 2 && message->csid < 64);
    PH_ASSERT(message->len <= PH_RTMP_MESSAGE_MAX);
    shorten(writer, sent, &header);
    ph_rtmp_chunk_header_write(out, &header);
    write_body(writer, out, message, header);
    *sent = (struct ph_rtmp_chunk_sent){header, message->timestamp};
    if (message->type == PH_RTMP_SET_CHUNK_SIZE) {
        struct ph_reader in;
        ph_reader_init(&in, message->data, message->len);
        writer->chunk_size = ph_read_u32(&in);
    }
}
