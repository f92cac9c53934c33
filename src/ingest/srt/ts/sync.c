/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transport's bytes to packets of 188 bytes (ISO/IEC 13818-1 §2.4.3.2; annex G.1 on finding
 * sync), before demux.c looks into them. Whole packets are given where they lie in the input; only
 * what a portion's end cuts, and what must prove itself, is held here.
 */
#include "sync.h"

#include <string.h>

#define SYNC_BYTE 0x47

/* Takes in until `want` bytes are held. False: the input does not have that many. */
static bool hold(struct ph_ts_sync *sync, struct ph_reader *in, size_t want)
{
    size_t have = sync->end - sync->begin;

    if (have >= want) {
        return true;
    }
    if (sync->begin > 0) {
        memmove(sync->held, sync->held + sync->begin, have);
        sync->begin = 0;
        sync->end = have;
    }
    size_t left = ph_reader_left(in);
    size_t len = left < want - have ? left : want - have;
    if (len > 0) {
        memcpy(sync->held + have, ph_read_bytes(in, len), len);
        sync->end += len;
    }
    return sync->end == want;
}

/* Whether packets can begin there, as far as can be seen. */
static bool is_candidate(const uint8_t *at, const uint8_t *end)
{
    for (; at < end; at += PH_TS_PACKET_BYTES) {
        if (*at != SYNC_BYTE) {
            return false;
        }
        if (end - at <= PH_TS_PACKET_BYTES) {
            break;
        }
    }
    return true;
}

/* True once three sync bytes in a row are held. */
static bool find(struct ph_ts_sync *sync, struct ph_reader *in)
{
    while (hold(sync, in, PH_TS_SYNC_PROOF_BYTES)) {
        const uint8_t *at = sync->held + sync->begin;
        const uint8_t *end = sync->held + sync->end;
        if (is_candidate(at, end)) {
            sync->is_lost = false;
            return true;
        }
        do {
            at++;
        } while (at < end && !is_candidate(at, end));
        size_t begin = (size_t)(at - sync->held);
        sync->skipped += begin - sync->begin;
        sync->begin = begin;
    }
    return false;
}

static void lose(struct ph_ts_sync *sync)
{
    sync->losses++;
    sync->is_lost = true;
}

/* A packet that is held, or cut by the input's end. NULL also when sync was lost. */
static const uint8_t *next_held(struct ph_ts_sync *sync, struct ph_reader *in)
{
    if (!hold(sync, in, 1)) {
        return NULL;
    }
    if (sync->held[sync->begin] != SYNC_BYTE) {
        lose(sync);
        return NULL;
    }
    if (!hold(sync, in, PH_TS_PACKET_BYTES)) {
        return NULL;
    }
    const uint8_t *packet = sync->held + sync->begin;
    sync->begin += PH_TS_PACKET_BYTES;
    return packet;
}

const uint8_t *ph_ts_sync_next(struct ph_ts_sync *sync, struct ph_reader *in)
{
    for (;;) {
        if (sync->is_lost && !find(sync, in)) {
            return NULL;
        }
        if (sync->begin == sync->end && ph_reader_left(in) >= PH_TS_PACKET_BYTES &&
            *in->pos == SYNC_BYTE) {
            return ph_read_bytes(in, PH_TS_PACKET_BYTES);
        }
        const uint8_t *packet = next_held(sync, in);
        if (packet != NULL || !sync->is_lost) {
            return packet;
        }
    }
}

bool ph_ts_sync_cut(struct ph_ts_sync *sync)
{
    bool was_held = sync->begin < sync->end;

    /* Where the next packet begins is only known when the hole lies between packets. */
    sync->is_lost = sync->is_lost || was_held;
    sync->begin = 0;
    sync->end = 0;
    return was_held;
}
