/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream id, and what of it gets into a log line: only words that are known, never one that the
 * caller chose.
 */
#include <ingest/srt/streamid.h>
#include <phien/core/mem.h>
#include <phien/core/query.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { REDACTED_BYTES = 2048 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int is_name(void *arg, const char *word, size_t len)
{
    (void)arg;
    return len == 5 && memcmp(word, "sinho", 5) == 0;
}

static bool is_known(const char *word, size_t len)
{
    static const char *const known[] = {
        "sinho",   "live",   "publish", "bidirectional",
        "request", "read",   "play",    "r",
        "m",       "s",      "u",       "h",
        "t",       "stream", "file",    "auth",
        "key",     "token",  "secret",  "pass",
    };

    for (size_t i = 0; i < PH_ARRAY_SIZE(known); i++) {
        if (strlen(known[i]) == len && memcmp(known[i], word, len) == 0) {
            return true;
        }
    }
    return false;
}

static void check_redaction(const char *raw)
{
    char shown[REDACTED_BYTES];

    ph_srt_streamid_redact(shown, sizeof(shown), raw, is_name, NULL);
    PH_ASSERT(strnlen(shown, sizeof(shown)) < sizeof(shown));
    for (const char *at = shown; *at != '\0';) {
        size_t len = strcspn(at, "#!:=,/?&*");
        PH_ASSERT(len == 0 || is_known(at, len));
        at += len > 0 ? len : 1;
    }
    char cut[16];
    ph_srt_streamid_redact(cut, sizeof(cut), raw, is_name, NULL);
    PH_ASSERT(strnlen(cut, sizeof(cut)) < sizeof(cut));
    PH_ASSERT(strncmp(cut, shown, strlen(cut)) == 0);
}

static void check_parsed(const struct ph_srt_streamid *id)
{
    char key[sizeof(id->query)];

    PH_ASSERT(id->mode == PH_SRT_MODE_PUBLISH || id->mode == PH_SRT_MODE_REQUEST);
    PH_ASSERT(strnlen(id->path, sizeof(id->path)) < sizeof(id->path));
    PH_ASSERT(strnlen(id->query, sizeof(id->query)) < sizeof(id->query));
    PH_ASSERT(id->path[0] != '/');
    for (const char *c = id->path; *c != '\0'; c++) {
        PH_ASSERT((unsigned char)*c >= 0x20 && *c != 0x7f);
    }
    if (id->query[0] != '\0') {
        PH_ASSERT(strncmp(id->query, "key=", 4) == 0 && strpbrk(id->query + 4, "&=#/? ") == NULL);
        PH_ASSERT(ph_query_get(id->query, "key", key, sizeof(key)) && key[0] != '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ph_srt_streamid id;
    char *raw = malloc(size + 1);

    if (raw == NULL) {
        return 0;
    }
    if (size > 0) {
        memcpy(raw, data, size);
    }
    raw[size] = '\0';
    int err = ph_srt_streamid_parse(&id, raw);
    PH_ASSERT(err == PH_OK || err == PH_EPROTO || err == PH_EUNSUPPORTED);
    if (err == PH_OK) {
        check_parsed(&id);
    }
    check_redaction(raw);
    free(raw);
    return 0;
}
