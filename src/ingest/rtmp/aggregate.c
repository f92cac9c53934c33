/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aggregate messages: FLV tags one after the other in one message. The first one's time is that
 * of the aggregate, and the others keep their distance from it.
 */
#include "aggregate.h"

void ph_rtmp_aggregate_init(struct ph_rtmp_aggregate *aggregate,
                            const struct ph_rtmp_message *message)
{
    *aggregate = (struct ph_rtmp_aggregate){.timestamp = message->timestamp};
    ph_reader_init(&aggregate->in, message->data, message->len);
}

bool ph_rtmp_aggregate_next(struct ph_rtmp_aggregate *aggregate, struct ph_rtmp_message *inner)
{
    struct ph_reader *in = &aggregate->in;

    *inner = (struct ph_rtmp_message){.type = ph_read_u8(in)};
    inner->len = ph_read_u24(in);
    uint32_t timestamp = ph_read_u24(in);
    timestamp |= (uint32_t)ph_read_u8(in) << 24;
    ph_read_skip(in, 3); /* the message stream, which is that of the aggregate */
    inner->data = ph_read_bytes(in, inner->len);
    if (in->failed) {
        return false;
    }
    /* The last one's back pointer may be missing. */
    ph_read_skip(in, ph_reader_left(in) < 4 ? ph_reader_left(in) : 4);
    if (!aggregate->has_first) {
        aggregate->first_timestamp = timestamp;
        aggregate->has_first = true;
    }
    inner->timestamp = aggregate->timestamp + (timestamp - aggregate->first_timestamp);
    return true;
}
