/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening and closing, and every statement that the store has for SQLite. Write-ahead logging,
 * since then a commit is one fsync, and an operator's shell reads without holding it up.
 */
#include "store_db.h"

#include "store_file.h"
#include "store_schema.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BUSY_TIMEOUT_MS = 5000 }; /* for an operator's shell that writes */

#define PRODUCT_COLUMNS                                                                            \
    "sku, position, title, price, original_price, currency, unit, stock, sold, badge, origin, "    \
    "image, url, is_hidden"
#define CARD_COLUMNS "sku, note, flash_price, ends_at_us, shown_at_us, hides_at_us"

static const char *const texts[PH_STORE_SQL_COUNT] = {
    [PH_STORE_SQL_BEGIN] = "BEGIN IMMEDIATE",
    [PH_STORE_SQL_COMMIT] = "COMMIT",
    [PH_STORE_SQL_ROLLBACK] = "ROLLBACK",
    [PH_STORE_SQL_BEGIN_JOB] = "SAVEPOINT job",
    [PH_STORE_SQL_END_JOB] = "RELEASE job",
    [PH_STORE_SQL_UNDO_JOB] = "ROLLBACK TO job",

    [PH_STORE_SQL_GET_SEQ] = "SELECT seq FROM channel WHERE name = ?1",
    [PH_STORE_SQL_GET_CHANNEL] = "SELECT seq, rev, card_seq FROM channel WHERE name = ?1",
    [PH_STORE_SQL_GET_PRODUCTS] = "SELECT " PRODUCT_COLUMNS " FROM product WHERE channel = ?1 "
                                  "ORDER BY position, sku",
    /* A card's product is on the shelf and not hidden, whatever was done with a shell. */
    [PH_STORE_SQL_GET_CARD] = "SELECT " CARD_COLUMNS " FROM card JOIN product "
                              "USING (channel, sku) WHERE channel = ?1 AND is_hidden = 0",
    [PH_STORE_SQL_GET_ANSWERS] = "SELECT key, seq FROM (SELECT key, seq FROM answer "
                                 "WHERE channel = ?1 ORDER BY seq DESC LIMIT ?2) ORDER BY seq",

    [PH_STORE_SQL_PUT_CHANNEL] = "INSERT OR REPLACE INTO channel (name, seq, rev, card_seq) "
                                 "VALUES (?1, ?2, ?3, ?4)",
    [PH_STORE_SQL_PUT_PRODUCT] =
        "INSERT OR REPLACE INTO product (channel, " PRODUCT_COLUMNS ") "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    [PH_STORE_SQL_DELETE_PRODUCT] = "DELETE FROM product WHERE channel = ?1 AND sku = ?2",
    [PH_STORE_SQL_PUT_CARD] = "INSERT OR REPLACE INTO card (channel, " CARD_COLUMNS ") "
                              "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [PH_STORE_SQL_DELETE_CARD] = "DELETE FROM card WHERE channel = ?1",
    [PH_STORE_SQL_PUT_ANSWER] = "INSERT OR REPLACE INTO answer (channel, seq, key) "
                                "VALUES (?1, ?2, ?3)",
    [PH_STORE_SQL_DELETE_ANSWERS] =
        "DELETE FROM answer WHERE channel = ?1 AND seq <= "
        "(SELECT seq FROM answer WHERE channel = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)",

    [PH_STORE_SQL_TOUCH_IMAGE] = "UPDATE image SET created_us = ?3 WHERE channel = ?1 "
                                 "AND name = ?2",
    [PH_STORE_SQL_COUNT_IMAGES] = "SELECT count(*) FROM image WHERE channel = ?1",
    [PH_STORE_SQL_DELETE_IMAGES] =
        "DELETE FROM image WHERE id IN (SELECT id FROM image WHERE channel = ?1 "
        "AND '/api/v1/channels/' || channel || '/images/' || name NOT IN "
        "(SELECT image FROM product WHERE channel = ?1 AND image IS NOT NULL) "
        "ORDER BY created_us, id LIMIT ?2)",
    [PH_STORE_SQL_PUT_IMAGE] = "INSERT INTO image (channel, name, created_us, bytes) "
                               "VALUES (?1, ?2, ?3, ?4)",
    [PH_STORE_SQL_GET_IMAGE] = "SELECT bytes FROM image WHERE channel = ?1 AND name = ?2",
};

/* SQLite's codes, where a database is opened: ours, and what the operator can do. */
static int explain(sqlite3 *sqlite, const char *path, char *hint, size_t size)
{
    bool has_failed = sqlite3_errcode(sqlite) != SQLITE_OK;
    const char *text = has_failed ? sqlite3_errmsg(sqlite) : "its tables are not sound";

    switch (sqlite3_errcode(sqlite)) {
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
        snprintf(hint, size, "%s: %s; let phien's user write the file and its folder", path, text);
        return PH_EACCESS;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        snprintf(hint, size, "%s: %s by another program; close it", path, text);
        return PH_EACCESS;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
        snprintf(hint, size, "%s: %s; look at the disk and at how much of it is free", path, text);
        return PH_EIO;
    default:
        snprintf(hint, size,
                 "%s is damaged (%s); move it away with its -wal and -shm files, and put a copy "
                 "of yours there or let phien begin anew",
                 path, text);
        return PH_EIO;
    }
}

static int apply_schema(sqlite3 *sqlite, const char *path, char *hint, size_t size)
{
    int theirs = 0;
    int err = ph_store_schema_apply(sqlite, &theirs);

    if (err == PH_EUNSUPPORTED && theirs > 0) {
        snprintf(hint, size,
                 "%s was written by a newer phien (schema %d, this one knows %d); run that one, "
                 "or set overlay.database to another file",
                 path, theirs, ph_store_schema_version());
    } else if (err == PH_EUNSUPPORTED) {
        snprintf(hint, size,
                 "%s is another program's database; set overlay.database to another file", path);
    } else if (err != PH_OK) {
        err = explain(sqlite, path, hint, size);
    }
    return err;
}

/* After the schema: a database that is not ours is left in the mode that it has. */
static int set_modes(sqlite3 *sqlite, bool is_file)
{
    static const char modes[] = "PRAGMA synchronous = FULL;"
                                "PRAGMA trusted_schema = OFF;"
                                "PRAGMA journal_size_limit = 16777216;";

    if (is_file &&
        sqlite3_exec(sqlite, "PRAGMA journal_mode = WAL", NULL, NULL, NULL) != SQLITE_OK) {
        return PH_EIO;
    }
    return sqlite3_exec(sqlite, modes, NULL, NULL, NULL) == SQLITE_OK ? PH_OK : PH_EIO;
}

static int prepare(struct ph_store_db *db)
{
    for (int i = 0; i < PH_STORE_SQL_COUNT; i++) {
        if (sqlite3_prepare_v3(db->sqlite, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &db->statements[i], NULL) != SQLITE_OK) {
            return PH_EIO;
        }
    }
    return PH_OK;
}

static int open_sqlite(struct ph_store_db *db, const char *path, char *hint, size_t size)
{
    bool is_file = *path != '\0';
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

    if (sqlite3_open_v2(is_file ? path : ":memory:", &db->sqlite, flags, NULL) != SQLITE_OK) {
        return explain(db->sqlite, path, hint, size);
    }
    sqlite3_busy_timeout(db->sqlite, BUSY_TIMEOUT_MS);
    int err = apply_schema(db->sqlite, path, hint, size);
    if (err == PH_OK && (set_modes(db->sqlite, is_file) != PH_OK ||
                         ph_store_schema_check(db->sqlite) != PH_OK || prepare(db) != PH_OK)) {
        err = explain(db->sqlite, path, hint, size);
    }
    return err;
}

int ph_store_db_open(struct ph_store_db *db, const char *path, char *hint, size_t size)
{
    int err = PH_OK;

    *db = (struct ph_store_db){.lock_fd = -1};
    hint[0] = '\0';
    if (*path != '\0') {
        err = ph_store_file_claim(path, &db->lock_fd, hint, size);
    }
    if (err == PH_OK) {
        err = open_sqlite(db, path, hint, size);
    }
    if (err != PH_OK) {
        ph_store_db_close(db);
    }
    return err;
}

void ph_store_db_close(struct ph_store_db *db)
{
    for (int i = 0; i < PH_STORE_SQL_COUNT; i++) {
        sqlite3_finalize(db->statements[i]);
    }
    sqlite3_close(db->sqlite);
    if (db->lock_fd >= 0) {
        close(db->lock_fd);
    }
    *db = (struct ph_store_db){.lock_fd = -1};
}

struct ph_sqlite_run ph_store_db_begin(struct ph_store_db *db, enum ph_store_sql sql)
{
    return ph_sqlite_begin(db->statements[sql]);
}

int ph_store_db_exec(struct ph_store_db *db, enum ph_store_sql sql)
{
    struct ph_sqlite_run run = ph_store_db_begin(db, sql);

    return ph_sqlite_finish(&run);
}
