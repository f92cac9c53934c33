/* SPDX-License-Identifier: Apache-2.0 */
#include "http_get.h"

#include <phien/core/bytes.h>
#include <phien/core/mem.h>
#include <phien/net/tcp.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_BYTES_MAX = 64 * 1024 * 1024 };

struct http_get {
    struct ph_loop *loop;
    char address[64];
    struct ph_tcp_conn *conn;
    struct ph_writer answer;
    size_t head_len; /* 0: the head is not complete */
    size_t body_len;
    int status;
    ph_usec first_byte_at;
    http_get_cb *on_answer;
    void *arg;
};

struct http_get *http_get_create(struct ph_loop *loop, const char *address)
{
    struct http_get *get = ph_new(struct http_get);

    get->loop = loop;
    snprintf(get->address, sizeof(get->address), "%s", address);
    ph_writer_init(&get->answer, ANSWER_BYTES_MAX);
    return get;
}

void http_get_destroy(struct http_get **get)
{
    if (*get != NULL) {
        ph_tcp_conn_close(&(*get)->conn, false);
        ph_writer_fini(&(*get)->answer);
        free(*get);
        *get = NULL;
    }
}

static void finish(struct http_get *get, int status)
{
    struct ph_writer answer = get->answer;
    struct http_answer result = {
        .status = status,
        .body = status != 0 ? answer.data + get->head_len : NULL,
        .len = status != 0 ? get->body_len : 0,
        .first_byte_at = get->first_byte_at,
        .last_byte_at = ph_clock_mono(),
    };
    http_get_cb *on_answer = get->on_answer;

    /* The callback may start the next GET, which begins with an empty answer. */
    ph_writer_init(&get->answer, ANSWER_BYTES_MAX);
    get->on_answer = NULL;
    if (on_answer != NULL) {
        on_answer(get->arg, &result);
    }
    ph_writer_fini(&answer);
}

static void parse_head(struct http_get *get)
{
    const char *text = (const char *)get->answer.data;
    const char *end = memmem(text, get->answer.len, "\r\n\r\n", 4);

    if (end == NULL) {
        return;
    }
    get->head_len = (size_t)(end - text) + 4;
    get->status = (int)strtol(text + strlen("HTTP/1.1 "), NULL, 10);
    const char *length = memmem(text, get->head_len, "Content-Length: ", 16);
    get->body_len = length != NULL ? strtoul(length + 16, NULL, 10) : 0;
}

static void on_read(void *arg, const uint8_t *data, size_t len)
{
    struct http_get *get = arg;

    if (get->answer.len == 0) {
        get->first_byte_at = ph_clock_mono();
    }
    ph_write_bytes(&get->answer, data, len);
    if (get->head_len == 0) {
        parse_head(get);
    }
    if (get->head_len > 0 && get->answer.len >= get->head_len + get->body_len) {
        finish(get, get->status);
    }
}

static void on_close(void *arg, int err)
{
    struct http_get *get = arg;

    (void)err;
    get->conn = NULL;
    finish(get, 0);
}

static const struct ph_tcp_conn_ops ops = {.on_read = on_read, .on_close = on_close};

void http_get_start(struct http_get *get, const char *path, http_get_cb *on_answer, void *arg)
{
    static const struct ph_tcp_options options = {.write_limit = 64 * 1024};
    char request[1024];
    int len = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: bench\r\n\r\n", path);

    PH_ASSERT(get->on_answer == NULL && len > 0 && (size_t)len < sizeof(request));
    get->head_len = 0;
    get->body_len = 0;
    get->on_answer = on_answer;
    get->arg = arg;
    if (get->conn == NULL &&
        ph_tcp_connect(&get->conn, get->loop, get->address, &options, &ops, get) != PH_OK) {
        finish(get, 0);
        return;
    }
    struct ph_slice slice = ph_slice_of(ph_buf_copy(request, (size_t)len));
    (void)ph_tcp_conn_write(get->conn, &slice, 1);
}
