/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a path to its handler. There are a dozen routes, so they are tried one after the other;
 * what a request asks for beyond its path (a channel, a segment) is the handler's to look up.
 */
#include <phien/http/router.h>

#include <phien/core/mem.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct route {
    unsigned methods;
    char *pattern;
    size_t body_limit; /* 0: the server's */
    ph_http_handler_cb *handler;
    void *arg;
};

struct ph_router {
    struct route *routes;
    size_t count;
};

struct ph_router *ph_router_create(void)
{
    return ph_new(struct ph_router);
}

void ph_router_destroy(struct ph_router **ref)
{
    struct ph_router *router = *ref;

    *ref = NULL;
    if (router == NULL) {
        return;
    }
    for (size_t i = 0; i < router->count; i++) {
        free(router->routes[i].pattern);
    }
    free(router->routes);
    free(router);
}

static bool is_segment(const char *segment, size_t len, const char *text)
{
    return len == strlen(text) && memcmp(segment, text, len) == 0;
}

/* Counts the wildcards of a pattern and finds what is wrong with it. */
static bool is_pattern(const char *pattern)
{
    size_t params = 0;

    while (*pattern == '/') {
        pattern++;
        size_t len = strcspn(pattern, "/");
        bool is_rest = is_segment(pattern, len, "{*}");
        params += is_rest || is_segment(pattern, len, "{}");
        pattern += len;
        if (is_rest && *pattern != '\0') {
            return false;
        }
    }
    return *pattern == '\0' && params <= PH_ROUTER_PARAMS_MAX;
}

void ph_router_add(struct ph_router *router, unsigned methods, const char *pattern,
                   ph_http_handler_cb *handler, void *arg)
{
    ph_router_add_upload(router, methods, pattern, 0, handler, arg);
}

void ph_router_add_upload(struct ph_router *router, unsigned methods, const char *pattern,
                          size_t body_limit, ph_http_handler_cb *handler, void *arg)
{
    PH_ASSERT(pattern[0] == '/' && is_pattern(pattern));
    if (methods & 1u << PH_HTTP_GET) {
        methods |= 1u << PH_HTTP_HEAD;
    }
    router->routes = ph_realloc_array(router->routes, router->count + 1, sizeof(router->routes[0]));
    router->routes[router->count++] = (struct route){.methods = methods,
                                                     .pattern = ph_strdup(pattern),
                                                     .body_limit = body_limit,
                                                     .handler = handler,
                                                     .arg = arg};
}

/* Pattern and path both begin with a slash. */
static bool match(const char *pattern, const char *path, struct ph_http_param *params)
{
    while (*pattern == '/' && *path == '/') {
        pattern++;
        path++;
        size_t want = strcspn(pattern, "/");
        size_t len = strcspn(path, "/");
        if (is_segment(pattern, want, "{*}")) {
            *params = (struct ph_http_param){.text = path, .len = strlen(path)};
            return params->len > 0;
        }
        if (is_segment(pattern, want, "{}")) {
            *params++ = (struct ph_http_param){.text = path, .len = len};
            if (len == 0) {
                return false;
            }
        } else if (len != want || memcmp(pattern, path, len) != 0) {
            return false;
        }
        pattern += want;
        path += len;
    }
    return *pattern == '\0' && *path == '\0';
}

static void write_allow(char *out, size_t size, unsigned methods)
{
    static const struct {
        enum ph_http_method method;
        const char *name;
    } rows[] = {
        {PH_HTTP_GET, "GET, "}, {PH_HTTP_HEAD, "HEAD, "},   {PH_HTTP_POST, "POST, "},
        {PH_HTTP_PUT, "PUT, "}, {PH_HTTP_PATCH, "PATCH, "}, {PH_HTTP_DELETE, "DELETE, "},
    };
    size_t len = (size_t)snprintf(out, size, "Allow: ");

    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        if (methods & 1u << rows[i].method) {
            len += (size_t)snprintf(out + len, size - len, "%s", rows[i].name);
        }
    }
    snprintf(out + len, size - len, "OPTIONS\r\n");
}

/* A path that is there, but not for this method. */
static void respond_methods(struct ph_http_exchange *exchange, unsigned methods)
{
    static const char detail[] = "This resource does not know that method.\n";
    bool is_options = ph_http_exchange_request(exchange)->method == PH_HTTP_OPTIONS;
    struct ph_slice body = ph_slice_static(detail, sizeof(detail) - 1);
    char allow[96];

    write_allow(allow, sizeof(allow), methods);
    struct ph_http_response response = {.status = is_options ? 204 : 405,
                                        .content_type = is_options ? NULL : "text/plain",
                                        .headers = allow,
                                        .body = &body,
                                        .body_count = is_options ? 0 : 1};
    ph_http_respond(exchange, &response);
}

/* The first route of path and method; NULL, and which methods the path has, if there is none. */
static const struct route *find_route(const struct ph_router *router, enum ph_http_method method,
                                      const char *path, struct ph_http_param *params,
                                      unsigned *methods)
{
    *methods = 0;
    for (size_t i = 0; i < router->count; i++) {
        const struct route *route = &router->routes[i];
        if (match(route->pattern, path, params)) {
            if (route->methods & 1u << method) {
                return route;
            }
            *methods |= route->methods;
        }
    }
    return NULL;
}

size_t ph_router_body_limit(const struct ph_router *router, enum ph_http_method method,
                            const char *path, size_t otherwise)
{
    struct ph_http_param params[PH_ROUTER_PARAMS_MAX];
    unsigned methods;
    const struct route *route = find_route(router, method, path, params, &methods);

    return route != NULL && route->body_limit > otherwise ? route->body_limit : otherwise;
}

void ph_router_dispatch(const struct ph_router *router, struct ph_http_exchange *exchange)
{
    const struct ph_http_request *request = ph_http_exchange_request(exchange);
    struct ph_http_param params[PH_ROUTER_PARAMS_MAX];
    unsigned methods;
    const struct route *route =
        find_route(router, request->method, request->path, params, &methods);

    if (route != NULL) {
        route->handler(exchange, params, route->arg);
        return;
    }
    if (methods != 0) {
        respond_methods(exchange, methods);
    } else {
        ph_http_respond_problem(exchange, 404, "There is nothing at this path.", NULL);
    }
}
