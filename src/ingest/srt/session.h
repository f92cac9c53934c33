/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_SESSION_H
#define PHIEN_INGEST_SRT_SESSION_H

#include "es/es.h"

#include <phien/core/clock.h>
#include <phien/core/close_reason.h>

/*
 * One SRT connection that publishes MPEG-TS, without the connection: messages in, tracks and
 * packets out, time from outside. server.c joins it to a socket.
 *
 * It takes the first video and the first audio stream of the program that can be packaged. All
 * timestamps of a session are unwrapped together, since its streams share the program's clock.
 */
struct ph_srt_session;

struct ph_srt_limits {
    ph_usec first_media_timeout; /* the first PES packet that is of use, from the beginning */
    ph_usec media_timeout;       /* the longest silence of them */
    ph_usec key_frame_timeout;   /* a video random access point after the first video PES */
    ph_usec supported_timeout;   /* a stream that can be packaged after the first program map */
};

extern const struct ph_srt_limits ph_srt_limits_default;

/* Tracks and packets, as ph_rtmp_ops has them. Borrowed. */
struct ph_srt_session_ops {
    void (*on_track)(void *arg, struct ph_track *track);
    void (*on_packet)(void *arg, const AVPacket *packet);
};

struct ph_srt_session_counts {
    struct ph_ts_counts ts;
    struct ph_es_counts es[PH_TRACK_KINDS];
};

PH_MUST_CHECK int ph_srt_session_create(struct ph_srt_session **out,
                                        const struct ph_srt_limits *limits,
                                        enum ph_conf_on_loss on_loss,
                                        const struct ph_srt_session_ops *ops, void *arg,
                                        ph_usec now);
void ph_srt_session_destroy(struct ph_srt_session **session);

/*
 * A message's payload. `lost_messages` were missing before it (a hole in the sequence numbers,
 * too late to be sent again); 0 as a rule. PH_OK, or an error when the session is over:
 * ph_srt_session_reason says why.
 */
PH_MUST_CHECK int ph_srt_session_feed(struct ph_srt_session *session, ph_usec now,
                                      const uint8_t *data, size_t len, size_t lost_messages);

/* The peer is gone: hands out what is left. */
void ph_srt_session_flush(struct ph_srt_session *session, ph_usec now);

ph_usec ph_srt_session_deadline(const struct ph_srt_session *session);
PH_MUST_CHECK int ph_srt_session_tick(struct ph_srt_session *session, ph_usec now);

enum ph_close_reason ph_srt_session_reason(const struct ph_srt_session *session);

/* What exactly was wrong: "stream types 0x42, 0x06 cannot be packaged"; "" when nothing. */
const char *ph_srt_session_detail(const struct ph_srt_session *session);

void ph_srt_session_get_counts(const struct ph_srt_session *session,
                               struct ph_srt_session_counts *out);

#endif
