/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_PLAYLIST_H
#define PHIEN_PACKAGE_PLAYLIST_H

#include <phien/package/snapshot.h>

/*
 * The text of a media playlist (RFC 8216bis section 4.4.3 to 4.4.5), all forms but
 * PH_PLAYLIST_INDEX. The caller owns the reference; NULL where ph_snapshot_playlist says so.
 */
struct ph_buf *ph_playlist_format(const struct ph_snapshot *snapshot, enum ph_playlist_form form);

#endif
