/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elementary streams. The first byte chooses the codec and what happens on loss, then come
 * payloads: a byte of flags, a length of two bytes, data.
 */
#include <ingest/srt/es/es.h>

#include <phien/core/bytes.h>
#include <phien/core/mem.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const enum AVCodecID codecs[] = {
    AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_CODEC_ID_AAC, AV_CODEC_ID_AAC_LATM, AV_CODEC_ID_OPUS,
    AV_CODEC_ID_AC3,  AV_CODEC_ID_EAC3, AV_CODEC_ID_MP2, AV_CODEC_ID_MP3,      AV_CODEC_ID_NONE};

enum { FLAG_DAMAGED = 1, FLAG_AFTER_LOSS = 2, FLAG_NO_TIME = 4, FLAG_REORDERED = 8 };
enum { PASS = 0x80 }; /* in the first byte */

struct seen {
    enum ph_track_kind kind;
    bool has_track;
    bool needs_key; /* after a loss, where damaged frames are dropped */
};

static void on_track(void *arg, struct ph_track *track)
{
    struct seen *seen = arg;

    PH_ASSERT(track->kind == seen->kind);
    PH_ASSERT(track->codecs[0] != '\0');
    seen->has_track = true;
}

/* Length-prefixed NAL units that fill the packet, one at least. */
static void check_video(struct seen *seen, const AVPacket *packet)
{
    struct ph_reader r;

    ph_reader_init(&r, packet->data, (size_t)packet->size);
    do {
        uint32_t len = ph_read_u32(&r);
        PH_ASSERT(len > 0);
        ph_read_skip(&r, len);
    } while (!r.failed && ph_reader_left(&r) > 0);
    PH_ASSERT(!r.failed);
    seen->needs_key = seen->needs_key && (packet->flags & AV_PKT_FLAG_KEY) == 0;
    PH_ASSERT(!seen->needs_key);
}

static void on_packet(void *arg, const AVPacket *packet)
{
    struct seen *seen = arg;

    PH_ASSERT(seen->has_track);
    PH_ASSERT(packet->stream_index == (int)seen->kind);
    PH_ASSERT(packet->size > 0 && packet->buf != NULL);
    PH_ASSERT(packet->time_base.num == 1 && packet->time_base.den == 90000);
    PH_ASSERT(packet->dts != PH_TS_NO_TIME && packet->pts != PH_TS_NO_TIME);
    if (seen->kind == PH_TRACK_VIDEO) {
        check_video(seen, packet);
    }
}

/* With the padding that the demultiplexer gives, and nothing behind it. */
static uint8_t *copy_payload(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len + AV_INPUT_BUFFER_PADDING_SIZE);

    PH_ASSERT(copy != NULL);
    if (len > 0) {
        memcpy(copy, data, len);
    }
    memset(copy + len, 0, AV_INPUT_BUFFER_PADDING_SIZE);
    return copy;
}

static void feed_one(struct ph_es *es, struct seen *seen, struct ph_reader *r, int64_t dts,
                     bool drops)
{
    unsigned flags = ph_read_u8(r);
    size_t len = ph_read_u16(r);

    len = len < ph_reader_left(r) ? len : ph_reader_left(r);
    uint8_t *copy = copy_payload(ph_read_bytes(r, len), len);
    bool has_time = (flags & FLAG_NO_TIME) == 0;
    struct ph_es_payload payload = {
        .data = copy,
        .len = len,
        .dts = has_time ? dts : PH_TS_NO_TIME,
        .pts = has_time ? dts + ((flags & FLAG_REORDERED) != 0 ? 6000 : 0) : PH_TS_NO_TIME,
        .is_damaged = (flags & FLAG_DAMAGED) != 0,
        .follows_loss = (flags & FLAG_AFTER_LOSS) != 0};
    seen->needs_key = seen->needs_key || (payload.follows_loss && drops);
    ph_es_feed(es, &payload);
    seen->needs_key = seen->needs_key || (payload.is_damaged && drops);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ph_es_ops ops = {on_track, on_packet};
    struct ph_reader r;

    ph_reader_init(&r, data, size);
    uint8_t first = ph_read_u8(&r);
    bool drops = (first & PASS) == 0;
    struct ph_ts_stream stream = {.codec_id = codecs[(first & 0x0F) % PH_ARRAY_SIZE(codecs)],
                                  .opus_channels = (first >> 4 & 7) - 1};
    struct seen seen = {.kind = PH_TRACK_NONE};
    struct ph_es *es;
    int err = ph_es_create(&es, &stream, drops ? PH_CONF_ON_LOSS_DROP : PH_CONF_ON_LOSS_PASS, &ops,
                           &seen);

    PH_ASSERT((err == PH_OK) == (stream.codec_id != AV_CODEC_ID_NONE));
    if (err != PH_OK) {
        return 0;
    }
    seen.kind = ph_es_kind(es);
    for (int64_t dts = 900000; ph_reader_left(&r) > 0; dts += 3000) {
        feed_one(es, &seen, &r, dts, drops);
    }
    ph_es_flush(es);
    ph_es_destroy(&es);
    return 0;
}
