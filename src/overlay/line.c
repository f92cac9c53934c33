/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that sellers write, on their way into captions, attributes and pages. */
#include "line.h"

#include <phien/core/text.h>

#include <string.h>

/* C0 and C1 controls, DEL, and the two separators that editors take for line breaks. */
static bool breaks_line(const char *s, size_t len)
{
    unsigned char first = (unsigned char)s[0];
    unsigned char second = len > 1 ? (unsigned char)s[1] : 0;

    return (len == 1 && (first < 0x20 || first == 0x7f)) ||
           (len == 2 && first == 0xc2 && second < 0xa0) ||
           (len == 3 && (memcmp(s, "\u2028", 3) == 0 || memcmp(s, "\u2029", 3) == 0));
}

bool ph_line_is_valid(const char *text, size_t *chars)
{
    *chars = 0;
    for (size_t len; *text != '\0'; text += len) {
        len = ph_text_utf8_length(text);
        if (len == 0 || breaks_line(text, len)) {
            return false;
        }
        (*chars)++;
    }
    return true;
}
