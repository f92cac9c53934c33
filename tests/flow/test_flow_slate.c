/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A seller is lost and comes back, and viewers see the slate in between: what their playlists say
 * of that, and that nothing of hers is missing or in another place.
 */
#include "cue_scan.h"
#include "flow.h"

#include <inttypes.h>
#include <math.h>

#define MS PH_USEC_PER_MS
#define S PH_USEC_PER_S

/* With a target duration of two seconds. */
#define PATIENCE (3 * S)

struct world {
    struct flow *flow;
    struct camera camera;
    struct ph_slate *slate;
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    world->flow = flow_create();
    camera_open(&world->camera, "h264_bframes_aac.mp4", "h264_bframes_aac.mp4");
    assert_int_equal(ph_slate_create(&world->slate), PH_OK);
    flow_begin(world->flow);
    ph_channel_use_slate(world->flow->channel, world->slate);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    assert_int_equal(world->flow->ffmpeg_lines, 0);
    flow_destroy(&world->flow);
    camera_close(&world->camera);
    ph_slate_destroy(&world->slate);
    free(world);
    return 0;
}

static void play_session(struct world *world, struct camera *camera, ph_usec duration)
{
    camera_restart(camera);
    flow_publish(world->flow, camera);
    flow_play(world->flow, camera, duration);
}

static const struct m3u8 *list_of(const struct world *world, enum ph_rendition rendition)
{
    return world->flow->viewers[rendition].list;
}

static size_t count_discontinuities(const struct m3u8 *list)
{
    size_t count = 0;

    for (size_t i = 0; i < list->count; i++) {
        count += list->segments[i].has_discontinuity ? 1 : 0;
    }
    return count;
}

/* The first segment after the nth discontinuity that is listed. */
static const struct m3u8_segment *after(const struct m3u8 *list, size_t nth)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->segments[i].has_discontinuity && nth-- == 0) {
            return &list->segments[i];
        }
    }
    fail_msg("there are only %zu discontinuities", count_discontinuities(list));
    return NULL;
}

static void check_date(const struct m3u8_segment *segment, ph_usec wall, int64_t off_ms)
{
    int64_t off = m3u8_date_ms(segment->date) - wall / MS;

    if (off < -off_ms || off > off_ms) {
        fail_msg("segment %" PRId64 " is dated %" PRId64 " ms off", segment->msn, off);
    }
}

/*
 * All that was sent came out in its order, but for the first `missing` after a time without any;
 * between the sessions came what nobody sent.
 */
static void check_units(const struct world *world, enum ph_track_kind kind, size_t missing)
{
    const struct flow_units *sent = &world->flow->sent[kind];
    const struct flow_units *came = &world->flow->viewers[PH_RENDITION_AV].units[kind];
    size_t next = 0;
    size_t skipped = 0;
    size_t own = 0;

    for (size_t i = 0; i < came->count; i++) {
        size_t at = next;
        while (at < sent->count && sent->at[at].hash != came->at[i].hash) {
            at++;
        }
        if (at == sent->count) {
            own++;
            continue;
        }
        skipped += at - next;
        next = at + 1;
    }
    if (skipped != missing || next != sent->count) {
        fail_msg("of %zu units of kind %d, %zu are missing and %zu at the end", sent->count,
                 (int)kind, skipped, sent->count - next);
    }
    assert_true(own > 0);
}

/* The newest: two cameras may give equal ones. */
static size_t find_unit(const struct flow_units *units, uint64_t hash)
{
    for (size_t i = units->count; i > 0; i--) {
        if (units->at[i - 1].hash == hash) {
            return i - 1;
        }
    }
    fail_msg("a unit did not come");
    return 0;
}

/* Sound and picture came as far apart as they were sent, at the end of the last session. */
static void check_sync(const struct world *world)
{
    const struct flow_units *sent = world->flow->sent;
    const struct flow_units *came = world->flow->viewers[PH_RENDITION_AV].units;
    const struct flow_unit *video = &sent[PH_TRACK_VIDEO].at[sent[PH_TRACK_VIDEO].count - 1];
    const struct flow_unit *audio = &sent[PH_TRACK_AUDIO].at[sent[PH_TRACK_AUDIO].count - 1];
    size_t v = find_unit(&came[PH_TRACK_VIDEO], video->hash);
    size_t a = find_unit(&came[PH_TRACK_AUDIO], audio->hash);
    double in = (double)(audio->dts - video->dts);
    double out = (double)came[PH_TRACK_AUDIO].at[a].dts * 1000 / 48000 -
                 (double)came[PH_TRACK_VIDEO].at[v].dts / 90;

    if (fabs(in - out) > 1.6) {
        fail_msg("audio was %.1f ms after video and is %.1f ms after it", in, out);
    }
}

/* The clock goes on by `duration`, and the slate's parts with it. */
static void watch_slate(struct world *world, ph_usec duration)
{
    const struct flow_viewer *viewer = &world->flow->viewers[PH_RENDITION_AV];
    size_t first = viewer->part_count;
    ph_usec began = world->flow->now.mono;

    for (ph_usec at = 0; at < duration; at += 40 * MS) {
        flow_wait(world->flow, 40 * MS);
        ph_usec shown = 0;
        for (size_t i = first; i < viewer->part_count; i++) {
            shown += viewer->parts[i].duration;
        }
        ph_usec ahead = shown - (world->flow->now.mono - began);
        if (ahead > 300 * MS || ahead < -300 * MS) {
            fail_msg("after %" PRId64 " ms the slate's parts are %" PRId64 " ms ahead",
                     (world->flow->now.mono - began) / MS, ahead / MS);
        }
    }
}

static bool has_same_map(const struct m3u8_segment *a, const struct m3u8_segment *b)
{
    return strcmp(a->map, b->map) == 0;
}

/*
 * She is lost after eight seconds, and is there again `away` later with `back`. Both renditions
 * begin the slate and her return with a discontinuity each, at their true dates.
 */
static void lose_and_return(struct world *world, struct camera *back, ph_usec away)
{
    struct flow *flow = world->flow;

    play_session(world, &world->camera, 8100 * MS);
    ph_usec lost = flow->now.wall;
    flow_cut(flow);
    int64_t msn = list_of(world, PH_RENDITION_AV)->segments[0].msn;
    flow_wait(flow, PATIENCE);
    watch_slate(world, away - PATIENCE);
    ph_usec back_at = flow->now.wall;
    play_session(world, back, 8100 * MS);
    flow_cut(flow);

    bool has_audio = world->camera.has_audio && back->has_audio;
    for (int r = PH_RENDITION_AV; r <= (has_audio ? PH_RENDITION_AUDIO : PH_RENDITION_AV); r++) {
        const struct m3u8 *list = list_of(world, (enum ph_rendition)r);
        const struct m3u8_segment *hers = &list->segments[0];
        const struct m3u8_segment *slate = after(list, 0);
        const struct m3u8_segment *again = after(list, 1);
        assert_int_equal(count_discontinuities(list), 2);
        assert_int_equal(hers->msn, msn);
        assert_int_equal(slate->discontinuity_number, hers->discontinuity_number + 1);
        assert_int_equal(again->discontinuity_number, hers->discontinuity_number + 2);
        check_date(slate, lost + PATIENCE, 60);
        check_date(again, back_at, 60);
        assert_false(list->is_ended);
    }
    const struct m3u8 *list = list_of(world, PH_RENDITION_AV);
    assert_false(has_same_map(after(list, 0), &list->segments[0]));
    assert_false(has_same_map(after(list, 1), after(list, 0)));
    check_units(world, PH_TRACK_VIDEO, 0);
    if (back->has_audio) {
        check_sync(world);
    }
    if (has_audio) {
        check_units(world, PH_TRACK_AUDIO, 0);
    }
    assert_int_equal(flow_count_log(flow, "event=slate.begin"), 1);
    assert_int_equal(flow_count_log(flow, "event=slate.end"), 1);
    assert_int_equal(flow_count_log(flow, "next=seller"), 1);
}

static void she_comes_back(void **state)
{
    static const ph_usec times[] = {3001 * MS, 3040 * MS, 4 * S, 8 * S, 12345 * MS};

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        struct world *world = *state;
        lose_and_return(world, &world->camera, times[i]);
        tear_down(state);
        set_up(state);
    }
}

static void she_comes_back_with_her_phone_turned(void **state)
{
    struct world *world = *state;
    struct camera turned;

    camera_open(&turned, "h264_portrait.mp4", "h264_bframes_aac.mp4");
    lose_and_return(world, &turned, 8 * S);
    assert_int_equal(flow_count_log(world->flow, "event=slate.begin channel=sinho form=landscape "),
                     1);
    flow_wait(world->flow, 8 * S);
    assert_int_equal(flow_count_log(world->flow, "event=slate.begin channel=sinho form=portrait "),
                     1);
    camera_close(&turned);
}

static void she_comes_back_without_sound(void **state)
{
    struct world *world = *state;
    struct camera mute;

    camera_open(&mute, "h264_bframes_aac.mp4", NULL);
    lose_and_return(world, &mute, 8 * S);
    flow_wait(world->flow, 8 * S);
    /* Her viewers have had sound, and are given silence from then on. */
    assert_int_equal(flow_count_log(world->flow, "form=landscape-silent "), 0);
    assert_int_equal(flow_count_log(world->flow, "form=landscape "), 2);
    camera_close(&mute);
}

static void she_comes_back_with_sound(void **state)
{
    struct world *world = *state;
    struct camera loud;

    camera_open(&loud, "h264_bframes_aac.mp4", "h264_bframes_aac.mp4");
    world->camera.has_audio = false;
    lose_and_return(world, &loud, 8 * S);
    assert_int_equal(flow_count_log(world->flow, "form=landscape-silent "), 1);
    camera_close(&loud);
}

/* Another application with another codec, for which there is no slate. */
static void she_comes_back_with_another_codec(void **state)
{
    struct world *world = *state;
    struct camera other;

    camera_open(&other, "hevc_ac3.mp4", "h264_bframes_aac.mp4");
    world->flow->publisher_conf.is_enhanced = true;
    lose_and_return(world, &other, 8 * S);
    size_t snapshots = world->flow->viewers[PH_RENDITION_AV].snapshots;
    flow_wait(world->flow, 60 * S);
    assert_int_equal(world->flow->viewers[PH_RENDITION_AV].snapshots, snapshots);
    assert_int_equal(flow_count_log(world->flow, "event=slate.begin"), 1);
    camera_close(&other);
}

/* The connection stays, and nothing comes of it for a while. */
static void stall(struct world *world, int64_t moved_ms)
{
    struct flow *flow = world->flow;

    play_session(world, &world->camera, 8500 * MS);
    size_t sent = flow->sent[PH_TRACK_VIDEO].count;
    ph_usec last = flow->now.wall;
    flow_wait(flow, PATIENCE + 40 * MS);
    assert_int_equal(flow_count_log(flow, "event=slate.begin"), 1);
    watch_slate(world, 5 * S);
    world->camera.offset_ms += moved_ms;
    ph_usec resumed = flow->now.wall;
    flow_play(flow, &world->camera, 6 * S);
    flow_cut(flow);

    const struct m3u8 *list = list_of(world, PH_RENDITION_AV);
    assert_int_equal(count_discontinuities(list), 2);
    check_date(after(list, 0), last + PATIENCE, 60);
    /* A key frame each two seconds: 1.5 s to the next one. */
    check_date(after(list, 1), resumed + 1500 * MS, 60);
    assert_true(sent % 60 != 0);
    check_units(world, PH_TRACK_VIDEO, 60 - sent % 60);
    check_sync(world);
    assert_int_equal(flow_count_log(flow, "event=channel.on_air"), 2);
    assert_int_equal(flow_count_log(flow, "event=channel.jump"), 0);
}

/* The phone filmed on while it had no network, and threw away what it could not send. */
static void a_session_stalls_and_goes_on(void **state)
{
    stall(*state, PATIENCE / MS + 40 + 5000);
}

/* The application slept: its clock has stood still. */
static void a_session_sleeps_and_goes_on(void **state)
{
    stall(*state, 0);
}

/* Or began anew. */
static void a_session_stalls_and_its_clock_is_set_back(void **state)
{
    stall(*state, -8000);
}

static void nobody_comes_back(void **state)
{
    struct world *world = *state;
    struct flow *flow = world->flow;

    play_session(world, &world->camera, 8100 * MS);
    flow_cut(flow);
    flow_wait(flow, PATIENCE);
    watch_slate(world, 60 * S);
    flow_wait(flow, 27 * S - 100 * MS);
    assert_false(list_of(world, PH_RENDITION_AV)->is_ended);
    int64_t msn = list_of(world, PH_RENDITION_AV)->media_sequence;
    flow_wait(flow, 100 * MS);
    for (int r = PH_RENDITION_AV; r <= PH_RENDITION_AUDIO; r++) {
        const struct m3u8 *list = list_of(world, (enum ph_rendition)r);
        assert_true(list->is_ended);
        assert_string_equal(list->hint, "");
        assert_int_equal(count_discontinuities(list), 0); /* long out of the window */
        assert_true(list->segments[list->count - 1].duration_us > 0);
        check_date(&list->segments[list->count - 1], flow->now.wall, 2100);
    }
    assert_in_range(list_of(world, PH_RENDITION_AV)->media_sequence, msn, msn + 1);
    assert_int_equal(flow_count_log(flow, "next=end"), 1);
    size_t told = flow->viewers[PH_RENDITION_AV].snapshots;
    flow_wait(flow, 3600 * S);
    assert_int_equal(flow->viewers[PH_RENDITION_AV].snapshots, told);

    /* The next day: the channel goes on, without a slate before it. */
    play_session(world, &world->camera, 8100 * MS);
    assert_false(list_of(world, PH_RENDITION_AV)->is_ended);
    assert_int_equal(count_discontinuities(list_of(world, PH_RENDITION_AV)), 1);
}

static void without_a_slate_the_playlist_stands(void **state)
{
    struct world *world = *state;
    struct flow *flow = world->flow;

    ph_channel_use_slate(flow->channel, NULL);
    play_session(world, &world->camera, 8100 * MS);
    flow_cut(flow);
    size_t snapshots = flow->viewers[PH_RENDITION_AV].snapshots;
    flow_wait(flow, 20 * S);
    assert_int_equal(flow->viewers[PH_RENDITION_AV].snapshots, snapshots);
    play_session(world, &world->camera, 4 * S);
    assert_int_equal(count_discontinuities(list_of(world, PH_RENDITION_AV)), 1);
}

/*
 * The first that viewers get of this run is the slate, which was there before what they had ended,
 * and she is on air behind it.
 */
static void a_restart_begins_with_the_slate(void **state)
{
    struct world *world = *state;
    struct flow *flow = world->flow;
    ph_usec began = flow->now.wall;

    ph_channel_resume(flow->channel, PH_SLATE_LANDSCAPE, 10 * S, flow->now);
    flow_wait(flow, 1 * S); /* the first part tells how long parts are */
    check_date(&list_of(world, PH_RENDITION_AV)->segments[0], began - 16 * S, 60);
    watch_slate(world, 6 * S);
    ph_usec back_at = flow->now.wall;
    play_session(world, &world->camera, 8100 * MS);
    flow_cut(flow);
    const struct m3u8 *list = list_of(world, PH_RENDITION_AV);
    const struct m3u8_segment *again = after(list, count_discontinuities(list) - 1);
    assert_true(again->msn > list->segments[0].msn);
    check_date(again, back_at, 60);
    check_units(world, PH_TRACK_VIDEO, 0);
    check_units(world, PH_TRACK_AUDIO, 0);
    check_sync(world);
}

/* A restart, and nobody has ever come: the playlist that nobody saw ends without a word. */
static void a_restart_without_anything_to_show(void **state)
{
    struct world *world = *state;
    struct flow *flow = world->flow;

    ph_channel_resume(flow->channel, PH_SLATE_NONE, 10 * S, flow->now);
    flow_wait(flow, 200 * S);
    assert_int_equal(flow->viewers[PH_RENDITION_AV].snapshots, 0);
    play_session(world, &world->camera, 8100 * MS);
    flow_cut(flow);
    assert_false(list_of(world, PH_RENDITION_AV)->is_ended);
    assert_int_equal(flow_check_video(flow, 0), 0);
}

/* How often the card that is number `n` is in the parts of the segments from `msn` on. */
static size_t count_card(const struct world *world, int64_t n, int64_t msn)
{
    struct ph_snapshot *snapshot = ph_packager_snapshot(world->flow->packager, PH_RENDITION_AV);
    struct scanned_cue cue;
    size_t count = 0;

    for (size_t i = 0; i < snapshot->count; i++) {
        const struct ph_segment *segment = snapshot->segments[i];
        for (size_t k = 0; segment->msn >= msn && k < segment->part_count; k++) {
            for (int e = 0; scan_event(segment->parts[k].bytes, e, &cue); e++) {
                count += cue.id == n * 2 ? 1 : 0;
            }
        }
    }
    ph_snapshot_unref(&snapshot);
    return count;
}

/* What is pinned stays pinned, and may be changed in the meantime. */
static void cards_hold_on_the_slate(void **state)
{
    struct world *world = *state;
    struct flow *flow = world->flow;
    struct ph_cue *before = ph_cue_create(PH_CUE_CARD, 1, "ginger", "ginger", "");
    struct ph_cue *meanwhile = ph_cue_create(PH_CUE_CARD, 2, "honey", "honey", "");

    ph_channel_set_cue(flow->channel, before);
    play_session(world, &world->camera, 4100 * MS);
    flow_cut(flow);
    flow_wait(flow, PATIENCE + 5 * S);
    int64_t msn = after(list_of(world, PH_RENDITION_AV), 0)->msn;
    assert_true(count_card(world, 1, msn) > 0);
    ph_channel_set_cue(flow->channel, meanwhile);
    flow_wait(flow, 5 * S);
    assert_true(count_card(world, 2, msn) > 0);
    size_t told = count_card(world, 2, msn);
    play_session(world, &world->camera, 4100 * MS);
    assert_true(count_card(world, 2, msn) > told);
    flow_cut(flow);
    ph_channel_remove_sink(flow->channel, flow->packager);
    ph_cue_unref(&before);
    ph_cue_unref(&meanwhile);
}

/* With every kind of loss at every place of a part and a segment. */
static void it_comes_and_goes(void **state)
{
    struct world *world = *state;
    struct flow *flow = world->flow;

    for (int i = 0; i < 40; i++) {
        camera_restart(&world->camera);
        world->camera.offset_ms = i % 2 == 0 ? 0 : 4294960000;
        flow_publish(flow, &world->camera);
        flow_play(flow, &world->camera, (900 + i * 97 % 4000) * MS);
        if (i % 3 == 0) {
            flow_wait(flow, (2500 + i * 331 % 5000) * MS);
            flow_play(flow, &world->camera, 2500 * MS);
        }
        flow_cut(flow);
        flow_wait(flow, i * 331 % 9000 * MS);
    }
    for (int r = PH_RENDITION_AV; r <= PH_RENDITION_AUDIO; r++) {
        const struct m3u8 *list = list_of(world, (enum ph_rendition)r);
        for (size_t i = 1; i < list->count; i++) {
            assert_true(strcmp(list->segments[i].date, list->segments[i - 1].date) > 0);
        }
    }
    flow_wait(flow, 100 * S);
    assert_true(list_of(world, PH_RENDITION_AV)->is_ended);
    assert_true(flow_count_log(flow, "event=slate.begin") > 20);
    assert_int_equal(flow_count_log(flow, "event=slate.end"),
                     flow_count_log(flow, "event=slate.begin"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(she_comes_back),
        TEST(she_comes_back_with_her_phone_turned),
        TEST(she_comes_back_without_sound),
        TEST(she_comes_back_with_sound),
        TEST(she_comes_back_with_another_codec),
        TEST(a_session_stalls_and_goes_on),
        TEST(a_session_sleeps_and_goes_on),
        TEST(a_session_stalls_and_its_clock_is_set_back),
        TEST(nobody_comes_back),
        TEST(without_a_slate_the_playlist_stands),
        TEST(a_restart_begins_with_the_slate),
        TEST(a_restart_without_anything_to_show),
        TEST(cards_hold_on_the_slate),
        TEST(it_comes_and_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
