/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_ES_PARAMETER_SETS_H
#define PHIEN_INGEST_SRT_ES_PARAMETER_SETS_H

#include "nal.h"

#include <phien/core/buf.h>

/*
 * The parameter sets that a stream has sent so far, the newest of each id; avcC and hvcC are made
 * of those that a slice refers to.
 */
#define PH_PARAMETER_SET_MAX_BYTES 4096

struct ph_parameter_sets {
    enum AVCodecID codec_id;
    struct ph_buf *vps[16];
    struct {
        struct ph_buf *nal;
        struct ph_sps info;
    } sps[32];
    struct {
        struct ph_buf *nal;
        unsigned sps_id;
    } pps[256];
};

void ph_parameter_sets_init(struct ph_parameter_sets *sets, enum AVCodecID codec_id);
void ph_parameter_sets_fini(struct ph_parameter_sets *sets);

/* Keeps a copy of a set. Ignores one that is malformed or too large. */
void ph_parameter_sets_put(struct ph_parameter_sets *sets, enum ph_nal_role role,
                           const uint8_t *nal, size_t len);

/* The SPS behind a slice's PPS; NULL: not known. */
const struct ph_sps *ph_parameter_sets_get_sps(const struct ph_parameter_sets *sets,
                                               unsigned pps_id);

/*
 * avcC or hvcC of the SPS behind `pps_id`, all PPSs that refer to it, and HEVC's VPS; length
 * fields of four bytes. PH_ENOTFOUND: one of them has not come yet. PH_ELIMIT: too large.
 */
PH_MUST_CHECK int ph_parameter_sets_format(const struct ph_parameter_sets *sets, unsigned pps_id,
                                           struct ph_buf **out);

#endif
