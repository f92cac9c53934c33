/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_PROBLEM_H
#define PHIEN_OVERLAY_PROBLEM_H

#include "faults.h"

#include <phien/http/exchange.h>

/*
 * Answers with what is wrong, as application/problem+json (RFC 9457), each fault in "errors".
 * `faults` may be NULL. 401 says which scheme to use, 429 and 503 when to try again.
 */
void ph_problem_respond(struct ph_http_exchange *exchange, int status, const char *detail,
                        const struct ph_faults *faults);

#endif
