/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_CORE_LOG_QUEUE_H
#define PHIEN_CORE_LOG_QUEUE_H

#include "log_line.h"

#include <phien/core/err.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The lines that wait to be written to standard error, and the thread that writes them. There is
 * one of its kind, since there is one standard error.
 */

/* `tell` makes the line that stands for those that were dropped; NULL: nothing does. */
PH_MUST_CHECK int ph_log_queue_start(void (*tell)(struct ph_log_line *line, uint64_t dropped));

/* As ph_log_stop says. */
void ph_log_queue_stop(void);

/*
 * Any thread. `text` is one line with its newline, of at most PH_LOG_LINE_BYTES. It is copied, or
 * counted as dropped. False: there is no queue, and whoever has the line is to write it.
 */
bool ph_log_queue_push(const char *text, size_t len);

#endif
