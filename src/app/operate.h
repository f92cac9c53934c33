/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_APP_OPERATE_H
#define PHIEN_APP_OPERATE_H

#include "worker.h"

/*
 * What operators ask: /healthz, /metrics (Prometheus), and /api/v1/channels, which needs the
 * admin token and collects the state of the channels from their homes.
 */
void ph_operate_add_routes(struct ph_router *router, struct ph_worker *worker);

#endif
