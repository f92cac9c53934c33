/* SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include <phien/core/log.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { MANY = 300 };

/* Many writes of one channel, posted before the thread looks. */
struct series {
    struct office office;
    struct ph_overlay_state *states[MANY + 1];
    struct ph_store_write writes[MANY];
};

static struct series *create_series(void)
{
    struct series *series = ph_new(struct series);

    office_init(&series->office);
    series->states[0] = make_state(0, NULL);
    for (int i = 0; i < MANY; i++) {
        char sku[16];
        snprintf(sku, sizeof(sku), "S%03d", i);
        series->states[i + 1] = make_state(i + 1, make_product(sku, i), NULL);
        series->writes[i] = (struct ph_store_write){.job = office_job(&series->office),
                                                    .channel = "sinho",
                                                    .before = series->states[i],
                                                    .after = series->states[i + 1]};
    }
    return series;
}

static void destroy_series(struct series *series)
{
    for (int i = 0; i <= MANY; i++) {
        ph_overlay_state_unref(&series->states[i]);
    }
    office_fini(&series->office);
    free(series);
}

static void post_series(struct series *series, struct ph_store *store, int from, int to)
{
    for (int i = from; i < to; i++) {
        ph_store_post_write(store, &series->writes[i]);
    }
}

/* ---- writing ---- */

static long size_of(const char *path)
{
    struct stat info;

    assert_int_equal(stat(path, &info), 0);
    return (long)info.st_size;
}

static void many_writes_at_once_are_all_done(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_store(place->database);
    struct series *series = create_series();
    char log[192];

    post_series(series, store, 0, MANY);
    assert_int_equal(ph_store_start(store), PH_OK);
    office_await(&series->office, MANY);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(series->writes[i].job.err, PH_OK);
    }
    /* As one transaction: 300 would have logged each of the pages 300 times. */
    snprintf(log, sizeof(log), "%s-wal", place->database);
    assert_in_range(size_of(log), 4096, 64 * 4096);
    ph_store_close(&store);
    assert_int_equal(series->office.discarded, 0);
    struct ph_overlay_state *kept = reload_state(place->database, "sinho");
    assert_int_equal(kept->seq, MANY);
    assert_int_equal(kept->count, 1);
    assert_string_equal(kept->products[0]->sku, "S299");
    ph_overlay_state_unref(&kept);
    destroy_series(series);
}

enum { SENDERS = 4, EACH = 50 };

struct sender {
    pthread_t thread;
    struct ph_store *store;
    struct series *series;
    char channel[8];
};

static void *send_each(void *arg)
{
    struct sender *sender = arg;

    for (int i = 0; i < EACH; i++) {
        sender->series->writes[i].channel = sender->channel;
        ph_store_post_write(sender->store, &sender->series->writes[i]);
        office_await(&sender->series->office, i - 5);
    }
    office_await(&sender->series->office, EACH);
    return NULL;
}

static void many_threads_write_at_a_time(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_and_start(place->database);
    struct sender senders[SENDERS];

    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.store = store, .series = create_series()};
        snprintf(senders[i].channel, sizeof(senders[i].channel), "c%d", i);
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_each, &senders[i]), 0);
    }
    for (int i = 0; i < SENDERS; i++) {
        pthread_join(senders[i].thread, NULL);
        for (int k = 0; k < EACH; k++) {
            assert_int_equal(senders[i].series->writes[k].job.err, PH_OK);
        }
        destroy_series(senders[i].series);
    }
    ph_store_close(&store);
    assert_int_equal(ask_sql(place->database, "SELECT count(*) FROM channel WHERE seq = 50"),
                     SENDERS);
}

static void stop_finishes_what_was_posted(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_and_start(place->database);
    struct series *series = create_series();

    post_series(series, store, 0, MANY);
    ph_store_stop(store);
    ph_mailbox_deliver(&series->office.box);
    assert_int_equal(series->office.done, MANY);
    assert_int_equal(series->writes[MANY - 1].job.err, PH_OK);
    ph_store_close(&store);
    assert_int_equal(ask_sql(place->database, "SELECT seq FROM channel"), MANY);
    destroy_series(series);
}

static void what_is_posted_after_stop_is_discarded(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_and_start(place->database);
    struct series *series = create_series();

    ph_store_stop(store);
    post_series(series, store, 0, 2);
    ph_store_close(&store);
    ph_mailbox_deliver(&series->office.box);
    assert_int_equal(series->office.done, 0);
    assert_int_equal(series->office.discarded, 2);
    assert_int_equal(ask_sql(place->database, "SELECT count(*) FROM channel"), 0);
    destroy_series(series);
}

static void answers_are_discarded_where_their_owner_is_gone(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_and_start(place->database);
    struct series *series = create_series();

    post_series(series, store, 0, 3);
    ph_store_stop(store);
    ph_mailbox_fini(&series->office.box);
    assert_int_equal(series->office.done, 0);
    assert_int_equal(series->office.discarded, 3);
    ph_store_close(&store);
    destroy_series(series);
}

static void close_takes_nothing_and_null(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_store(place->database);
    struct ph_store *none = NULL;

    ph_store_stop(store);
    ph_store_close(&store);
    assert_null(store);
    ph_store_close(&none);
}

/* ---- failures ---- */

/* A write upon a state that is not the one kept would leave a mixture of both. */
static void a_write_upon_another_state_is_refused_alone(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_store(place->database);
    struct series *series = create_series();

    series->writes[1].before = series->states[5];
    ph_store_post_write(store, &series->writes[0]);
    ph_store_post_write(store, &series->writes[1]);
    series->writes[2].channel = "bacha";
    series->writes[2].before = series->states[0];
    ph_store_post_write(store, &series->writes[2]);
    assert_int_equal(ph_store_start(store), PH_OK);
    office_await(&series->office, 3);
    assert_int_equal(series->writes[0].job.err, PH_OK);
    assert_int_equal(series->writes[1].job.err, PH_EIO);
    assert_int_equal(series->writes[2].job.err, PH_OK);
    ph_store_close(&store);
    assert_int_equal(ask_sql(place->database, "SELECT seq FROM channel WHERE name='sinho'"), 1);
    assert_int_equal(ask_sql(place->database, "SELECT seq FROM channel WHERE name='bacha'"), 3);
    destroy_series(series);
}

struct lines {
    int count;
    char last[512];
};

static void take_line(void *arg, const char *line)
{
    struct lines *lines = arg;

    lines->count++;
    snprintf(lines->last, sizeof(lines->last), "%s", line);
}

/* What is in the write is refused by the table's own check: half of it was done by then. */
static void a_write_that_is_refused_is_undone_alone(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_store(place->database);
    struct series *series = create_series();
    struct lines lines = {0};

    ph_overlay_state_unref(&series->states[2]);
    series->states[2] = make_state(2, make_product("GOOD", 1), make_product("BAD", 2), NULL);
    series->states[2]->products[1]->price = -5;
    series->writes[1].after = series->states[2];
    series->writes[2].before = series->states[1];
    ph_log_divert(take_line, &lines);
    post_series(series, store, 0, 3);
    assert_int_equal(ph_store_start(store), PH_OK);
    office_await(&series->office, 3);
    ph_store_close(&store);
    ph_log_divert(NULL, NULL);
    assert_int_equal(series->writes[0].job.err, PH_OK);
    assert_int_equal(series->writes[1].job.err, PH_EIO);
    assert_int_equal(series->writes[2].job.err, PH_OK);
    assert_int_equal(lines.count, 1);
    assert_non_null(strstr(lines.last, "event=overlay.store_failed"));
    assert_non_null(strstr(lines.last, "CHECK constraint failed"));
    assert_int_equal(ask_sql(place->database, "SELECT count(*) FROM product"), 1);
    assert_int_equal(ask_sql(place->database, "SELECT sku = 'S002' FROM product"), 1);
    destroy_series(series);
}

/* A disk that takes no more: no file may grow. */
static void set_disk_full(bool is_full)
{
    struct rlimit limit;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = is_full ? 512 : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_fails_all_of_it_and_passes(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_store(place->database);
    struct series *series = create_series();
    struct lines lines = {0};

    ph_log_divert(take_line, &lines);
    post_series(series, store, 0, 10);
    set_disk_full(true);
    assert_int_equal(ph_store_start(store), PH_OK);
    office_await(&series->office, 10);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(series->writes[i].job.err, PH_EIO);
    }
    for (int i = 0; i < 3; i++) {
        ph_store_post_write(store, &series->writes[0]);
        office_await(&series->office, 11 + i);
        assert_int_equal(series->writes[0].job.err, PH_EIO);
    }
    set_disk_full(false);
    ph_log_divert(NULL, NULL);
    /* Each of four transactions failed, and there was one line. */
    assert_int_equal(lines.count, 1);
    assert_non_null(strstr(lines.last, "overlay.store_failed error=\"disk I/O error\""));

    assert_int_equal(write_state(store, "sinho", series->states[0], series->states[1], "k"), PH_OK);
    ph_store_close(&store);
    assert_int_equal(ask_sql(place->database, "SELECT seq FROM channel"), 1);
    assert_int_equal(ask_sql(place->database, IS_SOUND), 1);
    destroy_series(series);
}

/* ---- opening ---- */

static int open_badly(const char *path, char *hint, size_t size)
{
    struct ph_store *store = NULL;
    int err = ph_store_open(&store, path, hint, size);

    assert_null(store);
    return err;
}

static void in_memory_nothing_is_kept(void **state)
{
    struct ph_store *store = open_and_start("");
    struct ph_overlay_state *empty = make_state(0, NULL);
    struct ph_overlay_state *one = make_state(1, make_product("A1", 1), NULL);

    (void)state;
    assert_int_equal(write_state(store, "sinho", empty, one, "key"), PH_OK);
    ph_store_stop(store);
    struct ph_overlay_state *kept = load_state(store, "sinho");
    assert_int_equal(kept->count, 1);
    ph_overlay_state_unref(&kept);
    ph_store_close(&store);
    store = open_store("");
    kept = load_state(store, "sinho");
    assert_int_equal(kept->seq, 0);
    ph_overlay_state_unref(&kept);
    ph_store_close(&store);
    ph_overlay_state_unref(&one);
    ph_overlay_state_unref(&empty);
}

static void folders_and_file_are_created_for_us_alone(void **state)
{
    struct place *place = *state;
    char inner[192];
    char outer[160];
    char path[256];
    struct stat info;
    mode_t mask = umask(0);

    snprintf(outer, sizeof(outer), "%s/var", place->folder);
    snprintf(inner, sizeof(inner), "%s/lib", outer);
    snprintf(path, sizeof(path), "%s/phien.db", inner);
    struct ph_store *store = open_store(path);
    umask(mask);
    assert_int_equal(stat(inner, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0750);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0640);
    ph_store_close(&store);
    unlink(path);
    strncat(path, "-lock", sizeof(path) - strlen(path) - 1);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0640);
    unlink(path);
    rmdir(inner);
    rmdir(outer);
}

static void a_second_store_on_the_same_file_is_refused(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_store(place->database);
    char hint[512];

    assert_int_equal(open_badly(place->database, hint, sizeof(hint)), PH_EACCESS);
    assert_non_null(strstr(hint, "another phien uses"));
    assert_non_null(strstr(hint, place->database));
    ph_store_close(&store);
    store = open_store(place->database);
    ph_store_close(&store);
}

static void a_shell_reads_while_the_store_is_open(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_and_start(place->database);
    struct ph_overlay_state *empty = make_state(0, NULL);
    struct ph_overlay_state *one = make_state(1, make_product("A1", 1), NULL);

    assert_int_equal(write_state(store, "sinho", empty, one, NULL), PH_OK);
    assert_int_equal(ask_sql(place->database, "SELECT price FROM product WHERE sku='A1'"), 45000);
    ph_store_close(&store);
    ph_overlay_state_unref(&one);
    ph_overlay_state_unref(&empty);
}

static void places_where_nothing_can_be_written_are_told(void **state)
{
    struct place *place = *state;
    char path[256];
    char hint[512];

    /* Nobody may create anything there, root neither. */
    assert_int_equal(open_badly("/sys/phien/phien.db", hint, sizeof(hint)), PH_EACCESS);
    assert_non_null(strstr(hint, "cannot create the folder /sys/phien"));
    assert_non_null(strstr(hint, "overlay.database"));

    struct ph_store *store = open_store(place->database);
    ph_store_close(&store);
    snprintf(path, sizeof(path), "%s/below/phien.db", place->database);
    assert_int_equal(open_badly(path, hint, sizeof(hint)), PH_EIO);
    assert_non_null(strstr(hint, "overlay.database"));

    snprintf(path, sizeof(path), "%s/folder", place->folder);
    assert_int_equal(mkdir(path, 0750), 0);
    assert_int_equal(open_badly(path, hint, sizeof(hint)), PH_EIO);
    assert_non_null(strstr(hint, path));
    rmdir(path);
    strncat(path, "-lock", sizeof(path) - strlen(path) - 1);
    unlink(path);
}

static void a_newer_schema_is_refused_and_left_alone(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_store(place->database);
    char hint[512];

    ph_store_close(&store);
    run_sql(place->database, "PRAGMA user_version = 99; INSERT INTO channel VALUES('x', 7, 7, 7)");
    assert_int_equal(open_badly(place->database, hint, sizeof(hint)), PH_EUNSUPPORTED);
    assert_non_null(strstr(hint, "newer phien (schema 99, this one knows 1)"));
    assert_int_equal(ask_sql(place->database, "PRAGMA user_version"), 99);
    assert_int_equal(ask_sql(place->database, "SELECT seq FROM channel"), 7);
}

static void another_programs_database_is_refused_and_left_alone(void **state)
{
    struct place *place = *state;
    char hint[512];

    run_sql(place->database, "CREATE TABLE bookmark (url TEXT); PRAGMA application_id = 5");
    assert_int_equal(open_badly(place->database, hint, sizeof(hint)), PH_EUNSUPPORTED);
    assert_non_null(strstr(hint, "another program's database"));
    assert_int_equal(ask_sql(place->database, "SELECT count(*) FROM sqlite_master"), 1);
    assert_int_equal(ask_sql(place->database, "PRAGMA application_id"), 5);
}

static void overwrite(const char *path, long at, size_t len)
{
    FILE *file = fopen(path, "r+");
    char *bytes = malloc(len);

    assert_non_null(file);
    assert_non_null(bytes);
    memset(bytes, 0x5a, len);
    fseek(file, at, SEEK_SET);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
    free(bytes);
}

static void what_is_no_database_is_kept_and_told(void **state)
{
    struct place *place = *state;
    FILE *file = fopen(place->database, "w");
    char hint[512];

    assert_non_null(file);
    for (int i = 0; i < 1000; i++) {
        fputs("this is somebody's diary\n", file);
    }
    fclose(file);
    long size = size_of(place->database);
    assert_int_equal(open_badly(place->database, hint, sizeof(hint)), PH_EIO);
    assert_non_null(strstr(hint, "is damaged (file is not a database)"));
    assert_non_null(strstr(hint, "move it away"));
    assert_int_equal(size_of(place->database), size);
}

static void a_damaged_database_is_kept_and_told(void **state)
{
    struct place *place = *state;
    struct ph_store *store = open_store(place->database);
    char hint[512];

    ph_store_close(&store);
    long page = (long)ask_sql(place->database, "PRAGMA page_size");
    int64_t root = ask_sql(place->database, "SELECT rootpage FROM sqlite_master WHERE "
                                            "name = 'product' AND type = 'table'");
    long size = size_of(place->database);
    overwrite(place->database, (long)(root - 1) * page, (size_t)page);
    assert_int_equal(open_badly(place->database, hint, sizeof(hint)), PH_EIO);
    assert_non_null(strstr(hint, "is damaged"));
    assert_non_null(strstr(hint, "move it away"));
    assert_int_equal(size_of(place->database), size);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(many_writes_at_once_are_all_done),
        CASE(many_threads_write_at_a_time),
        CASE(stop_finishes_what_was_posted),
        CASE(what_is_posted_after_stop_is_discarded),
        CASE(answers_are_discarded_where_their_owner_is_gone),
        CASE(close_takes_nothing_and_null),
        CASE(a_write_upon_another_state_is_refused_alone),
        CASE(a_write_that_is_refused_is_undone_alone),
        CASE(a_full_disk_fails_all_of_it_and_passes),
        cmocka_unit_test(in_memory_nothing_is_kept),
        CASE(folders_and_file_are_created_for_us_alone),
        CASE(a_second_store_on_the_same_file_is_refused),
        CASE(a_shell_reads_while_the_store_is_open),
        CASE(places_where_nothing_can_be_written_are_told),
        CASE(a_newer_schema_is_refused_and_left_alone),
        CASE(another_programs_database_is_refused_and_left_alone),
        CASE(what_is_no_database_is_kept_and_told),
        CASE(a_damaged_database_is_kept_and_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
