/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_STORE_DB_H
#define PHIEN_OVERLAY_STORE_DB_H

#include "sqlite.h"
#include "store.h"

/* The database, open, with all that is said to it prepared. One thread at a time. */
enum ph_store_sql {
    PH_STORE_SQL_BEGIN,
    PH_STORE_SQL_COMMIT,
    PH_STORE_SQL_ROLLBACK,
    PH_STORE_SQL_BEGIN_JOB,
    PH_STORE_SQL_END_JOB,
    PH_STORE_SQL_UNDO_JOB,
    PH_STORE_SQL_GET_SEQ,
    PH_STORE_SQL_GET_CHANNEL,
    PH_STORE_SQL_GET_PRODUCTS,
    PH_STORE_SQL_GET_CARD,
    PH_STORE_SQL_GET_ANSWERS,
    PH_STORE_SQL_PUT_CHANNEL,
    PH_STORE_SQL_PUT_PRODUCT,
    PH_STORE_SQL_DELETE_PRODUCT,
    PH_STORE_SQL_PUT_CARD,
    PH_STORE_SQL_DELETE_CARD,
    PH_STORE_SQL_PUT_ANSWER,
    PH_STORE_SQL_DELETE_ANSWERS,
    PH_STORE_SQL_TOUCH_IMAGE,
    PH_STORE_SQL_COUNT_IMAGES,
    PH_STORE_SQL_DELETE_IMAGES,
    PH_STORE_SQL_PUT_IMAGE,
    PH_STORE_SQL_GET_IMAGE,
    PH_STORE_SQL_COUNT,
};

struct ph_store_db {
    sqlite3 *sqlite;
    sqlite3_stmt *statements[PH_STORE_SQL_COUNT];
    int lock_fd; /* -1: in memory */
};

/* As ph_store_open. When it fails nothing is left to be closed. */
PH_MUST_CHECK int ph_store_db_open(struct ph_store_db *db, const char *path, char *hint,
                                   size_t size);
void ph_store_db_close(struct ph_store_db *db);

struct ph_sqlite_run ph_store_db_begin(struct ph_store_db *db, enum ph_store_sql sql);

/* Runs what has no parameters and no rows. */
int ph_store_db_exec(struct ph_store_db *db, enum ph_store_sql sql);

/*
 * What the thread runs for a job. They return SQLite's code; where SQLite has nothing against it
 * and the store has, `err` of the job says so, and nothing was written.
 */
PH_MUST_CHECK int ph_store_write_run(struct ph_store_db *db, struct ph_store_job *job);
PH_MUST_CHECK int ph_store_images_put(struct ph_store_db *db, struct ph_store_job *job);
PH_MUST_CHECK int ph_store_images_get(struct ph_store_db *db, struct ph_store_job *job);

/* As ph_store_load, with SQLite's code. */
PH_MUST_CHECK int ph_store_read_state(struct ph_store_db *db, const char *channel,
                                      struct ph_overlay_state **out);
PH_MUST_CHECK int ph_store_read_answers(struct ph_store_db *db, const char *channel,
                                        struct ph_store_answer answers[PH_STORE_ANSWERS_MAX],
                                        size_t *count);

#endif
