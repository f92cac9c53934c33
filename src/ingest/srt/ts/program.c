/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PAT and PMT, ISO/IEC 13818-1 §2.4.4.4 and §2.4.4.9: sections from sections.c to the streams
 * of the program, which demux.c follows.
 */
#include "program.h"

#include "packet.h"

#include <phien/core/bytes.h>
#include <phien/core/mem.h>

#include <libavutil/crc.h>

#define CRC_BYTES 4
#define PID_MASK 0x1fff
#define LENGTH_MASK 0x0fff
/* Table 2-3: PIDs below are not for programs, and the highest is the null packets'. */
#define PID_MIN 0x0010
#define PID_MAX (PH_TS_PIDS - 2)

/* §2.6 and, for those of private data, ETSI EN 300 468 §6.1. */
enum descriptor {
    DESCRIPTOR_REGISTRATION = 0x05,
    DESCRIPTOR_DVB_AC3 = 0x6a,
    DESCRIPTOR_DVB_EAC3 = 0x7a,
    DESCRIPTOR_EXTENSION = 0x7f,
};
#define EXTENSION_OPUS 0x80

#define STREAM_TYPE_PRIVATE_PES 0x06

/* Table 2-34, and the user private ones as ATSC A/53 part 3 has them. */
static enum AVCodecID codec_of_type(uint8_t stream_type)
{
    switch (stream_type) {
    case 0x03: /* MPEG-1 audio */
    case 0x04: /* MPEG-2 audio; the layer is only told by the frames */
        return AV_CODEC_ID_MP3;
    case 0x0f:
        return AV_CODEC_ID_AAC;
    case 0x11:
        return AV_CODEC_ID_AAC_LATM;
    case 0x1b:
        return AV_CODEC_ID_H264;
    case 0x24:
        return AV_CODEC_ID_HEVC;
    case 0x81:
        return AV_CODEC_ID_AC3;
    case 0x87:
        return AV_CODEC_ID_EAC3;
    default:
        return AV_CODEC_ID_NONE;
    }
}

static enum AVCodecID codec_of_registration(uint32_t format)
{
    static const struct {
        uint32_t format;
        enum AVCodecID codec_id;
    } known[] = {
        {0x4f707573 /* Opus */, AV_CODEC_ID_OPUS},
        {0x41432d33 /* AC-3 */, AV_CODEC_ID_AC3},
        {0x45414333 /* EAC3 */, AV_CODEC_ID_EAC3},
        {0x48455643 /* HEVC */, AV_CODEC_ID_HEVC},
    };

    for (size_t i = 0; i < PH_ARRAY_SIZE(known); i++) {
        if (known[i].format == format) {
            return known[i].codec_id;
        }
    }
    return AV_CODEC_ID_NONE;
}

/* What a descriptor says about a stream of private data; the first that is known counts. */
static void read_descriptor(struct ph_ts_stream *stream, uint8_t tag, struct ph_reader *body)
{
    enum AVCodecID codec_id = AV_CODEC_ID_NONE;

    if (tag == DESCRIPTOR_REGISTRATION) {
        codec_id = codec_of_registration(ph_read_u32(body));
    } else if (tag == DESCRIPTOR_DVB_AC3) {
        codec_id = AV_CODEC_ID_AC3;
    } else if (tag == DESCRIPTOR_DVB_EAC3) {
        codec_id = AV_CODEC_ID_EAC3;
    } else if (tag == DESCRIPTOR_EXTENSION && ph_read_u8(body) == EXTENSION_OPUS) {
        uint8_t channels = ph_read_u8(body);
        stream->opus_channels = body->failed ? -1 : channels;
    }
    if (stream->codec_id == AV_CODEC_ID_NONE && stream->stream_type == STREAM_TYPE_PRIVATE_PES) {
        stream->codec_id = codec_id;
    }
}

static void read_descriptors(struct ph_ts_stream *stream, struct ph_reader *in)
{
    while (ph_reader_left(in) >= 2) {
        struct ph_reader body;
        uint8_t tag = ph_read_u8(in);
        uint8_t len = ph_read_u8(in);
        const uint8_t *data = ph_read_bytes(in, len);
        if (data == NULL) {
            return;
        }
        ph_reader_init(&body, data, len);
        read_descriptor(stream, tag, &body);
    }
}

static bool is_told(const struct ph_ts_pmt *pmt, uint16_t pid)
{
    for (size_t i = 0; i < pmt->count; i++) {
        if (pmt->streams[i].pid == pid) {
            return true;
        }
    }
    return false;
}

static void read_stream(struct ph_ts_pmt *pmt, struct ph_reader *in)
{
    struct ph_reader descriptors;
    struct ph_ts_stream stream = {.stream_type = ph_read_u8(in), .opus_channels = -1};

    stream.pid = ph_read_u16(in) & PID_MASK;
    size_t len = ph_read_u16(in) & LENGTH_MASK;
    const uint8_t *data = ph_read_bytes(in, len);
    if (data == NULL) {
        return;
    }
    stream.codec_id = codec_of_type(stream.stream_type);
    ph_reader_init(&descriptors, data, len);
    read_descriptors(&stream, &descriptors);
    if (pmt->count < PH_TS_STREAMS_MAX && stream.pid >= PID_MIN && stream.pid <= PID_MAX &&
        !is_told(pmt, stream.pid)) {
        pmt->streams[pmt->count++] = stream;
    }
}

/*
 * The header that both tables share, after which `body` is what lies between it and the CRC.
 * The CRC over a section with its CRC is 0; libavutil's CRC_32_IEEE is that of annex A.
 */
static int read_header(struct ph_reader *body, uint16_t *id, enum ph_ts_table_id table_id,
                       const uint8_t *section, size_t len)
{
    struct ph_reader in;

    if (len == 0 || section[0] != table_id) {
        return PH_EAGAIN;
    }
    if (len <= CRC_BYTES || av_crc(av_crc_get_table(AV_CRC_32_IEEE), UINT32_MAX, section, len)) {
        return PH_EPROTO;
    }
    ph_reader_init(&in, section, len - CRC_BYTES);
    ph_read_skip(&in, 3);
    *id = ph_read_u16(&in);
    bool is_current = ph_read_u8(&in) & 1;
    ph_read_skip(&in, 2);
    *body = in;
    if (in.failed) {
        return PH_EPROTO;
    }
    return is_current ? PH_OK : PH_EAGAIN;
}

int ph_ts_pat_read(struct ph_ts_pat *pat, const uint8_t *section, size_t len)
{
    struct ph_reader in;
    uint16_t transport;
    int err = read_header(&in, &transport, PH_TS_TABLE_PAT, section, len);

    *pat = (struct ph_ts_pat){0};
    while (err == PH_OK && pat->program == 0 && ph_reader_left(&in) > 0) {
        uint16_t program = ph_read_u16(&in);
        uint16_t pid = ph_read_u16(&in) & PID_MASK;
        if (in.failed) {
            return PH_EPROTO;
        }
        /* Program 0 is the network's own table. */
        if (program != 0 && pid >= PID_MIN && pid <= PID_MAX) {
            *pat = (struct ph_ts_pat){.program = program, .pmt_pid = pid};
        }
    }
    return err;
}

int ph_ts_pmt_read(struct ph_ts_pmt *pmt, const uint8_t *section, size_t len)
{
    struct ph_reader in;

    *pmt = (struct ph_ts_pmt){0};
    int err = read_header(&in, &pmt->program, PH_TS_TABLE_PMT, section, len);
    if (err != PH_OK) {
        return err;
    }
    ph_read_skip(&in, 2); /* the clock's PID */
    ph_read_skip(&in, ph_read_u16(&in) & LENGTH_MASK);
    while (!in.failed && ph_reader_left(&in) > 0) {
        read_stream(pmt, &in);
    }
    pmt->crc = (uint32_t)section[len - 4] << 24 | (uint32_t)section[len - 3] << 16 |
               (uint32_t)section[len - 2] << 8 | section[len - 1];
    return in.failed ? PH_EPROTO : PH_OK;
}
