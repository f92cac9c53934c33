/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cues find their place in the stream: with the next picture, in the part that has it, with its
 * time, in every rendition alike; and again for those who join later.
 */
#include "cue_scan.h"
#include "flow.h"

#include <libavutil/mathematics.h>

#define MS PH_USEC_PER_MS
#define S PH_USEC_PER_S

enum { CUES_MAX = 512 };

/* A cue that was set, and what was heard of it. */
struct told {
    struct ph_cue *cue;
    size_t next_unit; /* of the reference track: the first one sent after it */
    int receipts;
    struct ph_cue_place place;
};

struct world {
    struct flow *flow;
    struct camera camera;
    struct told told[CUES_MAX];
    size_t count;
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    world->flow = flow_create();
    camera_open(&world->camera, "h264_bframes_aac.mp4", "h264_bframes_aac.mp4");
    flow_begin(world->flow);
    ph_packager_want(world->flow->packager, PH_RENDITION_TS, true);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    /* FFmpeg 5.1 misses the frame size of all audio that MPEG-TS has alone, whatever it is. */
    assert_true(world->flow->ffmpeg_lines == 0 || !world->camera.has_video);
    flow_destroy(&world->flow);
    for (size_t i = 0; i < world->count; i++) {
        assert_int_equal(atomic_load(&world->told[i].cue->refs), 1);
        ph_cue_unref(&world->told[i].cue);
    }
    camera_close(&world->camera);
    free(world);
    return 0;
}

static void again(void **state)
{
    tear_down(state);
    set_up(state);
}

static void on_placed(void *arg, const struct ph_cue *cue, const struct ph_cue_place *place)
{
    struct told *told = arg;

    assert_ptr_equal(told->cue, cue);
    told->receipts++;
    told->place = *place;
}

static enum ph_track_kind reference_of(const struct world *world)
{
    return world->camera.has_video ? PH_TRACK_VIDEO : PH_TRACK_AUDIO;
}

static struct told *set(struct world *world, enum ph_cue_kind kind, const char *message)
{
    struct told *told = &world->told[world->count++];
    char text[256];
    char attributes[64];

    assert_true(world->count <= CUES_MAX);
    snprintf(text, sizeof(text), "%s%zu", message, world->count);
    snprintf(attributes, sizeof(attributes), ",X-N=\"%zu\"", world->count);
    told->cue = ph_cue_create(kind, (int64_t)world->count, text, text, attributes);
    told->next_unit = world->flow->sent[reference_of(world)].count;
    ph_cue_on_placed(told->cue, on_placed, told);
    ph_channel_set_cue(world->flow->channel, told->cue);
    return told;
}

static uint32_t id_of(const struct told *told)
{
    return (uint32_t)told->cue->seq * 2 + (told->cue->kind == PH_CUE_SHELF ? 1 : 0);
}

static void play(struct world *world, ph_usec duration)
{
    flow_play(world->flow, &world->camera, duration);
}

static void play_session(struct world *world, ph_usec duration)
{
    camera_restart(&world->camera);
    flow_publish(world->flow, &world->camera);
    play(world, duration);
}

static struct ph_snapshot *snapshot_of(const struct world *world, enum ph_rendition rendition)
{
    struct ph_snapshot *snapshot = ph_packager_snapshot(world->flow->packager, rendition);

    assert_non_null(snapshot);
    return snapshot;
}

static const struct ph_segment *segment_of(const struct ph_snapshot *snapshot, int64_t msn)
{
    return snapshot->open != NULL && snapshot->open->msn == msn
               ? snapshot->open
               : ph_snapshot_segment(snapshot, msn);
}

/* The cue of this kind that a part says; false: none. Each kind is said once in a part at most,
 * unless it is new each time. The last one counts. */
static bool find_said(const struct ph_buf *bytes, enum ph_rendition rendition,
                      enum ph_cue_kind kind, struct scanned_cue *out)
{
    static struct scanned_cue each;
    const char *begin = kind == PH_CUE_SHELF ? "shelf" : "card";
    bool is_ts = rendition == PH_RENDITION_TS;
    bool is_found = false;

    for (int i = 0; is_ts ? scan_ts_cue(bytes, i, &each) : scan_event(bytes, i, &each); i++) {
        if (strncmp(each.message, begin, strlen(begin)) == 0) {
            assert_true(!is_found || strcmp(out->message, each.message) != 0);
            *out = each;
            is_found = true;
        }
    }
    return is_found;
}

/* The `told` one, wherever in the part it is said. */
static bool find_told(const struct ph_buf *bytes, enum ph_rendition rendition,
                      const struct told *told, struct scanned_cue *out)
{
    bool is_ts = rendition == PH_RENDITION_TS;

    for (int i = 0; is_ts ? scan_ts_cue(bytes, i, out) : scan_event(bytes, i, out); i++) {
        if (strcmp(out->message, told->cue->message) == 0) {
            assert_true(is_ts || out->id == id_of(told));
            return true;
        }
    }
    return false;
}

/* A sample of the reference track. */
struct found_sample {
    int64_t dts;
    int64_t cts;
};

/* In which order the tracks are in a rendition, video comes first. */
static bool find_sample(const struct ph_part *part, uint64_t hash, struct found_sample *out)
{
    struct traf_reader traf;
    struct sample sample = {0};

    for (int i = 0; traf_open(&traf, part->bytes, i); i++) {
        while (traf_next(&traf, &sample)) {
            if (flow_hash(sample.data, sample.size) == hash) {
                *out = (struct found_sample){(int64_t)sample.dts, sample.cts};
                return true;
            }
        }
    }
    return false;
}

/* How late the first picture of all is. */
static int64_t composition_of(const struct ph_snapshot *av)
{
    struct traf_reader traf;
    struct sample sample = {0};

    assert_true(traf_open(&traf, av->segments[0]->parts[0].bytes, 0));
    assert_true(traf_next(&traf, &sample));
    return sample.cts;
}

/* The part of the receipt has the next frame, says the cue, and says it with that frame's time. */
static int64_t check_place(const struct world *world, const struct ph_snapshot *av,
                           const struct told *told)
{
    static struct scanned_cue said;
    const struct flow_units *sent = &world->flow->sent[reference_of(world)];
    const struct ph_segment *segment = segment_of(av, told->place.msn);
    struct found_sample sample = {0};

    assert_int_equal(told->receipts, 1);
    assert_non_null(segment);
    assert_in_range(told->place.part, 0, (int64_t)segment->part_count - 1);
    const struct ph_part *part = &segment->parts[told->place.part];
    assert_true(find_sample(part, sent->at[told->next_unit].hash, &sample));
    assert_true(find_told(part->bytes, PH_RENDITION_AV, told, &said));
    assert_int_equal(said.time, sample.dts + composition_of(av));
    /* Where no frame is shown out of turn, that is when it is shown. */
    assert_true(world->camera.has_b_frames || said.time == sample.dts + sample.cts);
    return av_rescale(said.time, S, said.timescale);
}

/* The date of the receipt lies in the part that the playlist lists under these numbers. */
static void check_date(const struct world *world, const struct told *told)
{
    const struct m3u8_segment *segment =
        m3u8_find(world->flow->viewers[PH_RENDITION_AV].list, told->place.msn);
    int64_t begins = 0;
    int64_t ends = 0;

    if (segment == NULL || segment->part_count == 0) {
        return; /* parts of older segments are not listed */
    }
    begins = m3u8_date_ms(segment->date) * MS;
    for (int64_t i = 0; i <= told->place.part; i++) {
        begins = i > 0 ? ends : begins;
        ends = begins + segment->parts[i].duration_us;
    }
    /* Dates have milliseconds, and what is declared may be a frame off, but no more. */
    if (told->place.pdt < begins - 35 * MS || told->place.pdt > ends + 35 * MS) {
        fail_msg("part %" PRId64 " of %" PRId64 ": the cue is %.3f s after its beginning",
                 told->place.part, told->place.msn, (double)(told->place.pdt - begins) / S);
    }
}

/* Playlists date the card as the receipt does; what is no card has no range. */
static size_t check_ranges(const struct world *world, enum ph_rendition rendition)
{
    const struct m3u8 *list = world->flow->viewers[rendition].list;

    for (size_t i = 0; i < list->range_count; i++) {
        size_t number = 0;
        assert_int_equal(sscanf(list->ranges[i].attributes, ",X-N=\"%zu\"", &number), 1);
        assert_in_range(number, 1, world->count);
        const struct told *told = &world->told[number - 1];
        assert_int_equal(told->cue->kind, PH_CUE_CARD);
        assert_int_equal(m3u8_date_ms(list->ranges[i].start), told->place.pdt / MS);
    }
    return list->range_count;
}

/* Every event of the audio rendition is at the time of a packet of its part. */
static size_t check_bounds(const struct ph_segment *segment)
{
    static struct scanned_cue said;
    size_t count = 0;

    for (size_t k = 0; k < segment->part_count; k++) {
        for (int i = 0; scan_event(segment->parts[k].bytes, i, &said); i++) {
            struct traf_reader traf;
            struct sample sample;
            bool is_found = false;
            assert_true(traf_open(&traf, segment->parts[k].bytes, 0));
            while (traf_next(&traf, &sample)) {
                is_found |= (int64_t)sample.dts == said.time;
            }
            assert_true(is_found);
            count++;
        }
    }
    return count;
}

/* When the audio rendition says the cue, in microseconds; -1: it does not. */
static ph_usec audio_time(const struct ph_snapshot *audio, const struct told *told)
{
    static struct scanned_cue said;

    for (int64_t msn = told->place.msn - 1; msn <= told->place.msn + 1; msn++) {
        const struct ph_segment *segment = segment_of(audio, msn);
        for (size_t k = 0; segment != NULL && k < segment->part_count; k++) {
            if (find_told(segment->parts[k].bytes, PH_RENDITION_AUDIO, told, &said)) {
                return av_rescale(said.time, S, said.timescale);
            }
        }
    }
    return -1;
}

/* Cues at all odd moments: each has its place, unless the next one was set before its frame. */
static void check_each(const struct world *world)
{
    static struct scanned_cue said;
    struct ph_snapshot *av = snapshot_of(world, PH_RENDITION_AV);
    struct ph_snapshot *audio = snapshot_of(world, PH_RENDITION_AUDIO);
    struct ph_snapshot *ts = snapshot_of(world, PH_RENDITION_TS);
    ph_usec zero = 0;
    size_t placed = 0;

    for (size_t i = 0; i < world->count; i++) {
        const struct told *told = &world->told[i];
        if (i + 1 < world->count && told[1].next_unit == told->next_unit) {
            assert_int_equal(told->receipts, 0);
            continue;
        }
        ph_usec time = check_place(world, av, told);
        check_date(world, told);
        zero = placed++ == 0 ? told->place.pdt - time : zero;
        assert_in_range(told->place.pdt - time - zero + 2, 0, 4);
        ph_usec heard = audio_time(audio, told);
        if (heard >= 0) {
            assert_in_range(heard - time + 1, 0, 24 * MS);
        }
        const struct ph_segment *ts_segment = ph_snapshot_segment(ts, told->place.msn);
        if (ts_segment != NULL) {
            assert_true(find_told(ts_segment->parts[0].bytes, PH_RENDITION_TS, told, &said));
            assert_in_range(av_rescale(said.time, S, 90000) - time + 12, 0, 24);
        }
    }
    for (size_t i = 0; i < audio->count; i++) {
        bool is_before = audio->segments[i]->msn <= world->told[0].place.msn;
        assert_true(check_bounds(audio->segments[i]) > 0 || is_before);
    }
    assert_true(placed > 100);
    assert_true(check_ranges(world, PH_RENDITION_AV) > 50);
    assert_true(check_ranges(world, PH_RENDITION_AUDIO) > 50);
    ph_snapshot_unref(&av);
    ph_snapshot_unref(&audio);
    ph_snapshot_unref(&ts);
}

static void a_card_comes_with_the_next_frame(void **state)
{
    for (int variant = 0; variant < 3; variant++) {
        struct world *world = *state;
        unsigned dice = 1;
        world->camera.has_b_frames = variant == 1;
        world->camera.has_video = variant != 2;
        play_session(world, 3 * S);
        for (int i = 0; i < 200; i++) {
            dice = dice * 1103515245u + 12345u;
            set(world, PH_CUE_CARD, "card");
            play(world, 1 + (dice >> 8) % 200 * MS);
        }
        play(world, 3 * S);
        check_each(world);
        again(state);
    }
}

/* With each segment's first picture, in all renditions, always as the same message. */
static void check_repeats(const struct world *world, enum ph_rendition rendition,
                          const struct told *card)
{
    static struct scanned_cue said;
    struct ph_snapshot *snapshot = snapshot_of(world, rendition);
    int64_t last = 0;

    for (size_t i = 0; i < snapshot->count; i++) {
        const struct ph_segment *segment = snapshot->segments[i];
        if (segment->msn <= card->place.msn) {
            continue;
        }
        /* Audio is cut a little before the first picture is shown. */
        size_t k = 0;
        while (!find_said(segment->parts[k].bytes, rendition, PH_CUE_CARD, &said)) {
            assert_true(++k < segment->part_count);
            assert_int_equal(rendition, PH_RENDITION_AUDIO);
        }
        assert_true(k <= 1);
        assert_string_equal(said.message, card->cue->message);
        assert_true(rendition == PH_RENDITION_TS || said.id == id_of(card));
        assert_true(said.time > last);
        last = said.time;
        for (k++; k < segment->part_count; k++) {
            assert_false(find_said(segment->parts[k].bytes, rendition, PH_CUE_CARD, &said));
        }
    }
    assert_true(last > 0);
    ph_snapshot_unref(&snapshot);
}

static void a_card_is_repeated_with_each_segment(void **state)
{
    for (int variant = 0; variant < 3; variant++) {
        struct world *world = *state;
        world->camera.has_b_frames = variant == 1;
        world->camera.has_video = variant != 2;
        play_session(world, 5 * S);
        const struct told *card = set(world, PH_CUE_CARD, "card");
        play(world, 20 * S);
        for (int r = PH_RENDITION_AV; r <= PH_RENDITION_TS; r++) {
            check_repeats(world, (enum ph_rendition)r, card);
        }
        assert_int_equal(card->receipts, 1);
        assert_int_equal(check_ranges(world, PH_RENDITION_AV), 1);
        again(state);
    }
}

/* What was in a part when it was published is in the segment. */
static void a_published_part_stays_as_it_is(void **state)
{
    struct world *world = *state;

    play_session(world, 7 * S);
    set(world, PH_CUE_CARD, "card");
    set(world, PH_CUE_SHELF, "shelf");
    play(world, 700 * MS);
    struct ph_snapshot *early = snapshot_of(world, PH_RENDITION_AV);
    assert_non_null(early->open);
    set(world, PH_CUE_CARD, "card");
    play(world, 10 * S);
    struct ph_snapshot *late = snapshot_of(world, PH_RENDITION_AV);
    const struct ph_segment *segment = ph_snapshot_segment(late, early->open->msn);
    assert_true(early->open->part_count < segment->part_count);
    for (size_t k = 0; k < early->open->part_count; k++) {
        assert_int_equal(segment->parts[k].bytes->len, early->open->parts[k].bytes->len);
        assert_memory_equal(segment->parts[k].bytes->data, early->open->parts[k].bytes->data,
                            segment->parts[k].bytes->len);
    }
    ph_snapshot_unref(&early);
    ph_snapshot_unref(&late);
}

/* Times (us) at which the leading rendition says shelves; how many. */
static size_t shelves_said(const struct world *world, ph_usec *times, size_t max)
{
    static struct scanned_cue said;
    struct ph_snapshot *av = snapshot_of(world, PH_RENDITION_AV);
    size_t count = 0;

    for (size_t i = 0; i < av->count; i++) {
        for (size_t k = 0; k < av->segments[i]->part_count; k++) {
            const struct ph_part *part = &av->segments[i]->parts[k];
            if (find_said(part->bytes, PH_RENDITION_AV, PH_CUE_SHELF, &said)) {
                assert_true(count < max);
                times[count++] = av_rescale(said.time, S, said.timescale);
            }
        }
    }
    ph_snapshot_unref(&av);
    return count;
}

static void a_shelf_that_changes_all_the_time(void **state)
{
    struct world *world = *state;
    ph_usec times[64];

    play_session(world, 3 * S);
    for (int i = 0; i < 100; i++) {
        set(world, PH_CUE_SHELF, "shelf");
        play(world, 100 * MS);
    }
    play(world, 3 * S);
    size_t count = shelves_said(world, times, 64);
    assert_in_range(count, 10, 11);
    for (size_t i = 1; i < count; i++) {
        assert_in_range(times[i] - times[i - 1], 1 * S, 1 * S + 35 * MS);
    }
    assert_int_equal(world->told[99].receipts, 1);
}

static void a_shelf_that_stays(void **state)
{
    struct world *world = *state;
    ph_usec times[64];

    play_session(world, 3 * S);
    set(world, PH_CUE_SHELF, "shelf");
    play(world, 27 * S);
    size_t count = shelves_said(world, times, 64);
    assert_int_equal(count, 3);
    assert_in_range(times[1] - times[0], 9500 * MS, 12 * S); /* to the start of a segment */
    assert_in_range(times[2] - times[1], 9900 * MS, 10100 * MS);
}

/* What the first part of a session says; the parts after it say nothing more. */
static void check_first_part(const struct world *world, int64_t msn, const struct told *card,
                             const struct told *shelf)
{
    static struct scanned_cue said;

    for (int r = PH_RENDITION_AV; r <= PH_RENDITION_TS; r++) {
        enum ph_rendition rendition = (enum ph_rendition)r;
        struct ph_snapshot *snapshot = snapshot_of(world, rendition);
        const struct ph_segment *segment = segment_of(snapshot, msn);
        assert_non_null(segment);
        assert_true(find_told(segment->parts[0].bytes, rendition, card, &said));
        assert_true(find_told(segment->parts[0].bytes, rendition, shelf, &said));
        for (size_t k = 1; k < segment->part_count; k++) {
            assert_false(find_said(segment->parts[k].bytes, rendition, PH_CUE_CARD, &said));
            assert_false(find_said(segment->parts[k].bytes, rendition, PH_CUE_SHELF, &said));
        }
        ph_snapshot_unref(&snapshot);
    }
}

static int64_t next_msn(const struct world *world)
{
    struct ph_snapshot *av = snapshot_of(world, PH_RENDITION_AV);
    int64_t msn = av->next_msn;

    assert_null(av->open);
    ph_snapshot_unref(&av);
    return msn;
}

static void what_holds_off_air_is_in_the_first_part(void **state)
{
    struct world *world = *state;
    struct flow *flow = world->flow;

    set(world, PH_CUE_CARD, "card");
    const struct told *card = set(world, PH_CUE_CARD, "card");
    const struct told *shelf = set(world, PH_CUE_SHELF, "shelf");
    assert_int_equal(card->receipts, 0);
    play_session(world, 4500 * MS);
    assert_int_equal(world->told[0].receipts, 0);
    assert_int_equal(card->receipts, 1);
    assert_int_equal(shelf->receipts, 1);
    assert_int_equal(card->place.part, 0);
    struct ph_snapshot *av = snapshot_of(world, PH_RENDITION_AV);
    assert_int_equal(card->place.msn, av->segments[0]->msn);
    assert_int_equal(card->place.pdt, av->segments[0]->pdt);
    ph_snapshot_unref(&av);
    check_first_part(world, card->place.msn, card, shelf);

    /* The phone was away for a moment: what holds is said again, and nobody gets a receipt. */
    flow_cut(flow);
    int64_t msn = next_msn(world);
    flow_wait(flow, 3 * S);
    play_session(world, 4500 * MS);
    check_first_part(world, msn, card, shelf);
    assert_int_equal(card->receipts, 1);

    /* Another card while nobody was there. */
    flow_unpublish(flow);
    msn = next_msn(world);
    const struct told *other = set(world, PH_CUE_CARD, "card");
    flow_wait(flow, 100 * S);
    play_session(world, 4500 * MS);
    check_first_part(world, msn, other, shelf);
    assert_int_equal(other->place.msn, msn);
    assert_int_equal(other->place.part, 0);
}

/* The clock of the publisher leaps, and it turns its phone: viewers see a break, and all again. */
static void after_a_break_all_is_said_again(void **state)
{
    for (int is_turn = 0; is_turn < 2; is_turn++) {
        struct world *world = *state;
        struct camera upright;
        camera_open(&upright, "h264_portrait.mp4", NULL);
        const struct told *card = set(world, PH_CUE_CARD, "card");
        const struct told *shelf = set(world, PH_CUE_SHELF, "shelf");
        play_session(world, 4500 * MS);
        if (is_turn) {
            flow_send_track(world->flow, upright.video_par, world->camera.now_us / MS);
            world->camera.video = upright.video;
        } else {
            world->camera.offset_ms = 3600 * 1000;
        }
        world->camera.since_key = -1;
        play(world, 3 * S);
        struct ph_snapshot *av = snapshot_of(world, PH_RENDITION_AV);
        size_t i = 1;
        while (!av->segments[i]->is_discontinuity) {
            assert_true(++i < av->count);
        }
        check_first_part(world, av->segments[i]->msn, card, shelf);
        ph_snapshot_unref(&av);
        world->camera.video = &world->camera.files[0];
        camera_close(&upright);
        again(state);
    }
}

static void hiding_is_a_message_too(void **state)
{
    static const char nothing[] = "card: null ";
    struct world *world = *state;

    play_session(world, 3 * S);
    set(world, PH_CUE_CARD, "card");
    play(world, 1300 * MS);
    const struct told *hidden = set(world, PH_CUE_CARD, nothing);
    play(world, 10 * S);
    struct ph_snapshot *av = snapshot_of(world, PH_RENDITION_AV);
    check_place(world, av, hidden);
    check_repeats(world, PH_RENDITION_AV, hidden);
    check_repeats(world, PH_RENDITION_AUDIO, hidden);
    ph_snapshot_unref(&av);
}

/* Sound that comes half a second late or early has the card where its own time is the card's. */
static void audio_that_lags_behind(void **state)
{
    static const int64_t offsets_ms[] = {-400, -200, 300, 700};

    for (size_t i = 0; i < sizeof(offsets_ms) / sizeof(offsets_ms[0]); i++) {
        struct world *world = *state;
        world->camera.offset_ms = 1000;
        world->camera.audio_offset_ms = offsets_ms[i];
        play_session(world, 4 * S);
        const struct told *card = set(world, PH_CUE_CARD, "card");
        play(world, 6 * S);
        struct ph_snapshot *av = snapshot_of(world, PH_RENDITION_AV);
        struct ph_snapshot *audio = snapshot_of(world, PH_RENDITION_AUDIO);
        ph_usec time = check_place(world, av, card);
        assert_in_range(audio_time(audio, card) - time + 1, 0, 24 * MS);
        for (size_t k = 0; k < audio->count; k++) {
            check_bounds(audio->segments[k]);
        }
        ph_snapshot_unref(&av);
        ph_snapshot_unref(&audio);
        again(state);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_card_comes_with_the_next_frame),
        TEST(a_card_is_repeated_with_each_segment),
        TEST(a_published_part_stays_as_it_is),
        TEST(a_shelf_that_changes_all_the_time),
        TEST(a_shelf_that_stays),
        TEST(what_holds_off_air_is_in_the_first_part),
        TEST(after_a_break_all_is_said_again),
        TEST(hiding_is_a_message_too),
        TEST(audio_that_lags_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
