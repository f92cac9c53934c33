/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks one value of the config against its row of the table. Stricter than libcyaml where that
 * would guess: it takes 010 for eight and every word but a few for true.
 */
#include "conf_check.h"
#include "conf_form.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_BYTES = 40 };

void ph_conf_show(char out[static 48], const char *text, size_t len)
{
    size_t shown = len;

    if (shown > SHOWN_BYTES) {
        shown = SHOWN_BYTES;
        while (shown > 0 && ((unsigned char)text[shown] & 0xc0) == 0x80) {
            shown--;
        }
    }
    for (size_t i = 0; i < shown; i++) {
        unsigned char c = (unsigned char)text[i];
        out[i] = (char)(c < 0x20 || c == 0x7f ? '?' : c);
    }
    snprintf(out + shown, 48 - shown, "%s", shown < len ? "..." : "");
}

static int refuse(const struct ph_conf_key *key, struct ph_conf_error *error, const char *format,
                  ...) PH_PRINTF(3, 4);

/* "REASON; write WHAT MAY BE WRITTEN". */
static int refuse(const struct ph_conf_key *key, struct ph_conf_error *error, const char *format,
                  ...)
{
    char allowed[PH_CONF_TEXT_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    ph_conf_key_describe(key, allowed);
    size_t len = strlen(error->text);
    snprintf(error->text + len, sizeof(error->text) - len, "; write %s", allowed);
    return PH_EINVAL;
}

static bool is_integer(const char *value)
{
    const char *digits = value[0] == '-' ? value + 1 : value;
    size_t len = strlen(digits);

    return len > 0 && strspn(digits, "0123456789") == len && (digits[0] != '0' || len == 1);
}

static int check_number(const struct ph_conf_key *key, const char *value, const char *shown,
                        struct ph_conf_error *error)
{
    if (!is_integer(value)) {
        return refuse(key, error, "\"%s\" is not a whole number", shown);
    }
    /* strtoll stops at the ends of its range, which lie outside of every range of ours. */
    long long number = strtoll(value, NULL, 10);
    bool is_empty = number == 0 && key->empty != NULL;
    if (!is_empty && (number < (long long)key->min || number > (long long)key->max)) {
        return refuse(key, error, "%s is out of range", shown);
    }
    return PH_OK;
}

static int check_choice(const struct ph_conf_key *key, const char *value, const char *shown,
                        struct ph_conf_error *error)
{
    for (size_t i = 0; i < key->choices_count; i++) {
        if (strcmp(value, key->choices[i].str) == 0) {
            return PH_OK;
        }
    }
    return refuse(key, error, "\"%s\" is not known", shown);
}

static int check_text(const struct ph_conf_key *key, const char *value, size_t len,
                      const char *shown, struct ph_conf_error *error)
{
    size_t length = ph_conf_form_length(value);

    if (len == 0 && key->empty != NULL) {
        return PH_OK;
    }
    if (len == 0) {
        return refuse(key, error, "is empty");
    }
    if (key->max > 0 && (length < key->min || length > key->max)) {
        return refuse(key, error, "has %zu characters", length);
    }
    /* A NUL, which "\0" makes, would cut the text short where C reads it. */
    if (strlen(value) != len || (key->is_valid != NULL && !key->is_valid(value))) {
        return key->is_secret ? refuse(key, error, "has a character that is not allowed")
                              : refuse(key, error, "\"%s\" is not right", shown);
    }
    return PH_OK;
}

static bool is_null_word(const char *value)
{
    return strcmp(value, "~") == 0 || strcmp(value, "null") == 0 || strcmp(value, "Null") == 0 ||
           strcmp(value, "NULL") == 0;
}

int ph_conf_check_value(const struct ph_conf_key *key, const char *value, size_t len,
                        bool is_quoted, struct ph_conf_error *error)
{
    char shown[48];

    ph_conf_show(shown, value, len);
    if (key->type == PH_CONF_TYPE_TEXT) {
        return is_null_word(value) && !is_quoted
                   ? refuse(key, error, "%s is no text in YAML", shown)
                   : check_text(key, value, len, shown, error);
    }
    if (len == 0) {
        return refuse(key, error, "has no value");
    }
    if (is_quoted && key->type != PH_CONF_TYPE_CHOICE) {
        return refuse(key, error, "\"%s\" is a text because of its quotes", shown);
    }
    if (key->type == PH_CONF_TYPE_NUMBER) {
        return check_number(key, value, shown, error);
    }
    if (key->type == PH_CONF_TYPE_CHOICE) {
        return check_choice(key, value, shown, error);
    }
    return strcmp(value, "true") == 0 || strcmp(value, "false") == 0
               ? PH_OK
               : refuse(key, error, "\"%s\" is neither true nor false", shown);
}
