/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_GOP_H
#define PHIEN_PACKAGE_GOP_H

#include <phien/core/clock.h>

#include <stdbool.h>

/*
 * What is known of the distance between random access points, from the last two.
 */
struct ph_gop {
    ph_usec last;   /* the newest random access point */
    ph_usec length; /* 0: not measured yet */
    bool has_last;
};

void ph_gop_feed(struct ph_gop *gop, ph_usec dts);

/* The next random access point does not follow the last one; what was measured stays. */
void ph_gop_break(struct ph_gop *gop);

/* The length as it will be measured once a random access point at `dts` is fed. */
ph_usec ph_gop_until(const struct ph_gop *gop, ph_usec dts);

/*
 * How to split a GOP into parts when a part begins at the next random access point too. The
 * parts must come out at 85 % of the part target at least, but those that begin at a random
 * access point need not (RFC 8216bis section 4.4.4.9): the odd frames go into the first.
 */
struct ph_gop_plan {
    ph_usec first; /* duration of the part at the random access point; 0: no plan */
    ph_usec other; /* of those that follow */
};

struct ph_gop_plan ph_gop_plan(ph_usec length, ph_usec frame, ph_usec part_min, ph_usec part_max);

#endif
