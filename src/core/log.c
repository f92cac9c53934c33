/* SPDX-License-Identifier: Apache-2.0 */
/* Where lines go: to whoever diverts them, to the queue, or at once to standard error. */
#include <phien/core/log.h>

#include "log_line.h"
#include "log_queue.h"

#include <unistd.h>

/* Set before the first thread starts, read by all. */
static enum ph_log_level max_level = PH_LOG_INFO;
static enum ph_log_format line_format = PH_LOG_FORMAT_TEXT;
static void (*divert_sink)(void *arg, const char *line);
static void *divert_arg;

void ph_log_setup(enum ph_log_level level, enum ph_log_format format)
{
    max_level = level;
    line_format = format;
}

void ph_log_divert(void (*sink)(void *arg, const char *line), void *arg)
{
    divert_sink = sink;
    divert_arg = arg;
}

bool ph_log_is_on(enum ph_log_level level)
{
    return level <= max_level;
}

/* What stands in the log where lines are missing. */
static void tell_dropped(struct ph_log_line *line, uint64_t count)
{
    const struct ph_log_field fields[] = {ph_kv_int("count", count), {.key = NULL}};

    ph_log_line_format(line, line_format, PH_LOG_WARN, "log.dropped", fields);
}

int ph_log_start(void)
{
    return ph_log_queue_start(ph_log_is_on(PH_LOG_WARN) ? tell_dropped : NULL);
}

void ph_log_stop(void)
{
    ph_log_queue_stop();
}

void ph_log_write(enum ph_log_level level, const char *event, const struct ph_log_field *fields)
{
    struct ph_log_line line;

    ph_log_line_format(&line, line_format, level, event, fields);
    if (divert_sink != NULL) {
        line.text[line.len] = '\0';
        divert_sink(divert_arg, line.text);
        return;
    }
    line.text[line.len++] = '\n';
    if (!ph_log_queue_push(line.text, line.len)) {
        /* Nothing sensible can be done when the log itself cannot be written. */
        ssize_t written = write(STDERR_FILENO, line.text, line.len);
        (void)written;
    }
}
