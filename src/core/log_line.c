/* SPDX-License-Identifier: Apache-2.0 */
/* How a line of the log is written: logfmt, or JSON (RFC 8259). */
#include "log_line.h"

#include <phien/core/clock.h>
#include <phien/core/text.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 512 };

static void put(struct ph_log_line *line, const char *text, size_t len)
{
    size_t room = PH_LOG_LINE_BYTES - line->len;

    len = len < room ? len : room;
    memcpy(line->text + line->len, text, len);
    line->len += len;
}

static void put_text(struct ph_log_line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* Quoted, with the escapes of JSON, which logfmt readers understand too. Bad UTF-8 shows as ?. */
static void put_quoted(struct ph_log_line *line, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t used = 0;

    put(line, "\"", 1);
    while (*s != '\0' && used < TEXT_BYTES) {
        size_t len = ph_text_utf8_length((const char *)s);
        char escaped[8];
        if (len == 0) {
            put(line, "?", 1);
            len = 1;
        } else if (*s == '"' || *s == '\\') {
            put(line, escaped, (size_t)snprintf(escaped, sizeof(escaped), "\\%c", *s));
        } else if (*s < 0x20 || *s == 0x7f) {
            put(line, escaped, (size_t)snprintf(escaped, sizeof(escaped), "\\u%04x", *s));
        } else {
            put(line, (const char *)s, len);
        }
        s += len;
        used += len;
    }
    put_text(line, *s != '\0' ? "...\"" : "\"");
}

static bool is_plain(const char *text)
{
    size_t len = strlen(text);

    if (len == 0 || len > TEXT_BYTES) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c >= 0x7f) {
            return false;
        }
    }
    return true;
}

static void put_real(struct ph_log_line *line, double value)
{
    char number[64];

    if (isfinite(value)) {
        /* Beyond 10^15 a double has no decimals, and the digits would not fit. */
        snprintf(number, sizeof(number), fabs(value) < 1e15 ? "%.3f" : "%.15e", value);
        put_text(line, number);
    } else {
        put_text(line, "null"); /* JSON has no word for them */
    }
}

static void put_value(struct ph_log_line *line, const struct ph_log_field *field)
{
    char number[64];

    switch (field->kind) {
    case PH_LOG_KIND_TEXT:
        if (line->format == PH_LOG_FORMAT_TEXT && is_plain(field->value.text)) {
            put_text(line, field->value.text);
        } else {
            put_quoted(line, field->value.text);
        }
        break;
    case PH_LOG_KIND_INT:
        snprintf(number, sizeof(number), "%" PRId64, field->value.integer);
        put_text(line, number);
        break;
    case PH_LOG_KIND_REAL:
        put_real(line, field->value.real);
        break;
    case PH_LOG_KIND_BOOL:
        put_text(line, field->value.boolean ? "true" : "false");
        break;
    case PH_LOG_KIND_NONE:
        break;
    }
}

static void put_field(struct ph_log_line *line, const struct ph_log_field *field)
{
    if (field->kind == PH_LOG_KIND_TEXT && field->value.text == NULL) {
        return;
    }
    if (line->format == PH_LOG_FORMAT_JSON) {
        put_text(line, line->len == 0 ? "{\"" : ",\"");
        put_text(line, field->key);
        put_text(line, "\":");
    } else {
        if (line->len > 0) {
            put(line, " ", 1);
        }
        put_text(line, field->key);
        put(line, "=", 1);
    }
    put_value(line, field);
}

static const char *level_name(enum ph_log_level level)
{
    static const char *const names[] = {"none", "error", "warn", "info", "debug"};

    return names[level];
}

void ph_log_line_format(struct ph_log_line *line, enum ph_log_format format,
                        enum ph_log_level level, const char *event,
                        const struct ph_log_field *fields)
{
    char time[32];

    line->format = format;
    line->len = 0;
    ph_clock_format_utc(ph_clock_wall(), time);
    const struct ph_log_field heads[] = {ph_kv("time", time), ph_kv("level", level_name(level)),
                                         ph_kv("event", event)};
    for (size_t i = 0; i < 3; i++) {
        put_field(line, &heads[i]);
    }
    /* A cut line stays one valid record: a field that does not fit is left out as a whole. */
    for (const struct ph_log_field *field = fields; field->kind != PH_LOG_KIND_NONE; field++) {
        size_t before = line->len;
        put_field(line, field);
        if (line->len >= PH_LOG_LINE_BYTES - 1) {
            line->len = before;
        }
    }
    if (format == PH_LOG_FORMAT_JSON) {
        put(line, "}", 1);
    }
}
