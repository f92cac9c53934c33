/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_RTMP_SESSION_H
#define PHIEN_INGEST_RTMP_SESSION_H

#include <phien/core/buf.h>
#include <phien/core/clock.h>
#include <phien/core/close_reason.h>
#include <phien/media/track.h>

/*
 * The server's side of one RTMP connection that publishes, without the connection: bytes in,
 * reply bytes, tracks and packets out, time from outside. server.c joins it to a socket.
 *
 * The order of a session: handshake, connect, (createStream …), publish, media, end.
 */
struct ph_rtmp_session;

/* What a peer may make us keep, and how long each phase may take. ph_rtmp_limits_default() . */
struct ph_rtmp_limits {
    ph_usec handshake_timeout; /* C0..C1 and again C2 */
    ph_usec connect_timeout;   /* connect after the handshake */
    ph_usec publish_timeout;   /* publish after connect */
    ph_usec media_timeout;     /* the longest silence of media */
    ph_usec key_frame_timeout; /* a video key frame after the first video packet */
    ph_usec supported_timeout; /* a track that can be packaged after the first media */
    size_t video_message_bytes;
    size_t audio_message_bytes;
    size_t other_message_bytes; /* commands and data */
    size_t partial_bytes;       /* all half-received messages together */
    unsigned chunk_streams;
    unsigned commands_before_publish;
    size_t reply_bytes; /* replies not yet pulled */
};

extern const struct ph_rtmp_limits ph_rtmp_limits_default;

/*
 * What the peer asks to publish, as it said it: `app` and `name` without their queries, which
 * stand joined by '&' in `query` (those of app, tcUrl and name). Percent-decoded once, without
 * leading or doubled slashes. Secrets are in here: never log it whole.
 */
struct ph_rtmp_publish {
    const char *app;
    const char *name;
    const char *query;     /* percent-decoded per value only by whoever reads a value from it */
    const char *flash_ver; /* what the application calls itself */
    unsigned caps_ex;      /* Enhanced RTMP's capsEx */
};

/* From the session to its owner, from within ph_rtmp_session_feed. */
struct ph_rtmp_ops {
    /*
     * PH_CLOSE_NONE accepts; any other reason refuses: the session sends the onStatus that tells
     * the application why, and ends. `message` may be set to a static text for that onStatus.
     */
    enum ph_close_reason (*on_publish)(void *arg, const struct ph_rtmp_publish *publish,
                                       const char **message);
    /* A sequence header came, or differs from the one before. Borrowed. */
    void (*on_track)(void *arg, struct ph_track *track);
    /*
     * An access unit: stream_index = enum ph_track_kind, time_base 1/1000 (finer with Enhanced
     * RTMP's nanosecond offsets), dts and pts free of wraps, AV_PKT_FLAG_KEY as the tag says.
     * Borrowed; ref-counted data with FFmpeg's padding, immutable.
     */
    void (*on_packet)(void *arg, const AVPacket *packet);
    /* What onMetaData says of the encoder: "OBS 30", "Larix"; hints for the log only. */
    void (*on_encoder)(void *arg, const char *encoder);
};

PH_MUST_CHECK int ph_rtmp_session_create(struct ph_rtmp_session **out,
                                         const struct ph_rtmp_limits *limits,
                                         const struct ph_rtmp_ops *ops, void *arg, ph_usec now);
void ph_rtmp_session_destroy(struct ph_rtmp_session **session);

/*
 * Bytes from the peer; all are consumed. PH_OK, or an error when the session is over: then
 * ph_rtmp_session_reason says why, what is left to pull should still be sent, and nothing more
 * may be fed. A clean end (FCUnpublish, deleteStream, closeStream) is an error too: PH_ECLOSED.
 */
PH_MUST_CHECK int ph_rtmp_session_feed(struct ph_rtmp_session *session, ph_usec now,
                                       const uint8_t *data, size_t len);

/* The next run of reply bytes; the caller owns the slice. False: there are none. */
bool ph_rtmp_session_pull(struct ph_rtmp_session *session, struct ph_slice *out);

/* When ph_rtmp_session_tick wants to be called: timeouts, acknowledgements, pings. */
ph_usec ph_rtmp_session_deadline(const struct ph_rtmp_session *session);

/* PH_OK, or an error as from feed. */
PH_MUST_CHECK int ph_rtmp_session_tick(struct ph_rtmp_session *session, ph_usec now);

/*
 * The owner ends the session: queues what tells the application so (onStatus for a takeover or a
 * refusal; nothing for a shutdown, since applications reconnect by themselves after a plain
 * close). Pull, send, close.
 */
void ph_rtmp_session_end(struct ph_rtmp_session *session, enum ph_close_reason reason);

/*
 * The server will end soon: asks the application to connect anew, if it said that it can (Enhanced
 * RTMP v2, capsEx bit 0: NetConnection.Connect.ReconnectRequest). True: it was asked, pull and
 * send; the session goes on until the application leaves or ph_rtmp_session_end. False: it cannot.
 */
bool ph_rtmp_session_ask_to_reconnect(struct ph_rtmp_session *session);

enum ph_close_reason ph_rtmp_session_reason(const struct ph_rtmp_session *session);

/* What exactly was wrong, for the log line: "chunk of csid 7 changes its message's length". */
const char *ph_rtmp_session_detail(const struct ph_rtmp_session *session);

/* Whether publish was accepted. */
bool ph_rtmp_session_is_publishing(const struct ph_rtmp_session *session);

#endif
