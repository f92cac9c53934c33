/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_APP_STATUS_API_H
#define PHIEN_APP_STATUS_API_H

#include "worker.h"

/*
 * /api/v1/channels/NAME/status: how a channel does, for those who have its token. The question goes
 * to the channel's home, which looks at each of its channels once a second for it.
 */
struct ph_status_api;

struct ph_status_api *ph_status_api_create(const struct ph_shared *shared, unsigned worker);
void ph_status_api_add_routes(struct ph_status_api *api, struct ph_router *router);
void ph_status_api_destroy(struct ph_status_api **api);

#endif
