/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_FLOW_TS_H
#define PHIEN_TESTS_FLOW_TS_H

#include "flow.h"
#include "ts_writer.h"

#include <ingest/srt/session.h>

/*
 * A flow's publisher that sends MPEG-TS over SRT: H.264 and AAC, each access unit in a PES packet
 * of its own, with the timestamps that a test wants and no muxer has a say in.
 */
struct flow_ts {
    struct flow *flow;
    struct ph_srt_session *session;
    struct ts_writer writer;
    size_t fed;      /* bytes of what was written */
    uint8_t version; /* of the tables */
    bool has[PH_TRACK_KINDS];
    const AVCodecParameters *tracks[PH_TRACK_KINDS];
};

/* A session that publishes the camera's tracks (those that are on). */
void flow_ts_open(struct flow_ts *ts, struct flow *flow, const struct camera *camera);
void flow_ts_close(struct flow_ts *ts);

/* The encoder begins anew: counters at zero, tables of another version or of the same. */
void flow_ts_restart(struct flow_ts *ts, const struct camera *camera, bool is_new_version);

/* An access unit of the camera, with its times in 90 kHz, of which 33 bits are sent. */
void flow_ts_send(struct flow_ts *ts, const AVPacket *packet, int64_t pts, int64_t dts);

#endif
