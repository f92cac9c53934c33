/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_CHANNEL_FIXTURE_H
#define PHIEN_TESTS_CHANNEL_FIXTURE_H

#include "media_file.h"

#include <phien/core/log.h>
#include <phien/media/channel.h>
#include <string.h>

/*
 * A channel with a publisher in front of it and a sink behind it. Frames are real ones of
 * tests/golden/media with timestamps of the test's choice; the clock stands where the test puts
 * it. The sink holds every call to the contract of channel.h.
 */
enum { SEEN_PACKETS = 8192, SEEN_PROGRAMS = 64 };

struct seen_packet {
    enum ph_track_kind kind;
    int64_t pts;
    int64_t dts;
    int64_t duration;
    int size;
    const uint8_t *data;
    bool is_key;
    int program; /* index into programs */
};

struct seen_program {
    struct ph_program *program;
    ph_usec wall;
    bool discontinuity;
};

struct sink {
    struct seen_packet packets[SEEN_PACKETS];
    size_t count;
    size_t of_kind[PH_TRACK_KINDS];
    struct seen_program programs[SEEN_PROGRAMS];
    int programs_count;
    bool awaits_start;
    int pauses;
    int ends;
    int64_t last_dts[PH_TRACK_KINDS];
    AVRational last_base[PH_TRACK_KINDS];
};

struct fixture {
    struct ph_conf conf;
    struct ph_conf_channel channel_conf;
    struct ph_stats stats;
    struct ph_channel *channel;
    struct sink sink;
    struct ph_now now;
    struct media_file landscape; /* H.264 with B-frames, AAC at 48 kHz */
    struct media_file portrait;  /* H.264 of another size */
    struct ph_track *video;
    struct ph_track *rotated;
    struct ph_track *audio;
    struct ph_track *other_audio; /* AAC at 44.1 kHz */
    const struct media_file *camera;
    char log[65536];
};

#define START_MONO (5000 * PH_USEC_PER_S)
#define START_WALL (1700000000 * PH_USEC_PER_S)
#define ZERO_TO_START_MS 10000

static inline void on_sink_program(void *arg, struct ph_program *program, ph_usec wall,
                                   bool discontinuity)
{
    struct sink *sink = arg;

    assert_true(sink->programs_count < SEEN_PROGRAMS);
    sink->programs[sink->programs_count++] =
        (struct seen_program){ph_program_ref(program), wall, discontinuity};
    sink->awaits_start = program->video != NULL;
    if (program->video != NULL) {
        assert_true(program->video->par->width > 0);
    }
}

static inline void on_sink_packet(void *arg, const AVPacket *packet, ph_usec now)
{
    struct sink *sink = arg;
    enum ph_track_kind kind = (enum ph_track_kind)packet->stream_index;

    (void)now;
    assert_true(sink->programs_count > 0);
    const struct ph_program *program = sink->programs[sink->programs_count - 1].program;
    const struct ph_track *track = ph_program_track(program, packet->stream_index);
    assert_non_null(track);
    assert_int_equal(av_cmp_q(packet->time_base, track->time_base), 0);
    if (kind == PH_TRACK_VIDEO && sink->awaits_start) {
        assert_true(ph_track_is_random_access(track, packet));
        sink->awaits_start = false;
    }
    assert_true(packet->dts >= 0 && packet->pts >= packet->dts && packet->duration > 0);
    if (sink->of_kind[kind] > 0) {
        assert_true(av_compare_ts(packet->dts, packet->time_base, sink->last_dts[kind],
                                  sink->last_base[kind]) > 0);
    }
    sink->last_dts[kind] = packet->dts;
    sink->last_base[kind] = packet->time_base;
    sink->of_kind[kind]++;
    assert_true(sink->count < SEEN_PACKETS);
    sink->packets[sink->count++] = (struct seen_packet){
        .kind = kind,
        .pts = packet->pts,
        .dts = packet->dts,
        .duration = packet->duration,
        .size = packet->size,
        .data = packet->data,
        .is_key = (packet->flags & AV_PKT_FLAG_KEY) != 0,
        .program = sink->programs_count - 1,
    };
}

static inline void on_sink_pause(void *arg, ph_usec now)
{
    (void)now;
    ((struct sink *)arg)->pauses++;
}

static inline void on_sink_end(void *arg, ph_usec now)
{
    (void)now;
    ((struct sink *)arg)->ends++;
}

static const struct ph_sink_ops sink_ops = {on_sink_program, on_sink_packet, on_sink_pause,
                                            on_sink_end, NULL};

static inline void keep_line(void *arg, const char *line)
{
    struct fixture *f = arg;
    size_t used = strlen(f->log);

    snprintf(f->log + used, sizeof(f->log) - used, "%s\n", line);
}

static inline struct ph_track *make_track(const AVCodecParameters *par)
{
    struct ph_track *track;

    assert_int_equal(ph_track_create(&track, par), 0);
    return track;
}

static inline struct ph_track *make_audio_44100(const AVCodecParameters *like)
{
    AVCodecParameters *par = avcodec_parameters_alloc();

    assert_int_equal(avcodec_parameters_copy(par, like), 0);
    par->extradata[0] = 0x12;
    par->extradata[1] = 0x10;
    par->extradata_size = 2;
    struct ph_track *track = make_track(par);
    avcodec_parameters_free(&par);
    return track;
}

static inline int fixture_set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    *state = f;
    f->conf.publish.grace_s = 90;
    f->channel_conf = (struct ph_conf_channel){
        .name = "sinho", .key = "s3cret", .title = "Chợ phiên Sìn Hồ", .overlay_token = ""};
    f->channel = ph_channel_create(&f->conf, &f->channel_conf, &f->stats);
    f->now = (struct ph_now){START_MONO, START_WALL};
    media_file_open(&f->landscape, "h264_bframes_aac.mp4");
    media_file_open(&f->portrait, "h264_portrait.mp4");
    f->video = make_track(f->landscape.par[PH_TRACK_VIDEO]);
    f->audio = make_track(f->landscape.par[PH_TRACK_AUDIO]);
    f->rotated = make_track(f->portrait.par[PH_TRACK_VIDEO]);
    f->other_audio = make_audio_44100(f->landscape.par[PH_TRACK_AUDIO]);
    f->camera = &f->landscape;
    ph_channel_add_sink(f->channel, &sink_ops, &f->sink);
    ph_log_divert(keep_line, f);
    av_log_set_level(AV_LOG_QUIET);
    return 0;
}

static inline int fixture_tear_down(void **state)
{
    struct fixture *f = *state;

    ph_channel_destroy(&f->channel);
    for (int i = 0; i < f->sink.programs_count; i++) {
        ph_program_unref(&f->sink.programs[i].program);
    }
    ph_track_unref(&f->video);
    ph_track_unref(&f->audio);
    ph_track_unref(&f->rotated);
    ph_track_unref(&f->other_audio);
    media_file_close(&f->landscape);
    media_file_close(&f->portrait);
    ph_log_divert(NULL, NULL);
    free(f);
    return 0;
}

/* Moves the clocks to `ms` after the start; deadlines on the way are kept. */
static inline void clock_to(struct fixture *f, int64_t ms)
{
    ph_usec target = START_MONO + ms * PH_USEC_PER_MS;

    while (ph_channel_deadline(f->channel) <= target) {
        ph_usec at = ph_channel_deadline(f->channel);
        f->now.mono = at > f->now.mono ? at : f->now.mono;
        f->now.wall = START_WALL + (f->now.mono - START_MONO);
        ph_channel_tick(f->channel, f->now);
    }
    f->now.mono = target;
    f->now.wall = START_WALL + (target - START_MONO);
}

static inline int feed(struct fixture *f, const AVPacket *like, int64_t dts_ms)
{
    AVPacket *packet = av_packet_clone(like);

    assert_non_null(packet);
    packet->dts = dts_ms;
    packet->pts = dts_ms;
    packet->duration = 0;
    packet->time_base = (AVRational){1, 1000};
    int err = ph_channel_packet(f->channel, packet, f->now);
    av_packet_free(&packet);
    return err;
}

static inline int feed_key(struct fixture *f, int64_t ms)
{
    return feed(f, media_file_find(f->camera, PH_TRACK_VIDEO, true), ms);
}

static inline int feed_delta(struct fixture *f, int64_t ms)
{
    return feed(f, media_file_find(f->camera, PH_TRACK_VIDEO, false), ms);
}

static inline int feed_audio(struct fixture *f, int64_t ms)
{
    return feed(f, media_file_find(&f->landscape, PH_TRACK_AUDIO, true), ms);
}

/* What a session sends from `from` to `until` (ms of the clock), stamped `base` later. */
struct show {
    bool has_video;
    bool has_audio;
    int64_t base_ms;
    int64_t gop_ms;
};

static inline void publish(struct fixture *f, const struct show *show, int64_t from, int64_t until)
{
    for (int64_t ms = from; ms < until; ms++) {
        bool is_video = show->has_video && ms % 40 == 0;
        bool is_audio = show->has_audio && ms * 3 % 64 < 3;
        if (!is_video && !is_audio) {
            continue;
        }
        clock_to(f, ms);
        if (is_video) {
            assert_int_equal(ms % show->gop_ms == 0 ? feed_key(f, show->base_ms + ms)
                                                    : feed_delta(f, show->base_ms + ms),
                             0);
        }
        if (is_audio) {
            assert_int_equal(feed_audio(f, show->base_ms + ms), 0);
        }
    }
}

/* A session with both tracks. */
static inline void begin_both(struct fixture *f, const char *session)
{
    ph_channel_begin(f->channel, session, f->now);
    ph_channel_track(f->channel, f->video, f->now);
    ph_channel_track(f->channel, f->audio, f->now);
}

static inline struct ph_channel_status status_of(const struct fixture *f)
{
    struct ph_channel_status status;

    ph_channel_get_status(f->channel, &status);
    return status;
}

/* A packet's date in milliseconds since the start. */
static inline double date_of(const struct fixture *f, const struct seen_packet *packet)
{
    const struct seen_program *on_air = &f->sink.programs[packet->program];
    const struct ph_track *track = ph_program_track(on_air->program, (int)packet->kind);

    return (double)(on_air->wall - START_WALL) / 1000 +
           (double)packet->pts * 1000 * av_q2d(track->time_base);
}

static inline int64_t stat_of(const struct fixture *f, enum ph_stat stat)
{
    return atomic_load(&f->stats.value[stat]);
}

#endif
