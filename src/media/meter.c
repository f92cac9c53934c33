/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bitrate and frame rate as the channel's status shows them.
 */
#include "meter.h"

static int64_t *amount_of(struct ph_meter *meter, int64_t second)
{
    return &meter->amounts[(uint64_t)second % (PH_METER_SECONDS + 1)];
}

static void advance(struct ph_meter *meter, int64_t second)
{
    int64_t passed = second - meter->second;

    for (int64_t i = 1; i <= passed && i <= PH_METER_SECONDS + 1; i++) {
        *amount_of(meter, second - passed + i) = 0;
    }
    meter->second = second;
    meter->elapsed += passed;
    meter->elapsed = meter->elapsed < PH_METER_SECONDS ? meter->elapsed : PH_METER_SECONDS;
}

void ph_meter_add(struct ph_meter *meter, ph_usec at, int64_t amount)
{
    int64_t second = at / PH_USEC_PER_S;

    if (!meter->has_second) {
        *meter = (struct ph_meter){.has_second = true, .second = second};
    } else if (second > meter->second) {
        advance(meter, second);
    }
    *amount_of(meter, meter->second) += amount;
}

double ph_meter_rate(const struct ph_meter *meter)
{
    int64_t sum = 0;

    for (int64_t i = 1; i <= meter->elapsed; i++) {
        sum += meter->amounts[(uint64_t)(meter->second - i) % (PH_METER_SECONDS + 1)];
    }
    return meter->elapsed > 0 ? (double)sum / (double)meter->elapsed : 0;
}
