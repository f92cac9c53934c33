/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_MEDIA_CADENCE_H
#define PHIEN_MEDIA_CADENCE_H

#include <stdint.h>

enum { PH_CADENCE_DELTAS = 9 };

/*
 * How far packets lie apart, to tell the duration of one before the next has come: the median of
 * the last distances, so that one lost frame or one odd timestamp does not show.
 */
struct ph_cadence {
    int64_t deltas[PH_CADENCE_DELTAS];
    unsigned count;
    unsigned newest;
    int64_t usual; /* until something was measured */
};

void ph_cadence_init(struct ph_cadence *cadence, int64_t usual);
void ph_cadence_add(struct ph_cadence *cadence, int64_t delta);
int64_t ph_cadence_estimate(const struct ph_cadence *cadence);

#endif
