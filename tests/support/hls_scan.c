/* SPDX-License-Identifier: Apache-2.0 */
#include "hls_scan.h"

#include <stdlib.h>
#include <string.h>

/* What follows `tag` at the start of the line, or NULL. */
static const char *after(const char *line, size_t len, const char *tag)
{
    size_t tag_len = strlen(tag);

    return len > tag_len && memcmp(line, tag, tag_len) == 0 ? line + tag_len : NULL;
}

/* av-EPOCH-p123.m4s" */
static bool take_hint(struct hls_scan *scan, const char *name, const char *end)
{
    const char *dot = memchr(name, '.', (size_t)(end - name));
    const char *number = dot;

    while (number != NULL && number > name && number[-1] >= '0' && number[-1] <= '9') {
        number--;
    }
    if (number == dot || (size_t)(number - name) >= sizeof(scan->prefix)) {
        return false;
    }
    memcpy(scan->prefix, name, (size_t)(number - name));
    scan->prefix[number - name] = '\0';
    scan->hint = strtoll(number, NULL, 10);
    return true;
}

bool hls_scan(struct hls_scan *scan, const void *text, size_t len)
{
    const char *end = (const char *)text + len;
    bool has_sequence = false;
    bool has_hint = false;
    const char *value = NULL;

    *scan = (struct hls_scan){0};
    for (const char *line = text; line < end;) {
        const char *eol = memchr(line, '\n', (size_t)(end - line));
        if (eol == NULL) {
            return false; /* every line of ours ends */
        }
        size_t line_len = (size_t)(eol - line);
        if ((value = after(line, line_len, "#EXT-X-MEDIA-SEQUENCE:")) != NULL) {
            scan->msn += strtoll(value, NULL, 10);
            has_sequence = true;
        } else if (after(line, line_len, "#EXT-X-PART:") != NULL) {
            scan->part++;
        } else if (after(line, line_len, "#EXTINF:") != NULL) {
            scan->msn++;
            scan->part = 0;
        } else if ((value = after(line, line_len, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"")) !=
                   NULL) {
            has_hint = take_hint(scan, value, eol);
        }
        line = eol + 1;
    }
    return has_sequence && has_hint;
}
