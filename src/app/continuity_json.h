/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_APP_CONTINUITY_JSON_H
#define PHIEN_APP_CONTINUITY_JSON_H

#include "continuity.h"
#include "continuity_file.h"

/*
 * What the state file says, between its text and entries by the registry's index. Here an entry is
 * as it stands in the file: no margins, and a noted_at of 0 for a channel that it does not name.
 *
 *     {
 *       "version": 1,
 *       "written_at": "2026-08-04T10:00:02.000Z",
 *       "channels": {
 *         "sinho": {
 *           "noted_at": "2026-08-04T10:00:01.998Z",
 *           "live": true,
 *           "slate": "portrait",
 *           "next_msn": 163670412,
 *           "next_discontinuity": 136241
 *         }
 *       }
 *     }
 */
enum { PH_CONTINUITY_VERSION = 1 };

/*
 * Of each channel of the registry; others are passed over. PH_EPROTO: it is no such file, with
 * `reason`; PH_EUNSUPPORTED: one of a newer phien. A channel whose entry is not as it should be is
 * logged (state.unreadable) and is as if it were not there.
 */
PH_MUST_CHECK int ph_continuity_json_read(const char *text, size_t len,
                                          const struct ph_registry *registry,
                                          struct ph_continuity_entry *entries,
                                          char reason[static PH_CONTINUITY_REASON]);

/* To be freed; NULL: out of memory. */
char *ph_continuity_json_write(const struct ph_registry *registry,
                               const struct ph_continuity_entry *entries, ph_usec wall);

#endif
