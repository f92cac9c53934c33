/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_CONTEST_H
#define PHIEN_INGEST_CONTEST_H

#include <phien/core/clock.h>

#include <stdbool.h>

/*
 * Whether two publishers that are both alive fight for a channel. One phone that loses its network
 * and comes back takes over from a connection that is dead, however often; that is never a fight,
 * and it never has to try twice. Two phones with one key take over from each other while the other
 * one's media come in. When each has done so PH_CONTEST_ROUNDS times within PH_CONTEST_TIME, the
 * newcomer is refused from then on, until none has come for that long, or the one on air falls
 * silent.
 *
 * No clock inside; the home's thread.
 */
enum { PH_CONTEST_ROUNDS = 3 };

#define PH_CONTEST_TIME (60 * PH_USEC_PER_S)

/*
 * Media of the session on air that was sent longer ago does not prove that it is alive. Over SRT,
 * media come in for as long as the latency is after the phone has gone, so they are that much
 * older.
 */
#define PH_CONTEST_SILENCE (1 * PH_USEC_PER_S)

struct ph_contest {
    ph_usec takeovers[2 * PH_CONTEST_ROUNDS]; /* of live sessions, a ring; 0: none */
    unsigned next;
    ph_usec refused_at; /* the last refusal; 0: none */
};

/*
 * A newcomer at `now`, who called `since_media` after the last media of the session on air came in
 * (negative: some came while it called), and that comes `late` (the SRT latency; 0 over RTMP).
 * True: it takes over, which is noted. False: it is to be refused.
 */
bool ph_contest_allows(struct ph_contest *contest, ph_usec since_media, ph_usec late, ph_usec now);

#endif
