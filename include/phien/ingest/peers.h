/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_PEERS_H
#define PHIEN_INGEST_PEERS_H

#include <stdbool.h>

/*
 * How many connections each address has open, over all workers, so that one address cannot take
 * all descriptors. Any thread: guarded by a mutex, taken when a connection opens and when it
 * closes, never for a packet.
 */
struct ph_peers;

/*
 * `limit` connections an address, or an IPv6 network of 64 bits; 0: no limit. Loopback is never
 * limited.
 */
struct ph_peers *ph_peers_create(unsigned limit);
void ph_peers_destroy(struct ph_peers **peers);

/* False: the limit is reached and the connection must be closed. True must be given back. */
bool ph_peers_enter(struct ph_peers *peers, const char *ip);
void ph_peers_leave(struct ph_peers *peers, const char *ip);

#endif
