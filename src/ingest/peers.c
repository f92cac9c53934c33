/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/core/mem.h>
#include <phien/ingest/peers.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct peer {
    char place[48]; /* an IPv4 address, or the first half of an IPv6 address */
    unsigned count;
    UT_hash_handle hh;
};

struct ph_peers {
    pthread_mutex_t mutex;
    struct peer *by_place;
    unsigned limit;
};

struct ph_peers *ph_peers_create(unsigned limit)
{
    struct ph_peers *peers = ph_new(struct ph_peers);

    pthread_mutex_init(&peers->mutex, NULL);
    peers->limit = limit;
    return peers;
}

void ph_peers_destroy(struct ph_peers **ref)
{
    struct ph_peers *peers = *ref;
    struct peer *peer;
    struct peer *next;

    *ref = NULL;
    if (peers == NULL) {
        return;
    }
    peer = peers->by_place;
    HASH_CLEAR(hh, peers->by_place);
    for (; peer != NULL; peer = next) {
        next = peer->hh.next;
        free(peer);
    }
    pthread_mutex_destroy(&peers->mutex);
    free(peers);
}

static bool is_unlimited(const struct ph_peers *peers, const char *ip)
{
    return peers->limit == 0 || strncmp(ip, "127.", 4) == 0 || strcmp(ip, "::1") == 0;
}

/* Whoever has one IPv6 address has 2^64 of them: their common half counts. */
static void get_place(char out[static 48], const char *ip)
{
    struct in6_addr address;

    snprintf(out, 48, "%s", ip);
    if (inet_pton(AF_INET6, ip, &address) == 1) {
        memset(address.s6_addr + 8, 0, 8);
        inet_ntop(AF_INET6, &address, out, 48);
    }
}

bool ph_peers_enter(struct ph_peers *peers, const char *ip)
{
    struct peer *peer = NULL;
    char place[48];
    bool has_entered;

    if (is_unlimited(peers, ip)) {
        return true;
    }
    get_place(place, ip);
    pthread_mutex_lock(&peers->mutex);
    HASH_FIND_STR(peers->by_place, place, peer);
    if (peer == NULL) {
        peer = ph_new(struct peer);
        memcpy(peer->place, place, sizeof(place));
        HASH_ADD_STR(peers->by_place, place, peer);
    }
    has_entered = peer->count < peers->limit;
    peer->count += has_entered;
    pthread_mutex_unlock(&peers->mutex);
    return has_entered;
}

void ph_peers_leave(struct ph_peers *peers, const char *ip)
{
    struct peer *peer = NULL;
    char place[48];

    if (is_unlimited(peers, ip)) {
        return;
    }
    get_place(place, ip);
    pthread_mutex_lock(&peers->mutex);
    HASH_FIND_STR(peers->by_place, place, peer);
    if (peer != NULL && --peer->count == 0) {
        HASH_DEL(peers->by_place, peer);
        free(peer);
    }
    pthread_mutex_unlock(&peers->mutex);
}
