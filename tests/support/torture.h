/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_TORTURE_H
#define PHIEN_TESTS_TORTURE_H

#include "flow_ts.h"

/*
 * Timestamps as encoders should not send them, from the publisher's bytes to the viewer's
 * playlists. The test knows when each access unit was really taken, and holds what viewers get
 * to that: playlists as RFC 8216bis wants them at every snapshot, every access unit once and in
 * its order, sound and picture together, dates that are true.
 */

/* How the camera is set. */
struct torture_source {
    int fps;
    bool has_b_frames;
    int sample_rate;
};

/* From `at_ms` of the source's clock on, a track's timestamps are off by this much. */
struct torture_shift {
    int64_t at_ms;
    int64_t ms[PH_TRACK_KINDS];
};

#define TORTURE_VIDEO(by) [PH_TRACK_VIDEO] = (by)
#define TORTURE_AUDIO(by) [PH_TRACK_AUDIO] = (by)
#define TORTURE_BOTH(by) TORTURE_VIDEO(by), TORTURE_AUDIO(by)

/* What the encoder speaks: RTMP, or MPEG-TS over SRT. 0: a row is for both. */
enum torture_wire { TORTURE_WIRE_NONE, TORTURE_WIRE_RTMP, TORTURE_WIRE_TS };

#define TORTURE_LENGTH_MS 16000

struct torture_row {
    const char *name;
    enum torture_wire only;
    int64_t start_ms;    /* of all timestamps */
    int64_t start_ticks; /* MPEG-TS: and this, 90 kHz */
    bool omits_extended;
    bool is_terse;

    int64_t length_ms; /* 0: TORTURE_LENGTH_MS */
    bool lacks[PH_TRACK_KINDS];
    int64_t begins_ms[PH_TRACK_KINDS]; /* nothing of the track before */
    int64_t audio_late_ms;             /* sound is sent with later times than pictures */
    struct torture_shift shifts[4];

    /* What else becomes of a packet's timestamps, in ms. True: they say nothing of when it was
     * taken. */
    bool (*warp)(int64_t source_ms, AVPacket *packet);

    /* The encoder begins anew in the middle of the session, at zero. */
    int64_t restart_ms; /* 0: never */
    int64_t away_ms;    /* it sends nothing meanwhile */
    bool is_turned;     /* and then in portrait */
    bool keeps_tables;  /* MPEG-TS: of the same version */

    /* What comes of it. */
    unsigned breaks; /* discontinuities */
    size_t lost[PH_TRACK_KINDS];
    int64_t hole_ms;  /* the longest step from one unit to the next; 0: 120 */
    int64_t moved_ms; /* how far the end may lie beside its place, as seen from the beginning;
                         0: 100 */
};

extern const struct torture_row torture_rows[];
extern const size_t torture_row_count;

/* Each row is a test of cmocka's, with cameras of all kinds. Returns how many failed. */
int torture_main(const char *group, enum torture_wire wire);

#endif
