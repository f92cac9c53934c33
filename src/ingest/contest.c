/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring holds the last takeovers of sessions that were alive: as many as it takes for either
 * side to have had its rounds. When the oldest of them is still recent, there is a fight.
 */
#include "contest.h"

#include <phien/core/mem.h>

static bool is_recent(ph_usec at, ph_usec now)
{
    return at != 0 && now - at < PH_CONTEST_TIME;
}

bool ph_contest_allows(struct ph_contest *contest, ph_usec since_media, ph_usec late, ph_usec now)
{
    /* What came out of the latency `since_media` ago was sent that much earlier. */
    if (since_media + late > PH_CONTEST_SILENCE) {
        contest->refused_at = 0;
        return true;
    }
    if (is_recent(contest->refused_at, now) || is_recent(contest->takeovers[contest->next], now)) {
        contest->refused_at = now;
        return false;
    }
    contest->takeovers[contest->next] = now;
    contest->next = (contest->next + 1) % PH_ARRAY_SIZE(contest->takeovers);
    return true;
}
