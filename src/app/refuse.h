/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_APP_REFUSE_H
#define PHIEN_APP_REFUSE_H

#include <phien/http/exchange.h>

/* Answers 401, which says what to send. `detail` is JSON text as it stands. */
void ph_refuse_without_token(struct ph_http_exchange *exchange, const char *detail);

#endif
