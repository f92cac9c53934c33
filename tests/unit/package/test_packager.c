/* SPDX-License-Identifier: Apache-2.0 */
#include "packager_fixture.h"

static void test_first_snapshot_needs_a_segment(void **state)
{
    (void)state;
    struct media m;

    media_open(&m, "h264_bframes_aac.mp4");
    want(PH_RENDITION_AV);
    assert_null(ph_packager_snapshot(packager, PH_RENDITION_AV));
    go_on_air(&m, true, true, false);
    play(&m, 900 * MS, 0);
    assert_int_equal(told.count[PH_RENDITION_AV], 0);
    assert_null(ph_packager_snapshot(packager, PH_RENDITION_AV));
    play(&m, 1500 * MS, 0);
    assert_true(told.count[PH_RENDITION_AV] > 0);
    assert_true(told.newest[PH_RENDITION_AV]->count >= 1);
    /* From then on one for each part. */
    size_t before = told.count[PH_RENDITION_AV];
    play(&m, 10 * S, 0);
    assert_in_range(told.count[PH_RENDITION_AV] - before, 38, 46);
    assert_int_equal(told.count[PH_RENDITION_AUDIO], 0);     /* nobody wants it */
    struct ph_snapshot *audio = checked(PH_RENDITION_AUDIO); /* but it is there */
    ph_snapshot_unref(&audio);
    media_close(&m);
}

static void test_a_minute(void **state)
{
    (void)state;
    struct media m;

    media_open(&m, "h264_bframes_aac.mp4");
    want(PH_RENDITION_AV);
    want(PH_RENDITION_AUDIO);
    go_on_air(&m, true, true, false);
    play(&m, 60 * S, 0);
    struct ph_snapshot *av = checked(PH_RENDITION_AV);
    struct ph_snapshot *audio = checked(PH_RENDITION_AUDIO);

    assert_int_equal(av->part_target, 269 * MS);
    assert_int_equal(audio->part_target, 237 * MS);
    assert_int_equal(av->params.part_hold_back, 3 * 269 * MS);
    assert_int_equal(audio->params.part_hold_back, 3 * 269 * MS);
    assert_int_equal(count_discontinuities(av), 0);
    assert_int_equal(av->segments[0]->init->number, 0);
    assert_int_equal(av->reports[0].rendition, PH_RENDITION_AUDIO);
    assert_int_equal(av->reports[1].rendition, PH_RENDITION_CARDS);
    assert_int_equal(av->reports[1].last_part, -1);
    assert_int_equal(audio->reports[0].rendition, PH_RENDITION_AV);
    assert_in_range(llabs(audio->reports[0].last_msn - ph_snapshot_last_msn(av)), 0, 1);
    check_cards(av);
    assert_non_null(av->index);
    assert_non_null(memmem(av->index->data, av->index->len, "avc1.", 5));
    assert_non_null(memmem(av->index->data, av->index->len, "INDEPENDENT-SEGMENTS", 20));
    assert_null(audio->index);

    /* The same segments by number and, within an audio frame, by time. */
    assert_int_equal(av->next_msn, audio->next_msn);
    for (size_t i = 0; i < av->count; i++) {
        const struct ph_segment *a = ph_snapshot_segment(audio, av->segments[i]->msn);
        assert_non_null(a);
        /* The first picture is shown two frames after decoding begins. */
        ph_usec apart = a->pdt - (av->segments[i]->pdt - 2 * S / 30);
        if (i > 0) {
            assert_in_range(apart + 2 * MS, 0, 25 * MS);
        }
        assert_true(av->segments[i]->parts[0].is_independent);
    }
    assert_int_equal(av->segments[0]->pdt,
                     WALL +
                         av_rescale_q(m.packets[0]->pts, m.packets[0]->time_base, AV_TIME_BASE_Q));

    int64_t closed = atomic_load(&stats.value[PH_STAT_SEGMENTS]);
    assert_in_range(closed, 87, 93); /* of sound and picture, of sound, of captions */
    assert_in_range(atomic_load(&stats.value[PH_STAT_PARTS]), 58 * 8, 62 * 10);
    assert_true(atomic_load(&stats.value[PH_STAT_PACKAGED_BYTES]) > 0);
    assert_int_equal(atomic_load(&stats.value[PH_STAT_INGEST_DROPPED]), 0);
    assert_true(ph_packager_bytes(packager) > 0);
    ph_snapshot_unref(&av);
    ph_snapshot_unref(&audio);
    media_close(&m);
}

/* Appends the init segment and all closed segments; the caller frees. */
static uint8_t *join(const struct ph_snapshot *s, size_t *len)
{
    const struct ph_buf *init = s->segments[0]->init != NULL ? s->segments[0]->init->bytes : NULL;
    size_t total = init != NULL ? init->len : 0;

    for (size_t i = 0; i < s->count; i++) {
        total += s->segments[i]->bytes;
    }
    uint8_t *all = ph_alloc(total);
    size_t at = 0;
    if (init != NULL) {
        memcpy(all, init->data, init->len);
        at = init->len;
    }
    for (size_t i = 0; i < s->count; i++) {
        for (size_t k = 0; k < s->segments[i]->part_count; k++) {
            const struct ph_buf *bytes = s->segments[i]->parts[k].bytes;
            memcpy(all + at, bytes->data, bytes->len);
            at += bytes->len;
        }
    }
    *len = at;
    return all;
}

struct read_back {
    const struct media *m;
    size_t seen[PH_TRACK_KINDS];
    int64_t last_dts[PH_TRACK_KINDS];
};

static void take_read_back(void *arg, const AVPacket *packet)
{
    struct read_back *back = arg;
    int kind = packet->stream_index;
    AVPacket *in = media_endless(back->m, kind, back->seen[kind]++);

    assert_int_equal(packet->size, in->size);
    assert_memory_equal(packet->data, in->data, (size_t)in->size);
    assert_int_equal(av_compare_ts(packet->pts, packet->time_base, in->pts, in->time_base), 0);
    assert_int_equal(av_compare_ts(packet->dts, packet->time_base, in->dts, in->time_base), 0);
    av_packet_free(&in);
}

static void test_every_packet_comes_out(void **state)
{
    (void)state;
    static const char *const files[] = {"h264_bframes_aac.mp4", "av1_opus.mp4"};

    for (size_t f = 0; f < 2; f++) {
        struct media m;
        size_t len = 0;
        media_open(&m, files[f]);
        go_on_air(&m, true, true, false);
        play(&m, 20 * S, 0);
        ph_packager_sink.on_pause(packager, mono);

        struct ph_snapshot *av = checked(PH_RENDITION_AV);
        struct read_back back = {.m = &m};
        uint8_t *all = join(av, &len);
        media_read_back(all, len, "mp4", take_read_back, &back);
        assert_int_equal(back.seen[PH_TRACK_VIDEO], m.next[PH_TRACK_VIDEO]);
        assert_int_equal(back.seen[PH_TRACK_AUDIO], m.next[PH_TRACK_AUDIO]);
        free(all);
        ph_snapshot_unref(&av);

        struct ph_snapshot *audio = checked(PH_RENDITION_AUDIO);
        memset(&back.seen, 0, sizeof(back.seen));
        all = join(audio, &len);
        media_read_back(all, len, "mp4", take_read_back, &back);
        assert_int_equal(back.seen[PH_TRACK_AUDIO], m.next[PH_TRACK_AUDIO]);
        free(all);
        ph_snapshot_unref(&audio);
        media_close(&m);
        tear_down(state);
        set_up(state);
    }
}

/* The end of a track in a part, or its beginning. */
static ph_usec edge_of(const struct media *m, const struct ph_part *part, int traf_index, bool end)
{
    const struct ph_track *track = traf_index == 0 ? m->video : m->audio;
    struct traf traf = {0};

    if (!traf_read(part->bytes, traf_index, &traf)) {
        return -1;
    }
    return av_rescale_q((int64_t)(traf.tfdt + (end ? traf.duration : 0)), track->time_base,
                        AV_TIME_BASE_Q);
}

/*
 * A publisher sends audio half a second early, or late. Early: each segment still has the audio
 * of its own video. Late: it comes with the video that is there then.
 */
static void test_audio_early_and_late(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct media m;
        media_open(&m, "h264_bframes_aac.mp4");
        go_on_air(&m, true, true, false);
        for (int i = 0; i < 2000; i++) {
            /* The order of arrival: by the time at which the packet is sent. */
            AVPacket *video = media_endless(&m, PH_TRACK_VIDEO, m.next[PH_TRACK_VIDEO]);
            AVPacket *audio = media_endless(&m, PH_TRACK_AUDIO, m.next[PH_TRACK_AUDIO]);
            ph_usec shift = late ? 500 * MS : -500 * MS;
            bool is_audio = media_dts(audio) + shift < media_dts(video);
            m.next[is_audio ? PH_TRACK_AUDIO : PH_TRACK_VIDEO]++;
            give(is_audio ? audio : video);
            av_packet_free(&video);
            av_packet_free(&audio);
        }
        struct ph_snapshot *av = checked(PH_RENDITION_AV);
        struct ph_snapshot *audio = checked(PH_RENDITION_AUDIO);
        assert_int_equal(count_discontinuities(av), 0);
        for (size_t i = 1; i < av->count; i++) {
            const struct ph_segment *segment = av->segments[i];
            ph_usec begins = edge_of(&m, &segment->parts[0], 0, false);
            ph_usec sounds = edge_of(&m, &segment->parts[0], 1, false);
            assert_in_range(sounds - begins + 600 * MS, late ? 50 * MS : 595 * MS,
                            late ? 150 * MS : 625 * MS);
            /* In the audio rendition both end up the same. */
            const struct ph_segment *other = ph_snapshot_segment(audio, segment->msn);
            if (other != NULL) {
                struct traf traf = {0};
                assert_true(traf_read(other->parts[0].bytes, 0, &traf));
                ph_usec at = av_rescale_q((int64_t)traf.tfdt, m.audio->time_base, AV_TIME_BASE_Q);
                assert_in_range(at - begins + 1 * MS, 0, 23 * MS);
            }
        }
        ph_snapshot_unref(&av);
        ph_snapshot_unref(&audio);
        media_close(&m);
        tear_down(state);
        set_up(state);
    }
}

static int muxer_complaints;

static void count_complaint(void *context, int level, const char *format, va_list args)
{
    (void)context;
    (void)format;
    (void)args;
    muxer_complaints += level <= AV_LOG_WARNING ? 1 : 0;
}

/* RTMP's timestamps, in milliseconds: a frame comes 0.3 ms before or 0.7 ms after its time. */
static void round_to_ms(AVPacket *packet)
{
    int64_t ms = packet->dts / 90;

    packet->pts += ms * 90 - packet->dts;
    packet->dts = ms * 90;
}

static void take_rounded(void *arg, const AVPacket *packet)
{
    struct read_back *back = arg;
    AVPacket *in = media_endless(back->m, PH_TRACK_VIDEO, back->seen[PH_TRACK_VIDEO]++);

    round_to_ms(in);
    assert_memory_equal(packet->data, in->data, (size_t)in->size);
    assert_int_equal(packet->dts, in->dts);
    assert_int_equal(packet->pts, in->pts);
    av_packet_free(&in);
}

/* No part's end, which is foreseen, may move the frame that follows. */
static void test_rounded_times_come_out(void **state)
{
    (void)state;
    struct media m;
    size_t len = 0;

    media_open(&m, "h264_bframes_aac.mp4");
    muxer_complaints = 0;
    av_log_set_level(AV_LOG_WARNING);
    av_log_set_callback(count_complaint);
    go_on_air(&m, true, false, false);
    for (size_t i = 0; i < 900; i++) {
        AVPacket *packet = media_endless(&m, PH_TRACK_VIDEO, i);
        round_to_ms(packet);
        give(packet);
        av_packet_free(&packet);
    }
    ph_packager_sink.on_pause(packager, mono);
    av_log_set_callback(av_log_default_callback);
    av_log_set_level(AV_LOG_QUIET);
    assert_int_equal(muxer_complaints, 0);
    struct ph_snapshot *av = checked(PH_RENDITION_AV);
    struct read_back back = {.m = &m};
    uint8_t *all = join(av, &len);
    media_read_back(all, len, "mp4", take_rounded, &back);
    assert_int_equal(back.seen[PH_TRACK_VIDEO], 900);
    free(all);
    ph_snapshot_unref(&av);
    media_close(&m);
}

static void test_ts_while_wanted(void **state)
{
    (void)state;
    struct media m;

    media_open(&m, "h264_bframes_aac.mp4");
    go_on_air(&m, true, true, false);
    play(&m, 10 * S, 0);
    assert_null(ph_packager_snapshot(packager, PH_RENDITION_TS));
    want(PH_RENDITION_TS);
    play(&m, 10 * S, 0);
    struct ph_snapshot *av = checked(PH_RENDITION_AV);
    struct ph_snapshot *ts = checked(PH_RENDITION_TS);
    assert_int_equal(told.newest[PH_RENDITION_TS]->number, ts->number);
    assert_int_equal(ts->part_target, 0);
    assert_int_equal(ts->next_msn, av->next_msn);
    assert_in_range(ts->count, 4, 5);
    for (size_t i = 0; i < ts->count; i++) {
        const struct ph_segment *a = ph_snapshot_segment(av, ts->segments[i]->msn);
        const struct ph_segment *t = ts->segments[i];
        assert_non_null(a);
        assert_int_equal(t->pdt, a->pdt);
        assert_int_equal(t->duration, a->duration);
        assert_int_equal(t->discontinuity_number, a->discontinuity_number);
        assert_int_equal(t->part_count, 1);
        assert_int_equal(t->parts[0].bytes->data[0], 0x47);
        assert_int_equal(t->parts[0].bytes->data[2], 0); /* PAT */
    }
    int64_t number = ts->number;
    ph_snapshot_unref(&av);
    ph_snapshot_unref(&ts);

    ph_packager_want(packager, PH_RENDITION_TS, false);
    assert_null(ph_packager_snapshot(packager, PH_RENDITION_TS));
    play(&m, 4 * S, 0);
    want(PH_RENDITION_TS);
    play(&m, 5 * S, 0);
    av = checked(PH_RENDITION_AV);
    ts = checked(PH_RENDITION_TS);
    assert_int_equal(ts->next_msn, av->next_msn);
    assert_true(ts->number > number);
    ph_snapshot_unref(&av);
    ph_snapshot_unref(&ts);
    media_close(&m);
}

static void test_ts_cannot_carry_av1(void **state)
{
    (void)state;
    struct media m;

    media_open(&m, "av1_opus.mp4");
    want(PH_RENDITION_TS);
    go_on_air(&m, true, true, false);
    play(&m, 10 * S, 0);
    assert_null(ph_packager_snapshot(packager, PH_RENDITION_TS));
    assert_int_equal(atomic_load(&stats.value[PH_STAT_INGEST_DROPPED]), 0);
    media_close(&m);
}

static void test_program_changes(void **state)
{
    (void)state;
    struct media avc;
    struct media hevc;

    media_open(&avc, "h264_bframes_aac.mp4");
    media_open(&hevc, "hevc_ac3.mp4");
    want(PH_RENDITION_TS);
    go_on_air(&avc, true, true, false);
    play(&avc, 6500 * MS, 0);
    go_on_air(&hevc, true, true, true);
    struct ph_snapshot *first = snapshot_of(PH_RENDITION_AV);
    assert_non_null(memmem(first->index->data, first->index->len, "hvc1", 4)); /* at once */
    ph_snapshot_unref(&first);
    play(&hevc, 6500 * MS, 7 * S);
    go_on_air(&avc, true, true, true);
    play(&avc, 6500 * MS, 8 * S);

    static const enum ph_rendition all[] = {PH_RENDITION_AV, PH_RENDITION_AUDIO, PH_RENDITION_TS,
                                            PH_RENDITION_CARDS};
    struct ph_snapshot *av = checked(PH_RENDITION_AV);
    for (size_t r = 0; r < PH_ARRAY_SIZE(all); r++) {
        struct ph_snapshot *s = checked(all[r]);
        assert_int_equal(count_discontinuities(s), 2);
        assert_int_equal(s->next_msn, av->next_msn);
        for (size_t i = 0; i < s->count; i++) {
            const struct ph_segment *a = ph_snapshot_segment(av, s->segments[i]->msn);
            if (a->discontinuity_number != s->segments[i]->discontinuity_number) {
                fail_msg("%s: segment %" PRId64 " has discontinuity number %" PRId64
                         ", av %" PRId64,
                         ph_rendition_name(all[r]), a->msn, s->segments[i]->discontinuity_number,
                         a->discontinuity_number);
            }
        }
        ph_snapshot_unref(&s);
    }
    assert_int_equal(av->segments[0]->init->number, 0);
    assert_int_equal(av->segments[av->count - 1]->init->number, 2);
    const struct ph_init *init = ph_snapshot_init(av, 1);
    assert_non_null(init);
    assert_non_null(memmem(init->bytes->data, init->bytes->len, "hvc1", 4));
    assert_non_null(memmem(av->index->data, av->index->len, "avc1", 4));
    ph_snapshot_unref(&av);
    media_close(&avc);
    media_close(&hevc);
}

static void test_equal_program_keeps_init(void **state)
{
    (void)state;
    struct media m;

    media_open(&m, "h264_bframes_aac.mp4");
    go_on_air(&m, true, true, false);
    play(&m, 6 * S, 0);
    ph_packager_sink.on_pause(packager, mono);
    struct ph_snapshot *before = checked(PH_RENDITION_AV);
    assert_null(before->open); /* a pause closes the segment */
    go_on_air(&m, true, true, true);
    play(&m, 6 * S, 20 * S);
    struct ph_snapshot *av = checked(PH_RENDITION_AV);
    assert_int_equal(count_discontinuities(av), 1);
    assert_true(av->segments[av->count - 1]->init == av->segments[0]->init);
    assert_true(av->segments[before->count]->is_discontinuity);
    assert_in_range(av->segments[before->count]->pdt - av->segments[before->count - 1]->pdt, 20 * S,
                    23 * S);
    ph_snapshot_unref(&before);
    ph_snapshot_unref(&av);
    media_close(&m);
}

/* The same publisher goes on as if nothing had been: no tag unless there is a hole. */
static void test_return_without_discontinuity(void **state)
{
    (void)state;
    for (int hole = 0; hole < 2; hole++) {
        struct media m;
        media_open(&m, "h264_bframes_aac.mp4");
        go_on_air(&m, true, true, false);
        play(&m, 4 * S, 0);
        ph_packager_sink.on_pause(packager, mono);
        go_on_air(&m, true, true, false);
        play(&m, 4 * S, hole * 10 * S);
        struct ph_snapshot *av = checked(PH_RENDITION_AV);
        struct ph_snapshot *audio = checked(PH_RENDITION_AUDIO);
        assert_int_equal(count_discontinuities(av), hole);
        assert_int_equal(count_discontinuities(audio), hole);
        assert_int_equal(av->next_msn, audio->next_msn);
        check_cards(av);
        ph_snapshot_unref(&av);
        ph_snapshot_unref(&audio);
        media_close(&m);
        tear_down(state);
        set_up(state);
    }
}

static void test_end_and_again(void **state)
{
    (void)state;
    struct media m;

    media_open(&m, "h264_bframes_aac.mp4");
    want(PH_RENDITION_AV);
    want(PH_RENDITION_TS);
    ph_packager_sink.on_end(packager, mono); /* before anything was on air */
    go_on_air(&m, true, true, false);
    play(&m, 6 * S, 0);
    ph_packager_sink.on_pause(packager, mono);
    assert_false(told.newest[PH_RENDITION_AV]->is_ended);
    ph_packager_sink.on_end(packager, mono);
    assert_true(told.newest[PH_RENDITION_AV]->is_ended);
    assert_true(told.newest[PH_RENDITION_TS]->is_ended);
    for (int r = PH_RENDITION_AV; r < PH_RENDITION_COUNT; r++) {
        struct ph_snapshot *s = snapshot_of((enum ph_rendition)r);
        assert_true(s->is_ended);
        ph_snapshot_unref(&s);
    }
    int64_t msn = told.newest[PH_RENDITION_AV]->next_msn;

    go_on_air(&m, true, true, true);
    play(&m, 6 * S, 100 * S);
    assert_false(told.newest[PH_RENDITION_AV]->is_ended);
    assert_false(told.newest[PH_RENDITION_TS]->is_ended);
    assert_true(told.newest[PH_RENDITION_AV]->next_msn > msn);
    assert_int_equal(told.newest[PH_RENDITION_AV]->next_msn,
                     told.newest[PH_RENDITION_TS]->next_msn);
    media_close(&m);
}

static void test_single_tracks(void **state)
{
    (void)state;
    for (int only_audio = 0; only_audio < 2; only_audio++) {
        struct media m;
        media_open(&m, "h264_bframes_aac.mp4");
        want(PH_RENDITION_TS);
        go_on_air(&m, !only_audio, only_audio, false);
        play(&m, 10 * S, 0); /* packets of the other track are not in the program */
        struct ph_snapshot *av = checked(PH_RENDITION_AV);
        struct ph_snapshot *ts = checked(PH_RENDITION_TS);
        assert_in_range(av->count, 4, 6);
        assert_int_equal(ts->next_msn, av->next_msn);
        ph_snapshot_unref(&ts);
        struct ph_snapshot *audio = ph_packager_snapshot(packager, PH_RENDITION_AUDIO);
        assert_true((audio != NULL) == only_audio);
        if (audio != NULL) {
            check_snapshot(audio);
            assert_int_equal(audio->next_msn, av->next_msn);
        }
        ph_snapshot_unref(&audio);
        ph_snapshot_unref(&av);
        media_close(&m);
        tear_down(state);
        set_up(state);
    }
}

static void test_audio_comes_later(void **state)
{
    (void)state;
    struct media m;

    media_open(&m, "h264_bframes_aac.mp4");
    go_on_air(&m, true, false, false);
    play(&m, 6 * S, 0);
    go_on_air(&m, true, true, true);
    play(&m, 6 * S, 0);
    struct ph_snapshot *av = checked(PH_RENDITION_AV);
    struct ph_snapshot *audio = checked(PH_RENDITION_AUDIO);
    assert_int_equal(av->next_msn, audio->next_msn);
    assert_int_equal(audio->segments[0]->discontinuity_number,
                     ph_snapshot_segment(av, audio->segments[0]->msn)->discontinuity_number);
    assert_int_equal(av->segments[av->count - 1]->init->number, 1);
    ph_snapshot_unref(&av);
    ph_snapshot_unref(&audio);
    media_close(&m);
}

static struct {
    int gop_long;
    int restart;
    char line[512];
} logged;

static void on_log_line(void *arg, const char *line)
{
    (void)arg;
    if (strstr(line, "event=channel.gop_long") != NULL) {
        logged.gop_long++;
        snprintf(logged.line, sizeof(logged.line), "%s", line);
    }
    logged.restart += strstr(line, "event=package.restart") != NULL;
}

/* Key frames only at the start: hides all but each n-th. */
static void play_with_gop(struct media *m, int frames, int gop, ph_usec shift)
{
    for (int i = 0; i < frames;) {
        AVPacket *packet = media_next(m);
        bool is_video = packet->stream_index == PH_TRACK_VIDEO;
        bool is_key = (packet->flags & AV_PKT_FLAG_KEY) != 0;
        if (is_video && is_key && i % gop != 0) {
            /* The same NAL unit as one of a plain frame. */
            AVPacket *plain = av_packet_clone(media_nth(m, PH_TRACK_VIDEO, 1));
            plain->dts = packet->dts;
            plain->pts = packet->pts;
            plain->duration = packet->duration;
            av_packet_free(&packet);
            packet = plain;
        }
        packet->dts += av_rescale_q(shift, AV_TIME_BASE_Q, packet->time_base);
        packet->pts += av_rescale_q(shift, AV_TIME_BASE_Q, packet->time_base);
        give(packet);
        i += is_video ? 1 : 0;
        av_packet_free(&packet);
    }
}

static void test_gop_long_is_told_once(void **state)
{
    (void)state;
    struct media m;

    memset(&logged, 0, sizeof(logged));
    media_open(&m, "h264_bframes_aac.mp4");
    ph_log_divert(on_log_line, NULL);
    want(PH_RENDITION_TS);
    go_on_air(&m, true, true, false);
    play_with_gop(&m, 900, 300, 0);
    assert_int_equal(logged.gop_long, 1);
    assert_non_null(strstr(logged.line, "channel=sinho"));
    assert_non_null(strstr(logged.line, " gop_s=10.000"));
    assert_non_null(strstr(logged.line, "limit_s=2.4"));
    assert_non_null(strstr(logged.line, "key frame interval"));
    struct ph_snapshot *av = checked(PH_RENDITION_AV);
    struct ph_snapshot *ts = checked(PH_RENDITION_TS);
    assert_true(av->count >= 12);
    assert_int_equal(ts->next_msn, av->next_msn);
    assert_null(memmem(av->index->data, av->index->len, "INDEPENDENT-SEGMENTS", 20));
    ph_snapshot_unref(&av);
    ph_snapshot_unref(&ts);

    ph_packager_sink.on_pause(packager, mono);
    go_on_air(&m, true, true, true);
    play_with_gop(&m, 400, 300, 10 * S);
    assert_int_equal(logged.gop_long, 2); /* another session */
    media_close(&m);
}

static void test_muxer_faults(void **state)
{
    (void)state;
    struct media m;

    memset(&logged, 0, sizeof(logged));
    media_open(&m, "h264_bframes_aac.mp4");
    ph_log_divert(on_log_line, NULL);
    go_on_air(&m, true, true, false);
    play(&m, 6 * S, 0);
    /* The same decoding time over and over, which a channel never lets through. */
    AVPacket *bad = media_endless(&m, PH_TRACK_VIDEO, m.next[PH_TRACK_VIDEO] - 1);
    for (int i = 0; i < 1000; i++) {
        ph_packager_sink.on_packet(packager, bad, mono);
    }
    assert_in_range(atomic_load(&stats.value[PH_STAT_INGEST_DROPPED]), 990, 1000);
    assert_int_equal(logged.restart, 1); /* not once for each fault */
    bad->size = 0;
    ph_packager_sink.on_packet(packager, bad, mono);
    bad->size = 10;
    bad->pts = bad->dts - 1;
    ph_packager_sink.on_packet(packager, bad, mono);
    bad->pts = bad->dts = INT64_MAX;
    ph_packager_sink.on_packet(packager, bad, mono);
    bad->pts = bad->dts = INT64_MIN;
    ph_packager_sink.on_packet(packager, bad, mono);
    av_packet_free(&bad);
    play(&m, 6 * S, 0);
    struct ph_snapshot *av = snapshot_of(PH_RENDITION_AV);
    assert_int_equal(count_discontinuities(av), 1);
    ph_snapshot_unref(&av);
    media_close(&m);
}

static void test_unusable_program(void **state)
{
    (void)state;
    struct media m;

    memset(&logged, 0, sizeof(logged));
    media_open(&m, "h264_bframes_aac.mp4");
    ph_log_divert(on_log_line, NULL);
    m.video->par->width = 0;
    go_on_air(&m, true, true, false);
    play(&m, 6 * S, 0);
    assert_null(ph_packager_snapshot(packager, PH_RENDITION_AV));
    assert_true(atomic_load(&stats.value[PH_STAT_INGEST_DROPPED]) > 0);
    assert_int_equal(logged.restart, 1);
    media_close(&m);
}

static void test_memory_is_bounded(void **state)
{
    (void)state;
    struct media m;

    media_open(&m, "h264_bframes_aac.mp4");
    ph_log_divert(on_log_line, NULL);
    ph_packager_destroy(&packager);
    conf.hls.max_channel_bytes = 4 << 20;
    packager = ph_packager_create(&conf, "sinho", "e1", WALL, &stats, &ops, NULL);
    want(PH_RENDITION_TS);
    go_on_air(&m, true, true, false);
    /* 60 Mb/s, and timestamps that hardly move. */
    AVPacket *big = av_packet_alloc();
    assert_int_equal(av_new_packet(big, 256 << 10), 0);
    memset(big->data, 0, (size_t)big->size);
    big->data[1] = 4; /* a NAL unit of 256 KiB - 4 */
    big->data[2] = 0;
    AVPacket *first = media_next(&m);
    give(first);
    for (int i = 0; i < 2000; i++) {
        big->stream_index = PH_TRACK_VIDEO;
        big->dts = first->dts + 1 + i;
        big->pts = big->dts;
        big->duration = 1;
        give(big);
        assert_true(ph_packager_bytes(packager) <= conf.hls.max_channel_bytes + (1 << 20));
    }
    assert_true(ph_packager_bytes(packager) > 1 << 20);
    av_packet_free(&first);
    av_packet_free(&big);
    media_close(&m);
}

static unsigned random_state = 7;

static unsigned random_below(unsigned limit)
{
    random_state = random_state * 1103515245u + 12345u;
    return (random_state >> 8) % limit;
}

/* Whatever a publisher sends within the contract of a sink: nothing breaks, the rules hold. */
static void test_odd_streams(void **state)
{
    (void)state;
    struct media m;

    media_open(&m, "h264_bframes_aac.mp4");
    want(PH_RENDITION_AV);
    want(PH_RENDITION_TS);
    ph_log_divert(on_log_line, NULL);
    int64_t dts[PH_TRACK_KINDS] = {0};
    go_on_air(&m, true, true, false);
    for (int i = 0; i < 40000; i++) {
        int kind = random_below(3) == 0 ? PH_TRACK_VIDEO : PH_TRACK_AUDIO;
        AVPacket *packet = av_packet_clone(media_nth(&m, kind, random_below(100)));
        unsigned odd = random_below(1000);
        dts[kind] += odd == 0 ? 90000 * 3 : odd < 20 ? 40000 : 1 + random_below(6000);
        packet->dts = dts[kind];
        packet->pts = dts[kind] + random_below(3) * 3000;
        packet->duration = random_below(5000);
        give(packet);
        av_packet_free(&packet);
        if (odd == 999) {
            ph_packager_sink.on_pause(packager, mono);
            go_on_air(&m, random_below(4) > 0, true, random_below(2) == 0);
        }
    }
    for (int r = PH_RENDITION_AV; r < PH_RENDITION_COUNT; r++) {
        struct ph_snapshot *s = snapshot_of((enum ph_rendition)r);
        for (size_t i = 0; i < s->count; i++) {
            if (s->segments[i]->duration >= 2500 * MS) {
                fail_msg("%s: segment %zu lasts %" PRId64, ph_rendition_name(s->rendition), i,
                         s->segments[i]->duration);
            }
            for (size_t k = 0; k < s->segments[i]->part_count; k++) {
                assert_true(s->part_target == 0 ||
                            s->segments[i]->parts[k].duration <= s->part_target);
            }
        }
        ph_snapshot_unref(&s);
    }
    struct ph_snapshot *av = snapshot_of(PH_RENDITION_AV);
    check_cards(av);
    ph_snapshot_unref(&av);
    media_close(&m);
}

static void test_numbers_never_go_back(void **state)
{
    (void)state;
    static const unsigned segments[] = {1000, 1500, 2000, 4000, 10000};

    for (size_t i = 0; i < 5; i++) {
        conf.hls.segment_ms = segments[i];
        struct ph_window_params a = ph_setup_window(&conf, "a", WALL, PH_RENDITION_AV);
        /* An hour of segments of half the configured duration, then a restart. */
        struct ph_window_params b = ph_setup_window(&conf, "b", WALL + 3600 * S, PH_RENDITION_AV);
        assert_true(b.first_msn > a.first_msn + 3600 * 1000 / (segments[i] / 2));
        assert_true(b.first_discontinuity >= a.first_discontinuity + 6);
        /* hls.js walks an array of this length: for thirty years it must stay short. */
        struct ph_window_params c =
            ph_setup_window(&conf, "c", WALL + 30LL * 365 * 86400 * S, PH_RENDITION_AV);
        assert_true(c.first_discontinuity < 2000000);
        assert_true(b.first_msn < INT32_MAX);
        assert_string_equal(b.playlist.epoch, "b");
    }
    assert_int_equal(ph_setup_window(&conf, "a", 0, PH_RENDITION_AV).first_msn, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_first_snapshot_needs_a_segment),
        TEST(test_a_minute),
        TEST(test_every_packet_comes_out),
        TEST(test_rounded_times_come_out),
        TEST(test_audio_early_and_late),
        TEST(test_ts_while_wanted),
        TEST(test_ts_cannot_carry_av1),
        TEST(test_program_changes),
        TEST(test_equal_program_keeps_init),
        TEST(test_return_without_discontinuity),
        TEST(test_end_and_again),
        TEST(test_single_tracks),
        TEST(test_audio_comes_later),
        TEST(test_gop_long_is_told_once),
        TEST(test_muxer_faults),
        TEST(test_unusable_program),
        TEST(test_memory_is_bounded),
        TEST(test_odd_streams),
        TEST(test_numbers_never_go_back),
    };

    av_log_set_level(AV_LOG_QUIET); /* tests provoke errors */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
