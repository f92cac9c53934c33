/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One SRT connection that publishes, without the connection: messages go to media.c, and here are
 * the loss between them and the clocks that run against it.
 */
#include "media.h"
#include "ts/packet.h"

#include <phien/core/mem.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Whole ones in a message: it has 1456 bytes at most, and nearly always 1316. */
#define MESSAGE_PACKETS 7

/*
 * So much tells whether the bytes are a transport stream: a quarter of a second of a phone's
 * video, and far more than a receiver that comes in the middle of a packet has to pass over.
 */
#define JUDGE_BYTES ((uint64_t)64 * 1024)

const struct ph_srt_limits ph_srt_limits_default = {
    .first_media_timeout = 10 * PH_USEC_PER_S,
    .media_timeout = 30 * PH_USEC_PER_S,
    .key_frame_timeout = 15 * PH_USEC_PER_S,
    .supported_timeout = 5 * PH_USEC_PER_S,
};

struct ph_srt_session {
    struct ph_srt_limits limits;
    ph_usec began;
    struct ph_srt_media media;
    uint64_t bytes;

    int err; /* when it is over */
    enum ph_close_reason reason;
    char detail[160];
};

static int fail(struct ph_srt_session *session, int err, enum ph_close_reason reason,
                const char *format, ...) PH_PRINTF(4, 5);
static int fail(struct ph_srt_session *session, int err, enum ph_close_reason reason,
                const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(session->detail, sizeof(session->detail), format, args);
    va_end(args);
    session->err = err;
    session->reason = reason;
    return err;
}

int ph_srt_session_create(struct ph_srt_session **out, const struct ph_srt_limits *limits,
                          enum ph_conf_on_loss on_loss, const struct ph_srt_session_ops *ops,
                          void *arg, ph_usec now)
{
    struct ph_srt_session *session = ph_new(struct ph_srt_session);

    session->limits = *limits;
    session->began = now;
    int err = ph_srt_media_init(&session->media, on_loss, ops, arg);
    if (err != PH_OK) {
        ph_srt_session_destroy(&session);
        return err;
    }
    *out = session;
    return PH_OK;
}

void ph_srt_session_destroy(struct ph_srt_session **ref)
{
    struct ph_srt_session *session = *ref;

    *ref = NULL;
    if (session == NULL) {
        return;
    }
    ph_srt_media_fini(&session->media);
    free(session);
}

static size_t count_lost_packets(size_t messages)
{
    size_t packets;

    return __builtin_mul_overflow(messages, MESSAGE_PACKETS, &packets) ? SIZE_MAX : packets;
}

/* Whether TS packets are at least half of what came. */
static bool is_ts(const struct ph_srt_session *session)
{
    struct ph_ts_counts counts;

    ph_ts_demux_get_counts(session->media.ts, &counts);
    return counts.packets * PH_TS_PACKET_BYTES >= session->bytes / 2;
}

static int fail_ts(struct ph_srt_session *session)
{
    return fail(session, PH_EPROTO, PH_CLOSE_PROTOCOL, "the bytes are no MPEG-TS");
}

int ph_srt_session_feed(struct ph_srt_session *session, ph_usec now, const uint8_t *data,
                        size_t len, size_t lost_messages)
{
    if (session->err != PH_OK) {
        return session->err;
    }
    session->bytes += len;
    ph_srt_media_feed(&session->media, now, data, len, count_lost_packets(lost_messages));
    if (session->media.last == PH_USEC_NEVER && session->bytes >= JUDGE_BYTES && !is_ts(session)) {
        return fail_ts(session);
    }
    return PH_OK;
}

void ph_srt_session_flush(struct ph_srt_session *session, ph_usec now)
{
    if (session->err == PH_OK) {
        ph_srt_media_flush(&session->media, now);
    }
}

static int fail_silent(struct ph_srt_session *session)
{
    const struct ph_srt_media *media = &session->media;
    bool has_media = media->last != PH_USEC_NEVER;
    ph_usec timeout =
        has_media ? session->limits.media_timeout : session->limits.first_media_timeout;
    struct ph_ts_counts counts;

    ph_ts_demux_get_counts(media->ts, &counts);
    if (!has_media && session->bytes > 0 && !is_ts(session)) {
        return fail_ts(session);
    }
    const char *what = session->bytes == 0                        ? "nothing"
                       : !media->program.has_map                  ? "MPEG-TS without a program map"
                       : counts.scrambled > media->last_scrambled ? "nothing but scrambled packets"
                                                                  : "no media";
    return fail(session, PH_ETIMEOUT, PH_CLOSE_TIMEOUT_MEDIA, "%s came for %d s", what,
                (int)(timeout / PH_USEC_PER_S));
}

static int fail_for(struct ph_srt_session *session, enum ph_srt_failure failure)
{
    const struct ph_srt_program *program = &session->media.program;
    const struct ph_ts_stream *audio = &program->streams[PH_TRACK_AUDIO].map;

    switch (failure) {
    case PH_SRT_FAILURE_REFUSED:
        return fail(session, PH_EUNSUPPORTED, PH_CLOSE_UNSUPPORTED_CODEC, "%s cannot be packaged",
                    program->refused);
    case PH_SRT_FAILURE_SCRAMBLED:
        return fail(session, PH_EUNSUPPORTED, PH_CLOSE_UNSUPPORTED_CODEC, "the %s is scrambled",
                    program->streams[PH_TRACK_VIDEO].es != NULL ? "video" : "audio");
    case PH_SRT_FAILURE_UNUSABLE:
        return fail(session, PH_EUNSUPPORTED, PH_CLOSE_UNSUPPORTED_CODEC,
                    "no usable audio came (stream type 0x%02x, %s)", audio->stream_type,
                    avcodec_get_name(audio->codec_id));
    case PH_SRT_FAILURE_KEY_FRAME:
        return fail(session, PH_ETIMEOUT, PH_CLOSE_NO_KEY_FRAME, "no key frame for %d s",
                    (int)(session->limits.key_frame_timeout / PH_USEC_PER_S));
    default:
        return fail_silent(session);
    }
}

static struct ph_srt_deadline find_deadline(const struct ph_srt_session *session)
{
    return ph_srt_media_deadline(&session->media, &session->limits, session->began);
}

ph_usec ph_srt_session_deadline(const struct ph_srt_session *session)
{
    return session->err == PH_OK ? find_deadline(session).at : PH_USEC_NEVER;
}

int ph_srt_session_tick(struct ph_srt_session *session, ph_usec now)
{
    if (session->err != PH_OK) {
        return session->err;
    }
    struct ph_srt_deadline first = find_deadline(session);
    return now < first.at ? PH_OK : fail_for(session, first.failure);
}

enum ph_close_reason ph_srt_session_reason(const struct ph_srt_session *session)
{
    return session->reason;
}

const char *ph_srt_session_detail(const struct ph_srt_session *session)
{
    return session->detail;
}

void ph_srt_session_get_counts(const struct ph_srt_session *session,
                               struct ph_srt_session_counts *out)
{
    ph_srt_media_get_counts(&session->media, out);
}
