/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TEST_STORE_FIXTURE_H
#define PHIEN_TEST_STORE_FIXTURE_H

#include "overlay/store.h"

#include <phien/core/mem.h>

#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

/* ---- who is answered ---- */

struct office {
    struct ph_mailbox box;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_woken;
    int done;
    int discarded;
};

static inline void office_wake(void *arg)
{
    struct office *office = arg;

    pthread_mutex_lock(&office->mutex);
    office->is_woken = true;
    pthread_cond_signal(&office->changed);
    pthread_mutex_unlock(&office->mutex);
}

static inline void office_init(struct office *office)
{
    *office =
        (struct office){.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    ph_mailbox_init(&office->box, office_wake, office);
}

static inline void office_fini(struct office *office)
{
    ph_mailbox_fini(&office->box);
    pthread_cond_destroy(&office->changed);
    pthread_mutex_destroy(&office->mutex);
}

/* Until `done` jobs have been answered, all in all. */
static inline void office_await(struct office *office, int done)
{
    while (office->done < done) {
        pthread_mutex_lock(&office->mutex);
        while (!office->is_woken) {
            pthread_cond_wait(&office->changed, &office->mutex);
        }
        office->is_woken = false;
        pthread_mutex_unlock(&office->mutex);
        ph_mailbox_deliver(&office->box);
    }
}

static inline struct office *office_of(struct ph_store_job *job)
{
    return ph_container_of(job->mailbox, struct office, box);
}

static inline void office_count_done(struct ph_store_job *job)
{
    office_of(job)->done++;
}

static inline void office_count_discarded(struct ph_store_job *job)
{
    office_of(job)->discarded++;
}

static inline struct ph_store_job office_job(struct office *office)
{
    return (struct ph_store_job){
        .mailbox = &office->box,
        .on_done = office_count_done,
        .on_discard = office_count_discarded,
    };
}

/* ---- states ---- */

static inline struct ph_product *make_product(const char *sku, int64_t position)
{
    const struct ph_product like = {
        .sku = sku,
        .title = "Mận hậu",
        .unit = "",
        .image = "",
        .url = "",
        .badge = "",
        .origin = "",
        .currency = "VND",
        .price = 45000,
        .original_price = PH_NO_NUMBER,
        .stock = PH_NO_NUMBER,
        .position = position,
    };

    return ph_product_create(&like);
}

/* Takes the products over, up to NULL. */
static inline struct ph_overlay_state *make_state(int64_t seq, ...)
{
    struct ph_overlay_state *state = ph_overlay_state_create();
    struct ph_product *product;
    va_list args;

    state->seq = seq;
    state->rev = seq;
    va_start(args, seq);
    while ((product = va_arg(args, struct ph_product *)) != NULL) {
        state->products =
            ph_realloc_array(state->products, state->count + 1, sizeof(struct ph_product *));
        state->products[state->count++] = product;
    }
    va_end(args);
    return state;
}

/* Posts one write and waits for its answer. */
static inline int write_state(struct ph_store *store, const char *channel,
                              struct ph_overlay_state *before, struct ph_overlay_state *after,
                              const char *key)
{
    struct office office;
    struct ph_store_write write = {.job = office_job(&office),
                                   .channel = channel,
                                   .before = before,
                                   .after = after,
                                   .idempotency_key = key};

    office_init(&office);
    ph_store_post_write(store, &write);
    office_await(&office, 1);
    office_fini(&office);
    return write.job.err;
}

/* ---- databases ---- */

#define IS_SOUND "SELECT integrity_check = 'ok' FROM pragma_integrity_check"

static inline struct ph_store *open_store(const char *path)
{
    struct ph_store *store;
    char hint[512];
    int err = ph_store_open(&store, path, hint, sizeof(hint));

    if (err != PH_OK) {
        fail_msg("%s: %s: %s", path, ph_err_name(err), hint);
    }
    return store;
}

static inline struct ph_store *open_and_start(const char *path)
{
    struct ph_store *store = open_store(path);

    assert_int_equal(ph_store_start(store), PH_OK);
    return store;
}

static inline struct ph_overlay_state *load_state(struct ph_store *store, const char *channel)
{
    struct ph_store_answer answers[PH_STORE_ANSWERS_MAX];
    struct ph_overlay_state *state;
    size_t count;

    assert_int_equal(ph_store_load(store, channel, &state, answers, &count), PH_OK);
    return state;
}

static inline struct ph_overlay_state *reload_state(const char *path, const char *channel)
{
    struct ph_store *store = open_store(path);
    struct ph_overlay_state *state = load_state(store, channel);

    ph_store_close(&store);
    return state;
}

/* A folder of the test's own, removed with what is in it. */
struct place {
    char folder[128];
    char database[160];
};

static inline void place_init(struct place *place)
{
    snprintf(place->folder, sizeof(place->folder), "%s/store-XXXXXX", PHIEN_BINARY_DIR);
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->database, sizeof(place->database), "%s/phien.db", place->folder);
}

static inline void place_fini(struct place *place)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-lock"};
    char path[192];

    for (size_t i = 0; i < PH_ARRAY_SIZE(endings); i++) {
        snprintf(path, sizeof(path), "%s%s", place->database, endings[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(place->folder), 0);
}

static inline int place_set_up(void **state)
{
    struct place *place = ph_new(struct place);

    place_init(place);
    *state = place;
    return 0;
}

static inline int place_tear_down(void **state)
{
    place_fini(*state);
    free(*state);
    return 0;
}

/* What an operator does with a shell. */
static inline void run_sql(const char *path, const char *sql)
{
    sqlite3 *db;
    char *error = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK) {
        fail_msg("%s: %s", sql, error);
    }
    sqlite3_close(db);
}

static inline int64_t ask_sql(const char *path, const char *sql)
{
    sqlite3_stmt *statement;
    sqlite3 *db;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return value;
}

#endif
