/* SPDX-License-Identifier: Apache-2.0 */
#include "library.h"

#include <phien/core/clock.h>
#include <phien/core/log.h>
#include <phien/core/mem.h>

#include <errno.h>
#include <pthread.h>
#include <srt/srt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

enum {
    LINES_MAX = 5, /* in LINES_WINDOW */
    REJECTIONS_KEPT = 32,
};

#define LINES_WINDOW (10 * PH_USEC_PER_S)

/* What the log handler remembers; it runs on any of libsrt's threads. */
static struct {
    pthread_mutex_t mutex;
    ph_usec window_since;
    unsigned lines;
    unsigned passed_over;
    struct {
        int socket;
        char word[24];
    } rejections[REJECTIONS_KEPT];
    size_t rejections_at;
} memory = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/*
 * "@123:newConnection: connection rejected due to: INTERNAL REJECTION - ERROR:BADSECRET": the
 * handshake's own thread writes it, before anybody can find the socket closed.
 */
static void keep_rejection(const char *message)
{
    static const char mark[] = "ERROR:";
    const char *at = strchr(message, '@');
    const char *word = strstr(message, mark);

    if (at == NULL || word == NULL || strstr(message, "rejected") == NULL) {
        return;
    }
    pthread_mutex_lock(&memory.mutex);
    size_t i = memory.rejections_at++ % REJECTIONS_KEPT;
    memory.rejections[i].socket = (int)strtol(at + 1, NULL, 10);
    snprintf(memory.rejections[i].word, sizeof(memory.rejections[i].word), "%.*s",
             (int)strcspn(word + strlen(mark), " :\n"), word + strlen(mark));
    pthread_mutex_unlock(&memory.mutex);
}

bool ph_srt_library_rejection(int socket, char *out, size_t size)
{
    bool is_known = false;

    pthread_mutex_lock(&memory.mutex);
    for (size_t i = 0; i < REJECTIONS_KEPT && !is_known; i++) {
        is_known = memory.rejections[i].socket == socket;
        if (is_known) {
            snprintf(out, size, "%s", memory.rejections[i].word);
        }
    }
    pthread_mutex_unlock(&memory.mutex);
    return is_known;
}

/* Whether a line may go out now, and how many could not since the last. */
static bool take_line(unsigned *passed_over)
{
    ph_usec now = ph_clock_mono();

    pthread_mutex_lock(&memory.mutex);
    if (memory.window_since == 0 || now - memory.window_since >= LINES_WINDOW) {
        memory.window_since = now;
        memory.lines = 0;
    }
    bool may_go = memory.lines < LINES_MAX;
    memory.lines += may_go;
    *passed_over = memory.passed_over;
    memory.passed_over = may_go ? 0 : memory.passed_over + 1;
    pthread_mutex_unlock(&memory.mutex);
    return may_go;
}

/* What lines of ours say better: srt.refused, srt.health and srt.link_poor. */
static bool is_known_otherwise(const char *function, const char *message)
{
    static const char *const functions[] = {"newConnection", "processConnectRequest",
                                            "interpretSrtHandshake", "processSrtMsg_KMREQ"};

    for (size_t i = 0; i < PH_ARRAY_SIZE(functions); i++) {
        if (strstr(function, functions[i]) != NULL) {
            return true;
        }
    }
    return strstr(message, "RCV-DROPPED") != NULL;
}

static void on_log(void *opaque, int level, const char *file, int line, const char *function,
                   const char *message)
{
    char text[256];
    unsigned passed_over;

    (void)opaque;
    (void)file;
    (void)line;
    keep_rejection(message);
    if (is_known_otherwise(function, message) || !take_line(&passed_over)) {
        return;
    }
    message += strspn(message, ": "); /* of a function's name that it left out */
    snprintf(text, sizeof(text), "%.*s", (int)strcspn(message, "\n"), message);
    ph_log_at(level <= LOG_ERR ? PH_LOG_WARN : PH_LOG_INFO, "srt.library", ph_kv("message", text),
              ph_kv_int("passed_over", passed_over));
}

int ph_srt_library_start(void)
{
    if (srt_startup() < 0) {
        return ph_srt_library_err();
    }
    srt_setloglevel(LOG_WARNING);
    srt_setlogflags(SRT_LOGF_DISABLE_TIME | SRT_LOGF_DISABLE_THREADNAME |
                    SRT_LOGF_DISABLE_SEVERITY | SRT_LOGF_DISABLE_EOL);
    srt_setloghandler(NULL, on_log);
    return PH_OK;
}

void ph_srt_library_stop(void)
{
    srt_cleanup();
}

int ph_srt_library_err(void)
{
    int system_error = 0;
    int code = srt_getlasterror(&system_error);

    if (system_error == EADDRINUSE) {
        return PH_EADDRINUSE;
    }
    if (system_error == EACCES || system_error == EPERM) {
        return PH_EACCESS;
    }
    switch (code) {
    case SRT_EASYNCRCV:
        return PH_EAGAIN;
    case SRT_ECONNLOST:
    case SRT_ENOCONN:
    case SRT_EINVSOCK:
        return PH_ECLOSED;
    default:
        return PH_EIO;
    }
}
