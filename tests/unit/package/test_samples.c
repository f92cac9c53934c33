/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "package/samples.h"

#include <phien/core/mem.h>

static struct ph_samples samples;

struct unit {
    enum ph_track_kind kind;
    int64_t dts;
    int64_t pts;
    int64_t duration;
    int flags;
    int size;
};

static uint8_t byte_of(const struct unit *unit, int i)
{
    return (uint8_t)(unit->dts * 3 + i);
}

/* The packet is gone when it returns. */
static int add(const struct unit *unit)
{
    AVPacket *packet = av_packet_alloc();

    assert_int_equal(av_new_packet(packet, unit->size), 0);
    for (int i = 0; i < unit->size; i++) {
        packet->data[i] = byte_of(unit, i);
    }
    packet->stream_index = (int)unit->kind;
    packet->dts = unit->dts;
    packet->pts = unit->pts;
    packet->duration = unit->duration;
    packet->flags = unit->flags;
    int err = ph_samples_add(&samples, packet);
    av_packet_free(&packet);
    return err;
}

static void expect(const struct unit *units, size_t count)
{
    struct ph_samples_cursor at = {0};
    AVPacket *packet = av_packet_alloc();

    for (size_t i = 0; i < count; i++) {
        assert_true(ph_samples_next(&samples, &at, packet));
        assert_int_equal(packet->stream_index, units[i].kind);
        assert_int_equal(packet->dts, units[i].dts);
        assert_int_equal(packet->pts, units[i].pts);
        assert_int_equal(packet->flags, units[i].flags);
        assert_int_equal(packet->size, units[i].size);
        for (int k = 0; k < packet->size; k++) {
            if (packet->data[k] != byte_of(&units[i], k)) {
                fail_msg("unit %zu, byte %d is %u", i, k, packet->data[k]);
            }
        }
        if (packet->duration != units[i].duration) {
            fail_msg("unit %zu lasts %d", i, (int)packet->duration);
        }
    }
    assert_false(ph_samples_next(&samples, &at, packet));
    packet->data = NULL;
    packet->size = 0;
    av_packet_free(&packet);
}

static int begin(void **state)
{
    (void)state;
    ph_samples_init(&samples);
    return 0;
}

static int end(void **state)
{
    (void)state;
    ph_samples_fini(&samples);
    return 0;
}

static void test_come_back_in_their_order(void **state)
{
    static const struct unit units[] = {
        {PH_TRACK_VIDEO, 100, 130, 33, AV_PKT_FLAG_KEY, 50000},
        {PH_TRACK_AUDIO, 7, 7, 1024, AV_PKT_FLAG_KEY, 300},
        {PH_TRACK_VIDEO, 133, 133, 33, 0, 1},
        {PH_TRACK_AUDIO, 8, 8, 1024, 0, 2},
    };

    (void)state;
    expect(NULL, 0);
    for (size_t i = 0; i < PH_ARRAY_SIZE(units); i++) {
        assert_int_equal(add(&units[i]), PH_OK);
    }
    expect(units, PH_ARRAY_SIZE(units));
    ph_samples_clear(&samples);
    expect(NULL, 0);
}

static void test_video_lasts_until_the_next_frame(void **state)
{
    static const struct unit units[] = {
        {PH_TRACK_VIDEO, 100, 130, 33, 0, 3},
        {PH_TRACK_AUDIO, 7, 7, 1024, 0, 3},
        {PH_TRACK_VIDEO, 140, 140, 33, 0, 3},
        {PH_TRACK_AUDIO, 8, 8, 1024, 0, 3},
    };
    static const struct {
        int64_t end;
        int64_t last;
    } ends[] = {{AV_NOPTS_VALUE, 33}, {140, 33}, {90, 33}, {141, 1}, {500, 360}};

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(ends); i++) {
        struct unit wanted[PH_ARRAY_SIZE(units)];
        ph_samples_fini(&samples);
        ph_samples_init(&samples);
        for (size_t k = 0; k < PH_ARRAY_SIZE(units); k++) {
            assert_int_equal(add(&units[k]), PH_OK);
            wanted[k] = units[k];
        }
        wanted[0].duration = 40;
        wanted[2].duration = ends[i].last;
        ph_samples_end_video(&samples, ends[i].end);
        expect(wanted, PH_ARRAY_SIZE(wanted));
    }
}

static void test_refuses_what_cannot_follow(void **state)
{
    static const struct unit first = {PH_TRACK_VIDEO, 10, 10, 1, 0, 3};
    static const struct unit refused[] = {
        {PH_TRACK_NONE, 20, 20, 1, 0, 3},  {PH_TRACK_KINDS, 20, 20, 1, 0, 3},
        {PH_TRACK_VIDEO, 10, 10, 1, 0, 3}, {PH_TRACK_VIDEO, 9, 20, 1, 0, 3},
        {PH_TRACK_VIDEO, 20, 19, 1, 0, 3}, {PH_TRACK_VIDEO, 20, 20, 1, 0, 0},
        {PH_TRACK_AUDIO, -1, 20, 1, 0, 3},
    };

    (void)state;
    assert_int_equal(add(&first), PH_OK);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < PH_ARRAY_SIZE(refused); i++) {
            if (add(&refused[i]) != PH_EINVAL) {
                fail_msg("unit %zu was not refused in round %d", i, round);
            }
        }
        expect(&first, round == 0 ? 1 : 0);
        ph_samples_clear(&samples); /* times hold over the end of a part */
    }
}

static void test_parts_of_all_sizes(void **state)
{
    static const int sizes[] = {1, 100 * 1024, 3, 5 * 1024 * 1024, 70 * 1024, 2};
    int64_t dts = 0;

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(sizes); i++) {
        struct unit units[100];
        for (size_t k = 0; k < PH_ARRAY_SIZE(units); k++, dts++) {
            units[k] = (struct unit){PH_TRACK_VIDEO, dts, dts, 1, 0, k == 0 ? sizes[i] : 10};
            assert_int_equal(add(&units[k]), PH_OK);
        }
        expect(units, PH_ARRAY_SIZE(units));
        ph_samples_clear(&samples);
        assert_true(samples.data.cap <= 1024 * 1024); /* a burst's memory is given back */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_come_back_in_their_order, begin, end),
        cmocka_unit_test_setup_teardown(test_video_lasts_until_the_next_frame, begin, end),
        cmocka_unit_test_setup_teardown(test_refuses_what_cannot_follow, begin, end),
        cmocka_unit_test_setup_teardown(test_parts_of_all_sizes, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
