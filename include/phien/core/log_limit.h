/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_CORE_LOG_LIMIT_H
#define PHIEN_CORE_LOG_LIMIT_H

#include <phien/core/clock.h>

#include <stdbool.h>
#include <stdint.h>

/*
 * For lines that strangers could fill the log with: of those that come within PH_LOG_LIMIT_TIME
 * the first PH_LOG_LIMIT_LINES are written. How many were not, log.withheld tells before the first
 * line of a later time. Zeroed is ready; one thread at a time.
 */
#define PH_LOG_LIMIT_TIME (10 * PH_USEC_PER_S)
enum { PH_LOG_LIMIT_LINES = 100 };

struct ph_log_limit {
    ph_usec since; /* of the time that runs */
    unsigned lines;
    int64_t withheld;
};

/* Whether a line with this event may be written. `now`: monotonic. */
bool ph_log_limit_take(struct ph_log_limit *limit, const char *event, ph_usec now);

#endif
