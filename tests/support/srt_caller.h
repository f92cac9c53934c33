/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_SUPPORT_SRT_CALLER_H
#define PHIEN_TESTS_SUPPORT_SRT_CALLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * An app that calls an SRT server on loopback, by libsrt's own caller side. It blocks. libsrt has
 * to be started already, as a server of this process does.
 */
struct srt_caller_conf {
    unsigned port;
    const char *streamid;
    const char *passphrase; /* NULL: none */
    int latency_ms;         /* that is asked of the server; 0: none */
    int connect_timeout_ms; /* 0: libsrt's own */
};

struct srt_caller {
    int socket;
    int rejection; /* libsrt's reason or the server's code, when it was not let in */
};

/* Whether the server lets it in. */
bool srt_caller_open(struct srt_caller *caller, const struct srt_caller_conf *conf);

/* In messages of seven TS packets. False: the connection is broken. */
bool srt_caller_send(struct srt_caller *caller, const uint8_t *data, size_t len);

/* Until all that was sent has been acknowledged. False: not within ten seconds. */
bool srt_caller_settle(const struct srt_caller *caller);

/* Until the server has ended the connection. False: not within `seconds`. */
bool srt_caller_await_end(const struct srt_caller *caller, unsigned seconds);

void srt_caller_close(struct srt_caller *caller);

#endif
