/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_ES_LATM_H
#define PHIEN_INGEST_SRT_ES_LATM_H

#include <phien/core/err.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * AAC in LATM (ISO/IEC 14496-3 section 1.7.3): frames at any bit, behind a configuration that is
 * repeated now and then. One program of one layer, which is what encoders make.
 */
#define PH_LATM_CONFIG_MAX 64
#define PH_LATM_SUBFRAMES_MAX 64

struct ph_latm {
    bool has_config;
    uint8_t config[PH_LATM_CONFIG_MAX]; /* the AudioSpecificConfig */
    size_t config_len;
    unsigned subframes; /* of each AudioMuxElement */
};

/* Where the frames of an AudioMuxElement are. */
struct ph_latm_element {
    unsigned count;
    struct {
        size_t pos_bits;
        size_t len;
    } frames[PH_LATM_SUBFRAMES_MAX];
    bool is_changed; /* the configuration is another than before */
};

/*
 * Reads an AudioMuxElement. PH_EAGAIN: the configuration is yet to come; PH_EUNSUPPORTED: one that
 * is not read here; PH_EPROTO: malformed. In all three nothing changes in `latm`.
 */
PH_MUST_CHECK int ph_latm_read(struct ph_latm *latm, const uint8_t *data, size_t len,
                               struct ph_latm_element *out);

/* The `len` bytes that begin at any bit. They must be there. */
void ph_latm_copy(uint8_t *to, const uint8_t *data, size_t pos_bits, size_t len);

#endif
