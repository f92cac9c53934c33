/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a LOAS frame (ISO/IEC 14496-3 section 1.7.3; the tables named are its). Part of
 * audio.c.
 */
#include "latm.h"

#include <phien/core/bytes.h>

#include <string.h>

enum { RATE_IS_WRITTEN_OUT = 15, SBR = 5, PS = 29, CORE_TYPE_MAX = 4 };

/* Table 1.43, LatmGetValue. */
static uint32_t read_value(struct ph_bits *b)
{
    return ph_bits_read(b, 8 * (ph_bits_read(b, 2) + 1));
}

void ph_latm_copy(uint8_t *to, const uint8_t *data, size_t pos_bits, size_t len)
{
    const uint8_t *from = data + pos_bits / 8;
    unsigned shift = pos_bits % 8;

    if (shift == 0) {
        memcpy(to, from, len);
        return;
    }
    for (size_t i = 0; i < len; i++) {
        to[i] = (uint8_t)(from[i] << shift | from[i + 1] >> (8 - shift));
    }
}

/* Copies bits, and fills the last byte up with zeros. */
static int copy_config(struct ph_latm *latm, const struct ph_bits *b, size_t pos_bits,
                       size_t len_bits)
{
    struct ph_bits from = *b;

    if (len_bits == 0 || len_bits > 8 * PH_LATM_CONFIG_MAX || len_bits > b->len_bits - pos_bits) {
        return PH_EPROTO;
    }
    from.pos_bits = pos_bits;
    latm->config_len = (len_bits + 7) / 8;
    for (size_t i = 0; i < latm->config_len; i++) {
        unsigned count = len_bits - 8 * i < 8 ? (unsigned)(len_bits - 8 * i) : 8;
        latm->config[i] = (uint8_t)(ph_bits_read(&from, count) << (8 - count));
    }
    return PH_OK;
}

static void skip_sample_rate(struct ph_bits *b)
{
    if (ph_bits_read(b, 4) == RATE_IS_WRITTEN_OUT) {
        ph_bits_skip(b, 24);
    }
}

/*
 * Table 1.15, AudioSpecificConfig, whose length is nowhere written in version 0. Channels by
 * a program_config_element and object types of other tools than AAC's are not read.
 */
static int skip_audio_config(struct ph_bits *b)
{
    unsigned type = ph_bits_read(b, 5);

    skip_sample_rate(b);
    unsigned channels = ph_bits_read(b, 4);
    if (type == SBR || type == PS) {
        skip_sample_rate(b);
        type = ph_bits_read(b, 5);
    }
    ph_bits_skip(b, 1); /* GASpecificConfig (table 4.1): frame length, core coder, extension */
    ph_bits_skip(b, ph_bits_read(b, 1) * 14);
    ph_bits_skip(b, 1);
    if (b->failed) {
        return PH_EPROTO;
    }
    return type >= 1 && type <= CORE_TYPE_MAX && channels != 0 ? PH_OK : PH_EUNSUPPORTED;
}

static int read_audio_config(struct ph_latm *latm, struct ph_bits *b, unsigned version)
{
    size_t len_bits = version == 1 ? read_value(b) : 0;
    size_t start = b->pos_bits;

    if (version == 1) {
        ph_bits_skip(b, len_bits);
    } else {
        int err = skip_audio_config(b);
        if (err != PH_OK) {
            return err;
        }
        len_bits = b->pos_bits - start;
    }
    return b->failed ? PH_EPROTO : copy_config(latm, b, start, len_bits);
}

static void skip_other_data_length(struct ph_bits *b, unsigned version)
{
    bool goes_on = version == 0;

    if (version == 1) {
        (void)read_value(b);
    }
    while (goes_on && !b->failed) {
        goes_on = ph_bits_read(b, 1) != 0;
        ph_bits_skip(b, 8);
    }
}

/* Table 1.42, StreamMuxConfig. */
static int read_mux_config(struct ph_latm *latm, struct ph_bits *b)
{
    unsigned version = ph_bits_read(b, 1);
    bool is_version_a = version == 1 && ph_bits_read(b, 1) != 0;

    if (is_version_a) {
        return PH_EUNSUPPORTED; /* reserved */
    }
    if (version == 1) {
        (void)read_value(b); /* the fill level of the decoder's buffer */
    }
    bool is_same_time = ph_bits_read(b, 1) != 0;
    latm->subframes = ph_bits_read(b, 6) + 1;
    unsigned more_programs = ph_bits_read(b, 4);
    unsigned more_layers = ph_bits_read(b, 3);
    if (!b->failed && (!is_same_time || more_programs > 0 || more_layers > 0)) {
        return PH_EUNSUPPORTED;
    }
    int err = read_audio_config(latm, b, version);
    if (err != PH_OK) {
        return err;
    }
    unsigned length_type = ph_bits_read(b, 3);
    ph_bits_skip(b, 8); /* the buffer's fill level */
    if (ph_bits_read(b, 1) != 0) {
        skip_other_data_length(b, version);
    }
    ph_bits_skip(b, ph_bits_read(b, 1) * 8); /* checksum */
    if (b->failed) {
        return PH_EPROTO;
    }
    latm->has_config = true;
    return length_type == 0 ? PH_OK : PH_EUNSUPPORTED;
}

/* Tables 1.44 and 1.45: PayloadLengthInfo and PayloadMux of one subframe. */
static void read_payload(struct ph_bits *b, struct ph_latm_element *out)
{
    size_t len = 0;
    uint32_t step;

    do {
        step = ph_bits_read(b, 8);
        len += step;
    } while (step == 255);
    out->frames[out->count].pos_bits = b->pos_bits;
    out->frames[out->count].len = len;
    out->count += len > 0;
    ph_bits_skip(b, 8 * len);
}

static bool is_same_config(const struct ph_latm *a, const struct ph_latm *b)
{
    return a->has_config == b->has_config && a->config_len == b->config_len &&
           memcmp(a->config, b->config, a->config_len) == 0;
}

int ph_latm_read(struct ph_latm *latm, const uint8_t *data, size_t len, struct ph_latm_element *out)
{
    struct ph_latm next = *latm;
    struct ph_bits b;

    *out = (struct ph_latm_element){0};
    ph_bits_init(&b, data, len);
    bool is_same_mux = ph_bits_read(&b, 1) != 0;
    int err = is_same_mux ? PH_OK : read_mux_config(&next, &b);
    if (err != PH_OK) {
        return err;
    }
    if (!next.has_config) {
        return PH_EAGAIN;
    }
    for (unsigned i = 0; i < next.subframes; i++) {
        read_payload(&b, out);
    }
    if (b.failed) {
        return PH_EPROTO;
    }
    out->is_changed = !is_same_config(latm, &next);
    *latm = next;
    return PH_OK;
}
