/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_BLOCKING_CLIENT_H
#define PHIEN_TESTS_BLOCKING_CLIENT_H

/*
 * An HTTP client on a plain blocking socket, for tests whose server runs in a thread of its own.
 * Nothing waits longer than CLIENT_PATIENCE_S. Calls that wait are repeated after EINTR, which
 * comes without any signal on Debian 13.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

enum { CLIENT_PATIENCE_S = 20 };

struct answer {
    int status;
    char head[4096];
    char *body;
    size_t len;
};

static inline int client_connect(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct timeval patience = {.tv_sec = CLIENT_PATIENCE_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static inline void client_send_bytes(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = TEMP_FAILURE_RETRY(send(fd, bytes, len, MSG_NOSIGNAL));
        assert_true(sent > 0);
        bytes += sent;
        len -= (size_t)sent;
    }
}

static inline void client_send(int fd, const char *text)
{
    client_send_bytes(fd, text, strlen(text));
}

/* One "GET path" without further headers. */
static inline void client_get(int fd, const char *path)
{
    char text[512];

    snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: test\r\n\r\n", path);
    client_send(fd, text);
}

/* The value of a header that must be there. */
static inline const char *client_header(const struct answer *answer, const char *name)
{
    static _Thread_local char value[256];
    char wanted[64];

    snprintf(wanted, sizeof(wanted), "\r\n%s: ", name);
    const char *at = strstr(answer->head, wanted);
    if (at == NULL) {
        fail_msg("%s is missing in\n%s", name, answer->head);
        return "";
    }
    at += strlen(wanted);
    snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\r"), at);
    return value;
}

static inline void client_read_head(int fd, struct answer *answer)
{
    size_t len = 0;

    memset(answer, 0, sizeof(*answer));
    while (len < 4 || memcmp(answer->head + len - 4, "\r\n\r\n", 4) != 0) {
        assert_true(len + 1 < sizeof(answer->head));
        ssize_t got = TEMP_FAILURE_RETRY(recv(fd, answer->head + len, 1, 0));
        if (got != 1) {
            fail_msg("the connection ended behind \"%s\": %s", answer->head,
                     got == 0 ? "closed" : strerror(errno));
        }
        len++;
    }
    assert_int_equal(sscanf(answer->head, "HTTP/1.1 %d ", &answer->status), 1);
}

static inline void client_read(int fd, struct answer *answer)
{
    client_read_head(fd, answer);
    if (answer->status == 204 || answer->status == 304 || answer->status == 100) {
        return;
    }
    answer->len = strtoul(client_header(answer, "Content-Length"), NULL, 10);
    answer->body = calloc(1, answer->len + 1);
    assert_non_null(answer->body);
    for (size_t at = 0; at < answer->len;) {
        ssize_t got = TEMP_FAILURE_RETRY(recv(fd, answer->body + at, answer->len - at, 0));
        if (got <= 0) {
            fail_msg("the connection ended after %zu of %zu bytes", at, answer->len);
        }
        at += (size_t)got;
    }
}

static inline void client_drop(struct answer *answer)
{
    free(answer->body);
    answer->body = NULL;
}

/* Reads one answer and compares its status and body (NULL: any). */
static inline void client_expect(int fd, int status, const char *body)
{
    struct answer answer;

    client_read(fd, &answer);
    if (answer.status != status || (body != NULL && strcmp(answer.body, body) != 0)) {
        fail_msg("%d was expected, not\n%s%s", status, answer.head,
                 answer.body != NULL ? answer.body : "");
    }
    client_drop(&answer);
}

/* Waits until the server has closed; nothing may come before. */
static inline void client_expect_end(int fd)
{
    char byte;
    ssize_t got = TEMP_FAILURE_RETRY(recv(fd, &byte, 1, 0));

    if (got != 0 && !(got < 0 && errno == ECONNRESET)) {
        fail_msg("the connection did not end: %s", got > 0 ? "a byte came" : strerror(errno));
    }
    close(fd);
}

#endif
