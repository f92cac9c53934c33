/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_APP_PAGES_H
#define PHIEN_APP_PAGES_H

#include <phien/http/router.h>

/*
 * /watch/NAME, /studio/NAME, what the pages load from /assets/, and /api/v1/openapi.yaml: embedded
 * in the binary, see src/web.
 */
void ph_pages_add_routes(struct ph_router *router);

#endif
