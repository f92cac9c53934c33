/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_APP_SERVER_H
#define PHIEN_APP_SERVER_H

#include <phien/core/conf.h>

/*
 * The whole server: joins workers, channels, ingest and delivery, and ends them in order. Used by
 * main and by nothing else.
 */
struct ph_server;

/*
 * Builds everything and listens. What fails is logged with what to do about it. `conf` outlives
 * the server.
 */
PH_MUST_CHECK int ph_server_create(struct ph_server **out, const struct ph_conf *conf);

/*
 * Runs until SIGTERM or SIGINT, then drains: publishers are closed, their segments finished, held
 * requests answered. A second signal ends it at once.
 */
PH_MUST_CHECK int ph_server_run(struct ph_server *server);

void ph_server_destroy(struct ph_server **server);

#endif
