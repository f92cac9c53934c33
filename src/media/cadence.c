/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Beside the timeline: a part is closed without waiting for the frame after it, so each frame
 * needs a duration when it comes.
 */
#include "cadence.h"

void ph_cadence_init(struct ph_cadence *cadence, int64_t usual)
{
    *cadence = (struct ph_cadence){.usual = usual};
}

void ph_cadence_add(struct ph_cadence *cadence, int64_t delta)
{
    cadence->newest = (cadence->newest + 1) % PH_CADENCE_DELTAS;
    cadence->deltas[cadence->newest] = delta;
    cadence->count += cadence->count < PH_CADENCE_DELTAS;
}

int64_t ph_cadence_estimate(const struct ph_cadence *cadence)
{
    int64_t sorted[PH_CADENCE_DELTAS];

    if (cadence->count == 0) {
        return cadence->usual;
    }
    for (unsigned i = 0; i < cadence->count; i++) {
        int64_t delta =
            cadence->deltas[(cadence->newest + PH_CADENCE_DELTAS - i) % PH_CADENCE_DELTAS];
        unsigned at = i;
        for (; at > 0 && sorted[at - 1] > delta; at--) {
            sorted[at] = sorted[at - 1];
        }
        sorted[at] = delta;
    }
    return sorted[cadence->count / 2];
}
