/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_NET_TCP_CONN_H
#define PHIEN_NET_TCP_CONN_H

#include <phien/net/tcp.h>

#include <sys/socket.h>

/*
 * A connection over a socket that is connected or connecting; owns `fd`. Reads nothing yet. NULL:
 * the kernel lets us watch no more sockets (fs.epoll.max_user_watches), and `fd` is closed.
 */
struct ph_tcp_conn *ph_tcp_conn_create(struct ph_loop *loop, int fd,
                                       const struct sockaddr_storage *peer,
                                       const struct ph_tcp_options *options);

#endif
