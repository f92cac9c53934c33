/* SPDX-License-Identifier: Apache-2.0 */
#include "faults.h"

#include <phien/core/text.h>

#include <stdarg.h>
#include <stdio.h>

void ph_faults_add(struct ph_faults *faults, const char *pointer, const char *detail, ...)
{
    if (faults->count < PH_FAULTS_MAX) {
        struct ph_fault *fault = &faults->items[faults->count];
        char whole[512];
        va_list args;
        va_start(args, detail);
        vsnprintf(whole, sizeof(whole), detail, args);
        va_end(args);
        /* What does not fit is cut between characters: half of one is not JSON any more. */
        ph_text_copy(fault->pointer, sizeof(fault->pointer), pointer);
        ph_text_copy(fault->detail, sizeof(fault->detail), whole);
    }
    faults->count++;
}

/* '~' and '/' are written as "~0" and "~1" in a pointer (RFC 6901, section 3). */
void ph_faults_add_member(struct ph_faults *faults, const char *base, const char *name,
                          const char *detail)
{
    char pointer[128];
    int len = snprintf(pointer, sizeof(pointer), "%s/", base);
    size_t used = (size_t)len < sizeof(pointer) ? (size_t)len : sizeof(pointer) - 1;

    for (; *name != '\0' && used + 2 < sizeof(pointer); name++) {
        if (*name == '~' || *name == '/') {
            pointer[used++] = '~';
            pointer[used++] = *name == '~' ? '0' : '1';
        } else {
            pointer[used++] = *name;
        }
    }
    pointer[used] = '\0';
    ph_faults_add(faults, pointer, "%s", detail);
}
