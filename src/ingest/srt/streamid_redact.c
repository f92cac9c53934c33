/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream id for the log. It is taken apart as for publishing, so that no secret is missed, and
 * only words that are known to be none are shown, spelt as we spell them.
 */
#include "streamid_dialect.h"

#include <string.h>

struct redaction {
    char *out;
    size_t size;
    size_t len;
    int (*is_name)(void *arg, const char *word, size_t len);
    void *arg;
};

static void show(struct redaction *r, const char *text, size_t len)
{
    size_t room = r->size - r->len - 1;

    len = len < room ? len : room;
    memcpy(r->out + r->len, text, len);
    r->len += len;
    r->out[r->len] = '\0';
}

static void show_text(struct redaction *r, const char *text)
{
    show(r, text, strlen(text));
}

/* That a word is empty is worth knowing, and no secret. */
static void hide(struct redaction *r, const struct ph_srt_word *word)
{
    show_text(r, word->len > 0 ? "***" : "");
}

static void show_if_known(struct redaction *r, const struct ph_srt_word *word,
                          const char *const *known)
{
    const char *text = ph_srt_word_find(word, known);

    if (text != NULL) {
        show_text(r, text);
    } else {
        hide(r, word);
    }
}

static void redact_path(struct redaction *r, struct ph_srt_word path)
{
    struct ph_srt_word word;

    while (ph_srt_word_next(&path, '/', &word)) {
        if (word.len > 0 && r->is_name(r->arg, word.at, word.len) != 0) {
            show(r, word.at, word.len);
        } else if (path.at != NULL && ph_srt_word_is(&word, "live")) {
            show_text(r, "live");
        } else {
            hide(r, &word);
        }
        show_text(r, path.at != NULL ? "/" : "");
    }
}

/* What has no "=" may be a secret as a whole. */
static void redact_query(struct redaction *r, struct ph_srt_word query)
{
    struct ph_srt_word value;

    while (ph_srt_word_next(&query, '&', &value)) {
        struct ph_srt_word pair = value;
        struct ph_srt_word name;
        (void)ph_srt_word_next(&value, '=', &name);
        if (value.at != NULL) {
            show_if_known(r, &name, ph_srt_secret_names);
            show_text(r, "=");
            hide(r, &value);
        } else {
            hide(r, &pair);
        }
        show_text(r, query.at != NULL ? "&" : "");
    }
}

static void redact_target(struct redaction *r, struct ph_srt_word target)
{
    struct ph_srt_word path;

    (void)ph_srt_word_next(&target, '?', &path);
    redact_path(r, path);
    if (target.at != NULL) {
        show_text(r, "?");
        redact_query(r, target);
    }
}

static void redact_pair(struct redaction *r, struct ph_srt_word pair)
{
    static const char *const names[] = {"r", "m", "s", "u", "h", "t", NULL};
    static const char *const types[] = {"stream", "file", "auth", NULL};
    struct ph_srt_word value = pair;
    struct ph_srt_word name;

    (void)ph_srt_word_next(&value, '=', &name);
    if (value.at == NULL) {
        hide(r, &pair);
        return;
    }
    show_if_known(r, &name, names);
    show_text(r, "=");
    if (ph_srt_word_is(&name, "r")) {
        redact_target(r, value);
    } else if (ph_srt_word_is(&name, "m")) {
        show_if_known(r, &value, ph_srt_mode_names);
    } else if (ph_srt_word_is(&name, "t")) {
        show_if_known(r, &value, types);
    } else {
        hide(r, &value);
    }
}

static void redact_pairs(struct redaction *r, struct ph_srt_word body)
{
    struct ph_srt_word pair;

    show_text(r, "#!::");
    while (ph_srt_word_next(&body, ',', &pair)) {
        redact_pair(r, pair);
        show_text(r, body.at != NULL ? "," : "");
    }
}

static void redact_fields(struct redaction *r, const char *mode, struct ph_srt_word body)
{
    struct ph_srt_word path;

    (void)ph_srt_word_next(&body, ':', &path);
    show_text(r, mode);
    show_text(r, ":");
    redact_target(r, path);
    if (body.at != NULL) {
        show_text(r, ":");
        hide(r, &body);
    }
}

void ph_srt_streamid_redact(char *out, size_t size, const char *raw,
                            int (*is_name)(void *arg, const char *word, size_t len), void *arg)
{
    struct redaction r = {out, size, 0, is_name, arg};
    struct ph_srt_dialect dialect;

    if (size == 0) {
        return;
    }
    out[0] = '\0';
    ph_srt_dialect_read(&dialect, raw);
    switch (dialect.kind) {
    case PH_SRT_DIALECT_PAIRS:
        redact_pairs(&r, dialect.body);
        break;
    case PH_SRT_DIALECT_FIELDS:
        redact_fields(&r, dialect.mode, dialect.body);
        break;
    case PH_SRT_DIALECT_PATH:
        redact_target(&r, dialect.body);
        break;
    case PH_SRT_DIALECT_NONE:
        show_text(&r, "#!");
        dialect.body.at += 2;
        dialect.body.len -= 2;
        hide(&r, &dialect.body);
        break;
    }
}
