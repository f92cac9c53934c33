/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/core/text.h>

#include <string.h>

/*
 * Only the second byte's range depends on the first: that rules out overlong forms, surrogates
 * and what lies above U+10FFFF (RFC 3629, section 4). The NUL at the end is in no range.
 */
size_t ph_text_utf8_length(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    size_t len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

    if (s[0] < 0x80) {
        return s[0] != '\0' ? 1 : 0;
    }
    if (s[0] < 0xc2 || s[0] > 0xf4 || s[1] < low || s[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return len;
}

void ph_text_copy(char *out, size_t size, const char *text)
{
    size_t used = 0;

    while (*text != '\0') {
        size_t len = ph_text_utf8_length(text);
        const char *from = len > 0 ? text : "?";
        len = len > 0 ? len : 1;
        if (used + len >= size) {
            break;
        }
        memcpy(out + used, from, len);
        used += len;
        text += len;
    }
    out[used] = '\0';
}
