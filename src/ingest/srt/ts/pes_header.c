/* SPDX-License-Identifier: Apache-2.0 */
/* PES headers, ISO/IEC 13818-1 §2.4.3.6 and §2.4.3.7: what assembly.c has to know of them. */
#include "pes_header.h"

#include "demux.h"

#include <phien/core/bytes.h>

/* Table 2-22: stream ids whose packets have no more header than their length. */
enum stream_id {
    STREAM_ID_MAP = 0xbc,
    STREAM_ID_PADDING = 0xbe,
    STREAM_ID_PRIVATE_2 = 0xbf,
    STREAM_ID_ECM = 0xf0,
    STREAM_ID_EMM = 0xf1,
    STREAM_ID_DSMCC = 0xf2,
    STREAM_ID_H222_1_TYPE_E = 0xf8,
    STREAM_ID_DIRECTORY = 0xff,
};

/* Flags and length that follow the start of all others. */
#define FLAGS_BYTES 3
#define TIME_BYTES 5
#define HAS_PTS 0x80
#define HAS_DTS 0x40

int ph_ts_pes_header_measure(size_t *total, const uint8_t *start)
{
    size_t len = (size_t)(start[4] << 8 | start[5]);

    if (start[0] != 0 || start[1] != 0 || start[2] != 1) {
        return PH_EPROTO;
    }
    *total = len == 0 ? 0 : PH_TS_PES_START_BYTES + len;
    return PH_OK;
}

static bool has_flags(uint8_t stream_id)
{
    switch (stream_id) {
    case STREAM_ID_MAP:
    case STREAM_ID_PADDING:
    case STREAM_ID_PRIVATE_2:
    case STREAM_ID_ECM:
    case STREAM_ID_EMM:
    case STREAM_ID_DSMCC:
    case STREAM_ID_H222_1_TYPE_E:
    case STREAM_ID_DIRECTORY:
        return false;
    default:
        return true;
    }
}

/* 33 bits in three pieces with a marker bit behind each; no time when a marker is not set. */
static int64_t read_time(struct ph_reader *in)
{
    int64_t high = ph_read_u8(in);
    int64_t middle = ph_read_u16(in);
    int64_t low = ph_read_u16(in);

    if (in->failed || !(high & middle & low & 1)) {
        return PH_TS_NO_TIME;
    }
    return (high >> 1 & 7) << 30 | middle >> 1 << 15 | low >> 1;
}

static void read_times(struct ph_ts_pes_header *header, uint8_t flags, struct ph_reader *in)
{
    if (!(flags & HAS_PTS)) {
        return;
    }
    header->pts = read_time(in);
    header->dts = header->pts;
    if (header->pts != PH_TS_NO_TIME && flags & HAS_DTS) {
        int64_t dts = read_time(in);
        header->dts = dts != PH_TS_NO_TIME ? dts : header->pts;
    }
}

int ph_ts_pes_header_read(struct ph_ts_pes_header *header, const uint8_t *data, size_t len)
{
    struct ph_reader fields;
    size_t total;

    *header = (struct ph_ts_pes_header){
        .len = PH_TS_PES_START_BYTES, .pts = PH_TS_NO_TIME, .dts = PH_TS_NO_TIME};
    if (len < PH_TS_PES_START_BYTES) {
        return PH_EAGAIN;
    }
    int err = ph_ts_pes_header_measure(&total, data);
    if (err != PH_OK || !has_flags(data[3])) {
        header->is_padding = data[3] == STREAM_ID_PADDING;
        return err;
    }
    if (len < PH_TS_PES_START_BYTES + FLAGS_BYTES) {
        return total != 0 && total < PH_TS_PES_START_BYTES + FLAGS_BYTES ? PH_EPROTO : PH_EAGAIN;
    }
    header->len = PH_TS_PES_START_BYTES + FLAGS_BYTES + data[8];
    if ((data[6] & 0xc0) != 0x80 || (total != 0 && total < header->len)) {
        return PH_EPROTO;
    }
    if (len < header->len) {
        return PH_EAGAIN;
    }
    header->is_scrambled = data[6] & 0x30;
    ph_reader_init(&fields, data + PH_TS_PES_START_BYTES + FLAGS_BYTES, data[8]);
    read_times(header, data[7], &fields);
    return PH_OK;
}
