/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_PACKAGER_FIXTURE_H
#define PHIEN_TESTS_PACKAGER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "media_fixture.h"
#include "package/setup.h"
#include "package/state.h"

#include <phien/core/log.h>
#include <phien/package/packager.h>

#include <inttypes.h>
#include <string.h>

/* A packager with a publisher's media, and an observer that keeps what it was told. */
#define MS PH_USEC_PER_MS
#define S PH_USEC_PER_S
#define WALL (INT64_C(1785837600) * S)

static struct ph_stats stats;
static struct ph_conf conf;

/* What the observer was told. */
static struct {
    size_t count[PH_RENDITION_COUNT];
    struct ph_snapshot *newest[PH_RENDITION_COUNT];
} told;

static inline void on_snapshot(void *arg, struct ph_snapshot *snapshot)
{
    struct ph_snapshot **newest = &told.newest[snapshot->rendition];

    (void)arg;
    assert_true(*newest == NULL || snapshot->number > (*newest)->number);
    ph_snapshot_unref(newest);
    *newest = ph_snapshot_ref(snapshot);
    told.count[snapshot->rendition]++;
}

static const struct ph_packager_ops ops = {.on_snapshot = on_snapshot};

static struct ph_packager *packager;

static inline int set_up(void **state)
{
    (void)state;
    memset(&stats, 0, sizeof(stats));
    conf = (struct ph_conf){.hls = {.part_ms = 250,
                                    .segment_ms = 2000,
                                    .window_s = 30,
                                    .max_channel_bytes = 64 << 20,
                                    .mpegts = true}};
    packager = ph_packager_create(&conf, "sinho", "e1", WALL, &stats, &ops, NULL);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    ph_packager_destroy(&packager);
    for (int i = 0; i < PH_RENDITION_COUNT; i++) {
        ph_snapshot_unref(&told.newest[i]);
    }
    memset(&told, 0, sizeof(told));
    ph_log_divert(NULL, NULL);
    return 0;
}

static inline void want(enum ph_rendition rendition)
{
    ph_packager_want(packager, rendition, true);
}

static inline void go_on_air(const struct media *m, bool has_video, bool has_audio,
                             bool discontinuity)
{
    struct ph_program *program =
        ph_program_create(has_video ? m->video : NULL, has_audio ? m->audio : NULL);

    ph_packager_sink.on_program(packager, program, WALL, discontinuity);
    ph_program_unref(&program);
}

static ph_usec mono;

static inline void give(const AVPacket *packet)
{
    mono += 10 * MS;
    ph_packager_sink.on_packet(packager, packet, mono);
}

/* Plays for `duration`, `shift` later than the stream would be. */
static inline void play(struct media *m, ph_usec duration, ph_usec shift)
{
    ph_usec end = 0;

    for (;;) {
        AVPacket *packet = media_next(m);
        ph_usec dts = media_dts(packet);
        end = end == 0 ? dts + duration : end;
        packet->dts += av_rescale_q(shift, AV_TIME_BASE_Q, packet->time_base);
        packet->pts += av_rescale_q(shift, AV_TIME_BASE_Q, packet->time_base);
        give(packet);
        av_packet_free(&packet);
        if (dts >= end) {
            return;
        }
    }
}

static inline struct ph_snapshot *snapshot_of(enum ph_rendition rendition)
{
    struct ph_snapshot *snapshot = ph_packager_snapshot(packager, rendition);

    assert_non_null(snapshot);
    return snapshot;
}

/* The rules of RFC 8216bis that can be seen in a snapshot. */
static inline void check_snapshot(const struct ph_snapshot *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct ph_segment *segment = s->segments[i];
        ph_usec sum = 0;
        size_t bytes = 0;
        assert_int_equal(segment->msn, s->segments[0]->msn + (int64_t)i);
        assert_true(segment->duration < s->params.target_duration_s * S + S / 2);
        for (size_t k = 0; k < segment->part_count; k++) {
            const struct ph_part *part = &segment->parts[k];
            sum += part->duration;
            bytes += part->bytes->len;
            if (s->part_target > 0) {
                assert_true(part->duration <= s->part_target);
                assert_true(part->duration * 100 >= s->part_target * 85 || part->is_independent ||
                            k + 1 == segment->part_count);
            }
        }
        assert_int_equal(sum, segment->duration);
        assert_int_equal(bytes, segment->bytes);
        if (i > 0 && !segment->is_discontinuity) {
            /* Dates and durations go together. */
            ph_usec expected = s->segments[i - 1]->pdt + s->segments[i - 1]->duration;
            assert_in_range(llabs(segment->pdt - expected), 0, 25 * MS);
        }
        assert_true((s->part_target == 0) == (segment->init == NULL));
    }
}

static inline struct ph_snapshot *checked(enum ph_rendition rendition)
{
    struct ph_snapshot *snapshot = snapshot_of(rendition);

    check_snapshot(snapshot);
    return snapshot;
}

static inline size_t count_discontinuities(const struct ph_snapshot *s)
{
    size_t count = 0;

    for (size_t i = 0; i < s->count; i++) {
        count += s->segments[i]->is_discontinuity ? 1 : 0;
    }
    return count;
}

/* The captions' segments are the video's in all but their bytes, and none is missing. */
static inline void check_cards(const struct ph_snapshot *av)
{
    struct ph_snapshot *cards = snapshot_of(PH_RENDITION_CARDS);

    assert_int_equal(cards->next_msn, av->next_msn);
    assert_true(cards->open == NULL);
    for (size_t i = av->listed_from; i < av->count; i++) {
        const struct ph_segment *a = av->segments[i];
        const struct ph_segment *b = ph_snapshot_segment(cards, a->msn);
        assert_non_null(b);
        assert_int_equal(b->pdt, a->pdt);
        assert_int_equal(b->duration, a->duration);
        assert_int_equal(b->discontinuity_number, a->discontinuity_number);
        assert_int_equal(b->is_discontinuity, a->is_discontinuity);
        assert_memory_equal(b->parts[0].bytes->data, "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:", 30);
    }
    ph_snapshot_unref(&cards);
}

#endif
