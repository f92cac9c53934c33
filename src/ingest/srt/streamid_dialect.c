/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which dialect a stream id is in. Applications disagree on who decodes an id that was given in an
 * URL, so it may arrive with its separators encoded ("%23!::r=..."): it is decoded as a whole if
 * only then it has a form, and word by word if it had one before.
 */
#include "streamid_dialect.h"

#include <phien/core/query.h>

#include <string.h>
#include <strings.h>

const char *const ph_srt_mode_names[] = {
    "publish", "bidirectional", "request", "read", "play", NULL,
};

const char *const ph_srt_secret_names[] = {"key", "token", "secret", "pass", NULL};

enum ph_srt_mode ph_srt_mode_find(const char *word)
{
    if (strcmp(word, "publish") == 0 || strcmp(word, "bidirectional") == 0) {
        return PH_SRT_MODE_PUBLISH;
    }
    for (size_t i = 0; ph_srt_mode_names[i] != NULL; i++) {
        if (strcmp(word, ph_srt_mode_names[i]) == 0) {
            return PH_SRT_MODE_REQUEST;
        }
    }
    return PH_SRT_MODE_NONE;
}

static struct ph_srt_word trim(const char *at, size_t len)
{
    while (len > 0 && at[0] == ' ') {
        at++;
        len--;
    }
    while (len > 0 && at[len - 1] == ' ') {
        len--;
    }
    return (struct ph_srt_word){at, len};
}

bool ph_srt_word_next(struct ph_srt_word *rest, char separator, struct ph_srt_word *out)
{
    if (rest->at == NULL) {
        return false;
    }
    const char *end = memchr(rest->at, separator, rest->len);
    size_t len = end != NULL ? (size_t)(end - rest->at) : rest->len;
    *out = trim(rest->at, len);
    rest->at = end != NULL ? end + 1 : NULL;
    rest->len = end != NULL ? rest->len - len - 1 : 0;
    return true;
}

bool ph_srt_word_is(const struct ph_srt_word *word, const char *text)
{
    return strlen(text) == word->len && strncasecmp(word->at, text, word->len) == 0;
}

const char *ph_srt_word_find(const struct ph_srt_word *word, const char *const *texts)
{
    for (; *texts != NULL; texts++) {
        if (ph_srt_word_is(word, *texts)) {
            return *texts;
        }
    }
    return NULL;
}

/* The dialect that a text begins like; `body` is what comes after this beginning. */
static enum ph_srt_dialect_kind find_kind(const char *text, const char **mode,
                                          struct ph_srt_word *body)
{
    static const char pairs[] = "#!::";
    struct ph_srt_word rest = {text, strlen(text)};
    struct ph_srt_word first;

    *body = rest;
    *mode = NULL;
    if (strncmp(text, pairs, strlen(pairs)) == 0) {
        *body = (struct ph_srt_word){text + strlen(pairs), rest.len - strlen(pairs)};
        return PH_SRT_DIALECT_PAIRS;
    }
    if (strncmp(text, "#!", 2) == 0) {
        return PH_SRT_DIALECT_NONE;
    }
    if (ph_srt_word_next(&rest, ':', &first) && rest.at != NULL) {
        *mode = ph_srt_word_find(&first, ph_srt_mode_names);
    }
    *body = *mode != NULL ? rest : *body;
    return *mode != NULL ? PH_SRT_DIALECT_FIELDS : PH_SRT_DIALECT_PATH;
}

/*
 * Whether the text must be decoded before it is taken apart: only then it has a form. In a path
 * with a query an encoded separator belongs to a word, except if the whole "#!::" was encoded.
 */
static bool is_encoded_whole(const char *text, const char *decoded)
{
    const char *mode;
    struct ph_srt_word body;
    enum ph_srt_dialect_kind kind = find_kind(text, &mode, &body);

    if (kind != PH_SRT_DIALECT_PATH) {
        return kind == PH_SRT_DIALECT_NONE;
    }
    return strchr(text, '?') == NULL || find_kind(decoded, &mode, &body) != PH_SRT_DIALECT_PATH;
}

void ph_srt_dialect_read(struct ph_srt_dialect *out, const char *raw)
{
    char decoded[PH_SRT_STREAMID_MAX + 1];
    struct ph_srt_word word = trim(raw, strnlen(raw, PH_SRT_STREAMID_MAX));

    memcpy(out->text, word.at, word.len);
    out->text[word.len] = '\0';
    out->is_escaped = true;
    if (ph_percent_decode(out->text, word.len, decoded, sizeof(decoded)) &&
        is_encoded_whole(out->text, decoded)) {
        memcpy(out->text, decoded, strlen(decoded) + 1);
        out->is_escaped = false;
    }
    out->kind = find_kind(out->text, &out->mode, &out->body);
}
