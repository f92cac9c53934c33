/* SPDX-License-Identifier: Apache-2.0 */
/* From a request's body to JSON, with limits on what a peer can make the parser build. */
#include "body.h"

#include <string.h>

enum {
    LEVELS_MAX = 8,
    NODES_MAX = 20000, /* a whole shelf has 200 products of 14 members */
};

int ph_body_check_length(size_t len, size_t max, struct ph_faults *faults)
{
    if (len > max) {
        ph_faults_add(faults, "", "is longer than %zu bytes", max);
        return PH_ELIMIT;
    }
    return PH_OK;
}

/* Behind the string that began before `i`; a quote behind a backslash does not end it. */
static size_t skip_string(const char *text, size_t len, size_t i)
{
    while (i < len && text[i] != '"') {
        i += text[i] == '\\' ? 2 : 1;
    }
    return i + 1;
}

/*
 * Before it is parsed, since each level costs the parser stack and each value heap. What is no
 * JSON at all is for the parser to tell.
 */
static bool is_modest(const char *text, size_t len)
{
    size_t level = 0;
    size_t nodes = 0;

    for (size_t i = 0; i < len;) {
        char c = text[i++];
        if (c == '"') {
            i = skip_string(text, len, i);
        } else if (c == '{' || c == '[') {
            level++;
            nodes++;
        } else if (c == '}' || c == ']') {
            level -= level > 0 ? 1 : 0;
        } else if (c == ',') {
            nodes++;
        }
        if (level > LEVELS_MAX || nodes > NODES_MAX) {
            return false;
        }
    }
    return true;
}

int ph_body_parse(json_t **out, const void *body, size_t len, size_t max, struct ph_faults *faults)
{
    json_error_t error;
    int err = ph_body_check_length(len, max, faults);

    *out = NULL;
    if (err != PH_OK) {
        return err;
    }
    if (!is_modest(body, len)) {
        ph_faults_add(faults, "", "has more than %d levels or %d values", LEVELS_MAX, NODES_MAX);
        return PH_EPROTO;
    }
    *out = json_loadb(body, len, JSON_REJECT_DUPLICATES, &error);
    if (*out == NULL) {
        ph_faults_add(faults, "", "is not JSON: line %d, column %d: %s", error.line, error.column,
                      error.text);
        return PH_EPROTO;
    }
    return PH_OK;
}

int ph_body_parse_object(json_t **out, const void *body, size_t len, struct ph_faults *faults)
{
    int err = ph_body_parse(out, body, len, PH_BODY_BYTES_MAX, faults);

    if (err == PH_OK && !json_is_object(*out)) {
        ph_faults_add(faults, "", "must be a JSON object, {...}");
        json_decref(*out);
        *out = NULL;
        err = PH_EPROTO;
    }
    return err;
}

void ph_change_init(struct ph_change *change, enum ph_change_kind kind)
{
    memset(change, 0, sizeof(*change));
    change->kind = kind;
    change->if_rev = -1;
}

int ph_change_end(struct ph_change *change, const struct ph_faults *faults)
{
    if (faults->count > 0) {
        ph_change_fini(change);
        return PH_EINVAL;
    }
    return PH_OK;
}
