/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a stream id to the path and the query of a publish request. SRT Access Control is
 * Haivision's docs/features/access-control.md; the other dialects are habits of servers and
 * applications.
 *
 * The secret may stand in several places. A field that is meant for it comes first, then the
 * query, and last the user's name, where applications put it that have no other field.
 */
#include "streamid_dialect.h"

#include <phien/core/mem.h>
#include <phien/core/query.h>

#include <string.h>

struct reading {
    struct ph_srt_streamid *out;
    bool is_escaped;
    struct ph_srt_word path;
    struct ph_srt_word query;
    struct ph_srt_word secret;
    struct ph_srt_word user;
};

/* A word's text. An escape that is none stays as it is, as in an RTMP address. */
static void copy_word(char out[static PH_SRT_STREAMID_MAX + 1], const struct ph_srt_word *word,
                      bool is_escaped)
{
    if (!is_escaped || !ph_percent_decode(word->at, word->len, out, PH_SRT_STREAMID_MAX + 1)) {
        memcpy(out, word->at, word->len);
        out[word->len] = '\0';
    }
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            return true;
        }
    }
    return false;
}

static void read_path(struct reading *reading, struct ph_srt_word rest)
{
    (void)ph_srt_word_next(&rest, '?', &reading->path);
    if (rest.at != NULL) {
        reading->query = rest;
    }
}

static int read_mode(struct reading *reading, const struct ph_srt_word *word)
{
    const char *mode = ph_srt_word_find(word, ph_srt_mode_names);

    if (mode != NULL) {
        reading->out->mode = ph_srt_mode_find(mode);
    }
    return mode != NULL || word->len == 0 ? PH_OK : PH_EPROTO;
}

/* Names that are not known are an application's own, and none of our business. */
static int read_pair(struct reading *reading, const struct ph_srt_word *name,
                     const struct ph_srt_word *value)
{
    if (ph_srt_word_is(name, "r")) {
        read_path(reading, *value);
    } else if (ph_srt_word_is(name, "m")) {
        return read_mode(reading, value);
    } else if (ph_srt_word_is(name, "s")) {
        reading->secret = *value;
    } else if (ph_srt_word_is(name, "u")) {
        reading->user = *value;
    } else if (ph_srt_word_is(name, "t") && value->len > 0 && !ph_srt_word_is(value, "stream")) {
        return PH_EUNSUPPORTED;
    }
    return PH_OK;
}

static int read_pairs(struct reading *reading, struct ph_srt_word body)
{
    struct ph_srt_word pair;
    int err = PH_OK;

    while (err == PH_OK && ph_srt_word_next(&body, ',', &pair)) {
        struct ph_srt_word value = pair;
        struct ph_srt_word name;
        (void)ph_srt_word_next(&value, '=', &name);
        if (value.at != NULL) {
            err = read_pair(reading, &name, &value);
        } else if (pair.len > 0) {
            err = PH_EPROTO;
        }
    }
    return err;
}

/*
 * publish:PATH[:QUERY], publish:PATH:USER:KEY[:QUERY], and, which its inventor does not know,
 * publish:PATH:KEY. A key has no "=", so the third field tells which it is.
 */
static int read_fields(struct reading *reading, struct ph_srt_word body)
{
    struct ph_srt_word fields[4] = {{"", 0}, {"", 0}, {"", 0}, {"", 0}};
    size_t count = 0;

    while (count < PH_ARRAY_SIZE(fields) && ph_srt_word_next(&body, ':', &fields[count])) {
        count++;
    }
    if (body.at != NULL) {
        return PH_EPROTO;
    }
    read_path(reading, fields[0]);
    if (count == 2 && memchr(fields[1].at, '=', fields[1].len) != NULL) {
        reading->query = fields[1];
    } else if (count == 2) {
        reading->secret = fields[1];
    } else if (count > 2) {
        reading->user = fields[1];
        reading->secret = fields[2];
    }
    reading->query = count == 4 ? fields[3] : reading->query;
    return PH_OK;
}

/* The value that the query has for the likeliest name of a key. */
static struct ph_srt_word find_secret(struct ph_srt_word query)
{
    struct ph_srt_word pair;

    for (size_t i = 0; ph_srt_secret_names[i] != NULL; i++) {
        struct ph_srt_word rest = query;
        while (ph_srt_word_next(&rest, '&', &pair)) {
            struct ph_srt_word value = pair;
            struct ph_srt_word name;
            (void)ph_srt_word_next(&value, '=', &name);
            if (value.len > 0 && ph_srt_word_is(&name, ph_srt_secret_names[i])) {
                return value;
            }
        }
    }
    return (struct ph_srt_word){"", 0};
}

/*
 * "key=KEY", with everything escaped that no key may have and that could end the value. What does
 * not fit is left out: it is far longer than any key.
 */
static void write_query(struct ph_srt_streamid *out, const char *secret)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t len = strlen("key=");

    memcpy(out->query, "key=", len);
    for (; *secret != '\0' && len + 3 < sizeof(out->query); secret++) {
        unsigned char c = (unsigned char)*secret;
        if (c > ' ' && c < 0x7f && strchr("/?&=#%", c) == NULL) {
            out->query[len++] = (char)c;
            continue;
        }
        out->query[len++] = '%';
        out->query[len++] = hex[c >> 4];
        out->query[len++] = hex[c & 15];
    }
    out->query[len] = '\0';
}

static int write_out(struct reading *reading)
{
    struct ph_srt_word secret = reading->secret;
    char text[PH_SRT_STREAMID_MAX + 1];

    /* The slash that some begin with is no empty application. */
    copy_word(text, &reading->path, reading->is_escaped);
    const char *path = text + strspn(text, "/");
    memcpy(reading->out->path, path, strlen(path) + 1);
    secret = secret.len > 0 ? secret : find_secret(reading->query);
    secret = secret.len > 0 ? secret : reading->user;
    copy_word(text, &secret, reading->is_escaped);
    if (has_control(reading->out->path) || has_control(text)) {
        return PH_EPROTO;
    }
    if (text[0] != '\0') {
        write_query(reading->out, text);
    }
    return PH_OK;
}

static int read_dialect(struct reading *reading, const struct ph_srt_dialect *dialect)
{
    switch (dialect->kind) {
    case PH_SRT_DIALECT_PAIRS:
        return read_pairs(reading, dialect->body);
    case PH_SRT_DIALECT_FIELDS:
        reading->out->mode = ph_srt_mode_find(dialect->mode);
        return read_fields(reading, dialect->body);
    case PH_SRT_DIALECT_PATH:
        read_path(reading, dialect->body);
        return PH_OK;
    case PH_SRT_DIALECT_NONE:
        break;
    }
    return PH_EPROTO;
}

int ph_srt_streamid_parse(struct ph_srt_streamid *out, const char *raw)
{
    static const struct ph_srt_word nothing = {"", 0};
    struct ph_srt_dialect dialect;

    *out = (struct ph_srt_streamid){.mode = PH_SRT_MODE_PUBLISH};
    if (strnlen(raw, PH_SRT_STREAMID_MAX + 1) > PH_SRT_STREAMID_MAX || has_control(raw)) {
        return PH_EPROTO;
    }
    ph_srt_dialect_read(&dialect, raw);
    struct reading reading = {out, dialect.is_escaped, nothing, nothing, nothing, nothing};
    int err = read_dialect(&reading, &dialect);
    return err != PH_OK ? err : write_out(&reading);
}
