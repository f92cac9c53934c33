/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/net/address.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

static int parse_port(const char *text, int *out)
{
    char *end;
    long port = strtol(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0' || port > 65535) {
        return PH_EINVAL;
    }
    *out = (int)port;
    return PH_OK;
}

int ph_address_parse(struct sockaddr_storage *out, const char *text)
{
    const char *colon = strrchr(text, ':');
    char host[64];
    int port;

    if (colon == NULL || parse_port(colon + 1, &port) != PH_OK ||
        (size_t)(colon - text) >= sizeof(host)) {
        return PH_EINVAL;
    }
    size_t len = (size_t)(colon - text);
    bool is_v6 = len > 2 && text[0] == '[' && text[len - 1] == ']';
    snprintf(host, sizeof(host), "%.*s", is_v6 ? (int)len - 2 : (int)len, text + is_v6);
    memset(out, 0, sizeof(*out));
    if (strcmp(host, "*") == 0) {
        is_v6 = true;
        snprintf(host, sizeof(host), "::");
    } else if (strcmp(host, "localhost") == 0) {
        snprintf(host, sizeof(host), "127.0.0.1");
    }
    int status = is_v6 ? uv_ip6_addr(host, port, (struct sockaddr_in6 *)out)
                       : uv_ip4_addr(host, port, (struct sockaddr_in *)out);
    return status == 0 ? PH_OK : PH_EINVAL;
}

socklen_t ph_address_size(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                          : sizeof(struct sockaddr_in);
}

void ph_address_format(const struct sockaddr_storage *address, char ip[static 47], unsigned *port)
{
    if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
        *port = ntohs(v6->sin6_port);
        if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
            uv_inet_ntop(AF_INET, v6->sin6_addr.s6_addr + 12, ip, 47);
        } else {
            uv_inet_ntop(AF_INET6, &v6->sin6_addr, ip, 47);
        }
        return;
    }
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
    *port = ntohs(v4->sin_port);
    uv_inet_ntop(AF_INET, &v4->sin_addr, ip, 47);
}

void ph_address_format_peer(const struct sockaddr_storage *address, char ip[static 47],
                            char peer[static 64])
{
    unsigned port;

    ph_address_format(address, ip, &port);
    snprintf(peer, 64, strchr(ip, ':') != NULL ? "[%s]:%u" : "%s:%u", ip, port);
}
