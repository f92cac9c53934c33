/* SPDX-License-Identifier: Apache-2.0 */
#include "witness.h"

#include <phien/core/log.h>
#include <phien/core/mem.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

void witness_count(struct witness *witness, unsigned *what)
{
    pthread_mutex_lock(&witness->mutex);
    *what += 1;
    pthread_cond_broadcast(&witness->changed);
    pthread_mutex_unlock(&witness->mutex);
}

unsigned witness_read(struct witness *witness, const unsigned *what)
{
    pthread_mutex_lock(&witness->mutex);
    unsigned count = *what;
    pthread_mutex_unlock(&witness->mutex);
    return count;
}

static void on_program(void *arg, struct ph_program *program, ph_usec wall, bool discontinuity)
{
    (void)arg;
    (void)program;
    (void)wall;
    (void)discontinuity;
}

static void on_packet(void *arg, const AVPacket *packet, ph_usec now)
{
    struct witness *witness = arg;

    (void)packet;
    (void)now;
    witness_count(witness, &witness->packets);
}

static void on_pause(void *arg, ph_usec now)
{
    struct witness *witness = arg;

    (void)now;
    witness_count(witness, &witness->pauses);
}

static void on_end(void *arg, ph_usec now)
{
    (void)arg;
    (void)now;
}

const struct ph_sink_ops witness_sink = {on_program, on_packet, on_pause, on_end, NULL};

static void on_line(void *arg, const char *line)
{
    struct witness *witness = arg;

    pthread_mutex_lock(&witness->mutex);
    size_t len = strlen(witness->log);
    snprintf(witness->log + len, sizeof(witness->log) - len, "%s\n", line);
    witness->lines++;
    pthread_cond_broadcast(&witness->changed);
    pthread_mutex_unlock(&witness->mutex);
}

void witness_init(struct witness *witness)
{
    memset(witness, 0, sizeof(*witness));
    pthread_mutex_init(&witness->mutex, NULL);
    pthread_cond_init(&witness->changed, NULL);
    ph_log_divert(on_line, witness);
}

void witness_fini(struct witness *witness)
{
    ph_log_divert(NULL, NULL);
    pthread_cond_destroy(&witness->changed);
    pthread_mutex_destroy(&witness->mutex);
}

static struct timespec patience(void)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WITNESS_PATIENCE_S;
    return until;
}

void witness_await_count(struct witness *witness, const unsigned *what, unsigned wanted)
{
    struct timespec until = patience();
    int err = 0;

    pthread_mutex_lock(&witness->mutex);
    while (*what < wanted && err == 0) {
        err = pthread_cond_timedwait(&witness->changed, &witness->mutex, &until);
    }
    unsigned got = *what;
    pthread_mutex_unlock(&witness->mutex);
    if (got < wanted) {
        fail_msg("%u came instead of %u:\n%s", got, wanted, witness->log);
    }
}

static unsigned count_text(const char *log, const char *text)
{
    unsigned count = 0;

    for (const char *at = log; (at = strstr(at, text)) != NULL; at++) {
        count++;
    }
    return count;
}

unsigned witness_count_text(struct witness *witness, const char *text)
{
    pthread_mutex_lock(&witness->mutex);
    unsigned count = count_text(witness->log, text);
    pthread_mutex_unlock(&witness->mutex);
    return count;
}

void witness_await_texts(struct witness *witness, const char *text, unsigned wanted)
{
    struct timespec until = patience();
    unsigned count;
    int err = 0;

    pthread_mutex_lock(&witness->mutex);
    while ((count = count_text(witness->log, text)) < wanted && err == 0) {
        err = pthread_cond_timedwait(&witness->changed, &witness->mutex, &until);
    }
    pthread_mutex_unlock(&witness->mutex);
    if (count < wanted) {
        fail_msg("%u times %s instead of %u in:\n%s", count, text, wanted, witness->log);
    }
}

void witness_await_text(struct witness *witness, const char *text)
{
    witness_await_texts(witness, text, 1);
}

static bool has_line(const char *log, const char *event, const char *text)
{
    while (*log != '\0') {
        size_t len = strcspn(log, "\n");
        if (memmem(log, len, event, strlen(event)) != NULL &&
            memmem(log, len, text, strlen(text)) != NULL) {
            return true;
        }
        log += len + (log[len] != '\0');
    }
    return false;
}

char *witness_await_line(struct witness *witness, const char *event, const char *text)
{
    struct timespec until = patience();
    bool is_there;
    int err = 0;

    pthread_mutex_lock(&witness->mutex);
    while (!(is_there = has_line(witness->log, event, text)) && err == 0) {
        err = pthread_cond_timedwait(&witness->changed, &witness->mutex, &until);
    }
    char *log = ph_strdup(witness->log);
    witness->log[0] = '\0';
    pthread_mutex_unlock(&witness->mutex);
    if (!is_there) {
        fail_msg("no line with %s and %s in:\n%s", event, text, log);
    }
    return log;
}
