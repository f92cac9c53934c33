/* SPDX-License-Identifier: Apache-2.0 */
/* Publishers who send no sound to viewers who have had some, and those who send it again. */
#include "channel_fixture.h"

#include <phien/media/silence.h>

#include <math.h>

static const struct show both = {.has_video = true, .has_audio = true, .gop_ms = 1000};
static const struct show video_only = {.has_video = true, .gop_ms = 1000};

static struct ph_slate *slate;

static int set_up(void **state)
{
    fixture_set_up(state);
    struct fixture *f = *state;

    assert_int_equal(ph_slate_create(&slate), PH_OK);
    ph_channel_use_slate(f->channel, slate);
    return 0;
}

static int tear_down(void **state)
{
    fixture_tear_down(state);
    ph_slate_destroy(&slate);
    return 0;
}

static void begin_video(struct fixture *f, const char *session)
{
    ph_channel_begin(f->channel, session, f->now);
    ph_channel_track(f->channel, f->video, f->now);
}

static const struct ph_program *newest_program(const struct fixture *f)
{
    assert_true(f->sink.programs_count > 0);
    return f->sink.programs[f->sink.programs_count - 1].program;
}

/* How far the newest sound begins after the newest picture. */
static double sound_ahead(const struct fixture *f)
{
    double at[PH_TRACK_KINDS] = {0};

    for (size_t i = 0; i < f->sink.count; i++) {
        at[f->sink.packets[i].kind] = date_of(f, &f->sink.packets[i]);
    }
    return at[PH_TRACK_AUDIO] - at[PH_TRACK_VIDEO];
}

/* From the newest packet of sound back: frames of 1024 samples without a hole, all silence. */
static void check_silence(const struct fixture *f, size_t least)
{
    AVPacket *silence = ph_silence_create(newest_program(f)->audio);
    int program = f->sink.programs_count - 1;
    int64_t next = 0;
    size_t count = 0;

    for (size_t i = f->sink.count; i > 0; i--) {
        const struct seen_packet *packet = &f->sink.packets[i - 1];
        if (packet->kind != PH_TRACK_AUDIO || packet->program != program) {
            continue;
        }
        assert_int_equal(packet->size, silence->size);
        assert_memory_equal(packet->data, silence->data, (size_t)silence->size);
        assert_true(count == 0 || packet->dts + 1024 == next);
        next = packet->dts;
        count++;
    }
    av_packet_free(&silence);
    assert_in_range(count, least, least + 2);
}

static void pictures_alone_are_given_silence(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 3000);
    assert_false(newest_program(f)->is_mute);
    ph_channel_end(f->channel, false, f->now);
    begin_video(f, "a2");
    publish(f, &video_only, 3000, 13000); /* two seconds of them wait for sound, and come then */
    assert_true(newest_program(f)->is_mute);
    assert_true(ph_track_equal(newest_program(f)->audio, f->audio)); /* no new init segment */
    assert_null(ph_program_sound(newest_program(f)));
    check_silence(f, 9960 * 48 / 1024);
    assert_true(fabs(sound_ahead(f)) < 65);
    assert_int_equal(status_of(f).packets[PH_TRACK_AUDIO], 0);
    assert_non_null(strstr(f->log, "session=a2 video=h264 audio=none"));
    /* The slate has sound as well, then. */
    assert_int_equal(status_of(f).slate, PH_SLATE_LANDSCAPE);
}

static void sound_takes_the_place_of_silence(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 3000);
    ph_channel_end(f->channel, false, f->now);
    begin_video(f, "a2");
    publish(f, &video_only, 3000, 8000);
    assert_true(newest_program(f)->is_mute);
    ph_channel_track(f->channel, f->audio, f->now); /* the microphone is found */
    publish(f, &both, 8000, 12000);
    assert_false(newest_program(f)->is_mute);
    assert_ptr_equal(ph_program_sound(newest_program(f)), newest_program(f)->audio);
    assert_true(fabs(sound_ahead(f)) < 65);
}

static void silence_jumps_with_the_pictures(void **state)
{
    struct fixture *f = *state;
    struct show later = video_only;

    later.base_ms = 3600000;
    begin_both(f, "a1");
    publish(f, &both, 0, 3000);
    ph_channel_end(f->channel, false, f->now);
    begin_video(f, "a2");
    publish(f, &video_only, 3000, 8000);
    publish(f, &later, 8000, 12000);
    assert_true(newest_program(f)->is_mute);
    assert_true(fabs(sound_ahead(f)) < 65);
    assert_true(fabs(date_of(f, &f->sink.packets[f->sink.count - 1]) - 11960) < 200);
}

static void who_never_heard_anything_misses_nothing(void **state)
{
    struct fixture *f = *state;

    begin_video(f, "a1");
    publish(f, &video_only, 0, 4000);
    assert_null(newest_program(f)->audio);
    assert_false(newest_program(f)->is_mute);
    assert_int_equal(f->sink.of_kind[PH_TRACK_AUDIO], 0);
}

static void after_the_end_viewers_begin_anew(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 3000);
    ph_channel_end(f->channel, false, f->now);
    clock_to(f, 3000 + 90000);
    assert_int_equal(f->sink.ends, 1);
    begin_video(f, "a2");
    publish(f, &video_only, 94000, 98000);
    assert_null(newest_program(f)->audio);
}

static void after_a_restart_the_slate_has_been_heard(void **state)
{
    struct fixture *f = *state;

    ph_channel_resume(f->channel, PH_SLATE_PORTRAIT, PH_USEC_PER_S, f->now);
    clock_to(f, 1000);
    begin_video(f, "a1");
    publish(f, &video_only, 1000, 5000);
    assert_true(newest_program(f)->is_mute);
}

/* At 44.1 kHz a frame is no whole number of ticks; many of them must not drift. */
static void silence_does_not_drift(void **state)
{
    struct fixture *f = *state;

    ph_channel_use_slate(f->channel, NULL); /* it needs none */
    begin_both(f, "a1");
    ph_channel_track(f->channel, f->other_audio, f->now);
    publish(f, &both, 0, 1000);
    ph_channel_end(f->channel, false, f->now);
    begin_video(f, "a2");
    publish(f, &video_only, 1000, 61000);
    assert_true(newest_program(f)->is_mute);
    assert_int_equal(newest_program(f)->audio->par->sample_rate, 44100);
    check_silence(f, (size_t)(59960 * 44.1 / 1024));
    assert_true(fabs(sound_ahead(f)) < 65);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pictures_alone_are_given_silence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sound_takes_the_place_of_silence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(silence_jumps_with_the_pictures, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_never_heard_anything_misses_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(after_the_end_viewers_begin_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(after_a_restart_the_slate_has_been_heard, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(silence_does_not_drift, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
