/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_SUPPORT_DURATIONS_H
#define PHIEN_TESTS_SUPPORT_DURATIONS_H

#include <phien/core/clock.h>

#include <stddef.h>

/* What a bench measured, again and again; zeroed: nothing yet. */
struct durations {
    ph_usec *values;
    size_t count;
    size_t cap;
};

void durations_add(struct durations *durations, ph_usec value);

/* "n=240 p50=0.42 p99=1.30 max=1.71", in milliseconds; sorts them. */
void durations_print(struct durations *durations);
void durations_fini(struct durations *durations);

#endif
