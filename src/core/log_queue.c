/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring of bytes between all threads that log and the one that writes. The mutex is held while
 * lines are copied, never while they are written. A thread whose write does not return when the
 * log is to stop cannot be waited for: it is left behind, and sees by its number, should it ever
 * wake, that the queue is no longer its own.
 */
#include "log_queue.h"

#include <phien/core/clock.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* From the first dropped line on all are, until so much waits: gaps are few, and whole. */
enum { RESUME_BYTES = PH_LOG_QUEUE_BYTES / 2 };

#define STOP_PATIENCE PH_USEC_PER_S

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t is_needed; /* the thread sleeps until then */
    pthread_cond_t has_ended;
    pthread_t thread;
    uintptr_t number; /* of the thread whose queue it is */
    bool is_running;
    bool is_stopping;
    void (*tell)(struct ph_log_line *line, uint64_t dropped);
    uint64_t dropped; /* and not told of yet */
    size_t first;     /* where the oldest byte lies */
    size_t used;
    char ring[PH_LOG_QUEUE_BYTES];
} queue = {.mutex = PTHREAD_MUTEX_INITIALIZER,
           .is_needed = PTHREAD_COND_INITIALIZER,
           .has_ended = PTHREAD_COND_INITIALIZER};

/* There is room. */
static void append(const char *text, size_t len)
{
    size_t at = (queue.first + queue.used) % PH_LOG_QUEUE_BYTES;
    size_t straight = PH_LOG_QUEUE_BYTES - at;

    straight = len < straight ? len : straight;
    memcpy(queue.ring + at, text, straight);
    memcpy(queue.ring, text + straight, len - straight);
    queue.used += len;
}

/* As many whole lines as a pipe takes undivided; at least one, as none is longer. */
static size_t take(char batch[static PH_LOG_LINE_BYTES])
{
    size_t len = queue.used < PH_LOG_LINE_BYTES ? queue.used : PH_LOG_LINE_BYTES;
    size_t straight = PH_LOG_QUEUE_BYTES - queue.first;

    straight = len < straight ? len : straight;
    memcpy(batch, queue.ring + queue.first, straight);
    memcpy(batch + straight, queue.ring, len - straight);
    const char *end = memrchr(batch, '\n', len);
    len = end != NULL ? (size_t)(end - batch) + 1 : len;
    queue.first = (queue.first + len) % PH_LOG_QUEUE_BYTES;
    queue.used -= len;
    return len;
}

/* With the mutex held, so that no line is dropped between the count and its place in the log. */
static void tell_dropped(void)
{
    struct ph_log_line line;

    if (queue.tell != NULL) {
        queue.tell(&line, queue.dropped);
        line.text[line.len++] = '\n';
        append(line.text, line.len);
    }
    queue.dropped = 0;
}

/* Waits for lines. 0: the thread is to end. */
static size_t wait_for_lines(uintptr_t number, char batch[static PH_LOG_LINE_BYTES])
{
    size_t len = 0;

    pthread_mutex_lock(&queue.mutex);
    if (queue.number == number && queue.dropped > 0 && queue.used <= RESUME_BYTES) {
        tell_dropped();
    }
    while (queue.number == number && queue.used == 0 && !queue.is_stopping) {
        pthread_cond_wait(&queue.is_needed, &queue.mutex);
    }
    if (queue.number == number && queue.used > 0) {
        len = take(batch);
    } else if (queue.number == number) {
        queue.is_running = false;
        pthread_cond_signal(&queue.has_ended);
    }
    pthread_mutex_unlock(&queue.mutex);
    return len;
}

static void write_lines(const char *text, size_t len)
{
    while (len > 0) {
        ssize_t written = write(STDERR_FILENO, text, len);
        if (written > 0) {
            text += written;
            len -= (size_t)written;
        } else if (written < 0 && errno == EAGAIN) {
            /* Somebody who shares it does not want to wait; we do. */
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        } else if (written == 0 || errno != EINTR) {
            return;
        }
    }
}

static void *run(void *arg)
{
    char batch[PH_LOG_LINE_BYTES];
    size_t len;

    pthread_setname_np(pthread_self(), "log");
    while ((len = wait_for_lines((uintptr_t)arg, batch)) > 0) {
        write_lines(batch, len);
    }
    return NULL;
}

int ph_log_queue_start(void (*tell)(struct ph_log_line *line, uint64_t dropped))
{
    sigset_t all;
    sigset_t before;

    pthread_mutex_lock(&queue.mutex);
    if (!queue.is_running) {
        queue.number++;
        queue.tell = tell;
        queue.is_stopping = false;
        queue.dropped = queue.first = queue.used = 0;
        /* Signals are for threads that have nothing to write. */
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        queue.is_running = pthread_create(&queue.thread, NULL, run, (void *)queue.number) == 0;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    bool is_running = queue.is_running;
    pthread_mutex_unlock(&queue.mutex);
    return is_running ? PH_OK : PH_EIO;
}

/* With the mutex held: whether the thread has ended in time. */
static bool wait_for_end(void)
{
    ph_usec until = ph_clock_mono() + STOP_PATIENCE;
    const struct timespec deadline = {
        .tv_sec = until / PH_USEC_PER_S,
        .tv_nsec = until % PH_USEC_PER_S * 1000,
    };
    int err = 0;

    while (queue.is_running && err == 0) {
        err = pthread_cond_clockwait(&queue.has_ended, &queue.mutex, CLOCK_MONOTONIC, &deadline);
    }
    return !queue.is_running;
}

void ph_log_queue_stop(void)
{
    pthread_mutex_lock(&queue.mutex);
    bool is_mine = queue.is_running && !queue.is_stopping;
    bool has_ended = false;
    pthread_t thread = queue.thread;
    if (is_mine) {
        queue.is_stopping = true;
        pthread_cond_signal(&queue.is_needed);
        has_ended = wait_for_end();
        queue.is_running = false;
        queue.number++;
    }
    pthread_mutex_unlock(&queue.mutex);
    if (is_mine && has_ended) {
        pthread_join(thread, NULL);
    } else if (is_mine) {
        pthread_detach(thread);
    }
}

bool ph_log_queue_push(const char *text, size_t len)
{
    pthread_mutex_lock(&queue.mutex);
    bool is_running = queue.is_running;
    if (is_running && (queue.dropped > 0 || len > PH_LOG_QUEUE_BYTES - queue.used)) {
        queue.dropped++;
    } else if (is_running) {
        append(text, len);
        pthread_cond_signal(&queue.is_needed);
    }
    pthread_mutex_unlock(&queue.mutex);
    return is_running;
}
