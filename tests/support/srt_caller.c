/* SPDX-License-Identifier: Apache-2.0 */
#include "srt_caller.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <srt/srt.h>
#include <string.h>

enum { MESSAGE_BYTES = 7 * 188, POLL_MS = 2 };

static void set_number(SRTSOCKET socket, SRT_SOCKOPT option, int value)
{
    srt_setsockflag(socket, option, &value, sizeof(value));
}

bool srt_caller_open(struct srt_caller *caller, const struct srt_caller_conf *conf)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)conf->port),
                                        .sin_addr = {htonl(INADDR_LOOPBACK)}};

    caller->socket = srt_create_socket();
    caller->rejection = 0;
    srt_setsockflag(caller->socket, SRTO_STREAMID, conf->streamid, (int)strlen(conf->streamid));
    if (conf->passphrase != NULL) {
        srt_setsockflag(caller->socket, SRTO_PASSPHRASE, conf->passphrase,
                        (int)strlen(conf->passphrase));
    }
    if (conf->latency_ms > 0) {
        set_number(caller->socket, SRTO_PEERLATENCY, conf->latency_ms);
    }
    if (conf->connect_timeout_ms > 0) {
        set_number(caller->socket, SRTO_CONNTIMEO, conf->connect_timeout_ms);
    }
    if (srt_connect(caller->socket, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        caller->rejection = srt_getrejectreason(caller->socket);
        return false;
    }
    return true;
}

bool srt_caller_send(struct srt_caller *caller, const uint8_t *data, size_t len)
{
    for (size_t at = 0; at < len; at += MESSAGE_BYTES) {
        size_t rest = len - at;
        int size = rest < MESSAGE_BYTES ? (int)rest : MESSAGE_BYTES;
        if (srt_sendmsg(caller->socket, (const char *)data + at, size, -1, true) != size) {
            return false;
        }
    }
    return true;
}

/* Whether the connection ends within the time. */
static bool await_end_ms(const struct srt_caller *caller, int ms)
{
    SRT_EPOLL_EVENT event;
    int errors = SRT_EPOLL_ERR;
    int epoll = srt_epoll_create();

    srt_epoll_add_usock(epoll, caller->socket, &errors);
    bool has_ended = srt_epoll_uwait(epoll, &event, 1, ms) > 0 ||
                     srt_getsockstate(caller->socket) != SRTS_CONNECTED;
    srt_epoll_release(epoll);
    return has_ended;
}

bool srt_caller_settle(const struct srt_caller *caller)
{
    for (int left_ms = 10000; left_ms > 0; left_ms -= POLL_MS) {
        size_t blocks = 0;
        size_t bytes = 0;
        if (srt_getsndbuffer(caller->socket, &blocks, &bytes) == 0 && blocks == 0) {
            return true;
        }
        if (await_end_ms(caller, POLL_MS)) {
            return false;
        }
    }
    return false;
}

bool srt_caller_await_end(const struct srt_caller *caller, unsigned seconds)
{
    return await_end_ms(caller, (int)seconds * 1000);
}

void srt_caller_close(struct srt_caller *caller)
{
    srt_close(caller->socket);
}
