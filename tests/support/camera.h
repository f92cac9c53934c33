/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_CAMERA_H
#define PHIEN_TESTS_CAMERA_H

#include "media_file.h"

#include <stdbool.h>

/*
 * A camera and its encoder: an endless stream of small frames with the timestamps that a test
 * wants, rounded to milliseconds as RTMP does. The frames are real ones of tests/golden/media,
 * each with a number of its own in it, so that no two access units are equal.
 */
struct camera {
    /* What may be changed at any time. */
    bool has_video;
    bool has_audio;
    bool has_b_frames;
    AVRational fps;
    int gop;                 /* frames from one key frame to the next */
    int64_t offset_ms;       /* added to all timestamps */
    int64_t audio_offset_ms; /* and to the audio's alone */
    unsigned jitter_ms;      /* frames come up to this much too late, as cameras stamp them */
    const struct media_file *video;
    const struct media_file *audio;

    AVCodecParameters *video_par; /* borrowed from the files */
    AVCodecParameters *audio_par;
    int64_t now_us; /* exact time of the packet that was given last */

    int64_t frames;    /* since camera_restart */
    int64_t since_key; /* frames; -1: the next one is a key frame */
    int64_t sounds;
    AVRational sound; /* seconds that an audio packet lasts */
    uint64_t serial;
    AVPacket *packet;
    struct media_file files[2];
};

/* Opens the files of tests/golden/media by name; each may be NULL. 30 fps, a key frame every 2 s.
 */
void camera_open(struct camera *camera, const char *video, const char *audio);
void camera_close(struct camera *camera);

/* Timestamps begin at zero again, with a key frame. */
void camera_restart(struct camera *camera);

/* The next packet in decoding order; borrowed until the next call. */
const AVPacket *camera_next(struct camera *camera);

#endif
