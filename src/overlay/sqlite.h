/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_SQLITE_H
#define PHIEN_OVERLAY_SQLITE_H

#include <phien/core/clock.h>

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One run of a prepared statement, with a sticky code: bind its parameters in their order, step
 * and read the columns in theirs, and look at what ph_sqlite_end returns. Codes are SQLite's, so
 * that the store can tell a full disk from a value that is refused.
 */
struct ph_sqlite_run {
    sqlite3_stmt *statement;
    int code; /* SQLITE_OK, or the first failure */
    int next; /* parameter or column */
};

struct ph_sqlite_run ph_sqlite_begin(sqlite3_stmt *statement);

/* Texts and bytes are borrowed until the end. */
void ph_sqlite_bind_text(struct ph_sqlite_run *run, const char *text);
void ph_sqlite_bind_bytes(struct ph_sqlite_run *run, const void *data, size_t len);
void ph_sqlite_bind_int(struct ph_sqlite_run *run, int64_t value);
void ph_sqlite_bind_number(struct ph_sqlite_run *run, int64_t value); /* NULL: PH_NO_NUMBER */
void ph_sqlite_bind_time(struct ph_sqlite_run *run, ph_usec value);   /* NULL: PH_USEC_NEVER */

/* True: there is a row, whose columns may be read. */
bool ph_sqlite_step(struct ph_sqlite_run *run);

/* Until the next step. A text is never NULL. */
const char *ph_sqlite_text(struct ph_sqlite_run *run);
const void *ph_sqlite_bytes(struct ph_sqlite_run *run, size_t *len);
int64_t ph_sqlite_int(struct ph_sqlite_run *run);
int64_t ph_sqlite_number(struct ph_sqlite_run *run);
ph_usec ph_sqlite_time(struct ph_sqlite_run *run);

/* The statement may be run again. Returns SQLITE_OK or the first failure. */
int ph_sqlite_end(struct ph_sqlite_run *run);

/* Steps once, for statements that give no rows, and ends. */
int ph_sqlite_finish(struct ph_sqlite_run *run);

/* The first column of the first row of `sql`; `missing` without one, or when it fails. */
int64_t ph_sqlite_query_int(sqlite3 *db, const char *sql, int64_t missing);

#endif
