/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between a session's wire timestamps and the timeline: counters that wrap become 64 bits.
 */
#include <phien/media/unwrap.h>

/*
 * RTMP's counter is read modulo 2^31 instead of 2^32. That serves the encoders that wrap at 31
 * bits as well as those that wrap at 32, and the nearest value is still unique within 12 days.
 */
static unsigned modulus_bits(const struct ph_unwrap *unwrap)
{
    return unwrap->bits == 32 ? 31 : unwrap->bits;
}

void ph_unwrap_init(struct ph_unwrap *unwrap, unsigned bits)
{
    *unwrap = (struct ph_unwrap){.bits = bits};
}

int64_t ph_unwrap_next(struct ph_unwrap *unwrap, uint64_t value)
{
    uint64_t modulus = UINT64_C(1) << modulus_bits(unwrap);
    int64_t next;

    value &= (UINT64_C(1) << unwrap->bits) - 1;
    if (!unwrap->has_last) {
        unwrap->has_last = true;
        unwrap->last = (int64_t)value;
        return unwrap->last;
    }
    int64_t step = (int64_t)((value - (uint64_t)unwrap->last) & (modulus - 1));
    if (step >= (int64_t)(modulus / 2)) {
        step -= (int64_t)modulus;
    }
    if (__builtin_add_overflow(unwrap->last, step, &next)) {
        next = (int64_t)value; /* a peer that leapt 2^32 times: begin again */
    }
    unwrap->last = next;
    return next;
}
