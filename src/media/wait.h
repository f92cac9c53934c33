/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_MEDIA_WAIT_H
#define PHIEN_MEDIA_WAIT_H

#include "air.h"

/* What a session has sent before its channel is on air with it. */

/* A packet of a session that is not on air: kept, until it can go on air with what there is. */
PH_MUST_CHECK int ph_wait_packet(struct ph_channel *channel, const struct ph_arrival *a,
                                 struct ph_now now);

/* Nothing of what is kept will be used. */
void ph_wait_clear(struct ph_channel *channel);

/* The session is taken off the air, and has to show again what it sends. */
void ph_wait_anew(struct ph_publication *p);

/* Whether a picture is there that decoding can start at, and only the second track is not. */
bool ph_wait_has_start(const struct ph_publication *p);

/* When it goes on air with what it has; PH_USEC_NEVER. */
ph_usec ph_wait_deadline(const struct ph_publication *p);
void ph_wait_tick(struct ph_channel *channel, struct ph_now now);

#endif
