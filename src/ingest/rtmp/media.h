/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_RTMP_MEDIA_H
#define PHIEN_INGEST_RTMP_MEDIA_H

#include "flv.h"
#include "message.h"
#include "session.h"

#include <phien/media/unwrap.h>

/* What a session knows of one kind of media. */
struct ph_rtmp_media_kind {
    struct ph_track *track; /* NULL: none that can be packaged, yet */
    ph_usec first;          /* arrival of the first message; PH_USEC_NEVER: none came */
    char codec_name[24];    /* of the last message */
};

/*
 * The media of a session that publishes: audio and video messages in, tracks and packets out.
 * Once `is_stopped`, which the owner of the callbacks may set from within them, nothing more
 * comes out.
 */
struct ph_rtmp_media {
    const struct ph_rtmp_ops *ops;
    void *arg;
    struct ph_rtmp_media_kind kinds[PH_TRACK_KINDS];
    struct ph_unwrap clock; /* one for all tracks: they share it */
    AVPacket *packet;
    ph_usec last;        /* arrival of the last media, or when the session began to publish */
    ph_usec first_frame; /* arrival of the first video frame of a known track */
    bool has_key_frame;
    bool is_stopped;
};

PH_MUST_CHECK int ph_rtmp_media_init(struct ph_rtmp_media *media, const struct ph_rtmp_ops *ops,
                                     void *arg);
void ph_rtmp_media_fini(struct ph_rtmp_media *media);

/* Publish was accepted: silence is measured from here. */
void ph_rtmp_media_start(struct ph_rtmp_media *media, ph_usec now);

/*
 * An audio, video or aggregate message. What is malformed in it is passed over: one damaged
 * frame must not end a broadcast.
 */
void ph_rtmp_media_take(struct ph_rtmp_media *media, ph_usec now,
                        const struct ph_rtmp_message *message);

/* When the media will have failed a limit, and which. */
struct ph_rtmp_media_deadline {
    ph_usec at;
    enum ph_close_reason reason;
};

struct ph_rtmp_media_deadline ph_rtmp_media_deadline(const struct ph_rtmp_media *media,
                                                     const struct ph_rtmp_limits *limits);

#endif
