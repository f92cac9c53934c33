/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_MEDIA_METER_H
#define PHIEN_MEDIA_METER_H

#include <phien/core/clock.h>

#include <stdbool.h>

enum { PH_METER_SECONDS = 5 };

/* An amount a second, averaged over the last five whole seconds; for figures that people read. */
struct ph_meter {
    bool has_second;
    int64_t second;                        /* the one that is being counted */
    int64_t elapsed;                       /* whole seconds behind it, up to PH_METER_SECONDS */
    int64_t amounts[PH_METER_SECONDS + 1]; /* by second modulo their number */
};

/* `at`: on whichever clock the meter counts. An amount of an earlier second counts to the newest.
 */
void ph_meter_add(struct ph_meter *meter, ph_usec at, int64_t amount);

/* 0 until the first second is over. */
double ph_meter_rate(const struct ph_meter *meter);

#endif
