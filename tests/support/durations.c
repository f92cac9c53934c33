/* SPDX-License-Identifier: Apache-2.0 */
#include "durations.h"

#include <phien/core/mem.h>

#include <stdio.h>
#include <stdlib.h>

void durations_add(struct durations *durations, ph_usec value)
{
    if (durations->count == durations->cap) {
        durations->cap = durations->cap > 0 ? 2 * durations->cap : 1024;
        durations->values =
            ph_realloc_array(durations->values, durations->cap, sizeof(*durations->values));
    }
    durations->values[durations->count++] = value;
}

static int compare(const void *a, const void *b)
{
    ph_usec x = *(const ph_usec *)a;
    ph_usec y = *(const ph_usec *)b;

    return x < y ? -1 : x > y;
}

static double percentile_ms(const struct durations *durations, size_t percent)
{
    size_t index = durations->count * percent / 100;

    index = index < durations->count ? index : durations->count - 1;
    return (double)durations->values[index] / PH_USEC_PER_MS;
}

void durations_print(struct durations *durations)
{
    printf("n=%zu", durations->count);
    if (durations->count > 0) {
        qsort(durations->values, durations->count, sizeof(*durations->values), compare);
        printf(" p50=%.2f p99=%.2f max=%.2f", percentile_ms(durations, 50),
               percentile_ms(durations, 99), percentile_ms(durations, 100));
    }
}

void durations_fini(struct durations *durations)
{
    free(durations->values);
    *durations = (struct durations){0};
}
