/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's thread. A commit waits for the disk, some milliseconds of it, whatever is in it; so
 * all that was posted while the last one was under way goes into the next: the busier, the more
 * at once.
 *
 * A job that SQLite refuses for what is in it is undone alone. Where the disk fails, all of the
 * transaction is, and everybody in it hears so.
 */
#include "store.h"

#include "store_db.h"

#include <phien/core/clock.h>
#include <phien/core/log.h>
#include <phien/core/mem.h>
#include <phien/net/thread.h>

#include <stdlib.h>

#define LOG_EVERY (10 * PH_USEC_PER_S)

/* Jobs by their mails, in the order of posting. */
struct queue {
    struct ph_mail *first;
    struct ph_mail **end;
};

struct ph_store {
    struct ph_store_db db;
    struct ph_thread thread;
    struct queue writes; /* of this turn */
    struct queue reads;

    ph_usec log_at; /* no line about a failure before */
    int64_t failures;
};

/* ---- jobs ---- */

static struct ph_store_job *job_of(struct ph_mail *mail)
{
    return ph_container_of(mail, struct ph_store_job, mail);
}

static void push(struct queue *queue, struct ph_mail *mail)
{
    mail->next = NULL;
    *queue->end = mail;
    queue->end = &mail->next;
}

static void clear(struct queue *queue)
{
    *queue = (struct queue){.end = &queue->first};
}

static void deliver_write(struct ph_mail *mail)
{
    push(&job_of(mail)->store->writes, mail);
}

static void deliver_read(struct ph_mail *mail)
{
    push(&job_of(mail)->store->reads, mail);
}

static void deliver_answer(struct ph_mail *mail)
{
    struct ph_store_job *job = job_of(mail);

    job->on_done(job);
}

static void discard(struct ph_mail *mail)
{
    struct ph_store_job *job = job_of(mail);

    job->on_discard(job);
}

/* Empties the queue. Each job is its sender's again from then on. */
static void answer_all(struct queue *queue)
{
    struct ph_mail *next;

    for (struct ph_mail *mail = queue->first; mail != NULL; mail = next) {
        next = mail->next;
        mail->deliver = deliver_answer;
        mail->discard = discard;
        ph_mailbox_post(job_of(mail)->mailbox, mail);
    }
    clear(queue);
}

/* ---- failures ---- */

/* Before anything else is said to SQLite, which then forgets. */
static void report_failure(struct ph_store *store)
{
    ph_usec now = ph_clock_mono();

    store->failures++;
    if (now < store->log_at) {
        return;
    }
    store->log_at = now + LOG_EVERY;
    ph_log_error("overlay.store_failed", ph_kv("error", sqlite3_errmsg(store->db.sqlite)),
                 ph_kv_int("code", sqlite3_extended_errcode(store->db.sqlite)),
                 ph_kv_int("failures", store->failures));
}

/* What SQLite refuses for what is in it, with nothing wrong about the disk. */
static bool is_refusal(int code)
{
    return code == SQLITE_CONSTRAINT || code == SQLITE_MISMATCH || code == SQLITE_TOOBIG;
}

/* ---- the thread ---- */

static int exec(struct ph_store *store, enum ph_store_sql sql)
{
    return ph_store_db_exec(&store->db, sql);
}

/* Returns what the whole transaction fails of. */
static int run_write(struct ph_store *store, struct ph_store_job *job)
{
    int code = exec(store, PH_STORE_SQL_BEGIN_JOB);

    if (code == SQLITE_OK) {
        code = job->run(&store->db, job);
    }
    if (is_refusal(code)) {
        job->err = PH_EIO;
        report_failure(store);
        code = exec(store, PH_STORE_SQL_UNDO_JOB);
    }
    return code == SQLITE_OK ? exec(store, PH_STORE_SQL_END_JOB) : code;
}

static int run_transaction(struct ph_store *store)
{
    int code = exec(store, PH_STORE_SQL_BEGIN);

    for (struct ph_mail *mail = store->writes.first; mail != NULL && code == SQLITE_OK;
         mail = mail->next) {
        code = run_write(store, job_of(mail));
    }
    return code == SQLITE_OK ? exec(store, PH_STORE_SQL_COMMIT) : code;
}

static void run_writes(struct ph_store *store)
{
    if (store->writes.first == NULL) {
        return;
    }
    if (run_transaction(store) != SQLITE_OK) {
        report_failure(store);
        if (!sqlite3_get_autocommit(store->db.sqlite)) {
            (void)exec(store, PH_STORE_SQL_ROLLBACK);
        }
        for (struct ph_mail *mail = store->writes.first; mail != NULL; mail = mail->next) {
            job_of(mail)->err = PH_EIO;
        }
    }
    answer_all(&store->writes);
}

/* Behind the writes, so that what was posted is found. */
static void run_reads(struct ph_store *store)
{
    for (struct ph_mail *mail = store->reads.first; mail != NULL; mail = mail->next) {
        struct ph_store_job *job = job_of(mail);
        if (job->run(&store->db, job) != SQLITE_OK) {
            job->err = PH_EIO;
            report_failure(store);
        }
    }
    answer_all(&store->reads);
}

static void run(void *arg)
{
    struct ph_store *store = arg;
    bool goes_on;

    do {
        goes_on = ph_thread_wait(&store->thread, PH_USEC_NEVER);
        run_writes(store);
        run_reads(store);
    } while (goes_on);
}

/* ---- the store ---- */

int ph_store_open(struct ph_store **out, const char *path, char *hint, size_t size)
{
    struct ph_store *store = ph_new(struct ph_store);
    int err = ph_store_db_open(&store->db, path, hint, size);

    if (err != PH_OK) {
        free(store);
        return err;
    }
    clear(&store->writes);
    clear(&store->reads);
    ph_thread_init(&store->thread);
    *out = store;
    return PH_OK;
}

int ph_store_load(struct ph_store *store, const char *channel, struct ph_overlay_state **state,
                  struct ph_store_answer answers[PH_STORE_ANSWERS_MAX], size_t *answer_count)
{
    PH_ASSERT(!store->thread.is_running);
    int code = ph_store_read_answers(&store->db, channel, answers, answer_count);
    if (code == SQLITE_OK) {
        code = ph_store_read_state(&store->db, channel, state);
    }
    if (code != SQLITE_OK) {
        report_failure(store);
        return PH_EIO;
    }
    return PH_OK;
}

int ph_store_start(struct ph_store *store)
{
    return ph_thread_start(&store->thread, "store", run, store);
}

void ph_store_stop(struct ph_store *store)
{
    ph_thread_stop(&store->thread);
}

void ph_store_close(struct ph_store **ref)
{
    struct ph_store *store = *ref;

    *ref = NULL;
    if (store == NULL) {
        return;
    }
    ph_thread_fini(&store->thread);
    ph_store_db_close(&store->db);
    free(store);
}

static void post(struct ph_store *store, struct ph_store_job *job,
                 int (*run_job)(struct ph_store_db *db, struct ph_store_job *job),
                 void (*deliver)(struct ph_mail *mail))
{
    job->store = store;
    job->run = run_job;
    job->err = PH_OK;
    job->mail = (struct ph_mail){.deliver = deliver, .discard = discard};
    ph_mailbox_post(&store->thread.mailbox, &job->mail);
}

void ph_store_post_write(struct ph_store *store, struct ph_store_write *write)
{
    post(store, &write->job, ph_store_write_run, deliver_write);
}

void ph_store_post_image(struct ph_store *store, struct ph_store_image *image)
{
    post(store, &image->job, ph_store_images_put, deliver_write);
}

void ph_store_get_image(struct ph_store *store, struct ph_store_image *image)
{
    post(store, &image->job, ph_store_images_get, deliver_read);
}
