/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_CORE_LOG_LINE_H
#define PHIEN_CORE_LOG_LINE_H

#include <phien/core/log.h>

#include <stddef.h>

/* A line with its newline is never longer: what a pipe takes undivided (PIPE_BUF). */
enum { PH_LOG_LINE_BYTES = 4096 };

/* What does not fit is left out; there is always room for a newline or a NUL behind it. */
struct ph_log_line {
    enum ph_log_format format;
    size_t len;
    char text[PH_LOG_LINE_BYTES + 2];
};

/* With the time of now, without a newline. */
void ph_log_line_format(struct ph_log_line *line, enum ph_log_format format,
                        enum ph_log_level level, const char *event,
                        const struct ph_log_field *fields);

#endif
