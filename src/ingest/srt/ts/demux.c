/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transport stream's middle, between the session's bytes and its elementary streams
 * (ISO/IEC 13818-1 §2.4): packets from sync.c go by their PID to the tables (sections.c,
 * program.c), which say what the other PIDs are, or to a stream's assembly (assembly.c).
 */
#include "demux.h"

#include "assembly.h"
#include "packet.h"
#include "program.h"
#include "sections.h"
#include "sync.h"

#include <phien/core/bytes.h>
#include <phien/core/mem.h>

#include <stdlib.h>
#include <string.h>

#define PAT_PID 0

/* What a PID is; from ROLE_STREAM on, the stream with that index. */
enum role {
    ROLE_NONE = 0,
    ROLE_PAT,
    ROLE_PMT,
    ROLE_STREAM,
};

struct ph_ts_demux {
    struct ph_ts_output output;
    struct ph_ts_sync sync;
    struct ph_ts_sections pat_sections;
    struct ph_ts_sections pmt_sections;
    uint64_t crc_errors;
    struct ph_ts_pat pat;
    bool is_told; /* on_streams was called, with `pmt` */
    struct ph_ts_pmt pmt;
    struct ph_ts_assembly assemblies[PH_TS_STREAMS_MAX]; /* of pmt.streams */
    uint16_t last_pid;
    uint8_t roles[PH_TS_PIDS];
};

static void assign_roles(struct ph_ts_demux *ts)
{
    memset(ts->roles, ROLE_NONE, sizeof(ts->roles));
    for (size_t i = 0; i < ts->pmt.count; i++) {
        ts->roles[ts->pmt.streams[i].pid] = (uint8_t)(ROLE_STREAM + i);
    }
    if (ts->pat.program != 0) {
        ts->roles[ts->pat.pmt_pid] = ROLE_PMT;
    }
    ts->roles[PAT_PID] = ROLE_PAT;
}

int ph_ts_demux_create(struct ph_ts_demux **out, const struct ph_ts_ops *ops, void *arg)
{
    struct ph_ts_demux *ts = ph_new(struct ph_ts_demux);

    ts->output.ops = ops;
    ts->output.arg = arg;
    assign_roles(ts);
    *out = ts;
    return PH_OK;
}

void ph_ts_demux_destroy(struct ph_ts_demux **ts)
{
    if (*ts == NULL) {
        return;
    }
    for (size_t i = 0; i < (*ts)->pmt.count; i++) {
        ph_ts_assembly_fini(&(*ts)->assemblies[i]);
    }
    free(*ts);
    *ts = NULL;
}

static void on_pat_section(void *arg, const uint8_t *data, size_t len)
{
    struct ph_ts_demux *ts = arg;
    struct ph_ts_pat pat;
    int err = ph_ts_pat_read(&pat, data, len);

    ts->crc_errors += err == PH_EPROTO;
    if (err != PH_OK || pat.program == 0) {
        return;
    }
    if (pat.program == ts->pat.program && pat.pmt_pid == ts->pat.pmt_pid) {
        return;
    }
    ts->pat = pat;
    ph_ts_sections_reset(&ts->pmt_sections);
    assign_roles(ts);
}

/* The assembly of a stream that stays as it was; NULL: there is none. */
static struct ph_ts_assembly *find_assembly(struct ph_ts_demux *ts,
                                            const struct ph_ts_stream *stream)
{
    for (size_t i = 0; i < ts->pmt.count; i++) {
        const struct ph_ts_stream *old = &ts->pmt.streams[i];
        if (old->pid == stream->pid && old->stream_type == stream->stream_type &&
            old->codec_id == stream->codec_id) {
            return &ts->assemblies[i];
        }
    }
    return NULL;
}

/* Goes over to another program map, with what is under way of the streams that are in both. */
static void follow(struct ph_ts_demux *ts, const struct ph_ts_pmt *pmt)
{
    struct ph_ts_assembly assemblies[PH_TS_STREAMS_MAX];

    for (size_t i = 0; i < pmt->count; i++) {
        struct ph_ts_assembly *old = find_assembly(ts, &pmt->streams[i]);
        ph_ts_assembly_init(&assemblies[i], &ts->output, i);
        if (old != NULL) {
            assemblies[i] = *old;
            assemblies[i].index = i;
            ph_ts_assembly_init(old, &ts->output, old->index);
        }
    }
    for (size_t i = 0; i < ts->pmt.count; i++) {
        ph_ts_assembly_end(&ts->assemblies[i]);
        ph_ts_assembly_fini(&ts->assemblies[i]);
    }
    memcpy(ts->assemblies, assemblies, sizeof(assemblies[0]) * pmt->count);
    ts->pmt = *pmt;
    ts->is_told = true;
    assign_roles(ts);
    ts->output.ops->on_streams(ts->output.arg, ts->pmt.streams, ts->pmt.count);
}

static void on_pmt_section(void *arg, const uint8_t *data, size_t len)
{
    struct ph_ts_demux *ts = arg;
    struct ph_ts_pmt pmt;
    int err = ph_ts_pmt_read(&pmt, data, len);

    ts->crc_errors += err == PH_EPROTO;
    /* Programs may share a PID for their maps. */
    if (err != PH_OK || pmt.program != ts->pat.program) {
        return;
    }
    if (!ts->is_told || pmt.crc != ts->pmt.crc) {
        follow(ts, &pmt);
    }
}

static void feed_stream(struct ph_ts_demux *ts, size_t index, const struct ph_ts_packet *packet)
{
    if (ts->pmt.streams[index].codec_id != AV_CODEC_ID_NONE) {
        ph_ts_assembly_feed(&ts->assemblies[index], packet);
    } else {
        ts->output.counts.scrambled += packet->is_scrambled;
    }
}

static void feed_packet(struct ph_ts_demux *ts, const uint8_t *data)
{
    struct ph_ts_packet packet;
    uint8_t role = ts->roles[ph_ts_packet_pid(data)];

    ts->output.counts.packets++;
    ts->last_pid = ph_ts_packet_pid(data);
    if (role == ROLE_NONE || !ph_ts_packet_read(&packet, data)) {
        return;
    }
    if (role >= ROLE_STREAM) {
        feed_stream(ts, role - ROLE_STREAM, &packet);
    } else if (role == ROLE_PAT) {
        ph_ts_sections_feed(&ts->pat_sections, &packet, on_pat_section, ts);
    } else {
        ph_ts_sections_feed(&ts->pmt_sections, &packet, on_pmt_section, ts);
    }
}

static void lose(struct ph_ts_demux *ts, size_t packets)
{
    ph_ts_sections_lose(&ts->pat_sections, packets);
    ph_ts_sections_lose(&ts->pmt_sections, packets);
    for (size_t i = 0; i < ts->pmt.count; i++) {
        ph_ts_assembly_lose(&ts->assemblies[i], packets);
    }
}

/*
 * What was passed over may have been packets. And the one before may have been cut short, which
 * its counter does not tell: its end is then taken from what followed.
 */
static void on_resync(struct ph_ts_demux *ts)
{
    uint8_t role = ts->roles[ts->last_pid];

    if (role >= ROLE_STREAM) {
        ph_ts_assembly_break(&ts->assemblies[role - ROLE_STREAM]);
    }
    lose(ts, ts->sync.skipped / PH_TS_PACKET_BYTES + 1);
    ts->sync.skipped = 0;
}

void ph_ts_demux_feed(struct ph_ts_demux *ts, const uint8_t *data, size_t len)
{
    struct ph_reader in;
    const uint8_t *packet;

    ph_reader_init(&in, data, len);
    while ((packet = ph_ts_sync_next(&ts->sync, &in)) != NULL) {
        if (ts->sync.skipped > 0) {
            on_resync(ts);
        }
        feed_packet(ts, packet);
    }
}

void ph_ts_demux_lost(struct ph_ts_demux *ts, size_t packets)
{
    bool is_cut = ph_ts_sync_cut(&ts->sync);

    lose(ts, is_cut && packets < SIZE_MAX ? packets + 1 : packets);
}

void ph_ts_demux_flush(struct ph_ts_demux *ts)
{
    bool is_cut = ph_ts_sync_cut(&ts->sync) || ts->sync.is_lost;

    for (size_t i = 0; i < ts->pmt.count; i++) {
        if (is_cut) {
            ph_ts_assembly_break(&ts->assemblies[i]);
        }
        ph_ts_assembly_flush(&ts->assemblies[i]);
    }
}

void ph_ts_demux_get_counts(const struct ph_ts_demux *ts, struct ph_ts_counts *out)
{
    *out = ts->output.counts;
    out->resyncs = ts->sync.losses;
    out->crc_errors = ts->crc_errors;
    out->continuity_errors += ts->pat_sections.holes + ts->pmt_sections.holes;
}
