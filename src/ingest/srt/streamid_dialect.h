/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_STREAMID_DIALECT_H
#define PHIEN_INGEST_SRT_STREAMID_DIALECT_H

#include "streamid.h"

#include <stdbool.h>

/*
 * What parsing and redacting a stream id have in common, so that what the one takes for a secret
 * the other never shows.
 */
enum ph_srt_dialect_kind {
    PH_SRT_DIALECT_NONE,   /* "#!", and then not "::" */
    PH_SRT_DIALECT_PAIRS,  /* #!::r=live/NAME,s=KEY */
    PH_SRT_DIALECT_FIELDS, /* publish:live/NAME:KEY */
    PH_SRT_DIALECT_PATH,   /* live/NAME?key=KEY */
};

/* A piece of a text, borrowed from it. */
struct ph_srt_word {
    const char *at;
    size_t len;
};

struct ph_srt_dialect {
    enum ph_srt_dialect_kind kind;
    const char *mode;        /* FIELDS: the word before the first colon, in small letters; static */
    bool is_escaped;         /* words may hold %XX; otherwise they are decoded already */
    struct ph_srt_word body; /* what comes after "#!::" or "publish:"; in `text` */
    char text[PH_SRT_STREAMID_MAX + 1];
};

/* Keeps a copy of `raw`, cut to what the protocol allows, without spaces around it. */
void ph_srt_dialect_read(struct ph_srt_dialect *out, const char *raw);

/*
 * Splits `rest` at the first `separator`: `out` is what stands before it, without spaces around,
 * and `rest` what comes after. False when there is nothing left; a separator at the end has an
 * empty word behind it.
 */
bool ph_srt_word_next(struct ph_srt_word *rest, char separator, struct ph_srt_word *out);

/* Whether the word is `text`, which is in small letters; the word may have capitals. */
bool ph_srt_word_is(const struct ph_srt_word *word, const char *text);

/* The one of `texts`, which end with NULL, that the word is; NULL if it is none. */
const char *ph_srt_word_find(const struct ph_srt_word *word, const char *const *texts);

/* What a query may call the key, the likeliest first. */
extern const char *const ph_srt_secret_names[];

/* The mode that `word` names, PH_SRT_MODE_NONE if it names none. */
enum ph_srt_mode ph_srt_mode_find(const char *word);

/* The words that name a mode, in m= and before a colon. */
extern const char *const ph_srt_mode_names[];

#endif
