/* SPDX-License-Identifier: Apache-2.0 */
#include "media_fixture.h"

#include "cue_scan.h"
#include "package/state.h"

#include <phien/core/log.h>

#include <string.h>

#define MS PH_USEC_PER_MS
#define S PH_USEC_PER_S
#define WALL (INT64_C(1785837600) * S)

enum { CUES_MAX = 2048 };

static struct ph_stats stats;
static struct ph_conf conf;
static struct ph_packager *packager;
static struct media m;

/* The cues that were set, and where they were placed. */
static struct {
    struct ph_cue *cue;
    int receipts;
    struct ph_cue_place place;
    int64_t packet; /* the first of the reference track after it */
} told[CUES_MAX];
static size_t count;
static int64_t packets; /* of the reference track, given so far */
static enum ph_track_kind reference;

static void on_snapshot(void *arg, struct ph_snapshot *snapshot)
{
    (void)arg;
    (void)snapshot;
}

static const struct ph_packager_ops ops = {.on_snapshot = on_snapshot};

static void on_line(void *arg, const char *line)
{
    (void)arg;
    (void)line;
}

static int set_up(void **state)
{
    (void)state;
    memset(&stats, 0, sizeof(stats));
    conf = (struct ph_conf){.hls = {.part_ms = 250,
                                    .segment_ms = 2000,
                                    .window_s = 30,
                                    .max_channel_bytes = 64 << 20,
                                    .mpegts = true}};
    packager = ph_packager_create(&conf, "sinho", "e1", WALL, &stats, &ops, NULL);
    media_open(&m, "h264_bframes_aac.mp4");
    reference = PH_TRACK_VIDEO;
    packets = 0;
    count = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ph_packager_destroy(&packager);
    media_close(&m);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(atomic_load(&told[i].cue->refs), 1);
        ph_cue_unref(&told[i].cue);
    }
    ph_log_divert(NULL, NULL);
    return 0;
}

static void use(const char *file)
{
    media_close(&m);
    media_open(&m, file);
}

static void go_on_air_at(ph_usec wall, bool discontinuity)
{
    struct ph_program *program =
        ph_program_create(reference == PH_TRACK_VIDEO ? m.video : NULL, m.audio);

    ph_packager_sink.on_program(packager, program, wall, discontinuity);
    ph_program_unref(&program);
}

static void go_on_air(void)
{
    go_on_air_at(WALL, false);
}

static void on_placed(void *arg, const struct ph_cue *cue, const struct ph_cue_place *place)
{
    size_t i = (size_t)(uintptr_t)arg;

    assert_ptr_equal(told[i].cue, cue);
    told[i].receipts++;
    told[i].place = *place;
}

/* The index of a new cue in `told`. */
static size_t set(enum ph_cue_kind kind, const char *caption, const char *attributes)
{
    char message[64];

    assert_true(count < CUES_MAX);
    snprintf(message, sizeof(message), "%s %zu", kind == PH_CUE_CARD ? "card" : "shelf", count);
    told[count].cue = ph_cue_create(kind, (int64_t)count + 1, message, caption, attributes);
    told[count].receipts = 0;
    told[count].packet = packets;
    ph_cue_on_placed(told[count].cue, on_placed, (void *)(uintptr_t)count);
    ph_packager_sink.on_cue(packager, told[count].cue);
    return count++;
}

static void give(const AVPacket *packet)
{
    static ph_usec mono;

    packets += packet->stream_index == (int)reference ? 1 : 0;
    ph_packager_sink.on_packet(packager, packet, mono += 10 * MS);
}

/* Plays for `duration`, `shift` later than the stream would be. */
static void play(ph_usec duration, ph_usec shift)
{
    ph_usec end = 0;
    ph_usec dts = 0;

    while (end == 0 || dts < end) {
        AVPacket *packet = media_next(&m);
        dts = media_dts(packet);
        end = end == 0 ? dts + duration : end;
        packet->dts += av_rescale_q(shift, AV_TIME_BASE_Q, packet->time_base);
        packet->pts += av_rescale_q(shift, AV_TIME_BASE_Q, packet->time_base);
        give(packet);
        av_packet_free(&packet);
    }
}

static struct ph_snapshot *snapshot_of(enum ph_rendition rendition)
{
    struct ph_snapshot *snapshot = ph_packager_snapshot(packager, rendition);

    assert_non_null(snapshot);
    return snapshot;
}

/* Whether the part says the cue, and when. */
static bool says(const struct ph_buf *part, size_t i, int64_t *time)
{
    static struct scanned_cue said;

    for (int k = 0; scan_event(part, k, &said); k++) {
        if (strcmp(said.message, told[i].cue->message) == 0) {
            *time = said.time;
            return true;
        }
    }
    return false;
}

/* The part under these numbers, and the date by the playlist at which it begins. */
static const struct ph_part *part_at(const struct ph_snapshot *s, const struct ph_cue_place *place,
                                     ph_usec *begins)
{
    const struct ph_segment *segment = ph_snapshot_segment(s, place->msn);

    assert_non_null(segment);
    assert_in_range(place->part, 0, (int64_t)segment->part_count - 1);
    *begins = segment->pdt;
    for (int64_t k = 0; k < place->part; k++) {
        *begins += segment->parts[k].duration;
    }
    return &segment->parts[place->part];
}

/* Whether the packet's bytes are in the part, as a sample of the track that comes first. */
static bool has_packet(const struct ph_part *part, const AVPacket *packet, struct sample *out)
{
    struct traf_reader traf;

    assert_true(traf_open(&traf, part->bytes, 0));
    while (traf_next(&traf, out)) {
        if ((int64_t)out->dts == packet->dts) {
            assert_int_equal(out->size, packet->size);
            assert_memory_equal(out->data, packet->data, out->size);
            return true;
        }
    }
    return false;
}

/* A card of its own for each frame: each lands in the very part that the frame is in. */
static void check_every_frame(void)
{
    struct ph_snapshot *av = NULL;
    ph_usec begins = 0;
    int64_t time = 0;
    int64_t first_parts = 0;

    go_on_air();
    for (int i = 0; i < 300; i++) {
        set(PH_CUE_CARD, NULL, NULL);
        do {
            AVPacket *packet = media_next(&m);
            give(packet);
            av_packet_free(&packet);
        } while (packets == told[i].packet);
        assert_int_equal(told[i].receipts, 1); /* with that frame, not with the next */
    }
    ph_packager_sink.on_pause(packager, 0);
    av = snapshot_of(PH_RENDITION_AV);
    for (size_t i = 0; i < count; i++) {
        const struct ph_part *part = part_at(av, &told[i].place, &begins);
        AVPacket *packet = media_endless(&m, (int)reference, (size_t)told[i].packet);
        AVPacket *first = media_endless(&m, (int)reference, 0);
        struct sample sample;
        assert_true(has_packet(part, packet, &sample));
        assert_true(says(part->bytes, i, &time));
        assert_int_equal(time, packet->dts + first->pts - first->dts);
        ph_usec shown = av_rescale_q(time, packet->time_base, AV_TIME_BASE_Q);
        assert_in_range(told[i].place.pdt - WALL - shown + 2, 0, 4);
        assert_in_range(told[i].place.pdt - begins + 35 * MS, 0, part->duration + 70 * MS);
        first_parts += told[i].place.part == 0 && told[i].packet > 0 &&
                       told[i - 1].place.msn != told[i].place.msn;
        av_packet_free(&packet);
        av_packet_free(&first);
    }
    assert_true(first_parts > 1); /* the packet that closes a segment is in the next */
    ph_snapshot_unref(&av);
}

static void test_every_frame(void **state)
{
    static const char *const files[] = {"h264_bframes_aac.mp4", "hevc_ac3.mp4", "av1_opus.mp4"};

    for (size_t i = 0; i < PH_ARRAY_SIZE(files); i++) {
        for (int kind = PH_TRACK_VIDEO; kind <= PH_TRACK_AUDIO; kind++) {
            use(files[i]);
            reference = (enum ph_track_kind)kind;
            check_every_frame();
            tear_down(state);
            set_up(state);
        }
    }
}

static void test_ranges_and_captions(void **state)
{
    (void)state;
    go_on_air();
    play(3 * S, 0);
    size_t shown = set(PH_CUE_CARD, "Mật ong", ",X-SKU=\"A1\"");
    set(PH_CUE_SHELF, NULL, NULL);
    play(9 * S, 0);
    size_t hidden = set(PH_CUE_CARD, NULL, NULL);
    play(9 * S, 0);

    /* Repeated with four segments it is one range, and the shelf is none. */
    struct ph_snapshot *audio = snapshot_of(PH_RENDITION_AUDIO);
    assert_int_equal(audio->range_count, 1);
    assert_int_equal(audio->ranges[0]->start, told[shown].place.pdt);
    assert_int_equal(audio->ranges[0]->end, told[hidden].place.pdt);
    assert_string_equal(audio->ranges[0]->attributes, ",X-SKU=\"A1\"");
    ph_snapshot_unref(&audio);

    struct ph_snapshot *cards = snapshot_of(PH_RENDITION_CARDS);
    struct ph_snapshot *av = snapshot_of(PH_RENDITION_AV);
    assert_int_equal(cards->next_msn, av->next_msn);
    for (size_t i = 0; i < cards->count; i++) {
        const struct ph_segment *segment = cards->segments[i];
        const struct ph_buf *text = segment->parts[0].bytes;
        bool has_card = segment->pdt + segment->duration > told[shown].place.pdt &&
                        segment->pdt < told[hidden].place.pdt;
        assert_true((memmem(text->data, text->len, "Mật ong", 9) != NULL) == has_card);
        assert_int_equal(segment->pdt, ph_snapshot_segment(av, segment->msn)->pdt);
    }
    ph_snapshot_unref(&cards);
    ph_snapshot_unref(&av);
}

/* The first part of the segment says the card, with the time of its first packet. */
static void check_starts_with(const struct ph_snapshot *s, size_t segment, size_t card)
{
    const struct ph_part *part = &s->segments[segment]->parts[0];
    struct traf_reader traf;
    struct sample first = {0};
    int64_t time = 0;

    assert_true(says(part->bytes, card, &time));
    assert_true(traf_open(&traf, part->bytes, 0));
    assert_true(traf_next(&traf, &first));
    assert_int_equal(time, first.dts + (uint64_t)first.cts);
}

static size_t find_discontinuity(const struct ph_snapshot *s)
{
    for (size_t i = 1; i < s->count; i++) {
        if (s->segments[i]->is_discontinuity) {
            return i;
        }
    }
    fail_msg("no discontinuity");
    return 0;
}

static void test_after_breaks(void **state)
{
    enum { HOLE, PROGRAM, FAULTS, ENDED, BREAKS };

    for (int kind = HOLE; kind < BREAKS; kind++) {
        ph_log_divert(on_line, NULL);
        size_t card = set(PH_CUE_CARD, NULL, NULL);
        size_t shelf = set(PH_CUE_SHELF, NULL, NULL);
        int64_t time = 0;
        go_on_air();
        play(5 * S, 0);
        if (kind == PROGRAM) {
            go_on_air_at(WALL, true);
        } else if (kind == FAULTS) {
            AVPacket *bad = media_endless(&m, PH_TRACK_VIDEO, m.next[PH_TRACK_VIDEO] - 1);
            for (int i = 0; i < 20; i++) {
                ph_packager_sink.on_packet(packager, bad, 0);
            }
            av_packet_free(&bad);
        } else if (kind == ENDED) {
            ph_packager_sink.on_pause(packager, 0);
            ph_packager_sink.on_end(packager, 0);
            go_on_air_at(WALL, true);
        }
        play(5 * S, kind == HOLE ? 3 * S : 0);
        struct ph_snapshot *av = snapshot_of(PH_RENDITION_AV);
        size_t i = find_discontinuity(av);
        assert_true(says(av->segments[i]->parts[0].bytes, card, &time));
        assert_true(says(av->segments[i]->parts[0].bytes, shelf, &time));
        assert_int_equal(told[card].receipts, 1);
        ph_snapshot_unref(&av);
        tear_down(state);
        set_up(state);
    }
}

/* The picture is late by B-frames, sound alone is not. */
static void test_sound_after_pictures(void **state)
{
    (void)state;
    size_t card = set(PH_CUE_CARD, NULL, NULL);

    go_on_air();
    play(5 * S, 0);
    reference = PH_TRACK_AUDIO;
    go_on_air_at(WALL, true);
    play(5 * S, 0);
    struct ph_snapshot *av = snapshot_of(PH_RENDITION_AV);
    struct ph_snapshot *audio = snapshot_of(PH_RENDITION_AUDIO);
    size_t i = find_discontinuity(av);
    size_t k = find_discontinuity(audio);
    check_starts_with(av, i, card);
    check_starts_with(audio, k, card);
    for (; i < av->count && k < audio->count; i++, k++) {
        assert_int_equal(av->segments[i]->pdt, audio->segments[k]->pdt);
    }
    ph_snapshot_unref(&av);
    ph_snapshot_unref(&audio);
}

/* A new date of the timeline's zero is the date of the places from there on. */
static void test_another_wall(void **state)
{
    (void)state;
    go_on_air();
    play(5 * S, 0);
    size_t before = set(PH_CUE_CARD, NULL, NULL);
    play(5 * S, 0);
    go_on_air_at(WALL + 100 * S, true);
    size_t after = set(PH_CUE_CARD, NULL, NULL);
    play(5 * S, 0);
    ph_usec apart = told[after].place.pdt - told[before].place.pdt;
    assert_in_range(apart, 104900 * MS, 105100 * MS);
    struct ph_snapshot *av = snapshot_of(PH_RENDITION_AV);
    assert_int_equal(ph_snapshot_segment(av, told[after].place.msn)->pdt, told[after].place.pdt);
    ph_snapshot_unref(&av);
}

static void test_where_a_segment_began(void **state)
{
    (void)state;
    go_on_air_at(WALL + 7 * S, false);
    for (int i = 0; i < 10; i++) {
        play(S, 0);
        if (packager->av.closed.duration > 0) {
            assert_int_equal(packager->av.closed.start, packager->av.closed.pdt - WALL - 7 * S);
        }
    }
    assert_in_range(packager->av.closed.start, 10 * S, 20 * S);
}

/* Nothing is lost or kept when cues come and nobody is ever on air. */
static void test_never_on_air(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        set(i % 2 == 0 ? PH_CUE_CARD : PH_CUE_SHELF, "caption", ",X-A=1");
    }
    ph_packager_sink.on_pause(packager, 0);
    ph_packager_sink.on_end(packager, 0);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(told[i].receipts, 0);
        assert_int_equal(atomic_load(&told[i].cue->refs), i < 98 ? 1 : 2);
    }
}

/* Sound that comes after the picture, by half a second: the card waits for it. */
static void test_late_audio(void **state)
{
    (void)state;
    go_on_air();
    for (int i = 0; i < 1500; i++) {
        AVPacket *video = media_endless(&m, PH_TRACK_VIDEO, m.next[PH_TRACK_VIDEO]);
        AVPacket *audio = media_endless(&m, PH_TRACK_AUDIO, m.next[PH_TRACK_AUDIO]);
        bool is_audio = media_dts(audio) + 500 * MS < media_dts(video);
        m.next[is_audio ? PH_TRACK_AUDIO : PH_TRACK_VIDEO]++;
        if (i > 200 && i % 20 == 0 && !is_audio) {
            set(PH_CUE_CARD, NULL, NULL); /* more often than the audio lags behind */
        }
        give(is_audio ? audio : video);
        av_packet_free(&video);
        av_packet_free(&audio);
    }
    struct ph_snapshot *audio = snapshot_of(PH_RENDITION_AUDIO);
    size_t found = 0;
    for (size_t i = 0; i < audio->count; i++) {
        for (size_t k = 0; k < audio->segments[i]->part_count; k++) {
            for (size_t c = 0; c < count; c++) {
                int64_t time = 0;
                if (says(audio->segments[i]->parts[k].bytes, c, &time)) {
                    ph_usec at = av_rescale_q(time, m.audio->time_base, AV_TIME_BASE_Q);
                    /* Each card where it belongs; those that are repeated, up to two seconds on. */
                    assert_in_range(at + WALL - told[c].place.pdt + 1, 0, 2100 * MS);
                    found++;
                }
            }
        }
    }
    assert_true(found >= count - 2);
    ph_snapshot_unref(&audio);
}

/* Every event is said with the time of a packet of its part; how many there are. */
static size_t check_bounds(const struct ph_segment *segment)
{
    static struct scanned_cue said;
    size_t events = 0;

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
            events++;
        }
    }
    return events;
}

/* Sound that is far ahead of the picture: what was said has been said, so the card comes now. */
static void test_early_audio(void **state)
{
    (void)state;
    go_on_air();
    for (int i = 0; i < 1500; i++) {
        AVPacket *video = media_endless(&m, PH_TRACK_VIDEO, m.next[PH_TRACK_VIDEO]);
        AVPacket *audio = media_endless(&m, PH_TRACK_AUDIO, m.next[PH_TRACK_AUDIO]);
        /* Further than anybody waits for pictures. */
        bool is_audio = media_dts(audio) - 5 * S < media_dts(video);
        m.next[is_audio ? PH_TRACK_AUDIO : PH_TRACK_VIDEO]++;
        if (i > 400) {
            set(PH_CUE_CARD, NULL, NULL);
        }
        give(is_audio ? audio : video);
        av_packet_free(&video);
        av_packet_free(&audio);
    }
    struct ph_snapshot *audio = snapshot_of(PH_RENDITION_AUDIO);
    size_t events = 0;
    for (size_t i = 0; i < audio->count; i++) {
        events += check_bounds(audio->segments[i]);
    }
    assert_true(events > 100);
    ph_snapshot_unref(&audio);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_every_frame),  TEST(test_ranges_and_captions),
        TEST(test_after_breaks), TEST(test_sound_after_pictures),
        TEST(test_another_wall), TEST(test_where_a_segment_began),
        TEST(test_never_on_air), TEST(test_late_audio),
        TEST(test_early_audio),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
