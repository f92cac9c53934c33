/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first thing on a connection: C0 C1 in, S0 S1 S2 out, C2 in (RTMP 1.0 §5.2). Only the plain
 * form: encoders that offer Flash's digest in C1 do not insist on it.
 */
#include "handshake.h"

#include <string.h>

#define VERSION 3

void ph_rtmp_handshake_init(struct ph_rtmp_handshake *handshake)
{
    handshake->state = PH_RTMP_HANDSHAKE_C0;
    handshake->filled = 0;
    handshake->refusal = PH_CLOSE_NONE;
}

static enum ph_close_reason guess_protocol(uint8_t first)
{
    if (first == 0x16) {
        return PH_CLOSE_TLS_ON_PLAIN_PORT;
    }
    if (first != 0 && strchr("GPHODCT", first) != NULL) {
        return PH_CLOSE_HTTP_ON_RTMP_PORT;
    }
    return PH_CLOSE_BAD_HANDSHAKE;
}

static int take_c0(struct ph_rtmp_handshake *handshake, struct ph_reader *in)
{
    if (ph_reader_left(in) == 0) {
        return PH_EAGAIN;
    }
    uint8_t version = ph_read_u8(in);
    if (version != VERSION) {
        handshake->refusal = guess_protocol(version);
        return PH_EPROTO;
    }
    handshake->state = PH_RTMP_HANDSHAKE_C1;
    return PH_OK;
}

/* Collects the 1536 bytes of C1 or skips those of C2 (`to` is NULL). */
static int take_block(struct ph_rtmp_handshake *handshake, struct ph_reader *in, uint8_t *to)
{
    size_t wanted = PH_RTMP_HANDSHAKE_LEN - handshake->filled;
    size_t len = ph_reader_left(in) < wanted ? ph_reader_left(in) : wanted;
    const uint8_t *bytes = ph_read_bytes(in, len);

    if (to != NULL && len > 0) {
        memcpy(to + handshake->filled, bytes, len);
    }
    handshake->filled += len;
    if (handshake->filled < PH_RTMP_HANDSHAKE_LEN) {
        return PH_EAGAIN;
    }
    handshake->filled = 0;
    return PH_OK;
}

static void write_reply(const struct ph_rtmp_handshake *handshake, uint32_t now_ms,
                        struct ph_writer *out)
{
    ph_write_u8(out, VERSION);
    ph_write_u32(out, now_ms);
    /* Not zero here would make FFmpeg's player expect a digest. */
    ph_write_u32(out, 0);
    /* "Random" only has to tell connections apart; this repeats for no peer and in every test. */
    uint32_t filler = now_ms | 1;
    for (size_t i = 8; i < PH_RTMP_HANDSHAKE_LEN; i += 4) {
        filler ^= filler << 13;
        filler ^= filler >> 17;
        filler ^= filler << 5;
        ph_write_u32(out, filler);
    }
    ph_write_bytes(out, handshake->c1, PH_RTMP_HANDSHAKE_LEN);
}

int ph_rtmp_handshake_feed(struct ph_rtmp_handshake *handshake, struct ph_reader *in,
                           uint32_t now_ms, struct ph_writer *out)
{
    int err = PH_OK;

    if (handshake->state == PH_RTMP_HANDSHAKE_C0) {
        err = take_c0(handshake, in);
    }
    if (err == PH_OK && handshake->state == PH_RTMP_HANDSHAKE_C1) {
        err = take_block(handshake, in, handshake->c1);
        if (err == PH_OK) {
            write_reply(handshake, now_ms, out);
            handshake->state = PH_RTMP_HANDSHAKE_C2;
        }
    }
    if (err == PH_OK && handshake->state == PH_RTMP_HANDSHAKE_C2) {
        /* C2 should repeat S1. Real encoders get it wrong, so it is not compared. */
        err = take_block(handshake, in, NULL);
        if (err == PH_OK) {
            handshake->state = PH_RTMP_HANDSHAKE_DONE;
        }
    }
    return err;
}
