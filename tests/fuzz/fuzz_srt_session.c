/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole session. The first eight bytes say how the rest is cut into messages, what is lost
 * between them and how much time passes; the next two which streams the program map has, which is
 * played for the input, since no fuzzer would find its check sum.
 */
#include <ingest/srt/session.h>
#include <phien/core/mem.h>

#include <libavutil/bswap.h>
#include <libavutil/crc.h>
#include <libavutil/intreadwrite.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CUTS = 8, HEAD = CUTS + 2, PACKET = 188, MESSAGE_BYTES_MAX = 1456 };

struct owner {
    struct ph_srt_session *session;
    bool has_track[PH_TRACK_KINDS];
    bool is_over;
};

static void on_track(void *arg, struct ph_track *track)
{
    struct owner *owner = arg;

    PH_ASSERT(!owner->is_over);
    PH_ASSERT(track->kind == PH_TRACK_VIDEO || track->kind == PH_TRACK_AUDIO);
    owner->has_track[track->kind] = true;
}

static void on_packet(void *arg, const AVPacket *packet)
{
    static const uint8_t zeros[AV_INPUT_BUFFER_PADDING_SIZE];
    struct owner *owner = arg;

    PH_ASSERT(!owner->is_over);
    PH_ASSERT(packet->stream_index > PH_TRACK_NONE && packet->stream_index < PH_TRACK_KINDS);
    PH_ASSERT(owner->has_track[packet->stream_index]);
    PH_ASSERT(packet->size > 0 && packet->buf != NULL);
    PH_ASSERT(packet->dts != AV_NOPTS_VALUE && packet->pts != AV_NOPTS_VALUE);
    PH_ASSERT(packet->time_base.num == 1 && packet->time_base.den == 90000);
    PH_ASSERT(memcmp(packet->data + packet->size, zeros, sizeof(zeros)) == 0);
}

static void feed(struct owner *owner, ph_usec now, const uint8_t *data, size_t len, size_t lost)
{
    /* A buffer of its own, so that reads beyond the end are seen. */
    uint8_t *copy = malloc(len > 0 ? len : 1);

    PH_ASSERT(copy != NULL);
    if (len > 0) {
        memcpy(copy, data, len);
    }
    int err = ph_srt_session_feed(owner->session, now, copy, len, lost);
    free(copy);
    if (err == PH_OK) {
        err = ph_srt_session_tick(owner->session, now);
    }
    PH_ASSERT((err == PH_OK) == (ph_srt_session_reason(owner->session) == PH_CLOSE_NONE));
    PH_ASSERT(err != PH_OK || ph_srt_session_deadline(owner->session) > now);
    owner->is_over = err != PH_OK;
}

static void put_section(uint8_t *packet, unsigned pid, const uint8_t *section, size_t len)
{
    memset(packet, 0xff, PACKET);
    AV_WB32(packet, 0x47400010u | pid << 8);
    packet[4] = 0;
    memcpy(packet + 5, section, len);
    AV_WB32(packet + 5 + len,
            av_bswap32(av_crc(av_crc_get_table(AV_CRC_32_IEEE), UINT32_MAX, section, len)));
}

static size_t append(uint8_t *to, size_t at, const uint8_t *data, size_t len)
{
    memcpy(to + at, data, len);
    return at + len;
}

/* PAT and PMT; Opus has the descriptors that make it known. */
static void play_tables(struct owner *owner, uint8_t video_type, uint8_t audio_type)
{
    static const uint8_t pat[] = {0, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, 1, 0xf0, 0};
    static const uint8_t head[] = {2, 0xb0, 38, 0, 1, 0xc1, 0, 0, 0xe1, 0, 0xf0, 0};
    const uint8_t video[] = {video_type, 0xe1, 0, 0xf0, 0};
    const uint8_t audio[] = {audio_type, 0xe1, 1, 0xf0, 10};
    static const uint8_t opus[] = {5, 4, 'O', 'p', 'u', 's', 0x7f, 2, 0x80, 2};
    static const uint8_t other[] = {0x06, 0xe1, 2, 0xf0, 0};
    uint8_t pmt[64];
    size_t len = 0;
    uint8_t tables[2 * PACKET];

    put_section(tables, 0, pat, sizeof(pat));
    len = append(pmt, len, head, sizeof(head));
    len = append(pmt, len, video, sizeof(video));
    len = append(pmt, len, audio, sizeof(audio));
    len = append(pmt, len, opus, sizeof(opus));
    len = append(pmt, len, other, sizeof(other));
    put_section(tables + PACKET, 0x1000, pmt, len);
    feed(owner, 0, tables, sizeof(tables), 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ph_srt_session_ops ops = {.on_track = on_track, .on_packet = on_packet};
    static const uint8_t video_types[] = {0x1b, 0x24, 0x02, 0x06};
    static const uint8_t audio_types[] = {0x0f, 0x11, 0x06, 0x81, 0x87, 0x03, 0x04, 0xff};
    struct owner owner = {0};
    ph_usec now = 0;

    if (size < HEAD) {
        return 0;
    }
    enum ph_conf_on_loss on_loss = data[0] & 1 ? PH_CONF_ON_LOSS_PASS : PH_CONF_ON_LOSS_DROP;
    if (ph_srt_session_create(&owner.session, &ph_srt_limits_default, on_loss, &ops, &owner, now) !=
        PH_OK) {
        return 0;
    }
    if (data[CUTS + 1] < 0xf0) {
        play_tables(&owner, video_types[data[CUTS] % sizeof(video_types)],
                    audio_types[data[CUTS + 1] % sizeof(audio_types)]);
    }
    for (size_t at = HEAD, i = 0; at < size && !owner.is_over; i++) {
        uint8_t cut = data[i % CUTS];
        size_t len = cut < 0xc0 ? (size_t)(cut % 7 + 1) * PACKET : cut * 5u;
        len = len < MESSAGE_BYTES_MAX ? len : MESSAGE_BYTES_MAX;
        len = size - at < len ? size - at : len;
        now += (ph_usec)(cut % 16) * 100 * PH_USEC_PER_MS;
        feed(&owner, now, data + at, len, cut % 32 == 31 ? (size_t)cut / 64 : 0);
        at += len;
    }
    ph_srt_session_flush(owner.session, now);
    ph_srt_session_destroy(&owner.session);
    return 0;
}
