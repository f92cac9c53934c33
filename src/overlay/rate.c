/* SPDX-License-Identifier: Apache-2.0 */
#include "rate.h"

/* So many seconds' worth of tokens fit into the bucket. */
enum { BURST_S = 2 };

void ph_rate_init(struct ph_rate *rate, unsigned per_s, ph_usec now)
{
    *rate = (struct ph_rate){
        .per_s = per_s, .tokens = BURST_S * PH_USEC_PER_S * (ph_usec)per_s, .at = now};
}

bool ph_rate_take(struct ph_rate *rate, ph_usec now)
{
    ph_usec elapsed = now - rate->at;

    if (rate->per_s == 0) {
        return true;
    }
    if (elapsed >= BURST_S * PH_USEC_PER_S) {
        elapsed = BURST_S * PH_USEC_PER_S;
    }
    rate->at = now;
    rate->tokens += elapsed * rate->per_s;
    ph_usec most = BURST_S * PH_USEC_PER_S * (ph_usec)rate->per_s;
    rate->tokens = rate->tokens < most ? rate->tokens : most;
    if (rate->tokens < PH_USEC_PER_S) {
        return false;
    }
    rate->tokens -= PH_USEC_PER_S;
    return true;
}
