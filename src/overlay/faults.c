/* SPDX-License-Identifier: Apache-2.0 */
#include "faults.h"

#include <stdarg.h>
#include <stdio.h>

void ph_faults_add(struct ph_faults *faults, const char *pointer, const char *detail, ...)
{
    if (faults->count < PH_FAULTS_MAX) {
        struct ph_fault *fault = &faults->items[faults->count];
        va_list args;
        snprintf(fault->pointer, sizeof(fault->pointer), "%s", pointer);
        va_start(args, detail);
        vsnprintf(fault->detail, sizeof(fault->detail), detail, args);
        va_end(args);
    }
    faults->count++;
}
