/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_NET_ADDRESS_H
#define PHIEN_NET_ADDRESS_H

#include <phien/core/err.h>

#include <stddef.h>
#include <sys/socket.h>

/*
 * Reads "192.0.2.1:80", "[2001:db8::1]:80", "localhost:80" or "*:80" (every address of the
 * machine). Numeric only: no name is ever looked up. PH_EINVAL if it is none of these.
 */
PH_MUST_CHECK int ph_address_parse(struct sockaddr_storage *out, const char *text);

/* The size of what is in `address`, for bind and connect. */
socklen_t ph_address_size(const struct sockaddr_storage *address);

/*
 * "192.0.2.7" and 51234; an IPv4 address that came over an IPv6 socket is shown as IPv4.
 * `ip` has room for 46 characters and a NUL.
 */
void ph_address_format(const struct sockaddr_storage *address, char ip[static 47], unsigned *port);

/* The ip as above, and "192.0.2.7:51234" or "[2001:db8::1]:51234", as log lines have it. */
void ph_address_format_peer(const struct sockaddr_storage *address, char ip[static 47],
                            char peer[static 64]);

#endif
