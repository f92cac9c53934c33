/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_TS_DEMUX_H
#define PHIEN_INGEST_SRT_TS_DEMUX_H

#include <phien/core/err.h>

#include <libavcodec/codec_id.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * An MPEG-TS demultiplexer (ISO/IEC 13818-1) that is fed with bytes, in any portions, and knows
 * what was lost: bytes in, the program's elementary streams and their PES packets out. No clock,
 * no probing: the first PES packet comes out with its last byte.
 *
 * It looks at one program, the first of the PAT. A program map that changes on the way is told
 * as it comes.
 */
struct ph_ts_demux;

#define PH_TS_STREAMS_MAX 8

/* No timestamp in the PES header. */
#define PH_TS_NO_TIME INT64_MIN

struct ph_ts_stream {
    uint16_t pid;
    uint8_t stream_type;     /* table 2-34, for the log */
    enum AVCodecID codec_id; /* AV_CODEC_ID_NONE: nothing that is known here */
    /* Opus: channel_config_code of its extension descriptor, -1 when absent. */
    int opus_channels;
};

/* A PES packet. Borrowed for the call, payload with FFmpeg's padding behind it. */
struct ph_ts_pes {
    size_t stream; /* index into the streams last told */
    int64_t pts;   /* 90 kHz, 33 bits as sent; or PH_TS_NO_TIME */
    int64_t dts;   /* as pts when only that was sent */
    const uint8_t *data;
    size_t len;
    /* Bytes of this packet are missing, at its end or within. */
    bool is_damaged;
    /* Something of this stream may be missing between the PES packet before and this one. */
    bool follows_loss;
};

struct ph_ts_ops {
    /*
     * The program map came, or differs from the one before: what is under way of streams that
     * stayed goes on. Streams that are scrambled or unknown are told too, but no PES packets of
     * theirs come. Borrowed.
     */
    void (*on_streams)(void *arg, const struct ph_ts_stream *streams, size_t count);
    void (*on_pes)(void *arg, const struct ph_ts_pes *pes);
};

/* What went by, for the session's log line and figures. */
struct ph_ts_counts {
    uint64_t packets;
    uint64_t resyncs;           /* bytes that were no TS packet had to be passed over */
    uint64_t continuity_errors; /* holes in a PID's continuity counter */
    uint64_t damaged_pes;
    uint64_t crc_errors; /* of PAT and PMT */
    uint64_t scrambled;  /* packets of the program that are encrypted */
    uint64_t oversize;   /* PES packets cut at PES_BYTES_MAX */
};

/* A key frame of a phone is under 1 MB; more than this is no access unit. */
#define PH_TS_PES_BYTES_MAX (8 * 1024 * 1024)

PH_MUST_CHECK int ph_ts_demux_create(struct ph_ts_demux **out, const struct ph_ts_ops *ops,
                                     void *arg);
void ph_ts_demux_destroy(struct ph_ts_demux **ts);

/*
 * Bytes of the stream; all are taken. Never fails: what is not a transport stream is passed over
 * and counted.
 */
void ph_ts_demux_feed(struct ph_ts_demux *ts, const uint8_t *data, size_t len);

/*
 * The transport knows that `packets` TS packets may be missing here. Continuity counters have 4
 * bits: where 16 or more may be missing they prove nothing, and every PES under way is damaged.
 */
void ph_ts_demux_lost(struct ph_ts_demux *ts, size_t packets);

/* The stream is over: hands out the PES packets whose end only the next one would have told. */
void ph_ts_demux_flush(struct ph_ts_demux *ts);

void ph_ts_demux_get_counts(const struct ph_ts_demux *ts, struct ph_ts_counts *out);

#endif
