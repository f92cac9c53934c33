/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TCP connection: where every byte of a publisher comes in and every byte for a viewer goes
 * out. It reads and writes the socket itself and uses libuv only to learn when that is possible,
 * so a response that the kernel takes at once costs one system call and no allocation.
 */
#include "loop_uv.h"
#include "slice_queue.h"
#include "tcp_conn.h"

#include <phien/core/mem.h>
#include <phien/net/address.h>
#include <phien/net/timer.h>

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    IOV_RUNS = 64,
    /* Nobody counts these connections any more, so a loop keeps so many and cuts the oldest. */
    LINGERING_MAX = 256,
};

/* How long a closed connection may go on sending what was queued. */
#define LINGER_TIME (5 * PH_USEC_PER_S)

struct ph_tcp_conn {
    uv_poll_t poll;
    struct ph_loop *loop;
    int fd;
    int armed;                         /* what libuv polls for now */
    const struct ph_tcp_conn_ops *ops; /* NULL before open and after close */
    void *arg;
    struct ph_slice_queue queue;
    size_t write_limit;
    int error; /* to be reported from the loop */
    bool is_connecting;
    bool is_paused;
    bool is_drain_due;
    bool is_lingering;
    bool has_shut_down;
    bool is_closed;
    struct ph_timer *linger_timer;
    struct ph_tcp_conn *next_lingering; /* closed after this one */
    char peer_ip[47];
    char peer[64];
};

static void on_poll(uv_poll_t *poll, int status, int events);

/* Polls for what the connection's state asks for. */
static void update_poll(struct ph_tcp_conn *conn)
{
    /* UV_DISCONNECT tells that a peer is gone even while we do not want to read from it. */
    int want = UV_DISCONNECT;

    if (conn->is_closed) {
        return;
    }
    if ((!conn->is_paused || conn->error != PH_OK) && !conn->is_connecting) {
        want |= UV_READABLE;
    }
    if (conn->is_connecting || conn->queue.count > 0 || conn->is_drain_due) {
        want |= UV_WRITABLE;
    }
    if (want != conn->armed) {
        conn->armed = want;
        uv_poll_start(&conn->poll, want, on_poll);
    }
}

static void set_options(int fd, const struct ph_tcp_options *options)
{
    static const int on = 1;
    static const int probes = 3;
    int idle_s = options->keepalive_idle_s > 0 ? (int)options->keepalive_idle_s : 15;
    int interval_s = options->keepalive_interval_s > 0 ? (int)options->keepalive_interval_s : 5;
    int user_timeout = options->user_timeout_ms < INT_MAX ? (int)options->user_timeout_ms : 0;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof(interval_s));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
    if (user_timeout > 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout, sizeof(user_timeout));
    }
}

struct ph_tcp_conn *ph_tcp_conn_create(struct ph_loop *loop, int fd,
                                       const struct sockaddr_storage *peer,
                                       const struct ph_tcp_options *options)
{
    struct ph_tcp_conn *conn = ph_new(struct ph_tcp_conn);

    if (uv_poll_init(ph_loop_uv(loop), &conn->poll, fd) != 0) {
        close(fd);
        free(conn);
        return NULL;
    }
    conn->loop = loop;
    conn->fd = fd;
    conn->write_limit = options->write_limit;
    conn->poll.data = conn;
    ph_address_format_peer(peer, conn->peer_ip, conn->peer);
    set_options(fd, options);
    return conn;
}

static void free_conn(uv_handle_t *handle)
{
    free(handle->data);
}

/*
 * Gives the socket back; the memory goes when libuv has let go of the handle. Bytes that nobody
 * will read are reset away: the kernel would keep them, and the socket, until its own timeout.
 */
static void release(struct ph_tcp_conn *conn)
{
    static const struct linger reset = {.l_onoff = 1, .l_linger = 0};

    if (conn->queue.count > 0) {
        setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    }
    conn->is_closed = true;
    conn->ops = NULL;
    ph_timer_destroy(&conn->linger_timer);
    ph_slice_queue_fini(&conn->queue);
    uv_close((uv_handle_t *)&conn->poll, free_conn);
    close(conn->fd);
    conn->fd = -1;
}

static int err_of_errno(int error)
{
    return error == ETIMEDOUT ? PH_ETIMEOUT : PH_EIO;
}

/*
 * Remembers why the connection is over and makes the loop come back for it: a socket that is shut
 * down is always ready.
 */
static void fail_later(struct ph_tcp_conn *conn, int err)
{
    if (conn->error == PH_OK) {
        conn->error = err;
        shutdown(conn->fd, SHUT_RDWR);
        update_poll(conn);
    }
}

/* From the loop: ends the connection and tells its owner. */
static void fail(struct ph_tcp_conn *conn, int err)
{
    const struct ph_tcp_conn_ops *ops = conn->ops;
    void *arg = conn->arg;

    release(conn);
    if (ops != NULL) {
        ops->on_close(arg, err);
    }
}

/* PH_OK: all is written or the kernel takes no more. */
static int flush(struct ph_tcp_conn *conn)
{
    while (conn->queue.count > 0) {
        struct iovec iov[IOV_RUNS];
        struct msghdr message = {.msg_iov = iov};
        message.msg_iovlen = ph_slice_queue_peek(&conn->queue, iov, IOV_RUNS);
        ssize_t written = sendmsg(conn->fd, &message, MSG_NOSIGNAL);
        if (written < 0) {
            return errno == EAGAIN || errno == EINTR ? PH_OK : err_of_errno(errno);
        }
        ph_slice_queue_consume(&conn->queue, (size_t)written);
    }
    return PH_OK;
}

static void unlink_lingering(struct ph_tcp_conn *conn)
{
    struct ph_tcp_conn **at = ph_loop_lingering(conn->loop);

    while (*at != conn) {
        at = &(*at)->next_lingering;
    }
    *at = conn->next_lingering;
    conn->next_lingering = NULL;
}

static void end_lingering(void *arg)
{
    struct ph_tcp_conn *conn = arg;

    unlink_lingering(conn);
    release(conn);
}

static void link_lingering(struct ph_tcp_conn *conn)
{
    struct ph_tcp_conn **oldest = ph_loop_lingering(conn->loop);
    struct ph_tcp_conn **at = oldest;
    size_t count = 0;

    for (; *at != NULL; at = &(*at)->next_lingering) {
        count++;
    }
    *at = conn;
    if (count == LINGERING_MAX) {
        end_lingering(*oldest);
    }
}

/*
 * Sends the rest, then says that nothing more follows and waits for the peer to close too: a
 * close with unread bytes would reset the connection and could take our last words with it.
 */
static void linger(struct ph_tcp_conn *conn, int events)
{
    if (flush(conn) != PH_OK) {
        end_lingering(conn);
        return;
    }
    conn->is_drain_due = false;
    if (conn->queue.count == 0 && !conn->has_shut_down) {
        conn->has_shut_down = true;
        shutdown(conn->fd, SHUT_WR);
    }
    if (events & (UV_READABLE | UV_DISCONNECT)) {
        ssize_t got = recv(conn->fd, ph_loop_scratch(conn->loop), PH_LOOP_SCRATCH_BYTES, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
            end_lingering(conn);
            return;
        }
    }
    update_poll(conn);
}

static void read_once(struct ph_tcp_conn *conn)
{
    uint8_t *scratch = ph_loop_scratch(conn->loop);
    ssize_t got = recv(conn->fd, scratch, PH_LOOP_SCRATCH_BYTES, 0);

    if (got > 0) {
        conn->ops->on_read(conn->arg, scratch, (size_t)got);
    } else if (got == 0) {
        fail(conn, PH_ECLOSED);
    } else if (errno != EAGAIN && errno != EINTR) {
        fail(conn, err_of_errno(errno));
    }
}

static void write_more(struct ph_tcp_conn *conn)
{
    int err = flush(conn);

    if (err != PH_OK) {
        conn->error = err;
        return;
    }
    if (conn->queue.count == 0) {
        conn->is_drain_due = false;
        update_poll(conn);
        if (conn->ops->on_drain != NULL) {
            conn->ops->on_drain(conn->arg);
        }
    }
}

static int socket_error(int fd)
{
    int error = 0;
    socklen_t size = sizeof(error);

    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

/* False: the connection is over. */
static bool finish_connecting(struct ph_tcp_conn *conn)
{
    int error = socket_error(conn->fd);

    if (error != 0) {
        fail(conn, err_of_errno(error));
        return false;
    }
    conn->is_connecting = false;
    conn->is_drain_due = true;
    return true;
}

/*
 * A broken connection still has what the peer sent before: its last frames and its good-bye, if it
 * closed without having read all of our replies, which makes of its close a reset.
 */
static void read_rest(struct ph_tcp_conn *conn)
{
    uint8_t *scratch = ph_loop_scratch(conn->loop);
    ssize_t got = 1;

    while (got > 0 && !conn->is_closed && !conn->is_lingering && !conn->is_paused) {
        got = recv(conn->fd, scratch, PH_LOOP_SCRATCH_BYTES, 0);
        if (got > 0) {
            conn->ops->on_read(conn->arg, scratch, (size_t)got);
        }
    }
}

static void end_broken(struct ph_tcp_conn *conn)
{
    if (conn->error == PH_OK) {
        conn->error = err_of_errno(socket_error(conn->fd));
    }
    if (conn->error != PH_ELIMIT && !conn->is_connecting) {
        read_rest(conn);
    }
    if (!conn->is_closed) {
        fail(conn, conn->error);
    }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct ph_tcp_conn *conn = poll->data;

    if (conn->is_lingering) {
        if (status < 0) {
            end_lingering(conn);
        } else {
            linger(conn, events);
        }
        return;
    }
    if (status < 0 || conn->error != PH_OK) {
        end_broken(conn);
        return;
    }
    if (conn->is_connecting && !finish_connecting(conn)) {
        return;
    }
    if (events & UV_WRITABLE) {
        write_more(conn);
    }
    if (!conn->is_closed && conn->error != PH_OK) {
        end_broken(conn);
        return;
    }
    if (!conn->is_closed && !conn->is_lingering && !conn->is_paused && (events & UV_READABLE)) {
        read_once(conn);
    } else if (!conn->is_closed && !conn->is_lingering && (events & UV_DISCONNECT)) {
        fail(conn, PH_ECLOSED);
        return;
    }
    update_poll(conn);
}

void ph_tcp_conn_open(struct ph_tcp_conn *conn, const struct ph_tcp_conn_ops *ops, void *arg)
{
    conn->ops = ops;
    conn->arg = arg;
    update_poll(conn);
}

int ph_tcp_connect(struct ph_tcp_conn **out, struct ph_loop *loop, const char *address,
                   const struct ph_tcp_options *options, const struct ph_tcp_conn_ops *ops,
                   void *arg)
{
    struct sockaddr_storage peer;
    int err = ph_address_parse(&peer, address);

    if (err != PH_OK) {
        return err;
    }
    int fd = socket(peer.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return PH_EIO;
    }
    if (connect(fd, (struct sockaddr *)&peer, ph_address_size(&peer)) != 0 &&
        errno != EINPROGRESS) {
        err = err_of_errno(errno);
        close(fd);
        return err;
    }
    struct ph_tcp_conn *conn = ph_tcp_conn_create(loop, fd, &peer, options);
    if (conn == NULL) {
        return PH_EIO;
    }
    conn->is_connecting = true;
    ph_tcp_conn_open(conn, ops, arg);
    *out = conn;
    return PH_OK;
}

int ph_tcp_conn_write(struct ph_tcp_conn *conn, struct ph_slice *slices, size_t count)
{
    size_t len = 0;

    for (size_t i = 0; i < count; i++) {
        len += slices[i].len;
    }
    if (conn->error != PH_OK || conn->queue.bytes + len > conn->write_limit) {
        for (size_t i = 0; i < count; i++) {
            ph_slice_clear(&slices[i]);
        }
        int err = conn->error != PH_OK ? PH_ECLOSED : PH_ELIMIT;
        fail_later(conn, err);
        return err;
    }
    bool was_empty = conn->queue.count == 0;
    for (size_t i = 0; i < count; i++) {
        ph_slice_queue_push(&conn->queue, slices[i]);
    }
    if (was_empty && !conn->is_connecting) {
        int err = flush(conn);
        if (err != PH_OK) {
            fail_later(conn, err);
            return PH_ECLOSED;
        }
    }
    update_poll(conn);
    return PH_OK;
}

size_t ph_tcp_conn_queued(const struct ph_tcp_conn *conn)
{
    return conn->queue.bytes;
}

void ph_tcp_conn_pause(struct ph_tcp_conn *conn)
{
    conn->is_paused = true;
    update_poll(conn);
}

void ph_tcp_conn_resume(struct ph_tcp_conn *conn)
{
    conn->is_paused = false;
    update_poll(conn);
}

void ph_tcp_conn_close(struct ph_tcp_conn **ref, bool should_flush)
{
    struct ph_tcp_conn *conn = *ref;

    *ref = NULL;
    if (conn == NULL) {
        return;
    }
    if (!should_flush || conn->error != PH_OK || conn->is_connecting) {
        release(conn);
        return;
    }
    conn->ops = NULL;
    conn->is_lingering = true;
    conn->is_paused = false;
    conn->is_drain_due = true; /* come back even if nothing is queued */
    link_lingering(conn);
    conn->linger_timer = ph_timer_create(conn->loop, end_lingering, conn);
    ph_timer_set(conn->linger_timer, ph_loop_now(conn->loop) + LINGER_TIME);
    update_poll(conn);
}

void ph_tcp_cut_lingering(struct ph_loop *loop)
{
    struct ph_tcp_conn **list = ph_loop_lingering(loop);

    while (*list != NULL) {
        end_lingering(*list);
    }
}

const char *ph_tcp_conn_peer(const struct ph_tcp_conn *conn)
{
    return conn->peer;
}

const char *ph_tcp_conn_peer_ip(const struct ph_tcp_conn *conn)
{
    return conn->peer_ip;
}
