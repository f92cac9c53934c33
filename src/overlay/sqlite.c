/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store says to SQLite a hundred times, said once. The rest of the store knows what is
 * written where, this file how a statement is run.
 */
#include "sqlite.h"

#include "product.h"

struct ph_sqlite_run ph_sqlite_begin(sqlite3_stmt *statement)
{
    return (struct ph_sqlite_run){.statement = statement, .next = 1};
}

static void note(struct ph_sqlite_run *run, int code)
{
    run->next++;
    if (run->code == SQLITE_OK) {
        run->code = code;
    }
}

void ph_sqlite_bind_text(struct ph_sqlite_run *run, const char *text)
{
    note(run, sqlite3_bind_text(run->statement, run->next, text, -1, SQLITE_STATIC));
}

void ph_sqlite_bind_bytes(struct ph_sqlite_run *run, const void *data, size_t len)
{
    note(run, sqlite3_bind_blob64(run->statement, run->next, data, len, SQLITE_STATIC));
}

void ph_sqlite_bind_int(struct ph_sqlite_run *run, int64_t value)
{
    note(run, sqlite3_bind_int64(run->statement, run->next, value));
}

static void bind_unless(struct ph_sqlite_run *run, int64_t value, int64_t unset)
{
    if (value == unset) {
        note(run, sqlite3_bind_null(run->statement, run->next));
    } else {
        ph_sqlite_bind_int(run, value);
    }
}

void ph_sqlite_bind_number(struct ph_sqlite_run *run, int64_t value)
{
    bind_unless(run, value, PH_NO_NUMBER);
}

void ph_sqlite_bind_time(struct ph_sqlite_run *run, ph_usec value)
{
    bind_unless(run, value, PH_USEC_NEVER);
}

bool ph_sqlite_step(struct ph_sqlite_run *run)
{
    if (run->code == SQLITE_OK) {
        int code = sqlite3_step(run->statement);
        if (code == SQLITE_ROW) {
            run->next = 0;
            return true;
        }
        run->code = code == SQLITE_DONE ? SQLITE_OK : code;
    }
    return false;
}

const char *ph_sqlite_text(struct ph_sqlite_run *run)
{
    const char *text = (const char *)sqlite3_column_text(run->statement, run->next++);

    return text != NULL ? text : "";
}

const void *ph_sqlite_bytes(struct ph_sqlite_run *run, size_t *len)
{
    const void *data = sqlite3_column_blob(run->statement, run->next);

    *len = (size_t)sqlite3_column_bytes(run->statement, run->next++);
    return data;
}

static int64_t read_or(struct ph_sqlite_run *run, int64_t unset)
{
    int column = run->next++;

    return sqlite3_column_type(run->statement, column) != SQLITE_NULL
               ? sqlite3_column_int64(run->statement, column)
               : unset;
}

int64_t ph_sqlite_int(struct ph_sqlite_run *run)
{
    return read_or(run, 0);
}

int64_t ph_sqlite_number(struct ph_sqlite_run *run)
{
    return read_or(run, PH_NO_NUMBER);
}

ph_usec ph_sqlite_time(struct ph_sqlite_run *run)
{
    return read_or(run, PH_USEC_NEVER);
}

int ph_sqlite_end(struct ph_sqlite_run *run)
{
    /* What sqlite3_reset returns was returned by the step already. */
    sqlite3_reset(run->statement);
    sqlite3_clear_bindings(run->statement);
    return run->code;
}

int ph_sqlite_finish(struct ph_sqlite_run *run)
{
    (void)ph_sqlite_step(run);
    return ph_sqlite_end(run);
}

int64_t ph_sqlite_query_int(sqlite3 *db, const char *sql, int64_t missing)
{
    sqlite3_stmt *statement = NULL;
    int64_t value = missing;

    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK) {
        struct ph_sqlite_run run = ph_sqlite_begin(statement);
        if (ph_sqlite_step(&run)) {
            value = ph_sqlite_int(&run);
        }
    }
    sqlite3_finalize(statement);
    return value;
}
