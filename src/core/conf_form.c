/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forms of the config's texts: addresses, URLs, names, keys. They reach us as valid UTF-8,
 * which libyaml has checked.
 */
#include "conf_form.h"

#include <arpa/inet.h>
#include <string.h>

enum { URL_BYTES_MAX = 200, PORT_MAX = 65535 };

static bool is_printable_ascii(char c)
{
    return c > ' ' && c <= '~';
}

/* Whether every character is printable ASCII and not one of `forbidden`. */
static bool is_made_of(const char *text, const char *forbidden)
{
    for (; *text != '\0'; text++) {
        if (!is_printable_ascii(*text) || strchr(forbidden, *text) != NULL) {
            return false;
        }
    }
    return true;
}

/* One to five digits up to the end of the text; -1 if it is not a port. */
static long parse_port(const char *text)
{
    long port = 0;
    size_t len = strlen(text);

    if (len < 1 || len > 5) {
        return -1;
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        port = port * 10 + (text[i] - '0');
    }
    return port <= PORT_MAX ? port : -1;
}

/* Copies what stands before the last colon, without the brackets of IPv6. */
static bool split_host(const char *text, char host[static INET6_ADDRSTRLEN], bool *is_v6)
{
    const char *colon = strrchr(text, ':');
    size_t len = colon != NULL ? (size_t)(colon - text) : 0;

    *is_v6 = len > 2 && text[0] == '[' && text[len - 1] == ']';
    if (*is_v6) {
        text++;
        len -= 2;
    }
    if (len == 0 || len >= INET6_ADDRSTRLEN) {
        return false;
    }
    memcpy(host, text, len);
    host[len] = '\0';
    return true;
}

bool ph_conf_form_is_address(const char *text)
{
    char host[INET6_ADDRSTRLEN];
    unsigned char address[16];
    bool is_v6;

    if (!split_host(text, host, &is_v6) || parse_port(strrchr(text, ':') + 1) < 0) {
        return false;
    }
    if (is_v6) {
        return inet_pton(AF_INET6, host, address) == 1;
    }
    return strcmp(host, "*") == 0 || inet_pton(AF_INET, host, address) == 1;
}

static bool is_any(const char *host)
{
    return strcmp(host, "*") == 0 || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

bool ph_conf_form_addresses_clash(const char *a, const char *b)
{
    char host_a[INET6_ADDRSTRLEN];
    char host_b[INET6_ADDRSTRLEN];
    bool is_v6;

    if (!split_host(a, host_a, &is_v6) || !split_host(b, host_b, &is_v6)) {
        return false;
    }
    long port = parse_port(strrchr(a, ':') + 1);
    return port > 0 && port == parse_port(strrchr(b, ':') + 1) &&
           (is_any(host_a) || is_any(host_b) || strcmp(host_a, host_b) == 0);
}

/* A host and perhaps a port; what the name resolves to is not our business. */
static bool is_authority(const char *text, size_t len)
{
    char authority[URL_BYTES_MAX + 1];

    if (len == 0 || len > URL_BYTES_MAX) {
        return false;
    }
    memcpy(authority, text, len);
    authority[len] = '\0';
    const char *end = strchr(authority, authority[0] == '[' ? ']' : ':');
    if (authority[0] == '[') {
        return end != NULL && end > authority + 1 &&
               (end[1] == '\0' || (end[1] == ':' && parse_port(end + 2) > 0));
    }
    return end == NULL || (end > authority && parse_port(end + 1) > 0);
}

bool ph_conf_form_is_url(const char *text)
{
    size_t scheme = strncmp(text, "http://", 7) == 0    ? 7
                    : strncmp(text, "https://", 8) == 0 ? 8
                                                        : 0;

    /* It ends up in pages, playlists and headers, so nothing that could leave a quoted string. */
    return scheme > 0 && strlen(text) <= URL_BYTES_MAX &&
           is_authority(text + scheme, strcspn(text + scheme, "/")) &&
           is_made_of(text, "\"'<>\\^`{|}?#@");
}

bool ph_conf_form_is_name(const char *text)
{
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0';
}

bool ph_conf_form_is_key(const char *text)
{
    return is_made_of(text, "/?&=#%");
}

bool ph_conf_form_is_token(const char *text)
{
    return is_made_of(text, "");
}

bool ph_conf_form_is_title(const char *text)
{
    for (const unsigned char *s = (const unsigned char *)text; *s != '\0'; s++) {
        /* C0, DEL and, as UTF-8 has them, C1 and the line separators U+2028 and U+2029. */
        if (*s < 0x20 || *s == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0) ||
            (s[0] == 0xe2 && s[1] == 0x80 && (s[2] == 0xa8 || s[2] == 0xa9))) {
            return false;
        }
    }
    return true;
}

size_t ph_conf_form_length(const char *text)
{
    size_t length = 0;

    for (; *text != '\0'; text++) {
        length += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return length;
}
