/* SPDX-License-Identifier: Apache-2.0 */
/* What a channel shows while nobody is there: when it begins and ends, in what time and place. */
#include "channel_fixture.h"

#include <inttypes.h>
#include <math.h>

static const struct show both = {.has_video = true, .has_audio = true, .gop_ms = 1000};
static const struct show video_only = {.has_video = true, .gop_ms = 1000};
static const struct show audio_only = {.has_audio = true, .gop_ms = 1000};

static struct ph_slate *slate;

/* Target duration 2 s, so the slate begins after 3 s. */
static int set_up(void **state)
{
    fixture_set_up(state);
    struct fixture *f = *state;

    ph_channel_remove_sink(f->channel, &f->sink);
    ph_channel_destroy(&f->channel);
    f->conf.hls.segment_ms = 2000;
    f->conf.hls.window_s = 30;
    f->conf.publish.linger_s = 15;
    f->channel = ph_channel_create(&f->conf, &f->channel_conf, &f->stats);
    ph_channel_add_sink(f->channel, &sink_ops, &f->sink);
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

static const struct seen_program *newest_program(const struct fixture *f)
{
    assert_true(f->sink.programs_count > 0);
    return &f->sink.programs[f->sink.programs_count - 1];
}

static bool shows_slate(const struct fixture *f)
{
    return newest_program(f)->program->is_slate;
}

/* Packets of a kind in a program. */
static int count_in(const struct fixture *f, int program, enum ph_track_kind kind)
{
    int count = 0;

    for (size_t i = 0; i < f->sink.count; i++) {
        const struct seen_packet *packet = &f->sink.packets[i];
        count += packet->program == program && packet->kind == kind ? 1 : 0;
    }
    return count;
}

static const struct seen_packet *first_in(const struct fixture *f, int program,
                                          enum ph_track_kind kind)
{
    for (size_t i = 0; i < f->sink.count; i++) {
        if (f->sink.packets[i].program == program && f->sink.packets[i].kind == kind) {
            return &f->sink.packets[i];
        }
    }
    fail_msg("no packet of kind %d in program %d", (int)kind, program);
    return NULL;
}

static const struct seen_packet *last_in(const struct fixture *f, int program,
                                         enum ph_track_kind kind)
{
    for (size_t i = f->sink.count; i > 0; i--) {
        if (f->sink.packets[i - 1].program == program && f->sink.packets[i - 1].kind == kind) {
            return &f->sink.packets[i - 1];
        }
    }
    fail_msg("no packet of kind %d in program %d", (int)kind, program);
    return NULL;
}

static void check_date(const struct fixture *f, const struct seen_packet *packet, double ms,
                       double off)
{
    double date = date_of(f, packet);

    if (date < ms - off || date > ms + off) {
        fail_msg("a packet of kind %d in program %d is dated %.2f ms, not %.2f", (int)packet->kind,
                 packet->program, date, ms);
    }
}

/* All that was sent in a program lies behind all that was sent before it, and so do its dates. */
static void check_order(const struct fixture *f)
{
    double end = 0;
    double end_date = 0;
    double start = 0;
    int program = 0;

    for (size_t i = 0; i < f->sink.count; i++) {
        const struct seen_packet *packet = &f->sink.packets[i];
        const struct ph_track *track =
            ph_program_track(f->sink.programs[packet->program].program, (int)packet->kind);
        double unit = 1000 * av_q2d(track->time_base);
        double at = (double)packet->dts * unit;
        double date = date_of(f, packet);
        if (packet->program != program) {
            program = packet->program;
            start = end;
            if (date < end_date - 1) {
                fail_msg("program %d begins at %.2f ms, the one before ended at %.2f", program,
                         date, end_date);
            }
        }
        if (at < start - 1) {
            fail_msg("packet %zu lies %.2f ms before the end of the program before", i, start - at);
        }
        end = fmax(end, at + (double)packet->duration * unit);
        end_date = fmax(end_date, date + (double)packet->duration * unit);
    }
}

static void it_begins_when_players_would_give_up(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 3000); /* the last picture is of 2960, the last sound of 2987 */
    ph_channel_end(f->channel, false, f->now);
    assert_int_equal(status_of(f).slate, PH_SLATE_LANDSCAPE);
    assert_true(status_of(f).is_away);
    clock_to(f, 5980);
    assert_int_equal(f->sink.programs_count, 1);
    clock_to(f, 6000);
    assert_int_equal(f->sink.programs_count, 2);
    assert_true(shows_slate(f));
    assert_true(newest_program(f)->discontinuity);
    assert_int_equal(f->sink.pauses, 1);
    assert_false(status_of(f).is_on_air);
    assert_true(status_of(f).is_away);
    assert_false(status_of(f).program->is_slate);
    check_date(f, first_in(f, 1, PH_TRACK_VIDEO), 5987, 1);
    check_date(f, first_in(f, 1, PH_TRACK_AUDIO), 5987, 1);
    assert_true(first_in(f, 1, PH_TRACK_VIDEO)->is_key);
    check_order(f);
    assert_non_null(
        strstr(f->log, "event=slate.begin channel=sinho form=landscape silent_ms=3000\n"));
    assert_int_equal(stat_of(f, PH_STAT_CHANNELS_ON_AIR), 0);
}

static void it_goes_on_in_real_time(void **state)
{
    struct fixture *f = *state;
    int ticks = 0;

    begin_both(f, "a1");
    publish(f, &both, 0, 3000);
    ph_channel_end(f->channel, false, f->now);
    clock_to(f, 6000);
    for (int64_t ms = 6000; ms < 26000; ms++) {
        ticks += ph_channel_deadline(f->channel) <= START_MONO + (ms + 1) * PH_USEC_PER_MS ? 1 : 0;
        clock_to(f, ms + 1);
        double ahead = date_of(f, last_in(f, 1, PH_TRACK_VIDEO)) - (double)(ms + 1);
        if (ahead > 1 || ahead < -41) {
            fail_msg("at %" PRId64 " ms the newest picture is of %.2f ms later", ms + 1, ahead);
        }
        ahead = date_of(f, last_in(f, 1, PH_TRACK_AUDIO)) - (double)(ms + 1);
        if (ahead > 41 || ahead < -41) {
            fail_msg("at %" PRId64 " ms the newest sound is of %.2f ms later", ms + 1, ahead);
        }
    }
    assert_in_range(ticks, 20 * 25 - 1, 20 * 25 + 1);
    assert_in_range(count_in(f, 1, PH_TRACK_VIDEO), 500, 502);
    check_order(f);
}

static void she_comes_back_at_her_first_key_frame(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 3000);
    ph_channel_end(f->channel, false, f->now);
    clock_to(f, 10000);
    begin_both(f, "a2");
    publish(f, &both, 10400, 11000); /* mid-GOP: the slate stays */
    assert_int_equal(f->sink.programs_count, 2);
    check_date(f, last_in(f, 1, PH_TRACK_VIDEO), 10980, 41);
    assert_false(status_of(f).is_on_air);
    assert_true(status_of(f).is_publishing);
    publish(f, &both, 11000, 13000);
    assert_true(status_of(f).is_on_air);
    assert_false(status_of(f).is_away);
    assert_int_equal(f->sink.programs_count, 3);
    assert_false(shows_slate(f));
    assert_true(newest_program(f)->discontinuity);
    assert_int_equal(f->sink.pauses, 1); /* nothing is between the slate and her */
    check_date(f, first_in(f, 2, PH_TRACK_VIDEO), 11000, 45);
    check_date(f, last_in(f, 2, PH_TRACK_VIDEO), 12960, 45);
    assert_true(fabs(status_of(f).av_offset_ms) < 45);
    check_order(f);
    assert_non_null(strstr(f->log, "event=slate.end channel=sinho shown_ms=5013 next=seller\n"));
    /* Without an interruption nothing of this comes again. */
    publish(f, &both, 13000, 23000);
    assert_int_equal(f->sink.programs_count, 3);
}

static void a_session_that_stalls_waits_anew(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 5000);
    clock_to(f, 9000);
    assert_true(shows_slate(f));
    assert_int_equal(f->sink.pauses, 1);
    assert_int_equal(stat_of(f, PH_STAT_CHANNELS_ON_AIR), 0);
    assert_false(status_of(f).is_on_air);
    assert_true(status_of(f).is_publishing);
    publish(f, &both, 9400, 10000); /* mid-GOP */
    assert_true(shows_slate(f));
    publish(f, &both, 10000, 12000);
    assert_false(shows_slate(f));
    assert_true(status_of(f).is_on_air);
    assert_int_equal(stat_of(f, PH_STAT_CHANNELS_ON_AIR), 1);
    assert_int_equal(status_of(f).jumps, 0);
    check_date(f, first_in(f, 2, PH_TRACK_VIDEO), 10000, 45);
    check_date(f, last_in(f, 2, PH_TRACK_VIDEO), 11960, 45);
    assert_true(fabs(status_of(f).av_offset_ms) < 45);
    assert_int_equal(f->sink.programs_count, 3);
    check_order(f);
    /* And again, by when all that it had to find out is known. */
    clock_to(f, 18000);
    assert_true(shows_slate(f));
    publish(f, &both, 18000, 20000);
    assert_int_equal(f->sink.programs_count, 5);
    assert_int_equal(f->sink.pauses, 2);
    check_order(f);
}

/* A phone that had lost its network sends what it had kept, faster than it was taken. */
static void what_was_kept_in_a_stall_comes_as_a_burst(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 5000);
    clock_to(f, 10000);
    for (int64_t ms = 5000; ms < 10000; ms += 40) { /* all at once */
        assert_int_equal(ms % 1000 == 0 ? feed_key(f, ms) : feed_delta(f, ms), 0);
        assert_int_equal(feed_audio(f, ms), 0);
    }
    assert_false(shows_slate(f));
    check_order(f);
    /* The first picture is of the burst's beginning, the second key frame a second later. */
    check_date(f, first_in(f, 2, PH_TRACK_VIDEO), 10000, 45);
    publish(f, &both, 10000, 12000);
    assert_int_equal(f->sink.programs_count, 3);
    assert_true(fabs(status_of(f).av_offset_ms) < 90);
    check_order(f);
}

/* The same when the burst begins in the middle of a GOP. */
static void a_burst_is_dated_by_its_first_key_frame(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 5200);
    clock_to(f, 10000);
    for (int64_t ms = 5200; ms < 10000; ms += 40) {
        assert_int_equal(ms % 1000 == 0 ? feed_key(f, ms) : feed_delta(f, ms), 0);
        assert_int_equal(feed_audio(f, ms), 0);
    }
    check_date(f, first_in(f, 2, PH_TRACK_VIDEO), 10000, 45);
    check_order(f);
    publish(f, &both, 10000, 12000);
    assert_int_equal(status_of(f).jumps, 0);
    assert_int_equal(f->sink.programs_count, 3);
    check_order(f);
}

/* Either track alone is a sign of life. */
static void one_track_is_enough(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 3000);
    publish(f, &audio_only, 3000, 13000);
    assert_int_equal(f->sink.programs_count, 1);
    publish(f, &video_only, 13000, 23000);
    assert_int_equal(f->sink.programs_count, 1);
    assert_true(status_of(f).is_on_air);
}

/* Packets that cannot be shown are none to viewers. */
static void frames_without_a_key_frame_are_silence(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 3000);
    ph_channel_track(f->channel, f->rotated, f->now);
    ph_channel_track(f->channel, f->other_audio, f->now);
    f->camera = &f->portrait;
    struct show show = both;
    show.gop_ms = 8000;
    publish(f, &show, 3000, 7900);
    assert_true(shows_slate(f));
    publish(f, &show, 8000, 9000);
    assert_false(shows_slate(f));
    assert_int_equal(newest_program(f)->program->video->par->height, 96);
    assert_int_equal(newest_program(f)->program->audio->par->sample_rate, 44100);
    check_order(f);
    ph_channel_end(f->channel, false, f->now);
    clock_to(f, 13000);
    assert_int_equal(status_of(f).slate, PH_SLATE_PORTRAIT);
    assert_int_equal(newest_program(f)->program->video->par->width, 720);
    check_order(f);
}

/* A loop that stood still has not read what has come meanwhile. */
static void who_was_late_looks_again(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 5000);
    f->now.mono += 6 * PH_USEC_PER_S;
    f->now.wall += 6 * PH_USEC_PER_S;
    ph_channel_tick(f->channel, f->now);
    assert_true(status_of(f).is_on_air);
    publish(f, &both, 11000, 12000);
    assert_null(strstr(f->log, "slate"));
    clock_to(f, 16000);
    assert_true(shows_slate(f));
}

static void what_was_missed_is_not_shown(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 3000);
    ph_channel_end(f->channel, false, f->now);
    clock_to(f, 10000);
    /* A little late: it is made up for. */
    f->now.mono += 900 * PH_USEC_PER_MS;
    f->now.wall += 900 * PH_USEC_PER_MS;
    int before = count_in(f, 1, PH_TRACK_VIDEO);
    ph_channel_tick(f->channel, f->now);
    assert_in_range(count_in(f, 1, PH_TRACK_VIDEO) - before, 22, 23);
    assert_int_equal(f->sink.programs_count, 2);
    /* Too late: it begins anew, at its true date. */
    f->now.mono += 20 * PH_USEC_PER_S;
    f->now.wall += 20 * PH_USEC_PER_S;
    ph_channel_tick(f->channel, f->now);
    assert_int_equal(f->sink.programs_count, 3);
    assert_true(shows_slate(f));
    assert_true(newest_program(f)->discontinuity);
    assert_int_equal(count_in(f, 2, PH_TRACK_VIDEO), 1);
    check_date(f, first_in(f, 2, PH_TRACK_VIDEO), 30900, 1);
    assert_true(first_in(f, 2, PH_TRACK_VIDEO)->is_key);
    clock_to(f, 40000);
    assert_int_equal(f->sink.programs_count, 3);
    check_order(f);
}

static void it_is_over_when_nobody_comes_back(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 3000);
    ph_channel_end(f->channel, false, f->now);
    ph_usec end = f->now.mono + 90 * PH_USEC_PER_S;
    clock_to(f, (end - START_MONO) / 1000 - 1);
    assert_int_equal(f->sink.ends, 0);
    assert_true(status_of(f).is_expected);
    clock_to(f, (end - START_MONO) / 1000);
    assert_int_equal(f->sink.pauses, 2);
    assert_int_equal(f->sink.ends, 1);
    assert_false(status_of(f).is_expected);
    assert_false(status_of(f).is_away);
    assert_int_equal(ph_channel_deadline(f->channel), PH_USEC_NEVER);
    check_date(f, last_in(f, 1, PH_TRACK_VIDEO), 93000, 60);
    assert_non_null(strstr(f->log, "next=end\n"));
    assert_non_null(strstr(f->log, "event=channel.end channel=sinho after_ms=90000\n"));
    /* A session that comes later meets no slate. */
    begin_both(f, "a2");
    publish(f, &both, 120000, 122000);
    assert_int_equal(f->sink.programs_count, 3);
    assert_false(shows_slate(f));
    check_order(f);
}

static void who_said_good_bye_is_waited_for_less_long(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 3000);
    clock_to(f, 3000);
    ph_channel_end(f->channel, true, f->now);
    clock_to(f, 17999);
    assert_true(shows_slate(f));
    assert_int_equal(f->sink.ends, 0);
    clock_to(f, 18000);
    assert_int_equal(f->sink.ends, 1);
}

/* The grace period begins with the session's end, however long it had been silent. */
static void grace_is_counted_from_the_sessions_end(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 3000);
    clock_to(f, 13000); /* ingest's idle timeout */
    assert_true(shows_slate(f));
    ph_channel_end(f->channel, false, f->now);
    assert_int_equal(f->sink.pauses, 1); /* of the stall */
    clock_to(f, 102999);
    assert_int_equal(f->sink.ends, 0);
    assert_int_equal(f->sink.programs_count, 2);
    clock_to(f, 103000);
    assert_int_equal(f->sink.ends, 1);
}

static void a_shorter_grace_than_patience_shows_nothing(void **state)
{
    struct fixture *f = *state;

    f->conf.publish.grace_s = 2;
    ph_channel_remove_sink(f->channel, &f->sink);
    ph_channel_destroy(&f->channel);
    f->channel = ph_channel_create(&f->conf, &f->channel_conf, &f->stats);
    ph_channel_add_sink(f->channel, &sink_ops, &f->sink);
    ph_channel_use_slate(f->channel, slate);
    begin_both(f, "a1");
    publish(f, &both, 0, 3000);
    ph_channel_end(f->channel, false, f->now);
    clock_to(f, 60000);
    assert_int_equal(f->sink.programs_count, 1);
    assert_int_equal(f->sink.ends, 1);
    assert_int_equal(ph_channel_deadline(f->channel), PH_USEC_NEVER);
}

static void the_server_ends_while_it_shows(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 3000);
    ph_channel_end(f->channel, false, f->now);
    clock_to(f, 10000);
    assert_true(shows_slate(f));
    assert_int_equal(f->sink.pauses, 1);
    ph_channel_shut(f->channel, f->now);
    assert_int_equal(f->sink.pauses, 2);
    assert_int_equal(f->sink.ends, 0);
    assert_true(status_of(f).is_expected); /* in the next run */
    assert_non_null(strstr(f->log, "next=shutdown\n"));
}

/* Her picture is there and her second track is not: nothing else is shown any more. */
static void it_makes_room_for_a_second_track(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 3000);
    ph_channel_end(f->channel, false, f->now);
    clock_to(f, 10000);
    begin_both(f, "a2");
    publish(f, &video_only, 10400, 14000); /* on air at 12.4 s */
    assert_int_equal(f->sink.programs_count, 3);
    assert_true(newest_program(f)->program->is_mute);
    check_date(f, last_in(f, 1, PH_TRACK_VIDEO), 10980, 41);
    check_date(f, first_in(f, 2, PH_TRACK_VIDEO), 11000, 45);
    check_date(f, last_in(f, 2, PH_TRACK_VIDEO), 13960, 45);
    check_order(f);
    ph_channel_end(f->channel, false, f->now);
    clock_to(f, 20000);
    assert_int_equal(status_of(f).slate, PH_SLATE_LANDSCAPE);
    assert_true(shows_slate(f));
    begin_both(f, "a3");
    publish(f, &both, 20000, 22000);
    assert_non_null(ph_program_sound(newest_program(f)->program));
    check_order(f);
}

/* She leaves again before she is on air: what was cut short goes on. */
static void who_only_knocks_does_not_end_it(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 3000);
    ph_channel_end(f->channel, false, f->now);
    clock_to(f, 10000);
    begin_both(f, "a2");
    publish(f, &video_only, 10400, 11500);
    ph_channel_end(f->channel, false, f->now);
    clock_to(f, 15000);
    assert_int_equal(f->sink.programs_count, 2);
    check_date(f, last_in(f, 1, PH_TRACK_VIDEO), 14980, 41);
    begin_both(f, "a3");
    publish(f, &video_only, 16400, 18300); /* longer than what is made up for */
    ph_channel_end(f->channel, false, f->now);
    clock_to(f, 20000);
    assert_int_equal(f->sink.programs_count, 3);
    assert_true(shows_slate(f));
    check_order(f);
    /* The grace period counts from here. */
    clock_to(f, 18260 + 90000 - 1);
    assert_int_equal(f->sink.ends, 0);
    clock_to(f, 18300 + 90000);
    assert_int_equal(f->sink.ends, 1);
    check_order(f);
}

/* On a link that has just come back, media come more slowly than time goes by. */
static void a_slow_beginning_does_not_put_dates_back(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 3000);
    ph_channel_end(f->channel, false, f->now);
    clock_to(f, 10000);
    begin_both(f, "a2");
    assert_int_equal(feed_audio(f, 600), 0);
    clock_to(f, 11500);
    assert_int_equal(feed_key(f, 1000), 0); /* 0.4 s of media after 1.5 s */
    assert_int_equal(f->sink.programs_count, 3);
    check_date(f, first_in(f, 2, PH_TRACK_VIDEO), 11520, 45);
    check_order(f);
    struct show show = both;
    show.base_ms = 1040 - 11520;
    publish(f, &show, 11520, 14000);
    check_order(f);
    assert_int_equal(status_of(f).jumps, 0);
}

/* The wall clock is put back by an hour: dates are of the right clock from her return on. */
static void a_clock_put_right_is_followed(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 3000);
    ph_channel_end(f->channel, false, f->now);
    clock_to(f, 10000);
    begin_both(f, "a2");
    f->now.wall -= 3600 * PH_USEC_PER_S;
    assert_int_equal(feed_audio(f, 10000), 0);
    assert_int_equal(feed_key(f, 10000), 0);
    assert_int_equal(f->sink.programs_count, 3);
    check_date(f, first_in(f, 2, PH_TRACK_VIDEO), 10000 - 3600000, 45);
}

static void sound_alone_comes_back_when_the_wait_is_over(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 3000);
    ph_channel_end(f->channel, false, f->now);
    clock_to(f, 10000);
    begin_both(f, "a2");
    publish(f, &audio_only, 10000, 13000);
    assert_int_equal(f->sink.programs_count, 3);
    assert_null(newest_program(f)->program->video);
    check_date(f, first_in(f, 2, PH_TRACK_AUDIO), 12000, 70);
    check_date(f, last_in(f, 2, PH_TRACK_AUDIO), 12980, 70);
    check_order(f);
    /* There is no slate for sound alone. */
    ph_channel_end(f->channel, false, f->now);
    clock_to(f, 60000);
    assert_int_equal(f->sink.programs_count, 3);
    assert_int_equal(status_of(f).slate, PH_SLATE_NONE);
    assert_true(status_of(f).is_away);
    clock_to(f, 103000);
    assert_int_equal(f->sink.ends, 1);
}

static void without_one_the_channel_stands_still(void **state)
{
    struct fixture *f = *state;

    ph_channel_use_slate(f->channel, NULL);
    begin_both(f, "a1");
    publish(f, &both, 0, 3000);
    assert_int_equal(ph_channel_deadline(f->channel), PH_USEC_NEVER);
    clock_to(f, 60000);
    assert_true(status_of(f).is_on_air); /* whether it is silent is ingest's to judge */
    ph_channel_end(f->channel, false, f->now);
    clock_to(f, 149000);
    assert_int_equal(f->sink.programs_count, 1);
    assert_int_equal(status_of(f).slate, PH_SLATE_LANDSCAPE);
    assert_null(strstr(f->log, "slate"));
}

static void a_takeover_shows_none(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 5000);
    ph_channel_end(f->channel, false, f->now);
    begin_both(f, "a2");
    publish(f, &both, 5000, 15000);
    assert_int_equal(f->sink.programs_count, 2);
    assert_false(shows_slate(f));
    assert_null(strstr(f->log, "slate"));
}

static void who_joins_sees_it_from_a_key_frame_on(void **state)
{
    static struct sink late;
    struct fixture *f = *state;

    memset(&late, 0, sizeof(late));
    begin_both(f, "a1");
    publish(f, &both, 0, 3000);
    ph_channel_end(f->channel, false, f->now);
    clock_to(f, 10500);
    ph_channel_add_sink(f->channel, &sink_ops, &late);
    assert_int_equal(late.programs_count, 1);
    assert_true(late.programs[0].program->is_slate);
    assert_false(late.programs[0].discontinuity);
    clock_to(f, 12000);
    assert_true(late.count > 0);
    assert_true(late.packets[0].is_key);
    assert_int_equal(late.last_dts[PH_TRACK_VIDEO], f->sink.last_dts[PH_TRACK_VIDEO]);
    ph_channel_remove_sink(f->channel, &late);
    for (int i = 0; i < late.programs_count; i++) {
        ph_program_unref(&late.programs[i].program);
    }
}

static void it_is_resumed_after_a_restart(void **state)
{
    struct fixture *f = *state;

    ph_channel_resume(f->channel, PH_SLATE_PORTRAIT, 20 * PH_USEC_PER_S, f->now);
    assert_non_null(
        strstr(f->log, "event=channel.resume channel=sinho away_ms=20000 slate=portrait\n"));
    assert_true(status_of(f).is_expected);
    assert_true(status_of(f).is_away);
    assert_int_equal(status_of(f).slate, PH_SLATE_PORTRAIT);
    assert_null(status_of(f).program);
    assert_int_equal(f->sink.programs_count, 0);
    assert_true(ph_channel_deadline(f->channel) <= f->now.mono);
    clock_to(f, 0);
    assert_true(shows_slate(f));
    assert_true(newest_program(f)->discontinuity);
    assert_int_equal(newest_program(f)->program->video->par->height, 1280);
    /* What viewers had last, up to three target durations before, is dated in it. */
    check_date(f, first_in(f, 0, PH_TRACK_VIDEO), -26000, 1);
    check_date(f, last_in(f, 0, PH_TRACK_VIDEO), 0, 40);
    assert_int_equal(count_in(f, 0, PH_TRACK_VIDEO), 26 * 25 + 1);
    assert_non_null(strstr(f->log, "form=portrait silent_ms=20000\n"));
    clock_to(f, 5000);
    begin_both(f, "a1");
    publish(f, &both, 5000, 6000);
    assert_int_equal(f->sink.programs_count, 2);
    assert_true(status_of(f).is_on_air);
    check_order(f);
}

static void it_goes_back_as_far_as_playlists_do(void **state)
{
    struct fixture *f = *state;

    ph_channel_resume(f->channel, PH_SLATE_LANDSCAPE, 40 * PH_USEC_PER_S, f->now);
    clock_to(f, 0);
    check_date(f, first_in(f, 0, PH_TRACK_VIDEO), -30000, 1);
    /* Only that once: what is missing after a hiccup of the loop is not made up for. */
    f->now.mono += 5 * PH_USEC_PER_S;
    f->now.wall += 5 * PH_USEC_PER_S;
    ph_channel_tick(f->channel, f->now);
    assert_true(f->sink.programs_count <= 2);
    assert_true(count_in(f, f->sink.programs_count - 1, PH_TRACK_VIDEO) <= 30 * 25 + 2);
    check_date(f, last_in(f, f->sink.programs_count - 1, PH_TRACK_VIDEO), 5000, 40);
}

static void a_resumed_channel_ends_when_its_grace_does(void **state)
{
    struct fixture *f = *state;

    ph_channel_resume(f->channel, PH_SLATE_LANDSCAPE, 20 * PH_USEC_PER_S, f->now);
    clock_to(f, 69999);
    assert_int_equal(f->sink.ends, 0);
    clock_to(f, 70000);
    assert_int_equal(f->sink.ends, 1);
    assert_false(status_of(f).is_expected);
}

static void a_resumed_channel_may_have_nothing_to_show(void **state)
{
    struct fixture *f = *state;

    ph_channel_resume(f->channel, PH_SLATE_NONE, 1 * PH_USEC_PER_S, f->now);
    clock_to(f, 50000);
    assert_int_equal(f->sink.programs_count, 0);
    assert_true(status_of(f).is_away);
    begin_both(f, "a1");
    publish(f, &both, 50000, 51000);
    assert_int_equal(f->sink.programs_count, 1);
    assert_true(newest_program(f)->discontinuity);
}

/* A bad link for a whole market day, with every length of hole. */
static void it_comes_and_goes_all_day(void **state)
{
    struct fixture *f = *state;
    int64_t ms = 0;

    for (int i = 0; i < 12; i++) {
        struct show show = i % 3 == 2 ? video_only : both;
        show.base_ms = i % 2 == 0 ? 0 : 4294967000LL;
        begin_both(f, "again");
        publish(f, &show, ms, ms + 2480 + i * 130);
        ms += 2480 + i * 130;
        if (i % 4 != 3) {
            clock_to(f, ms);
            ph_channel_end(f->channel, i % 2 == 0, f->now);
            clock_to(f, ms += i * 720);
        } else {
            clock_to(f, ms += 5000);
            publish(f, &show, ms, ms + 2000);
            ph_channel_end(f->channel, false, f->now);
            clock_to(f, ms += 2000);
        }
    }
    assert_int_equal(f->sink.ends, 0);
    check_order(f);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(it_begins_when_players_would_give_up),
        TEST(it_goes_on_in_real_time),
        TEST(she_comes_back_at_her_first_key_frame),
        TEST(a_session_that_stalls_waits_anew),
        TEST(what_was_kept_in_a_stall_comes_as_a_burst),
        TEST(a_burst_is_dated_by_its_first_key_frame),
        TEST(one_track_is_enough),
        TEST(frames_without_a_key_frame_are_silence),
        TEST(who_was_late_looks_again),
        TEST(what_was_missed_is_not_shown),
        TEST(it_is_over_when_nobody_comes_back),
        TEST(who_said_good_bye_is_waited_for_less_long),
        TEST(grace_is_counted_from_the_sessions_end),
        TEST(a_shorter_grace_than_patience_shows_nothing),
        TEST(the_server_ends_while_it_shows),
        TEST(it_makes_room_for_a_second_track),
        TEST(who_only_knocks_does_not_end_it),
        TEST(a_slow_beginning_does_not_put_dates_back),
        TEST(a_clock_put_right_is_followed),
        TEST(sound_alone_comes_back_when_the_wait_is_over),
        TEST(without_one_the_channel_stands_still),
        TEST(a_takeover_shows_none),
        TEST(who_joins_sees_it_from_a_key_frame_on),
        TEST(it_is_resumed_after_a_restart),
        TEST(it_goes_back_as_far_as_playlists_do),
        TEST(a_resumed_channel_ends_when_its_grace_does),
        TEST(a_resumed_channel_may_have_nothing_to_show),
        TEST(it_comes_and_goes_all_day),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
