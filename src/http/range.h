/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_SRC_HTTP_RANGE_H
#define PHIEN_SRC_HTTP_RANGE_H

#include <phien/core/buf.h>

/* What a Range header asks of a body (RFC 9110 section 14.2). */
enum ph_range_kind {
    PH_RANGE_NONE,          /* no range, one we do not know, or several: the whole body */
    PH_RANGE_PART,          /* one run of bytes */
    PH_RANGE_UNSATISFIABLE, /* nothing of it lies in the body */
};

struct ph_range {
    size_t first;
    size_t len;
};

/* Sets `range` for PH_RANGE_PART: never empty, and within `size`. */
enum ph_range_kind ph_range_parse(const char *header, size_t size, struct ph_range *range);

/*
 * Leaves of `slices` what lies in `range` and releases the others: no byte is copied. Returns how
 * many are left.
 */
size_t ph_range_cut(struct ph_slice *slices, size_t count, struct ph_range range);

#endif
