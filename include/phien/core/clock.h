/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_CORE_CLOCK_H
#define PHIEN_CORE_CLOCK_H

#include <stdint.h>

/*
 * Microseconds, on the clock that the name of the variable or the comment beside it says.
 * Code without a loop never reads a clock: it is handed the time, so that tests set it by hand.
 */
typedef int64_t ph_usec;

#define PH_USEC_PER_MS ((ph_usec)1000)
#define PH_USEC_PER_S ((ph_usec)1000000)

/* "Never": later than every deadline. */
#define PH_USEC_NEVER INT64_MAX

/* Time since an arbitrary start; never goes back. */
ph_usec ph_clock_mono(void);

/* Time since the Unix epoch; can be set by the operator while we run. */
ph_usec ph_clock_wall(void);

/* Both at the same instant, as the parts without a loop take them. */
struct ph_now {
    ph_usec mono;
    ph_usec wall;
};

struct ph_now ph_clock_now(void);

/* "2026-08-04T10:00:00.000Z" for a wall clock time; `out` holds at least 32 bytes. */
void ph_clock_format_utc(ph_usec wall, char out[static 32]);

#endif
