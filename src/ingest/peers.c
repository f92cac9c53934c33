/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/core/mem.h>
#include <phien/ingest/peers.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct peer {
    char ip[48];
    unsigned count;
    UT_hash_handle hh;
};

struct ph_peers {
    pthread_mutex_t mutex;
    struct peer *by_ip;
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
    peer = peers->by_ip;
    HASH_CLEAR(hh, peers->by_ip);
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

bool ph_peers_enter(struct ph_peers *peers, const char *ip)
{
    struct peer *peer = NULL;
    bool has_entered;

    if (is_unlimited(peers, ip)) {
        return true;
    }
    pthread_mutex_lock(&peers->mutex);
    HASH_FIND_STR(peers->by_ip, ip, peer);
    if (peer == NULL) {
        peer = ph_new(struct peer);
        snprintf(peer->ip, sizeof(peer->ip), "%s", ip);
        HASH_ADD_STR(peers->by_ip, ip, peer);
    }
    has_entered = peer->count < peers->limit;
    peer->count += has_entered;
    pthread_mutex_unlock(&peers->mutex);
    return has_entered;
}

void ph_peers_leave(struct ph_peers *peers, const char *ip)
{
    struct peer *peer = NULL;

    if (is_unlimited(peers, ip)) {
        return;
    }
    pthread_mutex_lock(&peers->mutex);
    HASH_FIND_STR(peers->by_ip, ip, peer);
    if (peer != NULL && --peer->count == 0) {
        HASH_DEL(peers->by_ip, peer);
        free(peer);
    }
    pthread_mutex_unlock(&peers->mutex);
}
