/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_FAULTS_H
#define PHIEN_OVERLAY_FAULTS_H

#include <phien/core/err.h>

#include <stdbool.h>
#include <stddef.h>

/*
 * What is wrong with a request, all at once: for each fault where it is, as a JSON pointer
 * (RFC 6901), and what to write instead. More than fit are counted only. Plain value; nothing to
 * free.
 */
enum { PH_FAULTS_MAX = 32 };

struct ph_fault {
    char pointer[96]; /* "/products/3/price"; "" for the body as a whole */
    char detail[160];
};

struct ph_faults {
    struct ph_fault items[PH_FAULTS_MAX];
    size_t count; /* may be more than there is room for */
};

void ph_faults_add(struct ph_faults *faults, const char *pointer, const char *detail, ...)
    PH_PRINTF(3, 4);

/* The same for the member `name` of what is at `base`. */
void ph_faults_add_member(struct ph_faults *faults, const char *base, const char *name,
                          const char *detail);

#endif
