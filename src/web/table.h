/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_WEB_TABLE_H
#define PHIEN_WEB_TABLE_H

#include <phien/web/assets.h>

/* What build.mjs generates into the build directory. */
extern const struct ph_asset ph_asset_table[];
extern const size_t ph_asset_table_count;

#endif
