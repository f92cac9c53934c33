/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mp4.h"
#include "package/fragment.h"

#include <phien/core/mem.h>

#include <stdlib.h>

static struct ph_fragment fragment;

struct unit {
    enum ph_track_kind kind;
    int64_t dts;
    int64_t pts;
    int64_t duration;
    bool is_key;
    int size;
};

/* Bytes that tell units apart. */
static int add_skipping(const struct unit *unit, size_t skip)
{
    AVPacket *packet = av_packet_alloc();

    assert_int_equal(av_new_packet(packet, unit->size), 0);
    for (int i = 0; i < unit->size; i++) {
        packet->data[i] = (uint8_t)(unit->dts + i);
    }
    packet->stream_index = (int)unit->kind;
    packet->dts = unit->dts;
    packet->pts = unit->pts;
    packet->duration = unit->duration;
    packet->flags = unit->is_key ? AV_PKT_FLAG_KEY : 0;
    int err = ph_fragment_add(&fragment, packet, skip);
    av_packet_free(&packet);
    return err;
}

static int add(struct unit unit)
{
    return add_skipping(&unit, 0);
}

static struct ph_buf *cut(int64_t video_end)
{
    struct ph_buf *out = NULL;

    assert_int_equal(ph_fragment_cut(&fragment, video_end, &out), PH_OK);
    return out;
}

static int open_both(void **state)
{
    (void)state;
    ph_fragment_init(&fragment, true, true);
    return 0;
}

static int close_it(void **state)
{
    (void)state;
    ph_fragment_fini(&fragment);
    return 0;
}

/* Word for word, as ISO/IEC 14496-12 section 8.8 has it. */
static void test_every_byte(void **state)
{
    /* clang-format off */
    static const uint8_t expected[] = {
        0, 0, 0, 200, 'm', 'o', 'o', 'f',
        0, 0, 0, 16, 'm', 'f', 'h', 'd', 0, 0, 0, 0, 0, 0, 0, 1,
        0, 0, 0, 100, 't', 'r', 'a', 'f',
        0, 0, 0, 20, 't', 'f', 'h', 'd', 0, 2, 0, 0x20, 0, 0, 0, 1, 2, 0, 0, 0,
        0, 0, 0, 20, 't', 'f', 'd', 't', 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 5,
        0, 0, 0, 52, 't', 'r', 'u', 'n', 0, 0, 0x0f, 1, 0, 0, 0, 2, 0, 0, 0, 208,
        0, 0, 0x0b, 0xb8, 0, 0, 0, 3, 2, 0, 0, 0, 0, 0, 0, 6,
        0, 0, 0x0b, 0xb9, 0, 0, 0, 2, 1, 1, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 76, 't', 'r', 'a', 'f',
        0, 0, 0, 20, 't', 'f', 'h', 'd', 0, 2, 0, 0x20, 0, 0, 0, 2, 2, 0, 0, 0,
        0, 0, 0, 20, 't', 'f', 'd', 't', 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9,
        0, 0, 0, 28, 't', 'r', 'u', 'n', 0, 0, 3, 1, 0, 0, 0, 1, 0, 0, 0, 213,
        0, 0, 4, 0, 0, 0, 0, 4,
        0, 0, 0, 17, 'm', 'd', 'a', 't',
        5, 6, 7, 0xbd, 0xbe, 9, 10, 11, 12,
    };
    /* clang-format on */
    int64_t start = (INT64_C(1) << 32) + 5;

    (void)state;
    assert_int_equal(add((struct unit){PH_TRACK_VIDEO, start, start + 6, 3003, true, 3}), PH_OK);
    assert_int_equal(add((struct unit){PH_TRACK_AUDIO, 9, 9, 1024, false, 4}), PH_OK);
    assert_int_equal(add((struct unit){PH_TRACK_VIDEO, start + 3000, start + 3000, 3003, false, 2}),
                     PH_OK);
    struct ph_buf *out = cut(start + 6001);
    assert_int_equal(out->len, sizeof(expected));
    assert_memory_equal(out->data, expected, sizeof(expected));
    ph_buf_unref(&out);
}

static void expect_durations(struct ph_buf *out, int traf, const uint32_t *durations, size_t count)
{
    struct traf_reader r;
    struct sample sample;

    assert_true(traf_open(&r, out, traf));
    for (size_t i = 0; i < count; i++) {
        assert_true(traf_next(&r, &sample));
        assert_int_equal(sample.duration, durations[i]);
    }
    assert_false(traf_next(&r, &sample));
    ph_buf_unref(&out);
}

static void test_samples_last_until_the_next(void **state)
{
    static const uint32_t as_the_packet_says[] = {40, 33};
    static const uint32_t as_foreseen[] = {40, 35};
    static const uint32_t foreseen_too_early[] = {40, 33};
    static const uint32_t with_a_gap[] = {5000, 1024};

    (void)state;
    assert_int_equal(add((struct unit){PH_TRACK_VIDEO, 100, 100, 33, true, 1}), PH_OK);
    assert_int_equal(add((struct unit){PH_TRACK_VIDEO, 140, 140, 33, false, 1}), PH_OK);
    expect_durations(cut(AV_NOPTS_VALUE), 0, as_the_packet_says, 2);
    assert_int_equal(add((struct unit){PH_TRACK_VIDEO, 200, 200, 33, false, 1}), PH_OK);
    assert_int_equal(add((struct unit){PH_TRACK_VIDEO, 240, 240, 33, false, 1}), PH_OK);
    expect_durations(cut(275), 0, as_foreseen, 2);
    assert_int_equal(add((struct unit){PH_TRACK_VIDEO, 300, 300, 33, false, 1}), PH_OK);
    assert_int_equal(add((struct unit){PH_TRACK_VIDEO, 340, 340, 33, false, 1}), PH_OK);
    expect_durations(cut(340), 0, foreseen_too_early, 2);
    assert_int_equal(add((struct unit){PH_TRACK_AUDIO, 1000, 1000, 1024, true, 1}), PH_OK);
    assert_int_equal(add((struct unit){PH_TRACK_AUDIO, 6000, 6000, 1024, true, 1}), PH_OK);
    expect_durations(cut(7000), 0, with_a_gap, 2);
}

static uint32_t number_of(const struct ph_buf *out)
{
    return be32(box_need(box_need(box_of(out), "moof"), "mfhd").data + 4);
}

static void test_fragments_are_numbered(void **state)
{
    (void)state;
    for (uint32_t i = 1; i < 5; i++) {
        assert_int_equal(add((struct unit){PH_TRACK_AUDIO, i, i, 1, true, 1}), PH_OK);
        struct ph_buf *out = cut(AV_NOPTS_VALUE);
        assert_int_equal(number_of(out), i);
        ph_buf_unref(&out);
    }
}

static void test_tracks_are_numbered_as_in_the_init_segment(void **state)
{
    struct traf_reader r;

    (void)state;
    ph_fragment_fini(&fragment);
    ph_fragment_init(&fragment, false, true);
    assert_int_equal(add((struct unit){PH_TRACK_VIDEO, 1, 1, 1, true, 1}), PH_EINVAL);
    assert_int_equal(add((struct unit){PH_TRACK_AUDIO, 1, 1, 1, true, 1}), PH_OK);
    struct ph_buf *out = cut(AV_NOPTS_VALUE);
    assert_true(traf_open(&r, out, 0));
    assert_int_equal(r.track_id, 1);
    ph_buf_unref(&out);
}

static void test_what_cannot_be_placed_leaves_no_trace(void **state)
{
    static const struct unit refused[] = {
        {PH_TRACK_NONE, 20, 20, 1, true, 1},
        {PH_TRACK_KINDS, 20, 20, 1, true, 1},
        {PH_TRACK_VIDEO, 10, 10, 1, true, 1},                           /* the same time again */
        {PH_TRACK_VIDEO, 9, 20, 1, true, 1},                            /* back */
        {PH_TRACK_VIDEO, -5, 20, 1, true, 1},                           /* before the beginning */
        {PH_TRACK_VIDEO, 20, 19, 1, true, 1},                           /* shown before decoded */
        {PH_TRACK_VIDEO, 20, 20 + (INT64_C(1) << 31), 1, true, 1},      /* shown too late */
        {PH_TRACK_VIDEO, 11 + UINT32_MAX, 11 + UINT32_MAX, 1, true, 1}, /* too far off */
        {PH_TRACK_VIDEO, INT64_MAX, INT64_MAX, 1, true, 1},
        {PH_TRACK_VIDEO, 20, 20, -1, true, 1},
        {PH_TRACK_VIDEO, 20, 20, INT64_C(1) << 32, true, 1},
        {PH_TRACK_VIDEO, 20, 20, 1, true, 0},
    };
    struct traf traf;
    struct ph_buf *nothing = NULL;

    (void)state;
    assert_int_equal(ph_fragment_cut(&fragment, 1, &nothing), PH_EAGAIN);
    assert_null(nothing);
    assert_int_equal(add((struct unit){PH_TRACK_VIDEO, 10, 10, 7, true, 4}), PH_OK);
    for (size_t i = 0; i < PH_ARRAY_SIZE(refused); i++) {
        if (add(refused[i]) != PH_EINVAL) {
            fail_msg("unit %zu was not refused", i);
        }
    }
    struct ph_buf *out = cut(AV_NOPTS_VALUE);
    assert_true(traf_read(out, 0, &traf));
    assert_int_equal(traf.samples, 1);
    assert_int_equal(traf.bytes, 4);
    assert_int_equal(traf.duration, 7);
    assert_false(traf_read(out, 1, &traf));
    ph_buf_unref(&out);
    assert_int_equal(ph_fragment_cut(&fragment, 1, &nothing), PH_EAGAIN);
}

/* The order of times holds over the end of a fragment. */
static void test_a_fragment_begins_after_the_last(void **state)
{
    (void)state;
    assert_int_equal(add((struct unit){PH_TRACK_VIDEO, 10, 10, 7, true, 1}), PH_OK);
    struct ph_buf *out = cut(AV_NOPTS_VALUE);
    ph_buf_unref(&out);
    assert_int_equal(add((struct unit){PH_TRACK_VIDEO, 10, 10, 7, true, 1}), PH_EINVAL);
    /* A fragment says where it begins, so it may begin any time later. */
    assert_int_equal(
        add((struct unit){PH_TRACK_VIDEO, INT64_C(1) << 50, INT64_C(1) << 50, 7, true, 1}), PH_OK);
    struct traf traf;
    out = cut(AV_NOPTS_VALUE);
    assert_true(traf_read(out, 0, &traf));
    assert_int_equal(traf.tfdt, INT64_C(1) << 50);
    ph_buf_unref(&out);
}

static void test_skipped_bytes_are_left_out(void **state)
{
    const struct unit unit = {PH_TRACK_VIDEO, 10, 10, 7, true, 5};
    struct traf_reader r;
    struct sample sample;

    (void)state;
    assert_int_equal(add_skipping(&unit, 5), PH_EINVAL);
    assert_int_equal(add_skipping(&unit, 2), PH_OK);
    struct ph_buf *out = cut(AV_NOPTS_VALUE);
    assert_true(traf_open(&r, out, 0) && traf_next(&r, &sample));
    assert_int_equal(sample.size, 3);
    assert_int_equal(sample.data[0], 12);
    ph_buf_unref(&out);
}

/* Buffers grow, are used again, and are given back when they were large. */
static void test_parts_of_all_sizes(void **state)
{
    static const int sizes[] = {1, 100 * 1024, 3, 5 * 1024 * 1024, 70 * 1024, 2};

    (void)state;
    for (int i = 0; i < (int)PH_ARRAY_SIZE(sizes); i++) {
        struct traf traf;
        for (int k = 0; k < 40; k++) {
            int64_t dts = 100 * i + k;
            assert_int_equal(
                add((struct unit){PH_TRACK_VIDEO, dts, dts, 1, k == 0, k == 0 ? sizes[i] : 10}),
                PH_OK);
        }
        struct ph_buf *out = cut(AV_NOPTS_VALUE);
        assert_true(traf_read(out, 0, &traf));
        assert_int_equal(traf.samples, 40);
        assert_int_equal(traf.bytes, sizes[i] + 390);
        ph_buf_unref(&out);
        assert_true(fragment.runs[PH_TRACK_VIDEO].data.cap <= 1024 * 1024);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_byte, open_both, close_it),
        cmocka_unit_test_setup_teardown(test_samples_last_until_the_next, open_both, close_it),
        cmocka_unit_test_setup_teardown(test_fragments_are_numbered, open_both, close_it),
        cmocka_unit_test_setup_teardown(test_tracks_are_numbered_as_in_the_init_segment, open_both,
                                        close_it),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_placed_leaves_no_trace, open_both,
                                        close_it),
        cmocka_unit_test_setup_teardown(test_a_fragment_begins_after_the_last, open_both, close_it),
        cmocka_unit_test_setup_teardown(test_skipped_bytes_are_left_out, open_both, close_it),
        cmocka_unit_test_setup_teardown(test_parts_of_all_sizes, open_both, close_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
