/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes before a chunk's body: basic header (RTMP 1.0 §5.3.1.1), message header (§5.3.1.2),
 * extended timestamp (§5.3.1.3).
 */
#include "chunk_header.h"

size_t ph_rtmp_chunk_header_measure(const uint8_t *data, size_t len)
{
    static const uint8_t message_bytes[4] = {11, 7, 3, 0};

    if (len == 0) {
        return 1;
    }
    unsigned fmt = data[0] >> 6;
    unsigned form = data[0] & 0x3F;
    size_t basic = form == 0 ? 2 : form == 1 ? 3 : 1;
    size_t size = basic + message_bytes[fmt];
    if (fmt < 3 && len >= size && data[basic] == 0xFF && data[basic + 1] == 0xFF &&
        data[basic + 2] == 0xFF) {
        size += 4;
    }
    return size;
}

/* The csid stands in the first byte, or in one or two after it. */
static uint32_t read_csid(struct ph_reader *in, unsigned form)
{
    if (form > 1) {
        return form;
    }
    uint32_t csid = 64 + (uint32_t)ph_read_u8(in);
    return form == 0 ? csid : csid + 256 * (uint32_t)ph_read_u8(in);
}

void ph_rtmp_chunk_header_read(struct ph_rtmp_chunk_header *header, const uint8_t *data, size_t len)
{
    struct ph_reader in;

    ph_reader_init(&in, data, len);
    uint8_t first = ph_read_u8(&in);
    *header = (struct ph_rtmp_chunk_header){.fmt = first >> 6};
    header->csid = read_csid(&in, first & 0x3F);
    if (header->fmt < 3) {
        header->field = ph_read_u24(&in);
    }
    if (header->fmt < 2) {
        header->len = ph_read_u24(&in);
        header->type = ph_read_u8(&in);
    }
    if (header->fmt == 0) {
        header->msid = ph_read_u32le(&in); /* the one little endian number in RTMP */
    }
    if (header->fmt < 3 && header->field == PH_RTMP_CHUNK_EXTENDED) {
        header->field = ph_read_u32(&in);
        header->has_extended = true;
    }
}

void ph_rtmp_chunk_header_write(struct ph_writer *out, const struct ph_rtmp_chunk_header *header)
{
    ph_write_u8(out, (uint8_t)(header->fmt << 6 | header->csid));
    if (header->fmt < 3) {
        ph_write_u24(out, header->field < PH_RTMP_CHUNK_EXTENDED ? header->field
                                                                 : PH_RTMP_CHUNK_EXTENDED);
    }
    if (header->fmt < 2) {
        ph_write_u24(out, header->len);
        ph_write_u8(out, header->type);
    }
    if (header->fmt == 0) {
        ph_write_u32le(out, header->msid);
    }
    if (header->field >= PH_RTMP_CHUNK_EXTENDED) {
        ph_write_u32(out, header->field);
    }
}
