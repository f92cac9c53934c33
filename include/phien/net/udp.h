/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_NET_UDP_H
#define PHIEN_NET_UDP_H

/*
 * The receive buffer that the kernel gives a UDP socket which asks for `wanted` bytes: less where
 * net.core.rmem_max is lower. 0: there is no telling. For libraries that open their sockets
 * themselves and do not say.
 */
int ph_udp_granted_bytes(int wanted);

#endif
