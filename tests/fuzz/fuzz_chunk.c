/* SPDX-License-Identifier: Apache-2.0 */
/* The chunk reader: whatever comes, byte by byte it reads the same as in one piece. */
#include <ingest/rtmp/chunk.h>

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
    uint64_t hash;
    int err;
    char detail[96];
};

static void add(struct reading *reading, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < len; i++) {
        reading->hash = (reading->hash ^ at[i]) * 0x100000001b3;
    }
}

static void add_message(struct reading *reading, const struct ph_rtmp_message *message)
{
    const uint32_t head[5] = {message->csid, message->timestamp, message->msid, message->type,
                              (uint32_t)message->len};

    add(reading, head, sizeof(head));
    add(reading, message->data, message->len);
}

static struct reading read_in_steps(const uint8_t *data, size_t size, size_t step)
{
    struct reading reading = {.err = PH_EAGAIN};
    struct ph_rtmp_chunk_reader reader;
    struct ph_rtmp_message message;

    ph_rtmp_chunk_reader_init(&reader, &ph_rtmp_limits_default);
    for (size_t pos = 0; pos < size && reading.err == PH_EAGAIN; pos += step) {
        struct ph_reader in;
        ph_reader_init(&in, data + pos, size - pos < step ? size - pos : step);
        while ((reading.err = ph_rtmp_chunk_reader_next(&reader, &in, &message)) == PH_OK) {
            add_message(&reading, &message);
        }
        PH_ASSERT(reader.partial_bytes <= ph_rtmp_limits_default.partial_bytes);
    }
    memcpy(reading.detail, reader.detail, sizeof(reading.detail));
    ph_rtmp_chunk_reader_fini(&reader);
    return reading;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reading whole = read_in_steps(data, size, size);
    struct reading bytes = read_in_steps(data, size, 1);

    PH_ASSERT(whole.hash == bytes.hash);
    PH_ASSERT(whole.err == bytes.err);
    PH_ASSERT(memcmp(whole.detail, bytes.detail, sizeof(whole.detail)) == 0);
    return 0;
}
