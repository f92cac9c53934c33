/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables, one script for each version from the one before. They are made to be read with the
 * sqlite3 shell: a column for each thing, NULL for what is unset, times in microseconds since 1970,
 * as in  SELECT sku, datetime(shown_at_us / 1000000, 'unixepoch') FROM card;
 *
 * The checks hold for whoever writes with that shell. What is kept of prices, texts and skus in
 * detail is for the API to say.
 */
#include "store_schema.h"

#include "sqlite.h"

#include <phien/core/mem.h>

#include <stdio.h>
#include <string.h>

/* "phie": tells the database from another program's. */
enum { APPLICATION_ID = 0x70686965 };

/* Since SQLite 3.37: a column holds what it says, or the write fails. */
#if SQLITE_VERSION_NUMBER >= 3037000
#define STRICT "STRICT"
#define STRICT_AND STRICT ", "
#else
#define STRICT ""
#define STRICT_AND ""
#endif

static const char *const migrations[] = {
    "CREATE TABLE channel ("
    "  name TEXT NOT NULL PRIMARY KEY,"
    "  seq INTEGER NOT NULL," /* of the last change */
    "  rev INTEGER NOT NULL," /* of the shelf */
    "  card_seq INTEGER NOT NULL"
    ") " STRICT_AND "WITHOUT ROWID;"

    "CREATE TABLE product ("
    "  channel TEXT NOT NULL,"
    "  sku TEXT NOT NULL CHECK (length(sku) BETWEEN 1 AND 64),"
    "  position INTEGER NOT NULL,"
    "  title TEXT NOT NULL,"
    "  price INTEGER NOT NULL CHECK (price >= 0)," /* in the currency's minor unit */
    "  original_price INTEGER CHECK (original_price >= 0),"
    "  currency TEXT NOT NULL CHECK (length(currency) = 3),"
    "  unit TEXT,"
    "  stock INTEGER CHECK (stock >= 0)," /* NULL: not counted */
    "  sold INTEGER CHECK (sold >= 0),"
    "  badge TEXT,"
    "  origin TEXT,"
    "  image TEXT,"
    "  url TEXT,"
    "  is_hidden INTEGER NOT NULL CHECK (is_hidden IN (0, 1)),"
    "  PRIMARY KEY (channel, sku)"
    ") " STRICT_AND "WITHOUT ROWID;"

    "CREATE TABLE card ("
    "  channel TEXT NOT NULL PRIMARY KEY,"
    "  sku TEXT NOT NULL,"
    "  note TEXT,"
    "  flash_price INTEGER CHECK (flash_price >= 0),"
    "  ends_at_us INTEGER,"
    "  shown_at_us INTEGER NOT NULL,"
    "  hides_at_us INTEGER"
    ") " STRICT_AND "WITHOUT ROWID;"

    "CREATE TABLE answer ("
    "  channel TEXT NOT NULL,"
    "  seq INTEGER NOT NULL,"
    "  key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 64),"
    "  PRIMARY KEY (channel, seq),"
    "  UNIQUE (channel, key)"
    ") " STRICT_AND "WITHOUT ROWID;"

    /* The bytes last: what comes behind them is found only by reading past them. */
    "CREATE TABLE image ("
    "  id INTEGER NOT NULL PRIMARY KEY,"
    "  channel TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  created_us INTEGER NOT NULL,"
    "  bytes BLOB NOT NULL,"
    "  UNIQUE (channel, name)"
    ") " STRICT ";",
};

int ph_store_schema_version(void)
{
    return (int)PH_ARRAY_SIZE(migrations);
}

static int run_script(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? PH_OK : PH_EIO;
}

/* Written into the text: a pragma takes no parameters. */
static int set_version(sqlite3 *db, int version)
{
    char sql[96];

    snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d",
             APPLICATION_ID, version);
    return run_script(db, sql);
}

static int migrate(sqlite3 *db, int from)
{
    int err = run_script(db, "BEGIN IMMEDIATE");

    for (int version = from; version < ph_store_schema_version() && err == PH_OK; version++) {
        err = run_script(db, migrations[version]);
    }
    if (err == PH_OK) {
        err = set_version(db, ph_store_schema_version());
    }
    /* A transaction that isn't committed ends with the connection, which says what went wrong. */
    return err == PH_OK ? run_script(db, "COMMIT") : err;
}

int ph_store_schema_apply(sqlite3 *db, int *theirs)
{
    int version = (int)ph_sqlite_query_int(db, "PRAGMA user_version", -1);
    bool is_ours = ph_sqlite_query_int(db, "PRAGMA application_id", 0) == APPLICATION_ID;

    *theirs = is_ours ? version : 0;
    if (version < 0) {
        return PH_EIO;
    }
    if (!is_ours && ph_sqlite_query_int(db, "SELECT count(*) FROM sqlite_master", -1) != 0) {
        return PH_EUNSUPPORTED;
    }
    if (version > ph_store_schema_version()) {
        return PH_EUNSUPPORTED;
    }
    return version < ph_store_schema_version() ? migrate(db, version) : PH_OK;
}

int ph_store_schema_check(sqlite3 *db)
{
    static const char *const checks[] = {
        "SELECT quick_check = 'ok' FROM pragma_quick_check('channel')",
        "SELECT quick_check = 'ok' FROM pragma_quick_check('product')",
        "SELECT quick_check = 'ok' FROM pragma_quick_check('card')",
        "SELECT quick_check = 'ok' FROM pragma_quick_check('answer')",
    };

    for (size_t i = 0; i < PH_ARRAY_SIZE(checks); i++) {
        if (ph_sqlite_query_int(db, checks[i], 0) != 1) {
            return PH_EIO;
        }
    }
    return PH_OK;
}
