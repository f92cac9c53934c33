/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One publishing connection: handshake, then chunks to messages, then each message to whom it
 * concerns (commands to command.c, media to media.c), and the clock that all of it runs against.
 * The message sequence and what encoders make of it stand in README.md.
 */
#include "session_private.h"

#include <phien/core/mem.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Moblin measures round trips and the link's capacity by acknowledgements and gives us a window
 * of 100 kB; other applications stall without any. This often is soon enough for all of them.
 */
#define ACK_BYTES (64 * 1024)
#define ACK_BYTES_MIN 4096
#define ACK_INTERVAL (250 * PH_USEC_PER_MS)
#define PING_INTERVAL (10 * PH_USEC_PER_S)

/*
 * Who has been silent for longer is not asked: what nobody acknowledges would hold TCP's keepalive
 * up, by which a connection ends whose peer has vanished.
 */
#define PING_QUIET PH_USEC_PER_S

const struct ph_rtmp_limits ph_rtmp_limits_default = {
    .handshake_timeout = 5 * PH_USEC_PER_S,
    .connect_timeout = 10 * PH_USEC_PER_S,
    .publish_timeout = 10 * PH_USEC_PER_S,
    .media_timeout = 30 * PH_USEC_PER_S,
    .key_frame_timeout = 15 * PH_USEC_PER_S,
    .supported_timeout = 5 * PH_USEC_PER_S,
    .video_message_bytes = 8 * 1024 * 1024,
    .audio_message_bytes = 256 * 1024,
    .other_message_bytes = 64 * 1024,
    .partial_bytes = 16 * 1024 * 1024,
    .chunk_streams = 32,
    .commands_before_publish = 64,
    .reply_bytes = 256 * 1024,
};

/* Nobody who has not shown a key yet has media to send. */
static struct ph_rtmp_limits make_early(const struct ph_rtmp_limits *limits)
{
    struct ph_rtmp_limits early = *limits;

    early.video_message_bytes = limits->other_message_bytes;
    early.audio_message_bytes = limits->other_message_bytes;
    early.partial_bytes = 4 * limits->other_message_bytes;
    return early;
}

int ph_rtmp_session_create(struct ph_rtmp_session **out, const struct ph_rtmp_limits *limits,
                           const struct ph_rtmp_ops *ops, void *arg, ph_usec now)
{
    struct ph_rtmp_session *session = ph_new(struct ph_rtmp_session);

    session->ops = ops;
    session->arg = arg;
    session->limits = *limits;
    session->early_limits = make_early(limits);
    session->now = now;
    session->ack_bytes = ACK_BYTES;
    session->ack_at = PH_USEC_NEVER;
    session->ping_at = PH_USEC_NEVER;
    ph_rtmp_handshake_init(&session->handshake);
    ph_rtmp_chunk_reader_init(&session->chunks, &session->early_limits);
    ph_rtmp_reply_init(&session->reply, limits->reply_bytes);
    ph_rtmp_session_enter(session, PH_RTMP_PHASE_HANDSHAKE, limits->handshake_timeout);
    int err = ph_rtmp_media_init(&session->media, ops, arg);
    if (err != PH_OK) {
        ph_rtmp_session_destroy(&session);
        return err;
    }
    *out = session;
    return PH_OK;
}

void ph_rtmp_session_destroy(struct ph_rtmp_session **ref)
{
    struct ph_rtmp_session *session = *ref;

    *ref = NULL;
    if (session == NULL) {
        return;
    }
    ph_rtmp_media_fini(&session->media);
    ph_rtmp_connect_fini(&session->connect);
    ph_rtmp_reply_fini(&session->reply);
    ph_rtmp_chunk_reader_fini(&session->chunks);
    free(session);
}

void ph_rtmp_session_enter(struct ph_rtmp_session *session, enum ph_rtmp_phase phase,
                           ph_usec timeout)
{
    session->phase = phase;
    session->phase_deadline = session->now + timeout;
    if (phase == PH_RTMP_PHASE_MEDIA) {
        session->phase_deadline = PH_USEC_NEVER;
        session->chunks.limits = &session->limits;
        session->ping_at = session->now + PING_INTERVAL;
        ph_rtmp_media_start(&session->media, session->now);
    }
}

static void stop(struct ph_rtmp_session *session, int err, enum ph_close_reason reason)
{
    struct ph_rtmp_status status = ph_rtmp_status_for(reason);

    if (session->publish_msid != 0 && status.code != NULL) {
        ph_rtmp_reply_status(&session->reply, session->publish_msid, &status);
    }
    session->err = err;
    session->reason = reason;
    session->phase = PH_RTMP_PHASE_OVER;
    session->media.is_stopped = true;
}

int ph_rtmp_session_fail(struct ph_rtmp_session *session, int err, enum ph_close_reason reason,
                         const char *format, ...)
{
    va_list args;

    if (session->phase == PH_RTMP_PHASE_OVER) {
        return session->err;
    }
    va_start(args, format);
    vsnprintf(session->detail, sizeof(session->detail), format, args);
    va_end(args);
    stop(session, err, reason);
    return err;
}

void ph_rtmp_session_end(struct ph_rtmp_session *session, enum ph_close_reason reason)
{
    if (session->phase != PH_RTMP_PHASE_OVER) {
        stop(session, PH_ECLOSED, reason);
    }
}

bool ph_rtmp_session_ask_to_reconnect(struct ph_rtmp_session *session)
{
    static const struct ph_rtmp_status status = {
        "status", "NetConnection.Connect.ReconnectRequest",
        "The server is about to restart. Connect again in a moment."};
    bool can_reconnect = session->phase > PH_RTMP_PHASE_CONNECT &&
                         session->phase < PH_RTMP_PHASE_OVER &&
                         (session->connect.caps_ex & PH_RTMP_CAPS_RECONNECT) != 0;

    if (can_reconnect) {
        ph_rtmp_reply_status(&session->reply, 0, &status);
    }
    return can_reconnect;
}

static int take_handshake(struct ph_rtmp_session *session, struct ph_reader *in)
{
    enum ph_rtmp_handshake_state before = session->handshake.state;
    int err = ph_rtmp_handshake_feed(
        &session->handshake, in, (uint32_t)(session->now / PH_USEC_PER_MS), &session->reply.out);

    if (err == PH_EPROTO) {
        return ph_rtmp_session_fail(session, err, session->handshake.refusal, "%s", "");
    }
    if (err == PH_OK) {
        ph_rtmp_session_enter(session, PH_RTMP_PHASE_CONNECT, session->limits.connect_timeout);
    } else if (before < PH_RTMP_HANDSHAKE_C2 && session->handshake.state == PH_RTMP_HANDSHAKE_C2) {
        session->phase_deadline = session->now + session->limits.handshake_timeout;
    }
    return err;
}

static void take_event(struct ph_rtmp_session *session, const struct ph_rtmp_message *message)
{
    struct ph_reader in;

    ph_reader_init(&in, message->data, message->len);
    uint16_t event = ph_read_u16(&in);
    uint32_t value = ph_read_u32(&in);
    if (!in.failed && event == PH_RTMP_PING_REQUEST && session->phase > PH_RTMP_PHASE_CONNECT) {
        ph_rtmp_reply_event(&session->reply, PH_RTMP_PING_RESPONSE, value);
    }
}

/* The peer wants an acknowledgement within its window. Half of it leaves time for the way. */
static void take_window(struct ph_rtmp_session *session, const struct ph_rtmp_message *message)
{
    struct ph_reader in;

    ph_reader_init(&in, message->data, message->len);
    uint32_t half = ph_read_u32(&in) / 2;
    if (!in.failed && half < ACK_BYTES) {
        session->ack_bytes = half > ACK_BYTES_MIN ? half : ACK_BYTES_MIN;
    }
}

static int take_message(struct ph_rtmp_session *session, const struct ph_rtmp_message *message)
{
    switch (message->type) {
    case PH_RTMP_AUDIO:
    case PH_RTMP_VIDEO:
    case PH_RTMP_AGGREGATE:
        if (session->phase == PH_RTMP_PHASE_MEDIA) {
            ph_rtmp_media_take(&session->media, session->now, message);
        }
        return PH_OK;
    case PH_RTMP_COMMAND:
    case PH_RTMP_COMMAND_AMF3:
        return ph_rtmp_command_take(session, message);
    case PH_RTMP_DATA:
    case PH_RTMP_DATA_AMF3:
        if (session->phase == PH_RTMP_PHASE_MEDIA) {
            ph_rtmp_metadata_take(session, message);
        }
        return PH_OK;
    case PH_RTMP_USER_CONTROL:
        take_event(session, message);
        return PH_OK;
    case PH_RTMP_WINDOW_ACK_SIZE:
        take_window(session, message);
        return PH_OK;
    default:
        /* Acknowledgements, Set Peer Bandwidth, shared objects: nothing depends on them. */
        return PH_OK;
    }
}

static int take_chunks(struct ph_rtmp_session *session, struct ph_reader *in)
{
    struct ph_rtmp_message message;

    while (session->phase != PH_RTMP_PHASE_OVER) {
        int err = ph_rtmp_chunk_reader_next(&session->chunks, in, &message);
        if (err == PH_EAGAIN) {
            return PH_OK;
        }
        if (err != PH_OK) {
            enum ph_close_reason reason = err == PH_EPROTO ? PH_CLOSE_PROTOCOL : PH_CLOSE_LIMIT;
            return ph_rtmp_session_fail(session, err, reason, "%s", session->chunks.detail);
        }
        err = take_message(session, &message);
        if (err != PH_OK) {
            return err;
        }
    }
    return session->err;
}

static void acknowledge(struct ph_rtmp_session *session)
{
    /* Modulo 2^32, as the peer counts too. */
    ph_rtmp_reply_control(&session->reply, PH_RTMP_ACK, (uint32_t)session->received);
    session->acknowledged = session->received;
    session->ack_at = PH_USEC_NEVER;
}

/* Never before connect was answered: some applications throw away what comes then. */
static void acknowledge_soon(struct ph_rtmp_session *session)
{
    uint64_t waiting = session->received - session->acknowledged;

    if (session->phase <= PH_RTMP_PHASE_CONNECT || waiting == 0) {
        return;
    }
    if (waiting >= session->ack_bytes) {
        acknowledge(session);
    } else if (session->ack_at == PH_USEC_NEVER) {
        session->ack_at = session->now + ACK_INTERVAL;
    }
}

static int check_replies(struct ph_rtmp_session *session)
{
    if (ph_rtmp_reply_has_failed(&session->reply)) {
        return ph_rtmp_session_fail(session, PH_ELIMIT, PH_CLOSE_SLOW_READER,
                                    "more than %zu bytes of replies wait",
                                    session->limits.reply_bytes);
    }
    return PH_OK;
}

int ph_rtmp_session_feed(struct ph_rtmp_session *session, ph_usec now, const uint8_t *data,
                         size_t len)
{
    struct ph_reader in;
    int err = PH_OK;

    if (session->phase == PH_RTMP_PHASE_OVER) {
        return session->err;
    }
    session->now = now;
    session->received += len;
    session->heard_at = now;
    ph_reader_init(&in, data, len);
    if (session->phase == PH_RTMP_PHASE_HANDSHAKE) {
        err = take_handshake(session, &in);
        if (err == PH_EAGAIN) {
            return check_replies(session);
        }
    }
    if (err == PH_OK) {
        err = take_chunks(session, &in);
    }
    if (err == PH_OK) {
        acknowledge_soon(session);
        err = check_replies(session);
    }
    return err;
}

bool ph_rtmp_session_pull(struct ph_rtmp_session *session, struct ph_slice *out)
{
    return ph_rtmp_reply_pull(&session->reply, out);
}

static ph_usec earlier(ph_usec a, ph_usec b)
{
    return a < b ? a : b;
}

ph_usec ph_rtmp_session_deadline(const struct ph_rtmp_session *session)
{
    if (session->phase == PH_RTMP_PHASE_OVER) {
        return PH_USEC_NEVER;
    }
    ph_usec at = earlier(session->phase_deadline, earlier(session->ack_at, session->ping_at));
    if (session->phase == PH_RTMP_PHASE_MEDIA) {
        at = earlier(at, ph_rtmp_media_deadline(&session->media, &session->limits).at);
    }
    return at;
}

static enum ph_close_reason get_phase_reason(enum ph_rtmp_phase phase)
{
    return phase == PH_RTMP_PHASE_HANDSHAKE ? PH_CLOSE_TIMEOUT_HANDSHAKE
           : phase == PH_RTMP_PHASE_CONNECT ? PH_CLOSE_TIMEOUT_CONNECT
                                            : PH_CLOSE_TIMEOUT_PUBLISH;
}

static int fail_media(struct ph_rtmp_session *session, enum ph_close_reason reason)
{
    const struct ph_rtmp_media_kind *video = &session->media.kinds[PH_TRACK_VIDEO];
    const struct ph_rtmp_media_kind *audio = &session->media.kinds[PH_TRACK_AUDIO];

    if (reason == PH_CLOSE_UNSUPPORTED_CODEC) {
        bool is_video = video->first != PH_USEC_NEVER;
        return ph_rtmp_session_fail(
            session, PH_EUNSUPPORTED, reason, "no usable configuration came for %s (%s)",
            is_video ? "video" : "audio", is_video ? video->codec_name : audio->codec_name);
    }
    if (reason == PH_CLOSE_TIMEOUT_MEDIA) {
        return ph_rtmp_session_fail(session, PH_ETIMEOUT, reason, "no media for %d s",
                                    (int)(session->limits.media_timeout / PH_USEC_PER_S));
    }
    return ph_rtmp_session_fail(session, PH_ETIMEOUT, reason, "no key frame for %d s",
                                (int)(session->limits.key_frame_timeout / PH_USEC_PER_S));
}

static int check_time(struct ph_rtmp_session *session)
{
    if (session->phase != PH_RTMP_PHASE_MEDIA) {
        return session->now < session->phase_deadline
                   ? PH_OK
                   : ph_rtmp_session_fail(session, PH_ETIMEOUT, get_phase_reason(session->phase),
                                          "%s", "");
    }
    struct ph_rtmp_media_deadline deadline =
        ph_rtmp_media_deadline(&session->media, &session->limits);
    return session->now < deadline.at ? PH_OK : fail_media(session, deadline.reason);
}

int ph_rtmp_session_tick(struct ph_rtmp_session *session, ph_usec now)
{
    if (session->phase == PH_RTMP_PHASE_OVER) {
        return session->err;
    }
    session->now = now;
    int err = check_time(session);
    if (err != PH_OK) {
        return err;
    }
    if (now >= session->ack_at) {
        acknowledge(session);
    }
    if (now >= session->ping_at) {
        if (now - session->heard_at < PING_QUIET) {
            ph_rtmp_reply_event(&session->reply, PH_RTMP_PING_REQUEST,
                                (uint32_t)(now / PH_USEC_PER_MS));
        }
        session->ping_at = now + PING_INTERVAL;
    }
    return check_replies(session);
}

enum ph_close_reason ph_rtmp_session_reason(const struct ph_rtmp_session *session)
{
    return session->reason;
}

const char *ph_rtmp_session_detail(const struct ph_rtmp_session *session)
{
    return session->detail;
}

bool ph_rtmp_session_is_publishing(const struct ph_rtmp_session *session)
{
    return session->is_publishing;
}
