/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the table of keys says in words: the ends of the error texts.
 */
#include "conf_table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { NAME_MAX_LEN = 40 };

static void append(char out[static PH_CONF_TEXT_BYTES], const char *format, ...) PH_PRINTF(2, 3);

static void append(char out[static PH_CONF_TEXT_BYTES], const char *format, ...)
{
    size_t len = strlen(out);
    va_list args;

    va_start(args, format);
    vsnprintf(out + len, PH_CONF_TEXT_BYTES - len, format, args);
    va_end(args);
}

void *ph_conf_key_slot(const struct ph_conf_key *key, void *base)
{
    return (char *)base + key->offset;
}

static void describe_choices(const struct ph_conf_key *key, char out[static PH_CONF_TEXT_BYTES])
{
    for (size_t i = 0; i < key->choices_count; i++) {
        const char *before = i == 0 ? "" : i + 1 < key->choices_count ? ", " : " or ";
        append(out, "%s%s", before, key->choices[i].str);
    }
}

void ph_conf_key_describe(const struct ph_conf_key *key, char out[static PH_CONF_TEXT_BYTES])
{
    out[0] = '\0';
    switch (key->type) {
    case PH_CONF_TYPE_NUMBER:
        append(out, "%s from %u to %u", key->what, key->min, key->max);
        break;
    case PH_CONF_TYPE_BOOL:
        append(out, "true or false");
        break;
    case PH_CONF_TYPE_CHOICE:
        describe_choices(key, out);
        break;
    case PH_CONF_TYPE_TEXT:
        if (key->max > 0) {
            append(out, "%u to %u ", key->min, key->max);
        }
        append(out, "%s", key->what);
        break;
    case PH_CONF_TYPE_NONE:
        break;
    }
    if (key->empty != NULL) {
        append(out, ", or %s for %s", key->type == PH_CONF_TYPE_NUMBER ? "0" : "\"\"", key->empty);
    }
}

void ph_conf_key_format_default(const struct ph_conf_key *key, char out[static PH_CONF_TEXT_BYTES])
{
    out[0] = '\0';
    switch (key->type) {
    case PH_CONF_TYPE_NUMBER:
        append(out, "%u", key->number);
        break;
    case PH_CONF_TYPE_BOOL:
        append(out, "%s", key->number != 0 ? "true" : "false");
        break;
    case PH_CONF_TYPE_CHOICE:
        for (size_t i = 0; i < key->choices_count; i++) {
            if (key->choices[i].val == (int64_t)key->number) {
                append(out, "%s", key->choices[i].str);
            }
        }
        break;
    case PH_CONF_TYPE_TEXT:
        append(out, "\"%s\"", key->text != NULL ? key->text : "");
        break;
    case PH_CONF_TYPE_NONE:
        break;
    }
}

/* The i-th name that may stand in `section`, or NULL; at the top, sections count as names. */
static const char *name_at(const char *section, size_t i)
{
    const struct ph_conf_key *key = &ph_conf_keys[i];

    if (strcmp(key->section, section) == 0) {
        return key->name;
    }
    bool is_first_of_section = i == 0 || strcmp(key->section, ph_conf_keys[i - 1].section) != 0;
    return section[0] == '\0' && is_first_of_section ? key->section : NULL;
}

size_t ph_conf_key_find(const char *section, const char *name)
{
    for (size_t i = 0; i < ph_conf_keys_count; i++) {
        const char *known = name_at(section, i);
        if (known != NULL && strcmp(known, name) == 0) {
            return i;
        }
    }
    return PH_CONF_KEYS_MAX;
}

void ph_conf_section_list(const char *section, char out[static PH_CONF_TEXT_BYTES])
{
    out[0] = '\0';
    for (size_t i = 0; i < ph_conf_keys_count; i++) {
        const char *name = name_at(section, i);
        if (name != NULL) {
            append(out, "%s%s", out[0] != '\0' ? ", " : "", name);
        }
    }
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/*
 * How many letters must be typed, removed, changed or swapped with their neighbour to make `b`
 * of `a` (the optimal string alignment distance); both are at most NAME_MAX_LEN long.
 */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][NAME_MAX_LEN + 1];
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);
    size_t *before = rows[0];
    size_t *above = rows[1];
    size_t *row = rows[2];

    for (size_t j = 0; j <= b_len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t *spare = before;
        before = above;
        above = row;
        row = spare;
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(row[j], least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = least(row[j], before[j - 2] + 1);
            }
        }
    }
    return row[b_len];
}

/* "latency" for "latency_ms". */
static bool lacks_unit(const char *name, const char *known)
{
    size_t len = strlen(name);

    return len > 0 && strncmp(name, known, len) == 0 && known[len] == '_';
}

void ph_conf_section_suggest(const char *section, const char *name,
                             char out[static PH_CONF_TEXT_BYTES])
{
    size_t len = strlen(name);
    size_t best = len < 5 ? 2 : 3; /* a slip in a short name, two in a long one */

    out[0] = '\0';
    if (len > NAME_MAX_LEN) {
        return;
    }
    for (size_t i = 0; i < ph_conf_keys_count; i++) {
        const char *known = name_at(section, i);
        size_t d = known == NULL ? best : lacks_unit(name, known) ? 0 : distance(name, known);
        if (d < best) {
            best = d;
            snprintf(out, PH_CONF_TEXT_BYTES, "%s", known);
        }
    }
    if (strcmp(section, PH_CONF_CHANNELS) == 0) {
        return; /* what a channel has, it has for itself */
    }
    for (size_t i = 0; i < ph_conf_keys_count && out[0] == '\0'; i++) {
        const struct ph_conf_key *key = &ph_conf_keys[i];
        /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): each row has a name */
        if (strcmp(key->name, name) == 0 && strcmp(key->section, PH_CONF_CHANNELS) != 0) {
            append(out, "%s%s%s", key->section, key->section[0] != '\0' ? "." : "", key->name);
        }
    }
}
