/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Target, Host and query of a request (RFC 9112 section 3.2, RFC 3986). A target is decoded
 * once and then judged: what the checks saw is what the router compares.
 */
#include "request.h"

#include <phien/core/query.h>

#include <string.h>
#include <strings.h>

/* What proxies, caches and servers are known to take for a slash, and some of them not. */
static bool has_hidden_slash(const char *path)
{
    return strchr(path, '\\') != NULL || strcasestr(path, "%5c") != NULL ||
           strcasestr(path, "%2f") != NULL;
}

static bool has_control(const char *path)
{
    for (; *path != '\0'; path++) {
        if ((unsigned char)*path < 0x20 || *path == 0x7f) {
            return true;
        }
    }
    return false;
}

/* Whether no segment but the last is empty, and none is "." or "..". */
static bool is_normal(const char *path)
{
    const char *segment = path + 1;

    for (;;) {
        size_t len = strcspn(segment, "/");
        bool is_last = segment[len] == '\0';
        if ((len == 0 && !is_last) || (len == 1 && segment[0] == '.') ||
            (len == 2 && segment[0] == '.' && segment[1] == '.')) {
            return false;
        }
        if (is_last) {
            return true;
        }
        segment += len + 1;
    }
}

/*
 * "http://host/path" to "/path" (section 3.2.2: a server must accept it, and its authority
 * counts rather than Host). The slash that ends the authority is missing in "http://host".
 */
static char *strip_authority(char *target, struct ph_http_request *request)
{
    size_t scheme = strncasecmp(target, "http://", 7) == 0    ? 7
                    : strncasecmp(target, "https://", 8) == 0 ? 8
                                                              : 0;
    if (scheme == 0) {
        return NULL;
    }
    size_t len = strcspn(target + scheme, "/?");
    char *rest = target + scheme + len;
    /* Moved over the scheme, which leaves room for its NUL in front of the path. */
    memmove(target, target + scheme, len);
    target[len] = '\0';
    request->host = target;
    if (len == 0 || !ph_request_host_is_valid(target)) {
        return NULL;
    }
    if (*rest != '/') {
        *--rest = '/';
    }
    return rest;
}

int ph_request_parse_target(char *target, struct ph_http_request *request)
{
    char *path = target[0] == '/' ? target : strip_authority(target, request);

    if (path == NULL) {
        return PH_EPROTO;
    }
    /* A fragment never belongs into a request; clients that send one mean the part before it. */
    path[strcspn(path, "#")] = '\0';
    char *query = strchr(path, '?');
    if (query != NULL) {
        *query++ = '\0';
    }
    request->path = path;
    request->query = query != NULL ? query : "";
    bool is_odd = has_hidden_slash(path);
    size_t len = strlen(path);
    if (!ph_percent_decode(path, len, path, len + 1) || has_control(path)) {
        return PH_EPROTO;
    }
    return is_odd || !is_normal(path) ? PH_ENOTFOUND : PH_OK;
}

bool ph_request_host_is_valid(const char *host)
{
    for (; *host != '\0'; host++) {
        char c = *host;
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_alnum && strchr(".-:[]_%~", c) == NULL) {
            return false;
        }
    }
    return true;
}

const char *ph_request_method_name(enum ph_http_method method)
{
    static const char *const names[] = {
        [PH_HTTP_NONE] = "NONE",       [PH_HTTP_GET] = "GET",      [PH_HTTP_HEAD] = "HEAD",
        [PH_HTTP_OPTIONS] = "OPTIONS", [PH_HTTP_POST] = "POST",    [PH_HTTP_PUT] = "PUT",
        [PH_HTTP_PATCH] = "PATCH",     [PH_HTTP_DELETE] = "DELETE"};

    return method < PH_HTTP_OTHER ? names[method] : "OTHER";
}
