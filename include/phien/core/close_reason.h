/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_CORE_CLOSE_REASON_H
#define PHIEN_CORE_CLOSE_REASON_H

#include <stdbool.h>

/*
 * Every way in which a publishing session or a connection ends: its name in the log and in the
 * metric phien_sessions_closed_total{reason="..."}, whether it is an error, and a text that
 * tells the operator what to do or what happened.
 */
#define PH_CLOSE_REASON_MAP(X)                                                                     \
    X(UNPUBLISH, "unpublish", false, "the publisher ended the stream")                             \
    X(PEER_CLOSED, "peer_closed", false, "the peer closed the connection")                         \
    X(NETWORK, "network", true, "the connection broke")                                            \
    X(TAKEOVER, "takeover", false, "a newer session with the same key took the channel over")      \
    X(CONTESTED, "contested", true,                                                                \
      "two publishers take this channel from each other: stop the one that should not be on air")  \
    X(ALREADY_PUBLISHING, "already_publishing", true,                                              \
      "another publisher is on this channel, and publish.takeover is refuse")                      \
    X(SHUTDOWN, "shutdown", false, "the server is shutting down")                                  \
    X(BAD_HANDSHAKE, "bad_handshake", true, "the peer does not speak RTMP")                        \
    X(TLS_ON_PLAIN_PORT, "tls_on_plain_port", true, "the peer speaks TLS on a plain RTMP port")    \
    X(HTTP_ON_RTMP_PORT, "http_on_rtmp_port", true, "the peer speaks HTTP on the RTMP port")       \
    X(PROTOCOL, "protocol", true, "the peer broke the protocol")                                   \
    X(LIMIT, "limit", true, "the peer exceeded a limit")                                           \
    X(TIMEOUT_HANDSHAKE, "timeout_handshake", true, "the handshake took too long")                 \
    X(TIMEOUT_CONNECT, "timeout_connect", true, "no connect command came in time")                 \
    X(TIMEOUT_PUBLISH, "timeout_publish", true, "no publish command came in time")                 \
    X(TIMEOUT_MEDIA, "timeout_media", true, "no media came for too long")                          \
    X(NO_KEY_FRAME, "no_key_frame", true, "no key frame came in time")                             \
    X(BAD_KEY, "bad_key", true, "the stream key is not right for this channel")                    \
    X(UNKNOWN_CHANNEL, "unknown_channel", true, "no channel of this name is configured")           \
    X(UNSUPPORTED_CODEC, "unsupported_codec", true, "no codec that can be packaged was sent")      \
    X(PLAY_REFUSED, "play_refused", true, "this server serves no players but over HLS")            \
    X(OVERLOAD, "overload", true, "the channel's worker cannot keep up")                           \
    X(TOO_MANY_CONNECTIONS, "too_many_connections", true,                                          \
      "too many connections from this address")                                                    \
    X(BAD_STREAMID, "bad_streamid", true, "the SRT stream id is none that phien understands")      \
    X(BAD_PASSPHRASE, "bad_passphrase", true, "the SRT passphrase is wrong or missing")            \
    X(TIMEOUT_LINK, "timeout_link", true, "the SRT link was silent for too long")                  \
    X(SLOW_READER, "slow_reader", true, "the peer does not read what we send")

enum ph_close_reason {
    PH_CLOSE_NONE,
#define X(id, name, is_error, text) PH_CLOSE_##id,
    PH_CLOSE_REASON_MAP(X)
#undef X
        PH_CLOSE_COUNT,
};

const char *ph_close_reason_name(enum ph_close_reason reason);
const char *ph_close_reason_text(enum ph_close_reason reason);
bool ph_close_reason_is_error(enum ph_close_reason reason);

#endif
