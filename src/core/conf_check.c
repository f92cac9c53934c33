/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks through the events of a config file before libcyaml loads it. libcyaml refuses what is
 * not in its schema as well, but tells where only in a backtrace for programmers, knows no ranges
 * and lets a key stand twice; here each fault gets its line, its key and what to write instead.
 *
 * The walk goes exactly as deep as the table of keys does, so no input makes it recurse, and
 * aliases are refused, so none can be blown up.
 */
#include "conf_check.h"
#include "conf_syntax.h"

#include <phien/core/mem.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct check {
    yaml_parser_t parser;
    yaml_event_t event; /* the current one */
    struct ph_conf_lines *lines;
    struct ph_conf_error *error; /* .key is the key that is being read */
    const char *yaml;
    size_t len;
};

/* A mapping that is being read. */
struct scope {
    const char *section;
    const char *path; /* "", "hls", "channels[2]" */
    yaml_mark_t start;
    unsigned lines[PH_CONF_KEYS_MAX]; /* of the names found so far, by ph_conf_key_find */
};

static int fail(struct check *c, const yaml_mark_t *mark, const char *format, ...) PH_PRINTF(3, 4);

static int fail(struct check *c, const yaml_mark_t *mark, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(c->error->text, sizeof(c->error->text), format, args);
    va_end(args);
    c->error->line = (unsigned)mark->line + 1;
    c->error->column = (unsigned)mark->column + 1;
    return PH_EINVAL;
}

static void set_key(struct check *c, const char *path, const char *name)
{
    snprintf(c->error->key, sizeof(c->error->key), "%s%s%s", path, path[0] != '\0' ? "." : "",
             name);
}

/* Refuses what YAML can do and a config file has no need of. */
static int check_plainness(struct check *c)
{
    const yaml_event_t *event = &c->event;
    const yaml_char_t *anchor = NULL;
    const yaml_char_t *tag = NULL;

    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    if (event->type == YAML_ALIAS_EVENT || anchor != NULL) {
        return fail(c, &event->start_mark,
                    "anchors (&) and aliases (*) are not accepted; write the value out, in quotes "
                    "if it begins with & or *");
    }
    if (tag != NULL) {
        return fail(c, &event->start_mark,
                    "tags (!) are not accepted; write the value alone, in quotes if it begins "
                    "with !");
    }
    return PH_OK;
}

static int next(struct check *c)
{
    yaml_event_delete(&c->event);
    if (!yaml_parser_parse(&c->parser, &c->event)) {
        return ph_conf_syntax_describe(&c->parser, c->yaml, c->len, c->error);
    }
    return check_plainness(c);
}

static int read_value(struct check *c, const struct ph_conf_key *key)
{
    const yaml_event_t *event = &c->event;

    if (event->type != YAML_SCALAR_EVENT) {
        char allowed[PH_CONF_TEXT_BYTES];
        ph_conf_key_describe(key, allowed);
        return fail(c, &event->start_mark, "is %s; write %s",
                    event->type == YAML_SEQUENCE_START_EVENT ? "a list" : "a group of keys",
                    allowed);
    }
    c->error->line = (unsigned)event->start_mark.line + 1;
    c->error->column = (unsigned)event->start_mark.column + 1;
    return ph_conf_check_value(key, (const char *)event->data.scalar.value,
                               event->data.scalar.length,
                               event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE, c->error);
}

static int refuse_unknown(struct check *c, const struct scope *scope, const char *name)
{
    char allowed[PH_CONF_TEXT_BYTES];
    char meant[PH_CONF_TEXT_BYTES];

    ph_conf_section_list(scope->section, allowed);
    ph_conf_section_suggest(scope->section, name, meant);
    return meant[0] != '\0'
               ? fail(c, &c->event.start_mark, "unknown key; did you mean \"%s\"? (allowed: %s)",
                      meant, allowed)
               : fail(c, &c->event.start_mark, "unknown key (allowed: %s)", allowed);
}

/* Reads the name of the next key into the scope; its index in the table goes to `index`. */
static int read_name(struct check *c, struct scope *scope, size_t *index)
{
    const yaml_event_t *event = &c->event;
    char name[48];

    if (event->type != YAML_SCALAR_EVENT) {
        return fail(c, &event->start_mark, "a key must be a single word");
    }
    ph_conf_show(name, (const char *)event->data.scalar.value, event->data.scalar.length);
    set_key(c, scope->path, name);
    *index = ph_conf_key_find(scope->section, name);
    if (*index == PH_CONF_KEYS_MAX) {
        return refuse_unknown(c, scope, name);
    }
    if (scope->lines[*index] != 0) {
        return fail(c, &event->start_mark, "is there twice; the first is in line %u",
                    scope->lines[*index]);
    }
    scope->lines[*index] = (unsigned)event->start_mark.line + 1;
    return PH_OK;
}

/*
 * At the end of a scope. When a line is indented by a column too little, YAML ends the scope there
 * and the rest is bad syntax: that is the fault to tell then, not the keys that follow it.
 */
static int check_missing(struct check *c, const struct scope *scope)
{
    for (size_t i = 0; i < ph_conf_keys_count; i++) {
        const struct ph_conf_key *key = &ph_conf_keys[i];
        if (key->is_required && scope->lines[i] == 0 && strcmp(key->section, scope->section) == 0) {
            char allowed[PH_CONF_TEXT_BYTES];
            int err = next(c);
            if (err != PH_OK) {
                return err;
            }
            ph_conf_key_describe(key, allowed);
            set_key(c, scope->path, key->name);
            return fail(c, &scope->start, "missing; write %s", allowed);
        }
    }
    return PH_OK;
}

/* The keys of a section or of a channel, up to the end of its mapping. */
static int read_keys(struct check *c, struct scope *scope)
{
    if (c->event.type != YAML_MAPPING_START_EVENT) {
        char allowed[PH_CONF_TEXT_BYTES];
        ph_conf_section_list(scope->section, allowed);
        return fail(c, &c->event.start_mark,
                    "must be a group of keys, each on a line of its own below it and indented "
                    "(allowed: %s)",
                    allowed);
    }
    scope->start = c->event.start_mark;
    for (;;) {
        size_t index = 0;
        set_key(c, "", scope->path);
        int err = next(c);
        if (err != PH_OK || c->event.type == YAML_MAPPING_END_EVENT) {
            return err != PH_OK ? err : check_missing(c, scope);
        }
        if ((err = read_name(c, scope, &index)) != PH_OK || (err = next(c)) != PH_OK ||
            (err = read_value(c, &ph_conf_keys[index])) != PH_OK) {
            return err;
        }
    }
}

static int read_section(struct check *c, const char *section)
{
    struct scope scope = {.section = section, .path = section};
    int err = read_keys(c, &scope);

    for (size_t i = 0; i < ph_conf_keys_count; i++) {
        if (scope.lines[i] != 0) {
            c->lines->keys[i] = scope.lines[i];
        }
    }
    return err;
}

static int read_channel(struct check *c)
{
    struct ph_conf_lines *lines = c->lines;
    size_t count = lines->channels_count;
    char path[32];

    if (count == PH_CONF_CHANNELS_MAX) {
        return fail(c, &c->event.start_mark, "more than %d channels", PH_CONF_CHANNELS_MAX);
    }
    snprintf(path, sizeof(path), PH_CONF_CHANNELS "[%zu]", count);
    set_key(c, "", path);
    struct scope scope = {.section = PH_CONF_CHANNELS, .path = path};
    int err = read_keys(c, &scope);
    if (err != PH_OK) {
        return err;
    }
    if ((count & (count - 1)) == 0) {
        size_t cap = count > 0 ? count * 2 : 1;
        lines->channels = ph_realloc_array(lines->channels, cap, sizeof(*lines->channels));
    }
    lines->channels[count] = (struct ph_conf_channel_lines){
        .name = scope.lines[ph_conf_key_find(PH_CONF_CHANNELS, "name")],
        .key = scope.lines[ph_conf_key_find(PH_CONF_CHANNELS, "key")],
    };
    lines->channels_count = count + 1;
    return PH_OK;
}

static int read_channels(struct check *c)
{
    const yaml_mark_t start = c->event.start_mark;

    if (c->event.type != YAML_SEQUENCE_START_EVENT) {
        return fail(c, &start, "must be a list; begin each channel with \"- name: NAME\"");
    }
    for (;;) {
        set_key(c, "", PH_CONF_CHANNELS);
        int err = next(c);
        if (err != PH_OK) {
            return err;
        }
        if (c->event.type == YAML_SEQUENCE_END_EVENT) {
            return c->lines->channels_count > 0 ? PH_OK : fail(c, &start, "at least one is needed");
        }
        if ((err = read_channel(c)) != PH_OK) {
            return err;
        }
    }
}

static int read_top_value(struct check *c, const struct scope *scope, size_t index)
{
    const struct ph_conf_key *key = &ph_conf_keys[index];

    if (strcmp(key->section, "") == 0) {
        c->lines->keys[index] = scope->lines[index];
        return read_value(c, key);
    }
    return strcmp(key->section, PH_CONF_CHANNELS) == 0 ? read_channels(c)
                                                       : read_section(c, key->section);
}

static int read_top(struct check *c)
{
    struct scope scope = {.section = "", .path = ""};

    if (c->event.type != YAML_MAPPING_START_EVENT) {
        return fail(c, &c->event.start_mark, "must be made of lines like \"workers: 0\"");
    }
    for (;;) {
        size_t index = 0;
        set_key(c, "", "");
        int err = next(c);
        if (err != PH_OK) {
            return err;
        }
        if (c->event.type == YAML_MAPPING_END_EVENT) {
            return PH_OK;
        }
        if ((err = read_name(c, &scope, &index)) != PH_OK || (err = next(c)) != PH_OK ||
            (err = read_top_value(c, &scope, index)) != PH_OK) {
            return err;
        }
    }
}

static int refuse_no_channels(struct check *c)
{
    static const yaml_mark_t nowhere = {0};

    fail(c, &nowhere, "missing; write a list of at least one channel with its name and key");
    c->error->line = 0;
    c->error->column = 0;
    set_key(c, "", PH_CONF_CHANNELS);
    return PH_EINVAL;
}

static bool is_nothing(const yaml_event_t *event)
{
    return event->type == YAML_STREAM_END_EVENT ||
           (event->type == YAML_SCALAR_EVENT && event->data.scalar.length == 0);
}

/* Everything from the start of the stream to its end: one document with one mapping. */
static int read_file(struct check *c)
{
    int err = next(c); /* the stream's start, at which nothing can be wrong but its bytes */

    if (err != PH_OK || (err = next(c)) != PH_OK) {
        return err;
    }
    if (c->event.type == YAML_DOCUMENT_START_EVENT && (err = next(c)) != PH_OK) {
        return err;
    }
    if (is_nothing(&c->event)) {
        return refuse_no_channels(c);
    }
    if ((err = read_top(c)) != PH_OK || (err = next(c)) != PH_OK || (err = next(c)) != PH_OK) {
        return err;
    }
    if (c->event.type != YAML_STREAM_END_EVENT) {
        return fail(c, &c->event.start_mark, "a second document begins here; one is all there is");
    }
    return c->lines->channels_count > 0 ? PH_OK : refuse_no_channels(c);
}

int ph_conf_check(struct ph_conf_lines *lines, const char *yaml, size_t len,
                  struct ph_conf_error *error)
{
    struct check c = {.lines = lines, .error = error, .yaml = yaml, .len = len};

    memset(lines, 0, sizeof(*lines));
    memset(error, 0, sizeof(*error));
    if (!yaml_parser_initialize(&c.parser)) {
        snprintf(error->text, sizeof(error->text), "out of memory");
        return PH_ENOMEM;
    }
    yaml_parser_set_input_string(&c.parser, (const yaml_char_t *)yaml, len);
    yaml_parser_set_encoding(&c.parser, YAML_UTF8_ENCODING);
    int err = read_file(&c);
    yaml_event_delete(&c.event);
    yaml_parser_delete(&c.parser);
    return err;
}

void ph_conf_lines_fini(struct ph_conf_lines *lines)
{
    free(lines->channels);
    memset(lines, 0, sizeof(*lines));
}
