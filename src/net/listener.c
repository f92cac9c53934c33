/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accepts TCP connections. Every worker has a listener on the same port (SO_REUSEPORT), so the
 * kernel spreads connections over the workers and none of them waits for another.
 */
#include "loop_uv.h"
#include "tcp_conn.h"

#include <phien/core/log.h>
#include <phien/core/mem.h>
#include <phien/net/address.h>
#include <phien/net/tcp.h>
#include <phien/net/timer.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How many connections are accepted in one round of the loop, so that the others get their turn. */
enum { ACCEPTS_A_ROUND = 64, BACKLOG = 1024 };

/* Without a free descriptor accept fails at once, for ever: wait before trying again. */
#define OUT_OF_DESCRIPTORS_PAUSE (100 * PH_USEC_PER_MS)

struct ph_tcp_listener {
    uv_poll_t poll;
    struct ph_loop *loop;
    int fd;
    struct ph_tcp_options options;
    void (*on_accept)(void *arg, struct ph_tcp_conn *conn);
    void *arg;
    struct ph_timer *pause;
    bool is_out_of_descriptors;
};

static void on_acceptable(uv_poll_t *poll, int status, int events);

static void resume_accepting(void *arg)
{
    struct ph_tcp_listener *listener = arg;

    uv_poll_start(&listener->poll, UV_READABLE, on_acceptable);
}

static void handle_accept_error(struct ph_tcp_listener *listener, int error)
{
    if (error != EMFILE && error != ENFILE && error != ENOBUFS && error != ENOMEM) {
        return; /* EAGAIN, or a connection that broke before it was accepted */
    }
    if (!listener->is_out_of_descriptors) {
        listener->is_out_of_descriptors = true;
        ph_log_error("net.accept_failed", ph_kv("reason", strerror(error)),
                     ph_kv("hint", "raise the limit of open files (ulimit -n, LimitNOFILE)"));
    }
    uv_poll_stop(&listener->poll);
    ph_timer_set(listener->pause, ph_loop_now(listener->loop) + OUT_OF_DESCRIPTORS_PAUSE);
}

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
    struct ph_tcp_listener *listener = poll->data;

    (void)status;
    (void)events;
    for (int i = 0; i < ACCEPTS_A_ROUND && listener->fd >= 0; i++) {
        struct sockaddr_storage peer;
        socklen_t size = sizeof(peer);
        int fd =
            accept4(listener->fd, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            handle_accept_error(listener, errno);
            return;
        }
        listener->is_out_of_descriptors = false;
        struct ph_tcp_conn *conn =
            ph_tcp_conn_create(listener->loop, fd, &peer, &listener->options);
        if (conn != NULL) {
            listener->on_accept(listener->arg, conn);
        }
    }
}

static int err_of_errno(int error)
{
    return error == EADDRINUSE ? PH_EADDRINUSE
           : error == EACCES   ? PH_EACCESS
           : error == ENOMEM   ? PH_ENOMEM
                               : PH_EIO;
}

/* Bound, and shared with other sockets on the same address if `is_shared`. */
static int bind_socket(const struct sockaddr_storage *address, bool is_shared, int *out)
{
    static const int on = 1;
    static const int off = 0;
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return err_of_errno(errno);
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (address->ss_family == AF_INET6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    }
    if ((is_shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0) ||
        bind(fd, (const struct sockaddr *)address, ph_address_size(address)) != 0) {
        int err = err_of_errno(errno);
        close(fd);
        return err;
    }
    *out = fd;
    return PH_OK;
}

int ph_tcp_probe(const char *address)
{
    struct sockaddr_storage parsed;
    int fd;
    int err = ph_address_parse(&parsed, address);

    if (err == PH_OK) {
        err = bind_socket(&parsed, false, &fd);
    }
    if (err == PH_OK) {
        close(fd);
    }
    return err;
}

int ph_tcp_listen(struct ph_tcp_listener **out, struct ph_loop *loop, const char *address,
                  const struct ph_tcp_options *options,
                  void (*on_accept)(void *arg, struct ph_tcp_conn *conn), void *arg)
{
    struct sockaddr_storage parsed;
    int fd;
    int err = ph_address_parse(&parsed, address);

    if (err == PH_OK) {
        err = bind_socket(&parsed, true, &fd);
    }
    if (err != PH_OK) {
        return err;
    }
    if (listen(fd, BACKLOG) != 0) {
        err = err_of_errno(errno);
        close(fd);
        return err;
    }
    struct ph_tcp_listener *listener = ph_new(struct ph_tcp_listener);
    listener->loop = loop;
    listener->fd = fd;
    listener->options = *options;
    listener->on_accept = on_accept;
    listener->arg = arg;
    listener->poll.data = listener;
    uv_poll_init(ph_loop_uv(loop), &listener->poll, fd);
    listener->pause = ph_timer_create(loop, resume_accepting, listener);
    uv_poll_start(&listener->poll, UV_READABLE, on_acceptable);
    *out = listener;
    return PH_OK;
}

unsigned ph_tcp_listener_port(const struct ph_tcp_listener *listener)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);
    char ip[47];
    unsigned port = 0;

    if (getsockname(listener->fd, (struct sockaddr *)&address, &size) == 0) {
        ph_address_format(&address, ip, &port);
    }
    return port;
}

static void free_listener(uv_handle_t *handle)
{
    free(handle->data);
}

void ph_tcp_listener_close(struct ph_tcp_listener **ref)
{
    struct ph_tcp_listener *listener = *ref;

    *ref = NULL;
    if (listener == NULL) {
        return;
    }
    ph_timer_destroy(&listener->pause);
    uv_close((uv_handle_t *)&listener->poll, free_listener);
    close(listener->fd);
    listener->fd = -1;
}
