/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_MEDIA_UNWRAP_H
#define PHIEN_MEDIA_UNWRAP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Makes a 64-bit timestamp of a counter that wraps: RTMP's 32 bits of milliseconds (49.7 days;
 * some encoders wrap at 31 bits, 24.8 days), MPEG-TS's 33 bits of 90 kHz (26.5 h). The nearest
 * value to the one before is taken, so small steps back stay steps back.
 *
 * One for a session's tracks together: they share a clock.
 */
struct ph_unwrap {
    int64_t last;
    unsigned bits; /* 32 or 33 */
    bool has_last;
};

void ph_unwrap_init(struct ph_unwrap *unwrap, unsigned bits);
int64_t ph_unwrap_next(struct ph_unwrap *unwrap, uint64_t value);

#endif
