/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_STORE_SCHEMA_H
#define PHIEN_OVERLAY_STORE_SCHEMA_H

#include <phien/core/err.h>

#include <sqlite3.h>

/* The schema that this phien writes, kept as user_version. */
int ph_store_schema_version(void);

/*
 * Brings the database to that version, from nothing or from an older one, in one transaction.
 * PH_EUNSUPPORTED, with *theirs the version of a newer phien, or 0 for a database of another
 * program's; PH_EIO: SQLite failed and can say why. A database that is refused is left as it was.
 */
PH_MUST_CHECK int ph_store_schema_apply(sqlite3 *db, int *theirs);

/*
 * PH_EIO: what is read at the start is damaged. Images are not looked at: they are the bulk, and
 * one that is damaged costs a picture.
 */
PH_MUST_CHECK int ph_store_schema_check(sqlite3 *db);

#endif
