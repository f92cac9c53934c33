/* SPDX-License-Identifier: Apache-2.0 */
#include "refuse.h"

#include <stdio.h>
#include <string.h>

void ph_refuse_without_token(struct ph_http_exchange *exchange, const char *detail)
{
    char text[256];

    snprintf(text, sizeof(text),
             "{\"type\":\"about:blank\",\"title\":\"Unauthorized\",\"status\":401,"
             "\"detail\":\"%s\"}\n",
             detail);
    struct ph_slice body = ph_slice_of(ph_buf_copy(text, strlen(text)));
    const struct ph_http_response response = {
        .status = 401,
        .content_type = "application/problem+json",
        .headers = "WWW-Authenticate: Bearer realm=\"phien\"\r\n",
        .body = &body,
        .body_count = 1,
    };
    ph_http_respond(exchange, &response);
}
