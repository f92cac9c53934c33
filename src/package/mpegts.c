/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets to MPEG-TS (ISO/IEC 13818-1), by libavformat's mpegts muxer. It takes length-prefixed
 * H.264 and HEVC as they come and converts them itself.
 */
#include "mpegts.h"

#include "muxer.h"
#include "pmt.h"

#include <phien/core/mem.h>

#include <stdlib.h>
#include <string.h>

enum {
    TS_PACKET = PH_TS_PACKET,
    PID_PAT = 0x0000,
    PID_SDT = 0x0011,
    PID_PMT = 0x1000, /* by the muxer's default */
    MAX_ID3 = 65000,  /* what a PES packet with a length can hold, nearly */
    /*
     * How far decoding lies behind PCR, and audio frames share a PES packet for half of it:
     * without a delay each audio frame would be a PES packet of its own.
     */
    MAX_DELAY_US = 200000,
};

struct ph_mpegts {
    struct ph_muxer muxer;
    int id3_stream;
    int64_t id3_pts;  /* of the last tag */
    bool has_tables;  /* the open segment: PAT and PMT */
    bool has_packets; /* and packets of the tracks */
};

bool ph_mpegts_carries(const struct ph_track *track)
{
    if (track == NULL) {
        return false;
    }
    switch (track->par->codec_id) {
    case AV_CODEC_ID_H264:
    case AV_CODEC_ID_HEVC:
    case AV_CODEC_ID_AAC:
    case AV_CODEC_ID_MP2:
    case AV_CODEC_ID_MP3:
    case AV_CODEC_ID_AC3:
    case AV_CODEC_ID_EAC3:
        return true;
    default:
        return false;
    }
}

static int begin(struct ph_mpegts *mpegts, const struct ph_track *video,
                 const struct ph_track *audio, bool is_discontinuity)
{
    /*
     * PAT and PMT stand at the start of each segment and at key frames; repeating them by the
     * clock is of no use in HLS. copyts: else all timestamps come out later by 2 * max_delay.
     */
    const char *const options[] = {"mpegts_copyts",
                                   "1",
                                   "pat_period",
                                   "86400",
                                   "sdt_period",
                                   "86400",
                                   "mpegts_flags",
                                   is_discontinuity ? "initial_discontinuity" : "0",
                                   NULL};
    int err = PH_OK;

    mpegts->muxer.context->max_delay = MAX_DELAY_US;
    if (ph_mpegts_carries(video)) {
        err = ph_muxer_add_track(&mpegts->muxer, video, 0);
    }
    if (err == PH_OK && ph_mpegts_carries(audio)) {
        err = ph_muxer_add_track(&mpegts->muxer, audio, 0);
    }
    /* Declared from the first PMT on: a PMT that changes would be a discontinuity. */
    if (err == PH_OK) {
        err = ph_muxer_add_id3(&mpegts->muxer, &mpegts->id3_stream);
    }
    return err == PH_OK ? ph_muxer_begin(&mpegts->muxer, options) : err;
}

int ph_mpegts_create(struct ph_mpegts **out, const struct ph_track *video,
                     const struct ph_track *audio, bool is_discontinuity)
{
    if ((video != NULL || !ph_mpegts_carries(audio)) && !ph_mpegts_carries(video)) {
        return PH_EUNSUPPORTED;
    }
    struct ph_mpegts *mpegts = ph_new(struct ph_mpegts);
    int err = ph_muxer_init(&mpegts->muxer, "mpegts");
    if (err == PH_OK) {
        err = begin(mpegts, video, audio, is_discontinuity);
    }
    if (err != PH_OK) {
        ph_mpegts_destroy(&mpegts);
        return err;
    }
    *out = mpegts;
    return PH_OK;
}

void ph_mpegts_destroy(struct ph_mpegts **ref)
{
    struct ph_mpegts *mpegts = *ref;

    *ref = NULL;
    if (mpegts == NULL) {
        return;
    }
    ph_muxer_fini(&mpegts->muxer);
    free(mpegts);
}

static void begin_segment(struct ph_mpegts *mpegts)
{
    if (!mpegts->has_tables) {
        /* Acts once. The plus keeps the other flags. */
        ph_muxer_set(&mpegts->muxer, "mpegts_flags", "+resend_headers");
    }
}

int ph_mpegts_add(struct ph_mpegts *mpegts, const AVPacket *packet)
{
    int kind = packet->stream_index;

    if (kind > PH_TRACK_NONE && kind < PH_TRACK_KINDS && mpegts->muxer.stream_of[kind] < 0) {
        return PH_OK;
    }
    begin_segment(mpegts);
    int err = ph_muxer_write(&mpegts->muxer, packet, packet->duration);
    mpegts->has_tables |= err == PH_OK;
    mpegts->has_packets |= err == PH_OK;
    return err;
}

int ph_mpegts_add_id3(struct ph_mpegts *mpegts, const void *tag, size_t len, int64_t pts)
{
    if (len == 0 || len > MAX_ID3 || pts < 0) {
        return PH_EINVAL;
    }
    /* With B-frames a later call may be for an earlier picture, which the muxer would refuse. */
    int64_t id3_pts = pts > mpegts->id3_pts ? pts : mpegts->id3_pts;
    begin_segment(mpegts);
    int err = ph_muxer_write_id3(&mpegts->muxer, mpegts->id3_stream, tag, len, id3_pts);
    if (err == PH_OK) {
        mpegts->id3_pts = id3_pts;
        mpegts->has_tables = true;
    }
    return err;
}

static unsigned pid_of(const uint8_t *packet)
{
    return (packet[1] & 0x1fu) << 8 | packet[2];
}

/* RFC 8216bis section 3.2: PAT, then PMT, come first; the muxer puts the SDT before them. */
static void move_sdt_behind_pmt(struct ph_buf *segment)
{
    uint8_t sdt[TS_PACKET];

    if (segment->len < 3 * TS_PACKET || pid_of(segment->data) != PID_SDT ||
        pid_of(segment->data + TS_PACKET) != PID_PAT) {
        return;
    }
    memcpy(sdt, segment->data, TS_PACKET);
    memmove(segment->data, segment->data + TS_PACKET, 2 * TS_PACKET);
    memcpy(segment->data + 2 * TS_PACKET, sdt, TS_PACKET);
}

static void complete_pmts(struct ph_buf *segment)
{
    for (size_t at = 0; at + TS_PACKET <= segment->len; at += TS_PACKET) {
        if (pid_of(segment->data + at) == PID_PMT) {
            ph_pmt_add_id3_pointer(segment->data + at);
        }
    }
}

int ph_mpegts_cut(struct ph_mpegts *mpegts, struct ph_buf **segment)
{
    if (!mpegts->has_packets) {
        return PH_EAGAIN;
    }
    /* Flushing first: audio that is still being collected belongs to this segment. */
    int err = ph_muxer_flush(&mpegts->muxer, segment);
    mpegts->has_packets = false;
    mpegts->has_tables = false;
    if (err == PH_OK) {
        complete_pmts(*segment);
        move_sdt_behind_pmt(*segment);
    }
    return err;
}
