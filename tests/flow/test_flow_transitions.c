/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A channel's programs follow each other in any order, with pauses, jumps and holes between them
 * and sound that comes and goes: after each change all playlists are read as strict players do.
 */
#include "watcher.h"

#include "../unit/package/media_fixture.h"

#include <phien/core/log.h>
#include <phien/media/channel.h>
#include <phien/package/packager.h>

#define MS PH_USEC_PER_MS
#define S PH_USEC_PER_S
#define WALL (INT64_C(1785837600) * S)

enum { MEDIA = 4, WITH_SILENCE = 3 };

/* The last one's sound has no silence that is known, and MPEG-TS cannot carry the one before. */
static const char *const files[MEDIA] = {"h264_bframes_aac.mp4", "h264_portrait.mp4",
                                         "av1_opus.mp4", "hevc_ac3.mp4"};

struct stage {
    struct ph_conf conf;
    struct ph_stats stats;
    struct ph_packager *packager;
    struct watcher watcher;
    struct media media[MEDIA];
    int on; /* which is on air; -1: none */
    bool has_audio;
    bool is_muted;
    bool is_sound_over; /* the channel ended, and there was no sound since */
    ph_usec at;         /* on the timeline */
    ph_usec shift;      /* of the media's own times */
    ph_usec mono;
    int64_t cues;
    uint32_t random;
};

static void on_snapshot(void *arg, struct ph_snapshot *snapshot)
{
    watcher_take(&((struct stage *)arg)->watcher, snapshot);
}

static const struct ph_packager_ops ops = {.on_snapshot = on_snapshot};

static int set_up(void **state)
{
    struct stage *stage = ph_new(struct stage);

    stage->conf.hls.part_ms = 250;
    stage->conf.hls.segment_ms = 2000;
    stage->conf.hls.window_s = 30;
    stage->conf.hls.max_channel_bytes = 64 << 20;
    stage->conf.hls.mpegts = true;
    stage->packager =
        ph_packager_create(&stage->conf, "sinho", "e1", WALL, &stage->stats, &ops, stage);
    watcher_init(&stage->watcher);
    for (int i = 0; i < MEDIA; i++) {
        media_open(&stage->media[i], files[i]);
    }
    for (int r = PH_RENDITION_AV; r < PH_RENDITION_COUNT; r++) {
        ph_packager_want(stage->packager, (enum ph_rendition)r, true);
    }
    stage->on = -1;
    stage->at = 10 * S;
    stage->random = 1;
    *state = stage;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *stage = *state;

    ph_packager_destroy(&stage->packager);
    watcher_fini(&stage->watcher);
    for (int i = 0; i < MEDIA; i++) {
        media_close(&stage->media[i]);
    }
    free(stage);
    return 0;
}

static unsigned random_below(struct stage *stage, unsigned limit)
{
    stage->random = stage->random * 1103515245u + 12345u;
    return (stage->random >> 8) % limit;
}

/* The media begin at their first key frame again, `gap` after what was on air before. */
static void begin(struct stage *stage, int which, bool has_audio, ph_usec gap, bool is_break)
{
    struct media *m = &stage->media[which];
    struct ph_program *program = ph_program_create(m->video, has_audio ? m->audio : NULL);

    memset(m->next, 0, sizeof(m->next));
    stage->on = which;
    stage->has_audio = has_audio && m->audio != NULL;
    stage->is_muted = false;
    stage->is_sound_over = stage->is_sound_over && !stage->has_audio;
    stage->at += gap;
    AVPacket *first = media_endless(m, PH_TRACK_VIDEO, 0);
    stage->shift = stage->at - av_rescale_q(first->dts, first->time_base, AV_TIME_BASE_Q);
    av_packet_free(&first);
    ph_packager_sink.on_program(stage->packager, program, WALL, is_break);
    ph_program_unref(&program);
}

static void pause_it(struct stage *stage)
{
    ph_packager_sink.on_pause(stage->packager, stage->mono);
    stage->on = -1;
}

static void play(struct stage *stage, ph_usec duration)
{
    struct media *m = &stage->media[stage->on];
    ph_usec end = stage->at + duration;

    while (stage->at < end) {
        AVPacket *packet = media_next(m);
        ph_usec dts = av_rescale_q(packet->dts, packet->time_base, AV_TIME_BASE_Q);
        bool is_audio = packet->stream_index == PH_TRACK_AUDIO;
        packet->dts += av_rescale_q(stage->shift, AV_TIME_BASE_Q, packet->time_base);
        packet->pts += av_rescale_q(stage->shift, AV_TIME_BASE_Q, packet->time_base);
        stage->at = is_audio ? stage->at : dts + stage->shift;
        stage->mono += 10 * MS;
        if (!is_audio || (stage->has_audio && !stage->is_muted)) {
            ph_packager_sink.on_packet(stage->packager, packet, stage->mono);
        }
        av_packet_free(&packet);
    }
}

static void hole(struct stage *stage, ph_usec duration)
{
    stage->shift += duration;
    stage->at += duration;
}

static void change_cue(struct stage *stage)
{
    char text[64];
    char caption[32];

    stage->cues++;
    snprintf(text, sizeof(text), ",X-A=\"%" PRId64 "\"", stage->cues);
    snprintf(caption, sizeof(caption), "card %" PRId64, stage->cues);
    struct ph_cue *cue = ph_cue_create(PH_CUE_CARD, stage->cues, "{}", caption, text);
    ph_packager_sink.on_cue(stage->packager, cue);
    ph_cue_unref(&cue);
}

static int64_t next_msn(struct stage *stage, enum ph_rendition rendition)
{
    struct ph_snapshot *snapshot = ph_packager_snapshot(stage->packager, rendition);

    if (snapshot == NULL) {
        fail_msg("%s: nothing is listed any more", ph_rendition_name(rendition));
    }
    int64_t msn = snapshot->next_msn;
    ph_snapshot_unref(&snapshot);
    return msn;
}

/* At rest they have come as far as each other. */
static void check_in_step(struct stage *stage)
{
    int64_t msn = ph_packager_next_msn(stage->packager);

    assert_int_equal(next_msn(stage, PH_RENDITION_AV), msn);
    assert_int_equal(next_msn(stage, PH_RENDITION_CARDS), msn);
    assert_int_equal(next_msn(stage, PH_RENDITION_TS), msn);
    if (!stage->is_sound_over) {
        assert_int_equal(next_msn(stage, PH_RENDITION_AUDIO), msn);
    }
}

static void test_lost_slate_and_back(void **state)
{
    struct stage *stage = *state;

    begin(stage, 0, true, 0, true);
    play(stage, 7 * S);
    for (int i = 0; i < 12; i++) {
        int64_t hint = watcher_hint(&stage->watcher, PH_RENDITION_AV);
        pause_it(stage);
        check_in_step(stage);
        assert_true(watcher_hint(&stage->watcher, PH_RENDITION_AV) > hint);
        /* The slate, with and without sound, then the seller: no pause between the two. */
        begin(stage, 1, i % 2 == 0, 3 * S, true);
        play(stage, 4 * S + i * 130 * MS);
        begin(stage, 0, true, 40 * MS, true);
        play(stage, 5 * S + i * 70 * MS);
    }
    pause_it(stage);
    check_in_step(stage);
    assert_true(stage->watcher.renditions[PH_RENDITION_AV].abandoned >= 24);
    assert_true(stage->watcher.renditions[PH_RENDITION_AUDIO].abandoned >= 24);
}

/* A session that ends just after a boundary, which its sound has not reached yet. */
static void test_sound_ends_before_the_boundary(void **state)
{
    struct stage *stage = *state;

    for (int i = 0; i < 20; i++) {
        begin(stage, 0, true, 500 * MS, true);
        play(stage, 1500 * MS + i * 50 * MS);
        stage->is_muted = true;
        play(stage, 50 * MS + i * 40 * MS);
        pause_it(stage);
        check_in_step(stage);
    }
}

/* The dates of the audio playlist go on with those of the pictures. */
static void test_sound_stops_for_a_while(void **state)
{
    struct stage *stage = *state;

    begin(stage, 0, true, 0, true);
    for (int i = 0; i < 10; i++) {
        play(stage, 3 * S);
        stage->is_muted = true;
        play(stage, 300 * MS + i * 700 * MS);
        stage->is_muted = false;
    }
    play(stage, 5 * S);
    pause_it(stage);
    check_in_step(stage);
}

/* The sound of a session begins long before its first picture. */
static void test_sound_comes_first(void **state)
{
    struct stage *stage = *state;
    struct media *m = &stage->media[0];

    begin(stage, 0, true, 5 * S, true);
    for (int i = 0; i < 35; i++) {
        AVPacket *packet = media_endless(m, PH_TRACK_AUDIO, (size_t)i);
        packet->dts +=
            av_rescale_q(stage->shift, AV_TIME_BASE_Q, packet->time_base) - 35 * packet->duration;
        packet->pts = packet->dts;
        ph_packager_sink.on_packet(stage->packager, packet, stage->mono);
        av_packet_free(&packet);
    }
    play(stage, 9 * S);
    pause_it(stage);
    check_in_step(stage);
}

/* Off and on again without sound, from the first session on or from a later one. */
static void test_sellers_without_a_microphone(void **state)
{
    struct stage *stage = *state;

    begin(stage, 0, false, 0, true);
    play(stage, 6 * S);
    for (int i = 0; i < 5; i++) {
        begin(stage, i % 2, true, 700 * MS, true);
        play(stage, 5 * S);
        begin(stage, i % 2, false, 700 * MS, true);
        play(stage, 5 * S);
        pause_it(stage);
        check_in_step(stage);
    }
}

static void step(struct stage *stage, int media)
{
    unsigned what = random_below(stage, 10);
    ph_usec gap = 20 * MS + (ph_usec)random_below(stage, 4000) * MS;
    int which = (int)random_below(stage, (unsigned)media);

    if (stage->on < 0 || what < 3) {
        begin(stage, which, random_below(stage, 3) > 0, gap, true);
    } else if (what == 3) {
        begin(stage, stage->on, stage->has_audio, 33 * MS, false);
    } else if (what == 4) {
        hole(stage, 2500 * MS + gap);
    } else if (what == 5) {
        /* With AC-3 nothing can be made before its first packet: the init segment needs it. */
        stage->is_muted = !stage->is_muted && stage->on < WITH_SILENCE;
    } else if (what == 6) {
        change_cue(stage);
    } else {
        pause_it(stage);
        if (media <= 2) {
            check_in_step(stage);
        }
        if (what == 9) {
            ph_packager_sink.on_end(stage->packager, stage->mono);
            stage->is_sound_over = true;
        }
        return;
    }
    play(stage, 100 * MS + (ph_usec)random_below(stage, 5000) * MS);
}

static void test_anything_after_anything(void **state)
{
    struct stage *stage = *state;
    static const int media[] = {2, WITH_SILENCE, MEDIA};

    for (uint32_t seed = 1; seed <= 6; seed++) {
        tear_down(state);
        set_up(state);
        stage = *state;
        stage->random = seed * 2654435761u;
        int count = media[seed % 3];
        stage->watcher.is_sound_free = count == MEDIA;
        begin(stage, 0, true, 0, true);
        play(stage, 5 * S);
        for (int i = 0; i < 60; i++) {
            step(stage, count);
        }
        print_message("seed %u: %zu playlists, %zu hints given up\n", seed, stage->watcher.lists,
                      stage->watcher.renditions[PH_RENDITION_AV].abandoned);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_lost_slate_and_back),          TEST(test_sound_ends_before_the_boundary),
        TEST(test_sound_stops_for_a_while),      TEST(test_sound_comes_first),
        TEST(test_sellers_without_a_microphone), TEST(test_anything_after_anything),
    };

    av_log_set_level(AV_LOG_QUIET);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
