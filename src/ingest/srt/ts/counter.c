/* SPDX-License-Identifier: Apache-2.0 */
/* What the continuity counters of ISO/IEC 13818-1 §2.4.3.3 prove about a PID's packets. */
#include "counter.h"

#define COUNTER_VALUES 16

bool ph_ts_counter_may_repeat(const struct ph_ts_counter *counter,
                              const struct ph_ts_packet *packet)
{
    return counter->is_known && !counter->did_repeat && packet->has_payload &&
           packet->counter == counter->last;
}

enum ph_ts_step ph_ts_counter_step(struct ph_ts_counter *counter, const struct ph_ts_packet *packet,
                                   bool is_copy)
{
    bool may_be_any = !counter->is_known || packet->is_jump;
    uint8_t next = (uint8_t)((counter->last + 1) % COUNTER_VALUES);

    if (!packet->has_payload && !packet->is_jump) {
        /* The counter stands still, and some muxers do not even write where it stands. */
        return PH_TS_STEP_NEXT;
    }
    bool does_repeat = is_copy && ph_ts_counter_may_repeat(counter, packet);
    counter->is_known = true;
    counter->last = packet->counter;
    counter->did_repeat = does_repeat;
    counter->missing = 0;
    if (does_repeat) {
        return PH_TS_STEP_COPY;
    }
    return may_be_any || packet->counter == next ? PH_TS_STEP_NEXT : PH_TS_STEP_HOLE;
}

bool ph_ts_counter_lose(struct ph_ts_counter *counter, size_t packets)
{
    size_t room = COUNTER_VALUES - counter->missing;

    counter->missing += packets < room ? packets : room;
    if (counter->missing < COUNTER_VALUES) {
        return false;
    }
    counter->is_known = false;
    return true;
}
