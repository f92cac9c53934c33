/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "package/interleave.h"

#define MS PH_USEC_PER_MS

static struct ph_interleave in;

static void push(ph_usec dts, int size)
{
    AVPacket *packet = av_packet_alloc();

    assert_int_equal(av_new_packet(packet, size), 0);
    packet->dts = dts;
    assert_true(ph_interleave_push(&in, packet, dts));
    av_packet_free(&packet);
}

/* The dts of the next packet, -1 if none is due. */
static ph_usec pull(bool all)
{
    AVPacket *packet = ph_interleave_pull(&in, all);
    ph_usec dts = packet != NULL ? packet->dts : -1;

    av_packet_free(&packet);
    return dts;
}

static void test_audio_waits_for_video(void **state)
{
    (void)state;
    ph_interleave_begin(&in, true);
    push(100 * MS, 10);
    push(120 * MS, 10);
    assert_int_equal(pull(false), -1);
    ph_interleave_video(&in, 120 * MS);
    assert_int_equal(pull(false), 100 * MS);
    assert_int_equal(pull(false), -1);
    ph_interleave_video(&in, 133 * MS);
    assert_int_equal(pull(false), 120 * MS);
    /* Late audio goes on at once. */
    push(125 * MS, 10);
    assert_int_equal(pull(false), 125 * MS);
    ph_interleave_fini(&in);
}

static void test_missing_video(void **state)
{
    (void)state;
    ph_interleave_begin(&in, true);
    ph_interleave_video(&in, 100 * MS);
    for (int i = 0; i <= 50; i++) {
        push(100 * MS + i * 20 * MS, 10);
        /* The first one is a second behind the newest only then. */
        assert_int_equal(pull(false), i == 50 ? 100 * MS : -1);
    }
    push(1120 * MS, 10);
    assert_int_equal(pull(false), 120 * MS);
    assert_int_equal(pull(false), -1);
    assert_int_equal(pull(true), 140 * MS);
    ph_interleave_fini(&in);
    assert_int_equal(in.count, 0);
    assert_int_equal(in.bytes, 0);
}

static void test_without_video(void **state)
{
    (void)state;
    ph_interleave_begin(&in, false);
    push(100 * MS, 10);
    assert_int_equal(pull(false), 100 * MS);
    assert_int_equal(pull(false), -1);
    ph_interleave_fini(&in);
}

/* What passes is what would come back at once. */
static void test_what_passes_need_not_be_pushed(void **state)
{
    (void)state;
    for (int has_video = 0; has_video < 2; has_video++) {
        ph_interleave_begin(&in, has_video);
        for (int i = 0; i < 50; i++) {
            ph_usec dts = i * 21 * MS;
            if (i % 3 == 0) {
                ph_interleave_video(&in, i * 20 * MS);
            }
            bool passes = ph_interleave_passes(&in, dts);
            bool was_empty = in.count == 0;
            push(dts, 10);
            bool came_back = pull(false) == dts;
            assert_int_equal(passes, was_empty && came_back);
            assert_true(has_video || passes);
        }
        ph_interleave_fini(&in);
    }
}

static void test_limits(void **state)
{
    (void)state;
    ph_interleave_begin(&in, true);
    for (int i = 0; i < 10 * PH_INTERLEAVE_PACKETS; i++) {
        push(i, 1);
        while (pull(false) >= 0) {
        }
        assert_true(in.count < PH_INTERLEAVE_PACKETS);
    }
    ph_interleave_fini(&in);
    ph_interleave_begin(&in, true);
    for (int i = 0; i < 100; i++) {
        push(i, 100000);
        while (pull(false) >= 0) {
        }
        assert_true(in.bytes <= PH_INTERLEAVE_BYTES);
    }
    ph_interleave_fini(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_audio_waits_for_video),
        cmocka_unit_test(test_missing_video),
        cmocka_unit_test(test_without_video),
        cmocka_unit_test(test_what_passes_need_not_be_pushed),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
