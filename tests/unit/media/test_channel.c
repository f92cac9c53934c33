/* SPDX-License-Identifier: Apache-2.0 */
#include "channel_fixture.h"

#include <math.h>

static const struct show both = {.has_video = true, .has_audio = true, .gop_ms = 1000};
static const struct show video_only = {.has_video = true, .gop_ms = 1000};
static const struct show audio_only = {.has_audio = true, .gop_ms = 1000};

static void it_goes_on_air_with_the_first_key_frame_of_both(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 500, 1000); /* mid-GOP: nothing of it can be shown */
    assert_int_equal(f->sink.programs_count, 0);
    assert_false(status_of(f).is_on_air);
    assert_true(status_of(f).is_publishing);
    publish(f, &both, 1000, 1100);
    assert_true(status_of(f).is_on_air);
    assert_int_equal(f->sink.programs_count, 1);
    const struct ph_program *program = f->sink.programs[0].program;
    assert_false(f->sink.programs[0].discontinuity);
    assert_int_equal(program->video->par->width, 96);
    assert_int_equal(program->video->par->height, 54);
    assert_int_equal(program->video->frame_rate.num, 30);
    assert_int_equal(f->sink.packets[0].kind, PH_TRACK_VIDEO);
    assert_true(f->sink.packets[0].is_key);
    /* Zero lies before the session's first packet, which was audio at 512 ms. */
    assert_int_equal(f->sink.packets[0].dts, (ZERO_TO_START_MS + 1000 - 512) * 90);
    for (size_t i = 0; i < f->sink.count; i++) {
        assert_true(date_of(f, &f->sink.packets[i]) >=
                    999.4); /* no audio from before the picture */
    }
    assert_int_equal(stat_of(f, PH_STAT_CHANNELS_ON_AIR), 1);
    assert_non_null(strstr(f->log, "event=channel.on_air channel=sinho session=a1 video=h264 "
                                   "audio=aac width=96 height=54 fps=30.000 wait_ms=488"));
}

/* Publishers need not send both tracks in order: librtmp's may be ahead with its audio. */
static void audio_that_came_before_the_key_frame_goes_out_after_it(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    assert_int_equal(feed_audio(f, 0), 0);
    assert_int_equal(feed_audio(f, 64), 0);
    assert_int_equal(feed_audio(f, 128), 0);
    assert_int_equal(feed_key(f, 40), 0);
    assert_true(status_of(f).is_on_air);
    assert_int_equal(f->sink.count, 3);
    assert_int_equal(f->sink.packets[0].kind, PH_TRACK_VIDEO);
    assert_true(f->sink.packets[0].is_key);
    assert_int_equal(f->sink.of_kind[PH_TRACK_AUDIO], 2);
    assert_int_equal(status_of(f).dropped, 1);
}

static void names_and_titles(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(ph_channel_name(f->channel), "sinho");
    assert_string_equal(ph_channel_title(f->channel), "Chợ phiên Sìn Hồ");
}

static void video_alone_waits_two_seconds_and_loses_nothing(void **state)
{
    struct fixture *f = *state;

    ph_channel_begin(f->channel, "a1", f->now);
    ph_channel_track(f->channel, f->video, f->now);
    assert_int_equal(ph_channel_deadline(f->channel), PH_USEC_NEVER);
    publish(f, &video_only, 1000, 1900);
    assert_int_equal(ph_channel_deadline(f->channel), START_MONO + 3000 * PH_USEC_PER_MS);
    publish(f, &video_only, 1900, 2999);
    assert_int_equal(f->sink.count, 0);
    clock_to(f, 3000); /* the tick does it, not a packet */
    assert_true(status_of(f).is_on_air);
    assert_int_equal(f->sink.count, 50);
    assert_null(f->sink.programs[0].program->audio);
    assert_true(fabs(date_of(f, &f->sink.packets[0]) - 1000) < 0.01);
    assert_int_equal(status_of(f).dropped, 0);
    assert_int_equal(ph_channel_deadline(f->channel), PH_USEC_NEVER);
}

static void audio_alone_waits_two_seconds_and_loses_nothing(void **state)
{
    struct fixture *f = *state;

    ph_channel_begin(f->channel, "a1", f->now);
    ph_channel_track(f->channel, f->audio, f->now);
    publish(f, &audio_only, 0, 4000);
    assert_null(f->sink.programs[0].program->video);
    assert_int_equal(f->sink.programs_count, 1);
    assert_int_equal(status_of(f).dropped, 0);
    assert_int_equal(f->sink.count, status_of(f).packets[PH_TRACK_AUDIO]);
    assert_true(fabs(date_of(f, &f->sink.packets[0])) < 1);
}

/* A header whose track sends nothing would make players wait for it for ever. */
static void a_header_without_packets_is_no_track(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &video_only, 0, 2100);
    assert_true(status_of(f).is_on_air);
    assert_null(f->sink.programs[0].program->audio);
    ph_channel_end(f->channel, false, f->now);

    begin_both(f, "a2");
    publish(f, &audio_only, 3000, 5100);
    assert_true(status_of(f).is_on_air);
    assert_int_equal(f->sink.programs_count, 2);
    assert_null(f->sink.programs[1].program->video);
}

static void late_audio_joins_at_the_next_key_frame(void **state)
{
    struct fixture *f = *state;

    ph_channel_begin(f->channel, "a1", f->now);
    ph_channel_track(f->channel, f->video, f->now);
    publish(f, &video_only, 0, 4500);
    ph_channel_track(f->channel, f->audio, f->now);
    publish(f, &both, 4500, 5000);
    assert_int_equal(f->sink.programs_count, 1);
    assert_int_equal(f->sink.of_kind[PH_TRACK_AUDIO], 0);
    publish(f, &both, 5000, 7000);
    assert_int_equal(f->sink.programs_count, 2);
    assert_true(f->sink.programs[1].discontinuity);
    assert_non_null(f->sink.programs[1].program->audio);
    assert_int_equal(f->sink.of_kind[PH_TRACK_VIDEO], 7000 / 40); /* no frame was lost */
    assert_true(fabs(status_of(f).av_offset_ms) < 45);
    assert_non_null(strstr(f->log, "event=channel.change"));
}

static void late_video_joins_with_its_key_frame(void **state)
{
    struct fixture *f = *state;

    ph_channel_begin(f->channel, "a1", f->now);
    ph_channel_track(f->channel, f->audio, f->now);
    publish(f, &audio_only, 0, 4500);
    ph_channel_track(f->channel, f->video, f->now);
    publish(f, &both, 4500, 7000);
    assert_int_equal(f->sink.programs_count, 2);
    assert_true(f->sink.programs[1].discontinuity);
    assert_int_equal(f->sink.of_kind[PH_TRACK_VIDEO], 50);
    /* Sound goes on while the picture is waited for. */
    assert_true(f->sink.of_kind[PH_TRACK_AUDIO] > 7000 * 3 / 64 - 3);
}

static void a_rotation_begins_a_program_at_its_key_frame(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 3500);
    ph_channel_track(f->channel, f->rotated, f->now);
    f->camera = &f->portrait;
    publish(f, &both, 3500, 4000); /* frames that need the key frame which is yet to come */
    assert_int_equal(f->sink.programs_count, 1);
    int64_t dropped = status_of(f).dropped;
    assert_int_equal(dropped, 12);
    publish(f, &both, 4000, 6000);
    assert_int_equal(f->sink.programs_count, 2);
    assert_true(f->sink.programs[1].discontinuity);
    assert_int_equal(f->sink.programs[1].program->video->par->width, 54);
    assert_int_equal(f->sink.programs[1].program->video->par->height, 96);
    assert_int_equal(status_of(f).dropped, dropped);
    assert_int_equal(status_of(f).jumps, 0);
}

static void the_same_header_again_is_nothing_new(void **state)
{
    struct fixture *f = *state;
    struct ph_track *again = make_track(f->landscape.par[PH_TRACK_VIDEO]);

    begin_both(f, "a1");
    publish(f, &both, 0, 1500);
    ph_channel_track(f->channel, again, f->now);
    ph_channel_track(f->channel, f->audio, f->now);
    ph_track_unref(&again);
    publish(f, &both, 1500, 3000);
    assert_int_equal(f->sink.programs_count, 1);
    assert_int_equal(f->sink.of_kind[PH_TRACK_VIDEO], 75);
}

static void a_header_that_changes_while_waiting_voids_the_wait(void **state)
{
    struct fixture *f = *state;

    ph_channel_begin(f->channel, "a1", f->now);
    ph_channel_track(f->channel, f->video, f->now);
    publish(f, &video_only, 0, 500);
    ph_channel_track(f->channel, f->rotated, f->now);
    f->camera = &f->portrait;
    publish(f, &video_only, 500, 3000);
    assert_int_equal(f->sink.programs_count, 1);
    assert_int_equal(f->sink.programs[0].program->video->par->height, 96);
    assert_true(fabs(date_of(f, &f->sink.packets[0]) - 1000) < 0.01);
}

static void new_audio_waits_for_a_key_frame_if_there_is_video(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 2500);
    ph_channel_track(f->channel, f->other_audio, f->now);
    publish(f, &both, 2500, 3000);
    assert_int_equal(f->sink.programs_count, 1);
    publish(f, &both, 3000, 4000);
    assert_int_equal(f->sink.programs_count, 2);
    assert_int_equal(f->sink.programs[1].program->audio->par->sample_rate, 44100);
    assert_int_equal(f->sink.of_kind[PH_TRACK_VIDEO], 100);
    assert_ptr_equal(f->sink.programs[0].program->video, f->sink.programs[1].program->video);
}

static void new_audio_begins_at_once_if_there_is_none(void **state)
{
    struct fixture *f = *state;

    ph_channel_begin(f->channel, "a1", f->now);
    ph_channel_track(f->channel, f->audio, f->now);
    publish(f, &audio_only, 0, 3000);
    size_t before = f->sink.count;
    ph_channel_track(f->channel, f->other_audio, f->now);
    publish(f, &audio_only, 3000, 3030);
    assert_int_equal(f->sink.programs_count, 2);
    assert_true(f->sink.programs[1].discontinuity);
    assert_int_equal(f->sink.packets[before].program, 1);
    assert_int_equal(status_of(f).dropped, 0);
}

static void bad_packets_are_dropped_and_counted(void **state)
{
    struct fixture *f = *state;
    AVPacket *packet = av_packet_clone(media_file_find(&f->landscape, PH_TRACK_VIDEO, true));

    assert_int_equal(feed_key(f, 0), PH_ECLOSED); /* nobody publishes */
    ph_channel_begin(f->channel, "a1", f->now);
    assert_int_equal(feed_key(f, 0), PH_EPROTO); /* no header yet */
    ph_channel_track(f->channel, f->video, f->now);
    packet->time_base = (AVRational){0, 1000};
    assert_int_equal(ph_channel_packet(f->channel, packet, f->now), PH_EPROTO);
    packet->time_base = (AVRational){1, 1000};
    packet->dts = AV_NOPTS_VALUE;
    assert_int_equal(ph_channel_packet(f->channel, packet, f->now), PH_EPROTO);
    packet->dts = INT64_MAX;
    assert_int_equal(ph_channel_packet(f->channel, packet, f->now), PH_EPROTO);
    packet->dts = INT64_MIN + 1;
    assert_int_equal(ph_channel_packet(f->channel, packet, f->now), PH_EPROTO);
    packet->dts = 0;
    packet->pts = INT64_MAX;
    assert_int_equal(ph_channel_packet(f->channel, packet, f->now), PH_EPROTO);
    packet->pts = 0;
    packet->stream_index = 3;
    assert_int_equal(ph_channel_packet(f->channel, packet, f->now), PH_EINVAL);
    packet->stream_index = PH_TRACK_VIDEO;
    packet->size = 0;
    assert_int_equal(ph_channel_packet(f->channel, packet, f->now), PH_EPROTO);
    assert_int_equal(status_of(f).dropped, 8);
    assert_int_equal(stat_of(f, PH_STAT_INGEST_DROPPED), 8);
    av_packet_free(&packet);
}

static void a_key_frame_that_cannot_be_read_is_not_gone_on_air_with(void **state)
{
    struct fixture *f = *state;
    AVPacket *packet = av_packet_alloc();

    assert_int_equal(av_new_packet(packet, 64), 0);
    memset(packet->data, 0, 64);
    memcpy(packet->data, "\0\0\0\x3c\x65", 5); /* an IDR slice that names no picture parameters */
    packet->stream_index = PH_TRACK_VIDEO;
    begin_both(f, "a1");
    assert_int_equal(feed(f, packet, 0), PH_EPROTO);
    assert_int_equal(feed_delta(f, 40), 0);
    assert_int_equal(f->sink.count, 0);
    publish(f, &both, 1000, 1100);
    assert_true(status_of(f).is_on_air);
    av_packet_free(&packet);
}

static void without_a_publisher_it_pauses_and_then_ends(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 3000);
    ph_channel_end(f->channel, false, f->now);
    assert_int_equal(f->sink.pauses, 1);
    assert_false(status_of(f).is_on_air);
    assert_false(status_of(f).is_publishing);
    assert_non_null(status_of(f).program);
    assert_int_equal(stat_of(f, PH_STAT_CHANNELS_ON_AIR), 0);
    assert_int_equal(ph_channel_deadline(f->channel), f->now.mono + 90 * PH_USEC_PER_S);
    clock_to(f, 92900);
    assert_int_equal(f->sink.ends, 0);
    clock_to(f, 93000);
    assert_int_equal(f->sink.ends, 1);
    assert_int_equal(ph_channel_deadline(f->channel), PH_USEC_NEVER);
    assert_int_equal(f->sink.pauses, 1);
    /* Sessions that never get on air change nothing about that. */
    begin_both(f, "a2");
    ph_channel_end(f->channel, false, f->now);
    assert_int_equal(ph_channel_deadline(f->channel), PH_USEC_NEVER);
    assert_int_equal(f->sink.pauses, 1);
    /* And then it is a stream again. */
    begin_both(f, "a3");
    publish(f, &both, 100000, 101000);
    assert_int_equal(f->sink.programs_count, 2);
    assert_true(f->sink.programs[1].discontinuity);
    assert_true(fabs(date_of(f, &f->sink.packets[f->sink.count - 1]) - 101000) < 50);
}

static void a_publisher_that_comes_back_goes_on_behind_itself(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 5; i++) {
        int64_t from = 20000 * i;
        struct show show = both;
        show.base_ms = i % 2 == 0 ? 0 : 3000000000LL;
        clock_to(f, from);
        begin_both(f, "again");
        publish(f, &show, from, from + 5000);
        assert_int_equal(f->sink.programs_count, i + 1);
        assert_int_equal(f->sink.programs[i].discontinuity, i > 0);
        double date = date_of(f, &f->sink.packets[f->sink.count - 1]);
        assert_true(fabs(date - (double)(from + 5000)) < 50);
        ph_channel_end(f->channel, false, f->now);
        assert_int_equal(f->sink.pauses, i + 1);
    }
    assert_int_equal(f->sink.ends, 0);
    assert_int_equal(f->sink.of_kind[PH_TRACK_VIDEO], 5 * 125);
}

static void a_takeover_in_the_same_instant_is_seamless(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 5000);
    const struct seen_packet *last = &f->sink.packets[f->sink.count - 1];
    double end = date_of(f, last);
    size_t count = f->sink.count;
    ph_channel_end(f->channel, false, f->now);
    begin_both(f, "a2");
    publish(f, &both, 5000, 6000);
    assert_int_equal(f->sink.programs_count, 2);
    assert_true(f->sink.packets[count].dts * 1000 / 90000 - ZERO_TO_START_MS < 5050);
    assert_true(date_of(f, &f->sink.packets[count]) >= end - 45);
}

static void a_jump_is_announced_at_the_next_key_frame(void **state)
{
    static const int64_t jumps[] = {10000, -10000, 3600000, -3600000};

    (void)state;
    for (int i = 0; i < 4; i++) {
        void *own = NULL;
        fixture_set_up(&own);
        struct fixture *f = own;
        struct show show = both;
        show.base_ms = 4000000;
        begin_both(f, "a1");
        publish(f, &show, 0, 5500);
        show.base_ms += jumps[i];
        publish(f, &show, 5500, 6000);
        assert_int_equal(f->sink.programs_count, 1);
        assert_int_equal(f->sink.of_kind[PH_TRACK_VIDEO], 150);
        publish(f, &show, 6000, 8000);
        assert_int_equal(f->sink.programs_count, 2);
        assert_true(f->sink.programs[1].discontinuity);
        assert_int_equal(status_of(f).jumps, 1);
        assert_int_equal(stat_of(f, PH_STAT_TIMELINE_JUMPS), 1);
        assert_int_equal(status_of(f).dropped, 0);
        assert_true(fabs(date_of(f, &f->sink.packets[f->sink.count - 1]) - 8000) < 45);
        assert_true(fabs(status_of(f).av_offset_ms) < 45);
        assert_non_null(strstr(f->log, "event=channel.jump channel=sinho session=a1 track=video"));
        fixture_tear_down(&own);
    }
}

static void publish_with_gap(struct fixture *f, int64_t gap_ms)
{
    struct show show = both;

    begin_both(f, "a1");
    publish(f, &show, 0, 3000);
    show.base_ms = gap_ms; /* a gap, not a jump: the timeline is ahead from here */
    publish(f, &show, 3000, 5500);
    assert_int_equal(f->sink.programs_count, 1);
    assert_true(fabs(date_of(f, &f->sink.packets[f->sink.count - 1]) - 5500 - (double)gap_ms) < 45);
}

/* A source whose clock had run ahead of the wall clock: players order by dates. */
static void dates_do_not_go_back_after_a_jump(void **state)
{
    struct fixture *f = *state;
    struct show show = both;

    publish_with_gap(f, 4000);
    show.base_ms = 10800000;
    publish(f, &show, 5500, 7000);
    assert_int_equal(f->sink.programs_count, 2);
    assert_true(fabs(date_of(f, &f->sink.packets[f->sink.count - 1]) - 11000) < 45);
}

/* Nor with the next session. */
static void dates_do_not_go_back_after_a_return(void **state)
{
    struct fixture *f = *state;

    publish_with_gap(f, 4000);
    ph_channel_end(f->channel, false, f->now);
    begin_both(f, "a2");
    publish(f, &both, 6000, 7000);
    assert_int_equal(f->sink.programs_count, 2);
    assert_true(fabs(date_of(f, &f->sink.packets[f->sink.count - 1]) - 10500) < 45);
}

/* But when the wall clock was put back they are those of now. */
static void dates_go_back_with_the_wall_clock(void **state)
{
    struct fixture *f = *state;

    publish_with_gap(f, 0);
    ph_channel_end(f->channel, false, f->now);
    clock_to(f, 6000);
    f->now.wall -= 60 * PH_USEC_PER_S;
    begin_both(f, "a2");
    assert_int_equal(feed_key(f, 6000), 0);
    assert_int_equal(feed_audio(f, 6000), 0);
    assert_int_equal(f->sink.programs_count, 2);
    assert_true(fabs(date_of(f, &f->sink.packets[f->sink.count - 1]) + 54000) < 45);
}

/* An encoder begins anew with another picture: its other track follows, and that is no news. */
static void a_new_program_tells_of_the_jump_it_came_with(void **state)
{
    struct fixture *f = *state;
    struct show show = both;

    show.base_ms = 4000000;
    begin_both(f, "a1");
    publish(f, &show, 0, 6000);
    show.base_ms = -6000;
    ph_channel_track(f->channel, f->rotated, f->now);
    f->camera = &f->portrait;
    publish(f, &show, 6000, 10000);
    assert_int_equal(f->sink.programs_count, 2);
    assert_int_equal(status_of(f).jumps, 1);
}

static void a_jump_of_audio_alone_begins_a_program_at_once(void **state)
{
    struct fixture *f = *state;
    struct show show = audio_only;

    ph_channel_begin(f->channel, "a1", f->now);
    ph_channel_track(f->channel, f->audio, f->now);
    publish(f, &show, 0, 5000);
    show.base_ms = 7200000;
    publish(f, &show, 5000, 5050);
    assert_int_equal(f->sink.programs_count, 2);
    assert_true(f->sink.programs[1].discontinuity);
    assert_ptr_equal(f->sink.programs[0].program, f->sink.programs[1].program);
    assert_int_equal(status_of(f).dropped, 0);
}

static void a_broken_clock_does_not_flood_the_log(void **state)
{
    struct fixture *f = *state;
    int lines = 0;

    ph_channel_begin(f->channel, "a1", f->now);
    ph_channel_track(f->channel, f->video, f->now);
    publish(f, &video_only, 0, 3000);
    for (int64_t i = 0; i < 100; i++) {
        clock_to(f, 3000 + i * 20);
        assert_int_equal(feed_delta(f, i % 2 ? 10000000 : 0), 0);
    }
    for (const char *at = f->log; (at = strstr(at, "channel.jump")) != NULL; at++) {
        lines++;
    }
    assert_true(lines >= 2 && lines <= 4);
    assert_true(status_of(f).jumps >= 99);
}

static void waiting_for_a_key_frame_keeps_a_bounded_backlog(void **state)
{
    struct fixture *f = *state;
    struct show show = both;

    show.gop_ms = 60000;
    begin_both(f, "a1");
    publish(f, &show, 1000, 59990);
    assert_int_equal(f->sink.count, 0);
    /* Four seconds of audio are kept, the rest is counted as dropped. */
    int64_t audio = (59990 - 1000) * 3 / 64;
    int64_t kept = audio + (59990 - 1000) / 40 - status_of(f).dropped;
    assert_true(kept > 180 && kept < 192);
    publish(f, &show, 59990, 60100);
    assert_true(status_of(f).is_on_air);
    assert_int_equal(f->sink.packets[0].kind, PH_TRACK_VIDEO);
}

static void a_backlog_of_sixteen_megabytes_goes_on_air(void **state)
{
    struct fixture *f = *state;
    AVPacket *large = av_packet_alloc();
    const AVPacket *key = media_file_find(&f->landscape, PH_TRACK_VIDEO, true);

    assert_int_equal(av_new_packet(large, 1 << 20), 0);
    memset(large->data, 0, 1 << 20);
    memcpy(large->data, key->data, (size_t)key->size);
    large->stream_index = PH_TRACK_VIDEO;
    ph_channel_begin(f->channel, "a1", f->now);
    ph_channel_track(f->channel, f->video, f->now);
    for (int64_t i = 0; i < 16; i++) {
        assert_false(status_of(f).is_on_air);
        assert_int_equal(feed(f, large, i), 0);
    }
    assert_true(status_of(f).is_on_air);
    assert_int_equal(f->sink.count, 16);
    av_packet_free(&large);
}

static void a_late_sink_begins_at_a_key_frame(void **state)
{
    struct fixture *f = *state;
    struct sink *late = calloc(1, sizeof(*late));

    begin_both(f, "a1");
    publish(f, &both, 0, 1500);
    ph_channel_add_sink(f->channel, &sink_ops, late);
    assert_int_equal(late->programs_count, 1);
    assert_false(late->programs[0].discontinuity);
    assert_ptr_equal(late->programs[0].program, f->sink.programs[0].program);
    publish(f, &both, 1500, 2000);
    assert_int_equal(late->count, 0);
    publish(f, &both, 2000, 3000);
    assert_int_equal(late->of_kind[PH_TRACK_VIDEO], 25);
    assert_true(late->packets[0].is_key);
    ph_channel_remove_sink(f->channel, late);
    size_t count = late->count;
    publish(f, &both, 3000, 4000);
    assert_int_equal(late->count, count);
    assert_int_equal(f->sink.of_kind[PH_TRACK_VIDEO], 100);
    ph_program_unref(&late->programs[0].program);
    free(late);
}

static void what_is_measured(void **state)
{
    struct fixture *f = *state;

    begin_both(f, "a1");
    publish(f, &both, 0, 10000);
    struct ph_channel_status status = status_of(f);
    assert_true(fabs(status.fps - 25) < 0.01);
    assert_true(fabs(status.gop_s - 1) < 0.001);
    assert_int_equal(status.packets[PH_TRACK_VIDEO], 250);
    assert_int_equal(status.packets[PH_TRACK_VIDEO], stat_of(f, PH_STAT_INGEST_PACKETS_VIDEO));
    assert_int_equal(status.packets[PH_TRACK_AUDIO], stat_of(f, PH_STAT_INGEST_PACKETS_AUDIO));
    int64_t bytes = status.bytes[PH_TRACK_VIDEO] + status.bytes[PH_TRACK_AUDIO];
    assert_true(llabs(status.bitrate_bps - bytes * 8 / 10) < bytes * 8 / 1000);
    assert_true(status.on_air_since_wall >= START_WALL);
    assert_true(status.on_air_since_wall < START_WALL + 100 * PH_USEC_PER_MS);
    ph_channel_end(f->channel, false, f->now);
    assert_int_equal(status_of(f).bitrate_bps, 0);
    assert_int_equal(status_of(f).packets[PH_TRACK_VIDEO], 250);
}

/* Every access unit leaves with the bits it came with, and A/V offset and B-frames as they were. */
static void publish_file(struct fixture *f, const char *name)
{
    struct media_file file;
    size_t seen = 0;

    media_file_open(&file, name);
    struct ph_track *video = make_track(file.par[PH_TRACK_VIDEO]);
    struct ph_track *audio = make_track(file.par[PH_TRACK_AUDIO]);
    ph_channel_begin(f->channel, "file", f->now);
    ph_channel_track(f->channel, video, f->now);
    ph_channel_track(f->channel, audio, f->now);
    for (size_t i = 0; i < file.count; i++) {
        assert_int_equal(ph_channel_packet(f->channel, file.packets[i], f->now), 0);
    }
    const AVPacket *first = media_file_find(&file, PH_TRACK_VIDEO, true);
    const struct seen_packet *origin = &f->sink.packets[0];
    double shift = (double)origin->pts / 90000 - (double)first->pts * av_q2d(first->time_base);
    for (size_t i = 0; i < file.count; i++) {
        const AVPacket *packet = file.packets[i];
        double t = (double)packet->pts * av_q2d(packet->time_base);
        if (packet->stream_index == PH_TRACK_AUDIO &&
            packet->dts * av_q2d(packet->time_base) < first->pts * av_q2d(first->time_base)) {
            continue;
        }
        const struct seen_packet *got = &f->sink.packets[seen++];
        const struct ph_track *track =
            ph_program_track(f->sink.programs[got->program].program, (int)got->kind);
        assert_int_equal(got->kind, packet->stream_index);
        assert_ptr_equal(got->data, packet->data); /* not even copied */
        assert_int_equal(got->size, packet->size);
        assert_true(fabs((double)got->pts * av_q2d(track->time_base) - t - shift) < 0.001);
    }
    assert_int_equal(seen, f->sink.count);
    ph_track_unref(&video);
    ph_track_unref(&audio);
    media_file_close(&file);
}

static void access_units_pass_through_h264_aac(void **state)
{
    publish_file(*state, "h264_bframes_aac.mp4");
}

static void access_units_pass_through_hevc_ac3(void **state)
{
    struct fixture *f = *state;

    publish_file(f, "hevc_ac3.mp4");
    assert_int_equal(f->sink.programs[0].program->audio->par->sample_rate, 48000);
}

static void access_units_pass_through_av1_opus(void **state)
{
    struct fixture *f = *state;

    publish_file(f, "av1_opus.mp4");
    for (size_t i = 0; i < f->sink.count; i++) {
        if (f->sink.packets[i].kind == PH_TRACK_AUDIO) {
            assert_in_range(f->sink.packets[i].duration, 959, 961); /* 20 ms, from the TOC */
        }
    }
}

static uint64_t random_state = 0x9e3779b97f4a7c15ull;

static uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    return random_state ^= random_state << 17;
}

/* The sink's own checks are what this is for. */
static void no_order_of_calls_breaks_the_contract(void **state)
{
    struct fixture *f = *state;
    struct ph_track *tracks[] = {f->video, f->rotated, f->audio, f->other_audio};
    int64_t ms = 0;
    bool is_bound = false;

    for (int i = 0; i < 60000; i++) {
        uint64_t dice = random_next() % 1000;
        int64_t stamp = dice < 20 ? (int64_t)(random_next() % 100000000) : ms;
        ms += (int64_t)(random_next() % 20);
        clock_to(f, ms);
        if (!is_bound || dice < 3) {
            ph_channel_end(f->channel, false, f->now);
            ph_channel_begin(f->channel, "random", f->now);
            is_bound = true;
        } else if (dice < 10) {
            ph_channel_end(f->channel, false, f->now);
            is_bound = false;
        } else if (dice < 40) {
            ph_channel_track(f->channel, tracks[random_next() % 4], f->now);
        } else if (dice < 70) {
            (void)!feed_key(f, stamp);
        } else if (dice < 500) {
            (void)!feed_delta(f, stamp);
        } else {
            (void)!feed_audio(f, stamp);
        }
        if (f->sink.count > SEEN_PACKETS / 2 || f->sink.programs_count > SEEN_PROGRAMS / 2) {
            for (int p = 0; p < f->sink.programs_count - 1; p++) {
                ph_program_unref(&f->sink.programs[p].program);
            }
            f->sink.programs[0] = f->sink.programs[f->sink.programs_count - 1];
            f->sink.programs_count = 1;
            f->sink.count = 0;
        }
        f->log[0] = '\0';
    }
    assert_true(f->sink.of_kind[PH_TRACK_VIDEO] > 1000);
    assert_true(f->sink.of_kind[PH_TRACK_AUDIO] > 1000);
}

/* A sink that hears cues. */
struct heard {
    struct sink sink;
    int count;
    int64_t seq[PH_CUE_KINDS];
};

static void forget(struct heard *heard)
{
    for (int i = 0; i < heard->sink.programs_count; i++) {
        ph_program_unref(&heard->sink.programs[i].program);
    }
    free(heard);
}

static void on_cue(void *arg, struct ph_cue *cue)
{
    struct heard *heard = arg;

    heard->count++;
    heard->seq[cue->kind] = cue->seq;
}

static const struct ph_sink_ops hearing = {on_sink_program, on_sink_packet, on_sink_pause,
                                           on_sink_end, on_cue};

static void set_cue(struct fixture *f, enum ph_cue_kind kind, int64_t seq)
{
    struct ph_cue *cue = ph_cue_create(kind, seq, "{}", NULL, NULL);

    ph_channel_set_cue(f->channel, cue);
    ph_cue_unref(&cue); /* the channel has its own */
}

/* The fixture's sink carries no cues; these do. */
static void cues_go_to_the_sinks_that_carry_them(void **state)
{
    struct fixture *f = *state;
    struct heard *early = calloc(1, sizeof(*early));
    struct heard *late = calloc(1, sizeof(*late));

    ph_channel_add_sink(f->channel, &hearing, early);
    assert_int_equal(early->count, 0);
    set_cue(f, PH_CUE_CARD, 1); /* nobody is on air */
    assert_int_equal(early->seq[PH_CUE_CARD], 1);
    set_cue(f, PH_CUE_SHELF, 2);
    assert_int_equal(early->seq[PH_CUE_SHELF], 2);
    begin_both(f, "a1");
    publish(f, &both, 0, 1000);
    set_cue(f, PH_CUE_CARD, 3);
    assert_int_equal(early->count, 3);
    assert_int_equal(early->seq[PH_CUE_CARD], 3);

    /* Who comes later is told of what holds, once for each kind. */
    ph_channel_add_sink(f->channel, &hearing, late);
    assert_int_equal(late->count, 2);
    assert_int_equal(late->seq[PH_CUE_CARD], 3);
    assert_int_equal(late->seq[PH_CUE_SHELF], 2);
    ph_channel_remove_sink(f->channel, early);
    ph_channel_end(f->channel, false, f->now);
    clock_to(f, 200000);
    set_cue(f, PH_CUE_SHELF, 4);
    assert_int_equal(late->seq[PH_CUE_SHELF], 4);
    assert_int_equal(early->count, 3);
    ph_channel_remove_sink(f->channel, late);
    forget(early);
    forget(late);
}

static void a_cue_lives_as_long_as_it_holds(void **state)
{
    struct fixture *f = *state;
    struct ph_cue *first = ph_cue_create(PH_CUE_CARD, 1, "{}", NULL, NULL);
    struct ph_cue *second = ph_cue_create(PH_CUE_CARD, 2, "{}", NULL, NULL);

    ph_channel_set_cue(f->channel, first);
    ph_channel_set_cue(f->channel, first);
    assert_int_equal(atomic_load(&first->refs), 2);
    ph_channel_set_cue(f->channel, second);
    assert_int_equal(atomic_load(&first->refs), 1);
    assert_int_equal(atomic_load(&second->refs), 2);
    ph_channel_destroy(&f->channel);
    assert_int_equal(atomic_load(&second->refs), 1);
    ph_cue_unref(&first);
    ph_cue_unref(&second);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_goes_on_air_with_the_first_key_frame_of_both),
        TEST(audio_that_came_before_the_key_frame_goes_out_after_it),
        TEST(names_and_titles),
        TEST(video_alone_waits_two_seconds_and_loses_nothing),
        TEST(audio_alone_waits_two_seconds_and_loses_nothing),
        TEST(a_header_without_packets_is_no_track),
        TEST(late_audio_joins_at_the_next_key_frame),
        TEST(late_video_joins_with_its_key_frame),
        TEST(a_rotation_begins_a_program_at_its_key_frame),
        TEST(the_same_header_again_is_nothing_new),
        TEST(a_header_that_changes_while_waiting_voids_the_wait),
        TEST(new_audio_waits_for_a_key_frame_if_there_is_video),
        TEST(new_audio_begins_at_once_if_there_is_none),
        TEST(bad_packets_are_dropped_and_counted),
        TEST(a_key_frame_that_cannot_be_read_is_not_gone_on_air_with),
        TEST(without_a_publisher_it_pauses_and_then_ends),
        TEST(a_publisher_that_comes_back_goes_on_behind_itself),
        TEST(a_takeover_in_the_same_instant_is_seamless),
        cmocka_unit_test(a_jump_is_announced_at_the_next_key_frame),
        TEST(dates_do_not_go_back_after_a_jump),
        TEST(dates_do_not_go_back_after_a_return),
        TEST(dates_go_back_with_the_wall_clock),
        TEST(a_new_program_tells_of_the_jump_it_came_with),
        TEST(a_jump_of_audio_alone_begins_a_program_at_once),
        TEST(a_broken_clock_does_not_flood_the_log),
        TEST(waiting_for_a_key_frame_keeps_a_bounded_backlog),
        TEST(a_backlog_of_sixteen_megabytes_goes_on_air),
        TEST(a_late_sink_begins_at_a_key_frame),
        TEST(cues_go_to_the_sinks_that_carry_them),
        TEST(a_cue_lives_as_long_as_it_holds),
        TEST(what_is_measured),
        TEST(access_units_pass_through_h264_aac),
        TEST(access_units_pass_through_hevc_ac3),
        TEST(access_units_pass_through_av1_opus),
        TEST(no_order_of_calls_breaks_the_contract),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
