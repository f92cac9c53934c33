/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single byte ranges (RFC 9110 section 14). A server may ignore what it does not want to
 * answer: several ranges at once get the whole body.
 */
#include "range.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Reads digits; a number past SIZE_MAX stays there. False if there are none. */
static bool parse_number(const char **pos, size_t *out)
{
    const char *start = *pos;
    size_t value = 0;

    for (; **pos >= '0' && **pos <= '9'; (*pos)++) {
        size_t digit = (size_t)(**pos - '0');
        value = value > (SIZE_MAX - digit) / 10 ? SIZE_MAX : value * 10 + digit;
    }
    *out = value;
    return *pos > start;
}

static enum ph_range_kind cut_suffix(size_t suffix, size_t size, struct ph_range *range)
{
    if (suffix == 0 || size == 0) {
        return PH_RANGE_UNSATISFIABLE;
    }
    range->len = suffix < size ? suffix : size;
    range->first = size - range->len;
    return PH_RANGE_PART;
}

enum ph_range_kind ph_range_parse(const char *header, size_t size, struct ph_range *range)
{
    size_t first;
    size_t last = SIZE_MAX;
    bool has_first;
    bool has_last;

    if (strncasecmp(header, "bytes=", 6) != 0) {
        return PH_RANGE_NONE;
    }
    const char *pos = header + 6 + strspn(header + 6, " \t");
    has_first = parse_number(&pos, &first);
    if (*pos++ != '-') {
        return PH_RANGE_NONE;
    }
    has_last = parse_number(&pos, &last);
    pos += strspn(pos, " \t");
    if (*pos != '\0' || !(has_first || has_last)) {
        return PH_RANGE_NONE;
    }
    if (!has_first) {
        return cut_suffix(last, size, range);
    }
    if (has_last && last < first) {
        return PH_RANGE_NONE;
    }
    if (first >= size) {
        return PH_RANGE_UNSATISFIABLE;
    }
    range->first = first;
    range->len = has_last && last < size ? last - first + 1 : size - first;
    return PH_RANGE_PART;
}

size_t ph_range_cut(struct ph_slice *slices, size_t count, struct ph_range range)
{
    size_t kept = 0;
    size_t skip = range.first;
    size_t left = range.len;

    for (size_t i = 0; i < count; i++) {
        struct ph_slice slice = slices[i];
        size_t dropped = skip < slice.len ? skip : slice.len;
        skip -= dropped;
        if (dropped > 0) {
            slice.data += dropped;
        }
        slice.len = slice.len - dropped < left ? slice.len - dropped : left;
        left -= slice.len;
        if (slice.len == 0) {
            ph_slice_clear(&slice);
        } else {
            slices[kept++] = slice;
        }
    }
    return kept;
}
