/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client takes and what it already has: Accept-Encoding (RFC 9110 section 12.5.3) and
 * If-None-Match (section 13.1.2).
 */
#include "negotiate.h"

#include <string.h>
#include <strings.h>

#define BLANKS " \t"

/* Weights in thousandths. */
enum {
    WEIGHT_ABSENT = -1,
    WEIGHT_MAX = 1000,
};

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, BLANKS);
}

/* "0.8" as 800. Whatever is not a qvalue counts as 0, which asks for nothing. */
static int parse_weight(const char *text)
{
    int weight = text[0] == '1' ? WEIGHT_MAX : 0;

    if ((text[0] != '0' && text[0] != '1') || text[1] != '.') {
        return weight;
    }
    int unit = 100;
    for (const char *digit = text + 2; *digit >= '0' && *digit <= '9'; digit++) {
        weight += (*digit - '0') * unit;
        unit /= 10;
    }
    return weight <= WEIGHT_MAX ? weight : 0;
}

/* The weight of an element's parameters, which begin behind its name and end at `end`. */
static int element_weight(const char *params, const char *end)
{
    const char *semicolon = memchr(params, ';', (size_t)(end - params));

    while (semicolon != NULL) {
        const char *name = skip_blanks(semicolon + 1);
        if (name < end && (*name == 'q' || *name == 'Q')) {
            const char *equals = skip_blanks(name + 1);
            return *equals == '=' ? parse_weight(skip_blanks(equals + 1)) : 0;
        }
        semicolon = name < end ? memchr(name, ';', (size_t)(end - name)) : NULL;
    }
    return WEIGHT_MAX;
}

static bool is_name(const char *name, size_t len, const char *wanted)
{
    return len == strlen(wanted) && strncasecmp(name, wanted, len) == 0;
}

bool ph_http_accepts_gzip(const char *accept_encoding)
{
    int gzip = WEIGHT_ABSENT;
    int identity = WEIGHT_ABSENT;
    int any = WEIGHT_ABSENT;

    for (const char *pos = accept_encoding; *pos != '\0';) {
        const char *name = pos + strspn(pos, BLANKS ",");
        size_t len = strcspn(name, BLANKS ",;");
        const char *end = name + strcspn(name, ",");
        int weight = element_weight(name + len, end);
        if (is_name(name, len, "gzip") || is_name(name, len, "x-gzip")) {
            gzip = weight;
        } else if (is_name(name, len, "identity")) {
            identity = weight;
        } else if (is_name(name, len, "*")) {
            any = weight;
        }
        pos = end;
    }
    gzip = gzip == WEIGHT_ABSENT ? any : gzip;
    return gzip > 0 && gzip >= identity;
}

static const char *skip_weak(const char *tag)
{
    return strncmp(tag, "W/", 2) == 0 ? tag + 2 : tag;
}

bool ph_negotiate_etag_matches(const char *if_none_match, const char *etag)
{
    const char *wanted = skip_weak(etag);
    size_t len = strlen(wanted);
    const char *pos = skip_blanks(if_none_match);

    if (*pos == '*') {
        return true;
    }
    while (*pos != '\0') {
        pos += strspn(pos, BLANKS ",");
        const char *tag = skip_weak(pos);
        const char *close = *tag == '"' ? strchr(tag + 1, '"') : NULL;
        if (close == NULL) {
            return false;
        }
        if ((size_t)(close + 1 - tag) == len && memcmp(tag, wanted, len) == 0) {
            return true;
        }
        pos = close + 1;
    }
    return false;
}
