/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_NET_TCP_H
#define PHIEN_NET_TCP_H

#include <phien/core/buf.h>
#include <phien/net/loop.h>

/*
 * TCP listeners and connections of one loop. Reading and writing is done on the socket itself
 * when the loop says that it is ready: nothing is allocated for a write that the kernel takes at
 * once, and no media is copied.
 *
 * All functions: the loop's thread.
 */
struct ph_tcp_listener;
struct ph_tcp_conn;

struct ph_tcp_options {
    size_t write_limit;       /* bytes that may wait to be written; more ends the connection */
    unsigned user_timeout_ms; /* TCP_USER_TIMEOUT: unacknowledged data ends it; 0: the system's */
    /*
     * A peer that has been silent for so long is asked whether it is there, and again at this
     * interval; who answers nothing is gone after the user timeout, or three questions without one.
     */
    unsigned keepalive_idle_s;     /* 0: 15 */
    unsigned keepalive_interval_s; /* 0: 5 */
};

/*
 * Parses "127.0.0.1:1935", "[::]:1935" or "*:1935" and listens with SO_REUSEPORT, so that every
 * worker can have a listener of its own on one port and the kernel spreads the connections.
 * PH_EINVAL for an address that cannot be parsed, PH_EADDRINUSE, PH_EACCESS, PH_EIO.
 *
 * `on_accept` owns the connection it is given: it calls ph_tcp_conn_open or ph_tcp_conn_close.
 */
PH_MUST_CHECK int ph_tcp_listen(struct ph_tcp_listener **out, struct ph_loop *loop,
                                const char *address, const struct ph_tcp_options *options,
                                void (*on_accept)(void *arg, struct ph_tcp_conn *conn), void *arg);

/*
 * Whether nobody listens on the address yet: PH_OK, or the error that ph_tcp_listen would give.
 * To be asked before the first ph_tcp_listen, because SO_REUSEPORT would let two programs of one
 * user share a port, each with half of the connections. Any thread.
 */
PH_MUST_CHECK int ph_tcp_probe(const char *address);

/* The port it listens on, for address:0. */
unsigned ph_tcp_listener_port(const struct ph_tcp_listener *listener);
void ph_tcp_listener_close(struct ph_tcp_listener **listener);

/*
 * on_read:  bytes arrived; borrowed for the call.
 * on_drain: everything that had to be queued has been handed to the kernel. Not called for a write
 *           that the kernel took at once (ph_tcp_conn_queued is 0 after it). May be NULL.
 * on_close: the connection ended by itself: PH_ECLOSED the peer closed it, PH_ETIMEOUT it stopped
 *           answering, PH_ELIMIT the write limit was hit, PH_EIO another error. The last call;
 *           the handle is gone when it returns. Not called after ph_tcp_conn_close.
 */
struct ph_tcp_conn_ops {
    void (*on_read)(void *arg, const uint8_t *data, size_t len);
    void (*on_drain)(void *arg);
    void (*on_close)(void *arg, int err);
};

/* Begins to read. Once for a connection, `ops` stays valid until it is closed. */
void ph_tcp_conn_open(struct ph_tcp_conn *conn, const struct ph_tcp_conn_ops *ops, void *arg);

/*
 * Connects to "127.0.0.1:1935"; for tools and relays. on_drain tells that it is connected,
 * on_close that it failed.
 */
PH_MUST_CHECK int ph_tcp_connect(struct ph_tcp_conn **out, struct ph_loop *loop,
                                 const char *address, const struct ph_tcp_options *options,
                                 const struct ph_tcp_conn_ops *ops, void *arg);

/*
 * Sends `count` slices in order, in one system call when the kernel takes them all, and queues
 * the rest. Takes over the references of the slices, also on failure. PH_ELIMIT when the queue
 * would exceed the limit, PH_ECLOSED when the connection is broken; either way on_close follows
 * from the loop, never from within this call.
 */
int ph_tcp_conn_write(struct ph_tcp_conn *conn, struct ph_slice *slices, size_t count);

/* Bytes queued and not yet taken by the kernel. */
size_t ph_tcp_conn_queued(const struct ph_tcp_conn *conn);

/* Stops and resumes on_read; the kernel's buffer then slows the peer down. */
void ph_tcp_conn_pause(struct ph_tcp_conn *conn);
void ph_tcp_conn_resume(struct ph_tcp_conn *conn);

/*
 * Ends the connection. No callback follows. With `flush`, what is queued is still sent, for at most
 * a few seconds, while what the peer sends is read and dropped, so that no reset takes our last
 * words from it; a few hundred at once, the oldest go first. Without, both are dropped. NULLs the
 * pointer.
 */
void ph_tcp_conn_close(struct ph_tcp_conn **conn, bool flush);

/* The peer as "192.0.2.7:51234"; its address alone as "192.0.2.7". Live as long as the conn. */
const char *ph_tcp_conn_peer(const struct ph_tcp_conn *conn);
const char *ph_tcp_conn_peer_ip(const struct ph_tcp_conn *conn);

#endif
