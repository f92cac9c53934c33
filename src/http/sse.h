/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_SRC_HTTP_SSE_H
#define PHIEN_SRC_HTTP_SSE_H

#include <phien/http/sse.h>

/* For tests, which cannot wait as long as a silent room does. Before anybody joins. */
void ph_sse_room_set_heartbeat(struct ph_sse_room *room, ph_usec heartbeat);

#endif
