/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_CORE_LOG_H
#define PHIEN_CORE_LOG_H

#include <phien/core/err.h>

#include <stdbool.h>
#include <stdint.h>

/*
 * The operator's log: one line an event, on standard error, as logfmt or JSON.
 *
 *     ph_log_info("publish.start", ph_kv("channel", name), ph_kv_int("width", 720));
 *
 * gives  time=2026-08-04T10:00:00.000Z level=info event=publish.start channel=sinho width=720
 *
 * Event names are `noun.verb`. A line about a channel carries `channel`, a line about a session
 * `session`. A line about a failure carries `reason` and the number that mattered. Never log a
 * key, a token, a passphrase or a whole query string: pass what a peer chose to ph_kv, which
 * escapes and shortens it, and leave the secret part out.
 *
 * Any thread may log; a line is written with one write(2), by the thread itself until ph_log_start
 * and after ph_log_stop. In between lines queue up for a thread of the log's own, so that a
 * terminal, a pipe or a disk that takes none holds nobody up. When PH_LOG_QUEUE_BYTES are waiting,
 * lines are dropped, and as soon as half of that is free again log.dropped tells how many. A failed
 * PH_ASSERT waits for the queue as ph_log_stop does; another signal loses what is in it.
 */
enum ph_log_level {
    PH_LOG_NONE,
    PH_LOG_ERROR,
    PH_LOG_WARN,
    PH_LOG_INFO,
    PH_LOG_DEBUG,
};

enum ph_log_format {
    PH_LOG_FORMAT_NONE,
    PH_LOG_FORMAT_TEXT, /* logfmt */
    PH_LOG_FORMAT_JSON,
};

enum ph_log_kind {
    PH_LOG_KIND_NONE, /* ends a list of fields */
    PH_LOG_KIND_TEXT,
    PH_LOG_KIND_INT,
    PH_LOG_KIND_REAL,
    PH_LOG_KIND_BOOL,
};

/* One field. A text field whose value is NULL is left out. Text over 512 bytes is cut. */
struct ph_log_field {
    const char *key;
    enum ph_log_kind kind;
    union {
        const char *text;
        int64_t integer;
        double real; /* printed with three decimals; null if it is not finite */
        bool boolean;
    } value;
};

#define ph_kv(k, v) ((struct ph_log_field){(k), PH_LOG_KIND_TEXT, {.text = (v)}})
#define ph_kv_int(k, v) ((struct ph_log_field){(k), PH_LOG_KIND_INT, {.integer = (int64_t)(v)}})
#define ph_kv_real(k, v) ((struct ph_log_field){(k), PH_LOG_KIND_REAL, {.real = (v)}})
#define ph_kv_bool(k, v) ((struct ph_log_field){(k), PH_LOG_KIND_BOOL, {.boolean = (v)}})

/* Before the first thread starts. Until then: info, text. */
void ph_log_setup(enum ph_log_level level, enum ph_log_format format);

enum { PH_LOG_QUEUE_BYTES = 1 << 20 };

/* PH_EIO: there is no such thread, and lines are written as before. */
PH_MUST_CHECK int ph_log_start(void);

/*
 * Waits until what is queued is written, for a second at most, since nobody may be reading; lines
 * that are left are lost. Harmless when it was not started.
 */
void ph_log_stop(void);

/*
 * Sends lines to `sink` instead of standard error, for tests; NULL restores it. `line` has no
 * newline and is borrowed.
 */
void ph_log_divert(void (*sink)(void *arg, const char *line), void *arg);

bool ph_log_is_on(enum ph_log_level level);
void ph_log_write(enum ph_log_level level, const char *event, const struct ph_log_field *fields);

#define ph_log_at(level, event, ...)                                                               \
    do {                                                                                           \
        if (ph_log_is_on(level)) {                                                                 \
            ph_log_write((level), (event), (const struct ph_log_field[]){__VA_ARGS__, {0}});       \
        }                                                                                          \
    } while (0)

#define ph_log_error(event, ...) ph_log_at(PH_LOG_ERROR, event, __VA_ARGS__)
#define ph_log_warn(event, ...) ph_log_at(PH_LOG_WARN, event, __VA_ARGS__)
#define ph_log_info(event, ...) ph_log_at(PH_LOG_INFO, event, __VA_ARGS__)
#define ph_log_debug(event, ...) ph_log_at(PH_LOG_DEBUG, event, __VA_ARGS__)

#endif
