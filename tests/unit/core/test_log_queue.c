/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log's own thread, with a pipe for standard error that is read well, late or not at all. What
 * blocks where it must not ends in the test's time limit.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "death.h"

#include <phien/core/clock.h>
#include <phien/core/log.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 16 << 20, PIPE_BYTES = 4096, THREADS = 8 };

/* Standard error as a pipe, and who reads it, from the moment that he is told to. */
struct reader {
    int saved;
    int fd;
    pthread_t thread;
    bool is_reading;
    size_t len;
    char *text;
};

static int mute(void **state)
{
    struct reader *reader = calloc(1, sizeof(*reader));
    int fds[2];

    assert_non_null(reader);
    reader->text = malloc(TEXT_BYTES);
    assert_non_null(reader->text);
    assert_int_equal(pipe(fds), 0);
    assert_true(fcntl(fds[1], F_SETPIPE_SZ, PIPE_BYTES) >= PIPE_BYTES);
    reader->saved = dup(STDERR_FILENO);
    reader->fd = fds[0];
    assert_true(reader->saved >= 0 && dup2(fds[1], STDERR_FILENO) >= 0);
    close(fds[1]);
    ph_log_setup(PH_LOG_INFO, PH_LOG_FORMAT_TEXT);
    *state = reader;
    return 0;
}

static void *read_all(void *arg)
{
    struct reader *reader = arg;
    ssize_t got;

    while ((got = read(reader->fd, reader->text + reader->len, TEXT_BYTES - 1 - reader->len)) > 0) {
        reader->len += (size_t)got;
    }
    return NULL;
}

static void begin_reading(struct reader *reader)
{
    reader->is_reading = pthread_create(&reader->thread, NULL, read_all, reader) == 0;
    assert_true(reader->is_reading);
}

/* Standard error is what it was; all that was written is in `text`. */
static void finish(struct reader *reader)
{
    if (reader->saved >= 0) {
        dup2(reader->saved, STDERR_FILENO);
        close(reader->saved);
        reader->saved = -1;
    }
    if (reader->is_reading) {
        pthread_join(reader->thread, NULL);
        reader->is_reading = false;
    }
    reader->text[reader->len] = '\0';
}

static int unmute(void **state)
{
    struct reader *reader = *state;

    ph_log_stop();
    finish(reader);
    close(reader->fd);
    free(reader->text);
    free(reader);
    ph_log_setup(PH_LOG_INFO, PH_LOG_FORMAT_TEXT);
    return 0;
}

/* What the lines say: how many there are of each writer, and how many are said to be missing. */
struct account {
    unsigned lines[THREADS];
    unsigned gaps;
    unsigned dropped;
};

static long number_of(const char *line, const char *key)
{
    const char *field = strstr(line, key);

    assert_non_null(field);
    return strtol(field + strlen(key), NULL, 10);
}

/* Each line is whole, and each writer's are in the order in which it wrote them. */
static struct account read_account(char *text, enum ph_log_format format)
{
    bool is_json = format == PH_LOG_FORMAT_JSON;
    struct account account = {0};
    long next[THREADS] = {0};
    char *rest = NULL;

    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        assert_int_equal(strncmp(line, is_json ? "{\"time\":\"20" : "time=20", 7), 0);
        assert_true(!is_json || line[strlen(line) - 1] == '}');
        if (strstr(line, is_json ? "\"event\":\"log.dropped\"" : "event=log.dropped") != NULL) {
            assert_non_null(strstr(line, is_json ? "\"level\":\"warn\"" : "level=warn"));
            account.gaps++;
            account.dropped += (unsigned)number_of(line, is_json ? "\"count\":" : " count=");
            continue;
        }
        long writer = number_of(line, is_json ? "\"writer\":" : " writer=");
        long number = number_of(line, is_json ? "\"number\":" : " number=");
        assert_in_range(writer, 0, THREADS - 1);
        assert_true(number >= next[writer]);
        next[writer] = number + 1;
        account.lines[writer]++;
    }
    return account;
}

static void write_lines(int writer, int count)
{
    for (int i = 0; i < count; i++) {
        ph_log_info("a.b", ph_kv_int("writer", writer), ph_kv_int("number", i),
                    ph_kv("text", "some text, so that there is something to write"));
    }
}

static void check_order(struct reader *reader, enum ph_log_format format)
{
    ph_log_setup(PH_LOG_INFO, format);
    begin_reading(reader);
    assert_int_equal(ph_log_start(), PH_OK);
    write_lines(0, 3000);
    ph_log_stop();
    finish(reader);
    struct account account = read_account(reader->text, format);
    assert_int_equal(account.lines[0], 3000);
    assert_int_equal(account.gaps, 0);
}

static void text_lines_keep_their_order(void **state)
{
    check_order(*state, PH_LOG_FORMAT_TEXT);
}

static void json_lines_keep_their_order(void **state)
{
    check_order(*state, PH_LOG_FORMAT_JSON);
}

static void lines_before_between_and_after(void **state)
{
    struct reader *reader = *state;

    begin_reading(reader);
    write_lines(0, 1);
    assert_int_equal(ph_log_start(), PH_OK);
    write_lines(1, 1);
    assert_int_equal(ph_log_start(), PH_OK); /* it is started */
    ph_log_stop();
    write_lines(2, 1);
    ph_log_stop();
    assert_int_equal(ph_log_start(), PH_OK);
    write_lines(3, 1);
    ph_log_stop();
    finish(reader);
    const char *last = reader->text;
    for (int i = 0; i < 4; i++) {
        char field[32];
        snprintf(field, sizeof(field), " writer=%d ", i);
        last = strstr(last, field);
        assert_non_null(last);
    }
}

static void *write_some(void *arg)
{
    write_lines((int)(intptr_t)arg, 3000);
    return NULL;
}

static void write_from_many(void)
{
    pthread_t threads[THREADS];

    for (intptr_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_some, (void *)i), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* One of them while it starts. */
static void many_threads_write_at_once(void **state)
{
    struct reader *reader = *state;
    pthread_t other;
    unsigned lines = 0;

    begin_reading(reader);
    assert_int_equal(pthread_create(&other, NULL, write_some, NULL), 0);
    assert_int_equal(ph_log_start(), PH_OK);
    pthread_join(other, NULL);
    write_from_many();
    ph_log_stop();
    finish(reader);
    /* The first thread's numbers come twice. */
    char *rest = NULL;
    struct account account = {0};
    for (char *line = strtok_r(reader->text, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        bool is_gap = strstr(line, "event=log.dropped") != NULL;
        account.dropped += is_gap ? (unsigned)number_of(line, " count=") : 0;
        lines += is_gap ? 0 : 1;
    }
    assert_int_equal(lines + account.dropped, (THREADS + 1) * 3000);
}

static unsigned sum(const struct account *account)
{
    unsigned lines = 0;

    for (int i = 0; i < THREADS; i++) {
        lines += account->lines[i];
    }
    return lines;
}

/* Nobody reads while eight threads write three times what is kept. */
static void check_stall(struct reader *reader, enum ph_log_format format)
{
    ph_log_setup(PH_LOG_INFO, format);
    assert_int_equal(ph_log_start(), PH_OK);
    ph_usec began = ph_clock_mono();
    write_from_many();
    ph_usec took = ph_clock_mono() - began;
    begin_reading(reader);
    ph_log_stop();
    finish(reader);
    size_t len = reader->len;
    struct account account = read_account(reader->text, format);
    print_message("%d lines in %.3f s; %u of them and %zu bytes came out, %u dropped\n",
                  THREADS * 3000, (double)took / PH_USEC_PER_S, sum(&account), len,
                  account.dropped);
    assert_int_equal(sum(&account) + account.dropped, THREADS * 3000);
    assert_int_equal(account.gaps, 1);
    assert_in_range(len, PH_LOG_QUEUE_BYTES - 4096, PH_LOG_QUEUE_BYTES + 4 * PIPE_BYTES);
}

static void text_lines_are_dropped_while_nobody_reads(void **state)
{
    check_stall(*state, PH_LOG_FORMAT_TEXT);
}

static void json_lines_are_dropped_while_nobody_reads(void **state)
{
    check_stall(*state, PH_LOG_FORMAT_JSON);
}

/* Reads lines until one that is not of a writer; false: it says something else than was dropped. */
static bool read_until_told(int fd, unsigned *lines, unsigned *dropped)
{
    char line[512];
    size_t len = 0;

    while (len < sizeof(line) - 1 && read(fd, line + len, 1) == 1) {
        if (line[len++] != '\n') {
            continue;
        }
        line[len] = '\0';
        len = 0;
        if (strstr(line, " writer=") == NULL) {
            *dropped = (unsigned)number_of(line, "event=log.dropped count=");
            return true;
        }
        ++*lines;
    }
    return false;
}

/* The gap is told of though nobody logs any more, and what comes later is written again. */
static void dropped_lines_are_told_when_there_is_room(void **state)
{
    struct reader *reader = *state;
    unsigned lines = 0;
    unsigned dropped = 0;

    assert_int_equal(ph_log_start(), PH_OK);
    write_lines(0, 20000);
    assert_true(read_until_told(reader->fd, &lines, &dropped));
    assert_int_equal(lines + dropped, 20000);
    assert_true(dropped > 0);
    begin_reading(reader);
    write_lines(1, 10);
    ph_log_stop();
    finish(reader);
    struct account account = read_account(reader->text, PH_LOG_FORMAT_TEXT);
    assert_int_equal(account.lines[1], 10);
    assert_int_equal(account.gaps, 0);
}

/* Who wants no warnings is not told, and loses no more than others. */
static void only_errors_are_wanted(void **state)
{
    struct reader *reader = *state;

    ph_log_setup(PH_LOG_ERROR, PH_LOG_FORMAT_TEXT);
    assert_int_equal(ph_log_start(), PH_OK);
    for (int i = 0; i < 20000; i++) {
        ph_log_error("a.b", ph_kv_int("writer", 0), ph_kv_int("number", i),
                     ph_kv("text", "some text, so that there is something to write"));
    }
    begin_reading(reader);
    ph_log_stop();
    finish(reader);
    struct account account = read_account(reader->text, PH_LOG_FORMAT_TEXT);
    assert_int_equal(account.gaps, 0);
    assert_in_range(account.lines[0], 1000, 19999);
}

static void stop_waits_for_a_second(void **state)
{
    struct reader *reader = *state;

    assert_int_equal(ph_log_start(), PH_OK);
    write_lines(0, 20000);
    ph_usec began = ph_clock_mono();
    ph_log_stop();
    double took = (double)(ph_clock_mono() - began) / PH_USEC_PER_S;
    print_message("stopped after %.3f s\n", took);
    assert_true(took > 0.9);
    assert_true(took < 5); /* a busy machine */

    /* The thread that hung goes on where it was, and leaves the new one's lines alone. */
    assert_int_equal(ph_log_start(), PH_OK);
    write_lines(1, 2000);
    begin_reading(reader);
    ph_log_stop();
    finish(reader);
    struct account account = read_account(reader->text, PH_LOG_FORMAT_TEXT);
    assert_in_range(account.lines[0], 1, 200); /* those that were on their way */
    assert_int_equal(account.lines[1], 2000);
    assert_int_equal(account.gaps, 0);
}

/* Standard error may be gone; there is nobody to tell. */
static void a_broken_pipe_holds_nothing_up(void **state)
{
    struct reader *reader = *state;

    signal(SIGPIPE, SIG_IGN);
    close(reader->fd);
    reader->fd = -1;
    assert_int_equal(ph_log_start(), PH_OK);
    write_lines(0, 20000);
    ph_log_stop();
}

/* Who shares standard error with us may have set it so. */
static void one_that_does_not_block_loses_nothing(void **state)
{
    struct reader *reader = *state;

    assert_int_equal(fcntl(STDERR_FILENO, F_SETFL, O_WRONLY | O_NONBLOCK), 0);
    assert_int_equal(ph_log_start(), PH_OK);
    write_lines(0, 3000);
    begin_reading(reader);
    ph_log_stop();
    finish(reader);
    struct account account = read_account(reader->text, PH_LOG_FORMAT_TEXT);
    assert_int_equal(account.lines[0], 3000);
}

static void count_line(void *arg, const char *line)
{
    (void)line;
    ++*(unsigned *)arg;
}

static void diverted_lines_do_not_queue(void **state)
{
    struct reader *reader = *state;
    unsigned count = 0;

    begin_reading(reader);
    assert_int_equal(ph_log_start(), PH_OK);
    ph_log_divert(count_line, &count);
    write_lines(0, 10);
    ph_log_divert(NULL, NULL);
    assert_int_equal(count, 10);
    write_lines(1, 10);
    ph_log_stop();
    finish(reader);
    struct account account = read_account(reader->text, PH_LOG_FORMAT_TEXT);
    assert_int_equal(account.lines[0], 0);
    assert_int_equal(account.lines[1], 10);
}

static void fail_with_a_log(int count)
{
    if (ph_log_start() == PH_OK) {
        write_lines(0, count);
        PH_ASSERT(count < 0);
    }
}

/* What led to a failed assertion is written before it. */
static void an_assertion_waits_for_the_lines(void **state)
{
    char *text = malloc(TEXT_BYTES);

    (void)state;
    assert_non_null(text);
    assert_true(dies(fail_with_a_log, 3000, text, TEXT_BYTES));
    char *failed = strstr(text, "phien: assertion failed: count < 0");
    assert_non_null(failed);
    *failed = '\0';
    struct account account = read_account(text, PH_LOG_FORMAT_TEXT);
    assert_int_equal(account.lines[0], 3000);
    free(text);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, mute, unmute)
    const struct CMUnitTest tests[] = {
        test(text_lines_keep_their_order),
        test(json_lines_keep_their_order),
        test(lines_before_between_and_after),
        test(many_threads_write_at_once),
        test(text_lines_are_dropped_while_nobody_reads),
        test(json_lines_are_dropped_while_nobody_reads),
        test(dropped_lines_are_told_when_there_is_room),
        test(only_errors_are_wanted),
        test(stop_waits_for_a_second),
        test(a_broken_pipe_holds_nothing_up),
        test(one_that_does_not_block_loses_nothing),
        test(diverted_lines_do_not_queue),
        test(an_assertion_waits_for_the_lines),
    };
#undef test

    return cmocka_run_group_tests(tests, NULL, NULL);
}
