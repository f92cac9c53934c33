/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a request's path and query to what it asks for. Plain text work; see snapshot.h for the
 * names of media.
 */
#include "target.h"

#include <phien/core/query.h>

#include <stdbool.h>
#include <string.h>

struct playlist_name {
    const char *path;
    enum ph_rendition rendition;
    enum ph_playlist_form form;
};

static const struct playlist_name playlists[] = {
    {"index.m3u8", PH_RENDITION_AV, PH_PLAYLIST_INDEX},
    {"av.m3u8", PH_RENDITION_AV, PH_PLAYLIST_FULL},
    {"audio.m3u8", PH_RENDITION_AUDIO, PH_PLAYLIST_FULL},
    {"cards.m3u8", PH_RENDITION_CARDS, PH_PLAYLIST_FULL},
    {"plain/index.m3u8", PH_RENDITION_AV, PH_PLAYLIST_INDEX},
    {"plain/av.m3u8", PH_RENDITION_AV, PH_PLAYLIST_PLAIN},
    {"plain/audio.m3u8", PH_RENDITION_AUDIO, PH_PLAYLIST_PLAIN},
    {"plain/cards.m3u8", PH_RENDITION_CARDS, PH_PLAYLIST_PLAIN},
    {"ts/index.m3u8", PH_RENDITION_TS, PH_PLAYLIST_FULL},
};

struct media_name {
    const char *prefix;
    const char *suffix;
    enum ph_rendition rendition;
    enum ph_target_kind kind;
    char letter; /* before the number; 0: none */
};

static const struct media_name media[] = {
    {"av-", ".m4s", PH_RENDITION_AV, PH_TARGET_PART, 'p'},
    {"av-", ".m4s", PH_RENDITION_AV, PH_TARGET_SEGMENT, 0},
    {"av-", ".mp4", PH_RENDITION_AV, PH_TARGET_INIT, 'i'},
    {"audio-", ".m4s", PH_RENDITION_AUDIO, PH_TARGET_PART, 'p'},
    {"audio-", ".m4s", PH_RENDITION_AUDIO, PH_TARGET_SEGMENT, 0},
    {"audio-", ".mp4", PH_RENDITION_AUDIO, PH_TARGET_INIT, 'i'},
    {"ts/", ".ts", PH_RENDITION_TS, PH_TARGET_SEGMENT, 0},
    {"cards-", ".vtt", PH_RENDITION_CARDS, PH_TARGET_SEGMENT, 0},
};

/* A run of text that parsing shortens from the left and from the right. */
struct text {
    const char *at;
    size_t len;
};

static bool drop_prefix(struct text *text, const char *prefix)
{
    size_t len = strlen(prefix);

    if (text->len < len || memcmp(text->at, prefix, len) != 0) {
        return false;
    }
    text->at += len;
    text->len -= len;
    return true;
}

static bool drop_suffix(struct text *text, const char *suffix)
{
    size_t len = strlen(suffix);

    if (text->len < len || memcmp(text->at + text->len - len, suffix, len) != 0) {
        return false;
    }
    text->len -= len;
    return true;
}

/* A decimal integer of up to 18 digits, which always fits. */
static bool parse_number(const char *text, size_t len, int64_t *out)
{
    int64_t value = 0;

    if (len == 0 || len > 18) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        value = value * 10 + (text[i] - '0');
    }
    *out = value;
    return true;
}

static bool parse_media(struct ph_target *out, struct text text, const char *epoch)
{
    for (size_t i = 0; i < sizeof(media) / sizeof(media[0]); i++) {
        const struct media_name *name = &media[i];
        struct text rest = text;
        const char letter[2] = {name->letter, '\0'};
        if (drop_prefix(&rest, name->prefix) && drop_suffix(&rest, name->suffix) &&
            drop_prefix(&rest, epoch) && drop_prefix(&rest, "-") && drop_prefix(&rest, letter) &&
            parse_number(rest.at, rest.len, &out->number)) {
            out->kind = name->kind;
            out->rendition = name->rendition;
            return true;
        }
    }
    return false;
}

/* PH_ENOTFOUND: the directive is absent. */
static int parse_directive(const char *query, const char *name, int64_t *out)
{
    char text[24];
    size_t name_len = strlen(name);
    const char *at = query;

    while (at != NULL && (strncmp(at, name, name_len) != 0 || at[name_len] != '=')) {
        at = strchr(at, '&');
        at = at != NULL ? at + 1 : NULL;
    }
    if (at == NULL) {
        return PH_ENOTFOUND;
    }
    if (!ph_query_get(at, name, text, sizeof(text)) || !parse_number(text, strlen(text), out)) {
        return PH_EINVAL;
    }
    return PH_OK;
}

static int parse_directives(struct ph_target *out, const char *query)
{
    char skip[8];
    int msn_err = parse_directive(query, "_HLS_msn", &out->msn);
    int part_err = parse_directive(query, "_HLS_part", &out->part);

    if (msn_err == PH_EINVAL || part_err == PH_EINVAL ||
        (part_err == PH_OK && msn_err == PH_ENOTFOUND)) {
        return PH_EINVAL;
    }
    if (out->form == PH_PLAYLIST_FULL && ph_query_get(query, "_HLS_skip", skip, sizeof(skip)) &&
        (strcmp(skip, "YES") == 0 || strcmp(skip, "v2") == 0)) {
        out->form = PH_PLAYLIST_DELTA;
    }
    return PH_OK;
}

int ph_target_parse(struct ph_target *out, const char *path, size_t len, const char *query,
                    const char *epoch)
{
    struct text text = {path, len};

    *out = (struct ph_target){.msn = -1, .part = -1, .number = -1};
    for (size_t i = 0; i < sizeof(playlists) / sizeof(playlists[0]); i++) {
        if (len == strlen(playlists[i].path) && memcmp(path, playlists[i].path, len) == 0) {
            out->kind = PH_TARGET_PLAYLIST;
            out->rendition = playlists[i].rendition;
            out->form = playlists[i].form;
            /* Only a playlist that offers CAN-BLOCK-RELOAD obeys directives. */
            bool obeys = out->form == PH_PLAYLIST_FULL && out->rendition != PH_RENDITION_TS;
            return obeys ? parse_directives(out, query) : PH_OK;
        }
    }
    if (len == strlen("info.json") && memcmp(path, "info.json", len) == 0) {
        out->kind = PH_TARGET_INFO;
        out->rendition = PH_RENDITION_AV;
        return PH_OK;
    }
    return parse_media(out, text, epoch) ? PH_OK : PH_ENOTFOUND;
}
