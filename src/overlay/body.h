/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_BODY_H
#define PHIEN_OVERLAY_BODY_H

#include "change.h"

#include <jansson.h>

/*
 * The JSON of a request's body, the caller's to release: an object or a list, at most eight levels
 * deep, no member twice. PH_ELIMIT: longer than `max` bytes; PH_EPROTO: not that.
 */
PH_MUST_CHECK int ph_body_parse(json_t **out, const void *body, size_t len, size_t max,
                                struct ph_faults *faults);

/* The same, but an object. */
PH_MUST_CHECK int ph_body_parse_object(json_t **out, const void *body, size_t len,
                                       struct ph_faults *faults);

/* PH_ELIMIT if it is. */
PH_MUST_CHECK int ph_body_check_length(size_t len, size_t max, struct ph_faults *faults);

/* A change of this kind that waits to be filled in, for whatever the shelf's revision is. */
void ph_change_init(struct ph_change *change, enum ph_change_kind kind);

/* Behind the last value: PH_OK, or PH_EINVAL and an empty change if there are faults. */
PH_MUST_CHECK int ph_change_end(struct ph_change *change, const struct ph_faults *faults);

#endif
