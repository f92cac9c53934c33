/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_FLOW_H
#define PHIEN_TESTS_FLOW_H

#include "camera.h"
#include "m3u8.h"
#include "rtmp_publisher.h"

#include <ingest/rtmp/session.h>
#include <phien/media/channel.h>
#include <phien/package/packager.h>

/*
 * The whole way of the media in one process, without a socket and with a clock that the test
 * sets: an RTMP publisher, a session, a channel, a packager, and a viewer that reads every
 * playlist and every part. What viewers are promised is checked on the way.
 */

/* An access unit, sent or received. */
struct flow_unit {
    uint64_t hash;
    int64_t dts; /* ms as sent, ticks of the track as received */
    int64_t cts;
    int64_t duration; /* as received */
    unsigned session; /* as sent: which one it was */
    ph_usec shown;    /* as sent: when by the source's clock, if a test says so; as received: its
                         date, by that of its segment */
    bool is_odd;      /* as sent: its timestamps lie */
};

struct flow_units {
    struct flow_unit *at;
    size_t count;
};

/* A part of one of the fMP4 renditions, as it was first listed. */
struct flow_part {
    int64_t msn;
    int64_t number;
    ph_usec duration;
    bool is_independent;
    bool is_first; /* of its segment */
    bool is_last;  /* set once the segment is finished */
    int64_t init;
};

struct flow_viewer {
    struct flow_units units[PH_TRACK_KINDS];
    struct flow_part *parts;
    size_t part_count;
    ph_usec part_target;
    ph_usec dated;       /* the date of the timeline's zero, by that of the newest segment */
    uint64_t text_hash;  /* of all playlists so far */
    uint64_t media_hash; /* of all parts and init segments so far */
    size_t snapshots;
    struct m3u8 *list;   /* the newest playlist */
    struct m3u8 *before; /* the one before */
    char *text;          /* the newest playlist's */
};

struct flow {
    struct ph_conf conf;
    struct ph_conf_channel channel_conf;
    struct ph_stats stats;
    struct ph_now now;

    struct rtmp_publisher_conf publisher_conf;
    struct rtmp_publisher *publisher;
    struct ph_rtmp_session *session;
    struct ph_channel *channel;
    struct ph_packager *packager;
    int session_err;
    unsigned sessions;

    size_t step;       /* bytes the session is fed at once; 0: all */
    bool is_recording; /* units and playlists are kept and checked */
    struct flow_units sent[PH_TRACK_KINDS];
    struct flow_viewer viewers[PH_RENDITION_COUNT];
    char *log;
    size_t log_len;
    unsigned ffmpeg_lines; /* what FFmpeg's libraries complained of */
};

/* A playlist is never longer. */
#define FLOW_TEXT_BYTES 65536

#define FLOW_START_MONO (5000 * PH_USEC_PER_S)
#define FLOW_START_WALL (INT64_C(1785837600) * PH_USEC_PER_S)

/* With the defaults of the config file: parts of 250 ms, segments of 2 s, a window of 30 s. */
struct flow *flow_create(void);
void flow_destroy(struct flow **flow);

/* Makes channel and packager; what stands in flow->conf counts until then. */
void flow_begin(struct flow *flow);

/* A new session publishes the camera's tracks (those that are on). */
void flow_publish(struct flow *flow, struct camera *camera);

/* The track's sequence header, as it is in the camera now. */
void flow_send_track(struct flow *flow, const AVCodecParameters *par, int64_t dts_ms);

/* An access unit, now. */
void flow_send_packet(struct flow *flow, const AVPacket *packet);

/* Lets the camera run for `duration` of its time, in step with the clock. */
void flow_play(struct flow *flow, struct camera *camera, ph_usec duration);

/* Lets time pass; deadlines on the way are kept. */
void flow_wait(struct flow *flow, ph_usec duration);

/* The publisher says good-bye; or its connection is gone. */
void flow_unpublish(struct flow *flow);
void flow_cut(struct flow *flow);

/* The viewer's part: takes a snapshot in; keeps a unit; makes a hash of one. */
void flow_viewer_take(struct flow *flow, struct ph_snapshot *snapshot);
void flow_add_unit(struct flow_units *units, struct flow_unit unit);
uint64_t flow_hash(const void *data, size_t len);

/* How many lines of the log hold `text`. */
unsigned flow_count_log(const struct flow *flow, const char *text);

/* Whether a unit is silence that the audio rendition has put in for want of sound. */
bool flow_is_silence(enum ph_rendition rendition, const struct flow_unit *unit);

/*
 * Every access unit sent came out, unchanged and in order; but for the first `skipped` of its
 * kind. Video: with the same cts, dts in the same steps to the tick. Audio: on the sample grid,
 * within `tolerance_ms` of where it was sent. Leaps of what was sent (by more than a second) within
 * a session must be gone; their number is returned.
 */
unsigned flow_check_video(const struct flow *flow, size_t skipped);
unsigned flow_check_audio(const struct flow *flow, enum ph_rendition rendition, size_t skipped,
                          int sample_rate, double tolerance_ms);

/* Units of a kind that did not come out. */
size_t flow_missing(const struct flow *flow, int kind);

/* Audio and video came as far apart as they were sent, at the beginning and at the end. */
void flow_check_sync(const struct flow *flow, int sample_rate, double tolerance_ms);

#endif
