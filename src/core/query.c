/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/core/query.h>

#include <string.h>

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool ph_percent_decode(const char *text, size_t len, char *out, size_t size)
{
    size_t written = 0;

    for (size_t i = 0; i < len; i++) {
        int value = (unsigned char)text[i];
        if (text[i] == '%') {
            int high = i + 2 < len ? hex_value(text[i + 1]) : -1;
            int low = i + 2 < len ? hex_value(text[i + 2]) : -1;
            value = high >= 0 && low >= 0 ? high << 4 | low : 0;
            i += 2;
        }
        if (value == 0 || written + 1 >= size) {
            return false;
        }
        out[written++] = (char)value;
    }
    if (size == 0) {
        return false;
    }
    out[written] = '\0';
    return true;
}

bool ph_query_get(const char *query, const char *name, char *out, size_t size)
{
    size_t name_len = strlen(name);

    while (*query != '\0') {
        size_t len = strcspn(query, "&");
        size_t key_len = strcspn(query, "=&");
        if (key_len == name_len && memcmp(query, name, name_len) == 0) {
            size_t skip = key_len < len ? key_len + 1 : key_len;
            return ph_percent_decode(query + skip, len - skip, out, size);
        }
        query += len;
        query += *query == '&';
    }
    return false;
}
