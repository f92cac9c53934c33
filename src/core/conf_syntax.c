/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns libyaml's complaints into something that helps whoever edits a config file by hand. The
 * common causes (a tab, a value that needs quotes, another encoding) are told by their name.
 */
#include "conf_syntax.h"

#include <stdio.h>
#include <string.h>

static void describe_bytes(const yaml_parser_t *parser, const char *yaml, size_t len,
                           struct ph_conf_error *error)
{
    size_t offset = parser->problem_offset < len ? parser->problem_offset : len;
    size_t line_start = 0;

    error->line = 1;
    for (size_t i = 0; i < offset; i++) {
        if (yaml[i] == '\n') {
            error->line++;
            line_start = i + 1;
        }
    }
    error->column = (unsigned)(offset - line_start) + 1;
    if (strcmp(parser->problem, "control characters are not allowed") == 0) {
        snprintf(error->text, sizeof(error->text), "the control character U+%04X; remove it",
                 (unsigned)parser->problem_value);
    } else {
        snprintf(error->text, sizeof(error->text), "not UTF-8; save the file in this encoding");
    }
}

/* Whether a tab stands before the first letter of the line, which counts from 0. */
static bool is_indented_by_tab(const char *yaml, size_t len, size_t line)
{
    size_t i = 0;

    for (; i < len && line > 0; i++) {
        line -= yaml[i] == '\n';
    }
    while (i < len && yaml[i] == ' ') {
        i++;
    }
    return i < len && yaml[i] == '\t';
}

static bool is_about_quotes(const yaml_parser_t *parser)
{
    const char *context = parser->context != NULL ? parser->context : "";

    return strcmp(context, "while scanning an alias") == 0 ||
           strcmp(context, "while scanning an anchor") == 0 ||
           strcmp(context, "while scanning for the next token") == 0;
}

int ph_conf_syntax_describe(const yaml_parser_t *parser, const char *yaml, size_t len,
                            struct ph_conf_error *error)
{
    const yaml_mark_t *mark = &parser->problem_mark;

    error->key[0] = '\0';
    if (parser->error == YAML_MEMORY_ERROR) {
        snprintf(error->text, sizeof(error->text), "out of memory");
        return PH_ENOMEM;
    }
    if (parser->error == YAML_READER_ERROR) {
        describe_bytes(parser, yaml, len, error);
        return PH_EINVAL;
    }
    error->line = (unsigned)mark->line + 1;
    error->column = (unsigned)mark->column + 1;
    if (is_indented_by_tab(yaml, len, mark->line)) {
        snprintf(error->text, sizeof(error->text),
                 "not valid YAML: a tab at the start of the line; indent with spaces");
    } else if (is_about_quotes(parser)) {
        snprintf(error->text, sizeof(error->text),
                 "not valid YAML: a value cannot begin like this; put it in quotes");
    } else {
        snprintf(error->text, sizeof(error->text), "not valid YAML: %s%s%s", parser->problem,
                 parser->context != NULL ? " " : "",
                 parser->context != NULL ? parser->context : "");
        if (parser->context != NULL) {
            size_t used = strlen(error->text);
            snprintf(error->text + used, sizeof(error->text) - used, " that begins in line %zu",
                     parser->context_mark.line + 1);
        }
    }
    return PH_EINVAL;
}
