/* SPDX-License-Identifier: Apache-2.0 */
/* The table: what encoders do to their timestamps, and what viewers are to see of it. */
#include "torture.h"

/* Where each third second begins, three or four pictures have the time of the first. */
static bool repeat_video_dts(int64_t source_ms, AVPacket *packet)
{
    int64_t phase = source_ms % 3000;
    bool is_hit = packet->stream_index == PH_TRACK_VIDEO && source_ms > 3000 && phase < 120;

    if (is_hit) {
        packet->pts -= phase;
        packet->dts -= phase;
    }
    return is_hit;
}

/* Sound is sent two packets at a time, with the time of the first. */
static bool repeat_audio_dts(int64_t source_ms, AVPacket *packet)
{
    if (packet->stream_index == PH_TRACK_AUDIO) {
        packet->dts -= source_ms % 43;
        packet->pts = packet->dts;
    }
    return false;
}

/* Each third second there is a picture with the time of the one before the last. */
static bool step_back(int64_t source_ms, AVPacket *packet)
{
    bool is_hit =
        packet->stream_index == PH_TRACK_VIDEO && source_ms > 3000 && source_ms % 3000 < 33;

    if (is_hit) {
        packet->pts -= 80;
        packet->dts -= 80;
    }
    return is_hit;
}

/* Sound goes on for a moment, and is that far ahead when time goes on. */
static bool stand_still(int64_t source_ms, AVPacket *packet)
{
    if (source_ms >= 8300 && source_ms < 9300) {
        packet->pts -= source_ms - 8300;
        packet->dts -= source_ms - 8300;
    }
    return source_ms >= 8300 && source_ms < 9400;
}

static bool video_stands_still(int64_t source_ms, AVPacket *packet)
{
    return packet->stream_index == PH_TRACK_VIDEO && stand_still(source_ms, packet);
}

static bool audio_stands_still(int64_t source_ms, AVPacket *packet)
{
    return packet->stream_index == PH_TRACK_AUDIO && stand_still(source_ms, packet);
}

/*
 * RTMP counts milliseconds in 24 bits, then in 32 of an extended timestamp, which encoders repeat
 * in continuations or not.
 */
#define COUNTERS(words, from)                                                                      \
    {.name = words, .only = TORTURE_WIRE_RTMP, .start_ms = (from)},                                \
        {.name = words ", terse",                                                                  \
         .only = TORTURE_WIRE_RTMP,                                                                \
         .start_ms = (from),                                                                       \
         .is_terse = true},                                                                        \
        {.name = words ", omitted",                                                                \
         .only = TORTURE_WIRE_RTMP,                                                                \
         .start_ms = (from),                                                                       \
         .omits_extended = true},                                                                  \
    {                                                                                              \
        .name = words ", terse and omitted", .only = TORTURE_WIRE_RTMP, .start_ms = (from),        \
        .is_terse = true, .omits_extended = true                                                   \
    }

#define JUMPS(words, by)                                                                           \
    {.name = words, .start_ms = 7200000, .shifts = {{9100, {TORTURE_BOTH(by)}}}, .breaks = 1},     \
        {.name = words ", audio first",                                                            \
         .start_ms = 7200000,                                                                      \
         .shifts = {{9100, {TORTURE_AUDIO(by)}}, {9300, {TORTURE_BOTH(by)}}},                      \
         .breaks = 1},                                                                             \
        {.name = words ", video first",                                                            \
         .start_ms = 7200000,                                                                      \
         .shifts = {{9100, {TORTURE_VIDEO(by)}}, {9300, {TORTURE_BOTH(by)}}},                      \
         .breaks = 1},                                                                             \
        {.name = words ", audio a second before",                                                  \
         .start_ms = 7200000,                                                                      \
         .shifts = {{9100, {TORTURE_AUDIO(by)}}, {10100, {TORTURE_BOTH(by)}}},                     \
         .breaks = 1},                                                                             \
        {.name = words ", video a second before",                                                  \
         .start_ms = 7200000,                                                                      \
         .shifts = {{9100, {TORTURE_VIDEO(by)}}, {10100, {TORTURE_BOTH(by)}}},                     \
         .breaks = 1},                                                                             \
        {.name = words ", audio only",                                                             \
         .start_ms = 7200000,                                                                      \
         .shifts = {{9100, {TORTURE_AUDIO(by)}}}},                                                 \
        {.name = words ", video only",                                                             \
         .start_ms = 7200000,                                                                      \
         .shifts = {{9100, {TORTURE_VIDEO(by)}}}},                                                 \
        {.name = words ", audio only, and back",                                                   \
         .start_ms = 7200000,                                                                      \
         .shifts = {{9100, {TORTURE_AUDIO(by)}}, {13000, {TORTURE_BOTH(0)}}}},                     \
        {.name = words ", video only, and back",                                                   \
         .start_ms = 7200000,                                                                      \
         .shifts = {{9100, {TORTURE_VIDEO(by)}}, {13000, {TORTURE_BOTH(0)}}}},                     \
        {.name = words ", there is only audio",                                                    \
         .start_ms = 7200000,                                                                      \
         .lacks[PH_TRACK_VIDEO] = true,                                                            \
         .shifts = {{9100, {TORTURE_BOTH(by)}}},                                                   \
         .breaks = 1},                                                                             \
    {                                                                                              \
        .name = words ", there is only video", .start_ms = 7200000, .lacks[PH_TRACK_AUDIO] = true, \
        .shifts = {{9100, {TORTURE_BOTH(by)}}}, .breaks = 1                                        \
    }

/* One track's hole begins a frame before the other's. */
static bool begin_holes(int64_t source_ms, AVPacket *packet)
{
    (void)packet;
    return source_ms >= 8950 && source_ms < 9250;
}

#define TS_WRAP (INT64_C(1) << 33)

const struct torture_row torture_rows[] = {
    {.name = "from zero"},
    COUNTERS("from 0xfffff0", 0xfffff0),
    COUNTERS("extended after 10 s", 0xffffff - 10000),
    COUNTERS("from 0xfffffff0", 0xfffffff0),
    COUNTERS("wraps after 10 s", 0xffffffff - 10000),
    COUNTERS("31 bits wrap after 10 s", 0x7fffffff - 10000),
    {.name = "33 bits wrap after 10 s",
     .only = TORTURE_WIRE_TS,
     .start_ticks = TS_WRAP - 10 * 90000},
    {.name = "33 bits of the first pts wrap",
     .only = TORTURE_WIRE_TS,
     .start_ticks = TS_WRAP - 900},
    {.name = "33 bits of the last pts wrap",
     .only = TORTURE_WIRE_TS,
     .start_ticks = TS_WRAP - TORTURE_LENGTH_MS * 90 + 900},
    {.name = "33 bits of audio wrap before those of video",
     .only = TORTURE_WIRE_TS,
     .start_ticks = TS_WRAP - 10 * 90000,
     .audio_late_ms = 300},
    {.name = "33 bits of video wrap before those of audio",
     .only = TORTURE_WIRE_TS,
     .start_ticks = TS_WRAP - 10 * 90000,
     .audio_late_ms = -300},
    {.name = "33 bits wrap as the clock jumps",
     .only = TORTURE_WIRE_TS,
     .start_ticks = TS_WRAP - 10 * 90000,
     .shifts = {{9100, {TORTURE_BOTH(10000)}}},
     .breaks = 1},
    JUMPS("10 s on", 10000),
    JUMPS("10 s back", -10000),
    JUMPS("an hour on", 3600000),
    JUMPS("an hour back", -3600000),
    /* As long as that may be a hole, for which there is no other sign of it. */
    {.name = "3 s on",
     .shifts = {{9100, {TORTURE_BOTH(3000)}}},
     .warp = begin_holes,
     .breaks = 1,
     .hole_ms = 3120,
     .moved_ms = 3100},
    {.name = "3 s on, then an hour",
     .shifts = {{9100, {TORTURE_BOTH(3000)}}, {13000, {TORTURE_BOTH(3603000)}}},
     .warp = begin_holes,
     .breaks = 2,
     .hole_ms = 3120,
     .moved_ms = 3100},
    {.name = "half a second back",
     .start_ms = 7200000,
     .shifts = {{9100, {TORTURE_BOTH(-500)}}},
     .breaks = 1},
    {.name = "a second back",
     .start_ms = 7200000,
     .shifts = {{9100, {TORTURE_BOTH(-1000)}}},
     .breaks = 1},
    {.name = "on and back every second",
     .start_ms = 7200000,
     .shifts = {{9100, {TORTURE_BOTH(10000)}},
                {10100, {TORTURE_BOTH(0)}},
                {11100, {TORTURE_BOTH(10000)}},
                {12100, {TORTURE_BOTH(0)}}},
     .breaks = 3},
    /* By its timestamps sound has waited for long enough. */
    {.name = "10 s on before there is video",
     .begins_ms[PH_TRACK_VIDEO] = 1900,
     .shifts = {{1000, {TORTURE_BOTH(10000)}}},
     .breaks = 2},
    {.name = "sound by a clock of its own", .shifts = {{-1, {TORTURE_AUDIO(3600000)}}}},
    {.name = "pictures by a clock of their own", .shifts = {{-1, {TORTURE_VIDEO(3600000)}}}},
    {.name = "there is only audio", .lacks[PH_TRACK_VIDEO] = true},
    {.name = "there is only video", .lacks[PH_TRACK_AUDIO] = true},
    {.name = "pictures with equal dts", .warp = repeat_video_dts, .hole_ms = 170},
    {.name = "sounds with equal dts", .warp = repeat_audio_dts},
    {.name = "dts that go back by a picture", .warp = step_back},
    {.name = "a second without time", .warp = stand_still, .hole_ms = 1100},
    {.name = "a second without time that is gone",
     .warp = stand_still,
     .shifts = {{9300, {TORTURE_BOTH(-1000)}}},
     .hole_ms = 1100,
     .moved_ms = 1100},
    {.name = "a second without time for pictures", .warp = video_stands_still, .hole_ms = 1100},
    {.name = "a second without time for sound", .warp = audio_stands_still, .hole_ms = 1100},
    {.name = "a new start", .restart_ms = 9100, .breaks = 1},
    {.name = "a new start after a while",
     .restart_ms = 9100,
     .away_ms = 1500,
     .breaks = 1,
     .hole_ms = 1650},
    {.name = "a new start in portrait", .restart_ms = 9100, .is_turned = true, .breaks = 1},
    {.name = "a new start in portrait after a while",
     .restart_ms = 9100,
     .away_ms = 1500,
     .is_turned = true,
     .breaks = 1,
     .hole_ms = 1650},
    {.name = "a new start after hours", .start_ms = 0xfffff0, .restart_ms = 9100, .breaks = 1},
    {.name = "a new start that tables do not tell of",
     .only = TORTURE_WIRE_TS,
     .restart_ms = 9100,
     .keeps_tables = true,
     .breaks = 1},
    {.name = "audio 1.9 s before video", .begins_ms[PH_TRACK_VIDEO] = 1900},
    {.name = "audio 2.1 s before video", .begins_ms[PH_TRACK_VIDEO] = 2100, .breaks = 1},
    {.name = "video 1.9 s before audio", .begins_ms[PH_TRACK_AUDIO] = 1900},
    {.name = "video 2.1 s before audio", .begins_ms[PH_TRACK_AUDIO] = 2100, .breaks = 1},
    {.name = "an hour of sound",
     .only = TORTURE_WIRE_RTMP,
     .length_ms = 3600000,
     .lacks[PH_TRACK_VIDEO] = true,
     .moved_ms = 2},
};

const size_t torture_row_count = sizeof(torture_rows) / sizeof(torture_rows[0]);
