/* SPDX-License-Identifier: Apache-2.0 */
#include "sequence.h"

#define MASK UINT32_C(0x7fffffff)

/* Half of the numbers are ahead, half are behind: what is behind came twice, and is no hole. */
#define AHEAD_MAX (MASK / 2)

size_t ph_srt_sequence_feed(struct ph_srt_sequence *sequence, int32_t number)
{
    uint32_t now = (uint32_t)number & MASK;
    uint32_t missing = sequence->has_begun ? (now - sequence->next) & MASK : 0;

    if (missing > AHEAD_MAX) {
        return 0;
    }
    sequence->has_begun = true;
    sequence->next = (now + 1) & MASK;
    return missing;
}
