/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a query or a slash ends up is decided differently by every application: FFmpeg takes the
 * first path element for app, HaishinKit and Moblin leave the query in app, OBS in the key. The
 * publish logic behind it must not care.
 */
#include "target.h"

#include <phien/core/mem.h>
#include <phien/core/query.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The part after "scheme://host/", which stands in for an app that was left out. */
static const char *find_url_path(const char *url)
{
    const char *host = strstr(url, "://");
    const char *path = strchr(host != NULL ? host + 3 : url, '/');

    return path != NULL ? path : "";
}

static void squeeze_slashes(char *text)
{
    size_t len = 0;

    for (const char *c = text; *c != '\0'; c++) {
        if (*c != '/' || (len > 0 && text[len - 1] != '/')) {
            text[len++] = *c;
        }
    }
    while (len > 0 && text[len - 1] == '/') {
        len--;
    }
    text[len] = '\0';
}

/* What stands before the query, decoded. An escape that is none stays as it is. */
static char *read_path(const char *text)
{
    size_t len = strcspn(text, "?");
    char *path = ph_alloc(len + 1);

    if (!ph_percent_decode(text, len, path, len + 1)) {
        memcpy(path, text, len);
        path[len] = '\0';
    }
    squeeze_slashes(path);
    return path;
}

static const char *find_query(const char *text)
{
    const char *mark = strchr(text, '?');

    return mark != NULL ? mark + 1 : "";
}

static size_t append_query(char *to, size_t len, const char *query)
{
    size_t query_len = strlen(query);

    if (query_len > 0 && len > 0) {
        to[len++] = '&';
    }
    memcpy(to + len, query, query_len);
    return len + query_len;
}

static char *join_queries(const char *app, const char *tc_url, const char *name)
{
    char *query = ph_alloc(strlen(app) + strlen(tc_url) + strlen(name) + 3);

    size_t len = append_query(query, 0, app);
    if (strcmp(app, tc_url) != 0) {
        len = append_query(query, len, tc_url);
    }
    append_query(query, len, name);
    return query;
}

void ph_rtmp_target_init(struct ph_rtmp_target *target, const char *app, const char *tc_url,
                         const char *name)
{
    target->app = read_path(app);
    if (*target->app == '\0') {
        free(target->app);
        target->app = read_path(find_url_path(tc_url));
    }
    target->name = read_path(name);
    target->query = join_queries(find_query(app), find_query(tc_url), find_query(name));
}

void ph_rtmp_target_fini(struct ph_rtmp_target *target)
{
    free(target->app);
    free(target->name);
    free(target->query);
    *target = (struct ph_rtmp_target){NULL, NULL, NULL};
}
