/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_RTMP_AGGREGATE_H
#define PHIEN_INGEST_RTMP_AGGREGATE_H

#include "message.h"

#include <phien/core/bytes.h>

/* A walk over the messages inside an aggregate message, RTMP 1.0 §7.1.6. */
struct ph_rtmp_aggregate {
    struct ph_reader in;
    uint32_t timestamp;
    uint32_t first_timestamp;
    bool has_first;
};

/* `message` must outlive the walk. */
void ph_rtmp_aggregate_init(struct ph_rtmp_aggregate *aggregate,
                            const struct ph_rtmp_message *message);

/*
 * The next message inside, with its data in that of the outer one and without a payload of its
 * own; false at the end or where the rest is malformed.
 */
bool ph_rtmp_aggregate_next(struct ph_rtmp_aggregate *aggregate, struct ph_rtmp_message *inner);

#endif
