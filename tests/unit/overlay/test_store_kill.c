/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that writes is killed in the midst of it, again and again, on one database: what it was
 * answered is there afterwards, and nothing is half there.
 */
#include "store_fixture.h"

#include <signal.h>
#include <sys/wait.h>

enum {
    KILLS = 30,
    PRODUCTS = 7,
    AT_ONCE = 16,
    ANSWERS_UP_TO = 120, /* before a kill */
};

/* ---- what is written ---- */

/* Write number `seq` sets the stock of one product to that number. */
static struct ph_product *make_numbered(int64_t seq)
{
    char sku[8];

    snprintf(sku, sizeof(sku), "S%d", (int)(seq % PRODUCTS));
    struct ph_product *product = make_product(sku, seq % PRODUCTS);
    product->stock = seq;
    return product;
}

static struct ph_overlay_state *make_next(const struct ph_overlay_state *before)
{
    struct ph_overlay_state *after = make_state(before->seq + 1, NULL);
    struct ph_product *changed = make_numbered(after->seq);

    after->products = ph_new_array(struct ph_product *, PRODUCTS);
    for (size_t i = 0; i < before->count; i++) {
        if (strcmp(before->products[i]->sku, changed->sku) != 0) {
            after->products[after->count++] = ph_product_ref(before->products[i]);
        }
    }
    /* By position. */
    size_t at = after->count;
    while (at > 0 && after->products[at - 1]->position > changed->position) {
        after->products[at] = after->products[at - 1];
        at--;
    }
    after->products[at] = changed;
    after->count++;
    return after;
}

/* ---- the process that is killed ---- */

struct letter {
    struct ph_store_write write;
    char key[24];
    int fd;
    struct office *office;
};

static void tell(struct ph_store_job *job)
{
    struct letter *letter = ph_container_of(job, struct letter, write.job);
    int64_t seq = job->err == PH_OK ? letter->write.after->seq : -1;

    PH_ASSERT(write(letter->fd, &seq, sizeof(seq)) == (ssize_t)sizeof(seq));
    letter->office->done++;
    ph_overlay_state_unref(&letter->write.before);
    ph_overlay_state_unref(&letter->write.after);
    free(letter);
}

static void post_next(struct ph_store *store, struct office *office, int fd,
                      struct ph_overlay_state **state)
{
    struct letter *letter = ph_new(struct letter);

    letter->fd = fd;
    letter->office = office;
    letter->write = (struct ph_store_write){
        .job = {.mailbox = &office->box, .on_done = tell},
        .channel = "sinho",
        .before = *state, /* given away */
        .after = make_next(*state),
        .idempotency_key = letter->key,
    };
    *state = ph_overlay_state_ref(letter->write.after);
    snprintf(letter->key, sizeof(letter->key), "key-%lld", (long long)(*state)->seq);
    ph_store_post_write(store, &letter->write);
}

static _Noreturn void write_until_killed(const char *path, int fd)
{
    const int64_t is_alive = 0;
    struct ph_store_answer answers[PH_STORE_ANSWERS_MAX];
    struct ph_overlay_state *state;
    struct ph_store *store;
    struct office office;
    char hint[512];
    size_t count;

    PH_ASSERT(write(fd, &is_alive, sizeof(is_alive)) == (ssize_t)sizeof(is_alive));
    office_init(&office);
    if (ph_store_open(&store, path, hint, sizeof(hint)) != PH_OK ||
        ph_store_load(store, "sinho", &state, answers, &count) != PH_OK ||
        ph_store_start(store) != PH_OK) {
        fprintf(stderr, "%s\n", hint);
        _exit(1);
    }
    for (int posted = 0;; posted++) {
        office_await(&office, posted - AT_ONCE + 1);
        post_next(store, &office, fd, &state);
    }
}

/* Returns the last that it was answered; 0: none. */
static int64_t kill_after(const char *path, int answers)
{
    int64_t last = 0;
    int64_t seq;
    int status;
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0) {
        close(fds[0]);
        write_until_killed(path, fds[1]);
    }
    assert_true(child > 0);
    close(fds[1]);
    assert_int_equal(read(fds[0], &seq, sizeof(seq)), sizeof(seq));
    for (int i = 0; i < answers && read(fds[0], &seq, sizeof(seq)) == sizeof(seq); i++) {
        assert_true(seq > last);
        last = seq;
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    /* What it said between the last look and its end counts as well. */
    while (read(fds[0], &seq, sizeof(seq)) == sizeof(seq)) {
        assert_true(seq > last);
        last = seq;
    }
    close(fds[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return last;
}

/* ---- what is left ---- */

static void check_products(const struct ph_overlay_state *kept)
{
    int64_t expected = kept->seq < PRODUCTS ? kept->seq : PRODUCTS;

    assert_int_equal(kept->count, expected);
    for (int64_t seq = kept->seq; seq > kept->seq - expected; seq--) {
        struct ph_product *written = make_numbered(seq);
        const struct ph_product *product = ph_overlay_state_find(kept, written->sku);
        assert_non_null(product);
        assert_int_equal(product->stock, seq);
        ph_product_unref(&written);
    }
}

static void check_answers(const struct ph_store_answer *answers, size_t count, int64_t seq)
{
    assert_int_equal(count, seq < PH_STORE_ANSWERS_MAX ? seq : PH_STORE_ANSWERS_MAX);
    for (size_t i = count; i > 0; i--, seq--) {
        char key[24];
        snprintf(key, sizeof(key), "key-%lld", (long long)seq);
        assert_string_equal(answers[i - 1].key, key);
        assert_int_equal(answers[i - 1].seq, seq);
    }
}

/* Returns the number of the last write that is kept. */
static int64_t check_database(const char *path)
{
    struct ph_store_answer answers[PH_STORE_ANSWERS_MAX];
    struct ph_store *store = open_store(path);
    struct ph_overlay_state *kept;
    size_t count;

    assert_int_equal(ph_store_load(store, "sinho", &kept, answers, &count), PH_OK);
    int64_t seq = kept->seq;
    check_products(kept);
    check_answers(answers, count, seq);
    ph_overlay_state_unref(&kept);
    ph_store_close(&store);
    assert_int_equal(ask_sql(path, IS_SOUND), 1);
    return seq;
}

static void no_answered_write_is_lost(void **state)
{
    struct place *place = *state;
    int64_t before = 0;
    uint32_t random = 20260804;

    for (int i = 0; i < KILLS; i++) {
        random = random * 1664525 + 1013904223;
        /* Every fourth as soon as it lives, while the database is being opened or even made. */
        int answers = i % 4 == 0 ? 0 : (int)(random >> 16) % ANSWERS_UP_TO;
        int64_t answered = kill_after(place->database, answers);
        int64_t kept = check_database(place->database);
        int64_t least = answered > before ? answered : before;
        if (kept < least || kept > least + AT_ONCE) {
            fail_msg("kill %d: write %lld was answered, %lld is kept, %lld was before", i,
                     (long long)answered, (long long)kept, (long long)before);
        }
        before = kept;
    }
    assert_true(before > KILLS);
    print_message("%d kills, %lld writes\n", KILLS, (long long)before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_answered_write_is_lost, place_set_up, place_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
