/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_SRC_HTTP_SERVER_H
#define PHIEN_SRC_HTTP_SERVER_H

#include "conn.h"

#include <phien/http/server.h>

/* For tests, which cannot wait as long as a client may. Counts for what happens from then on. */
void ph_http_server_set_timeouts(struct ph_http_server *server,
                                 const struct ph_http_timeouts *timeouts, ph_usec drain);

/* And which do not send as many large bodies as it takes. */
void ph_http_server_set_bodies_limit(struct ph_http_server *server, size_t bodies_limit);

#endif
