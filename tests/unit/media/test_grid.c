/* SPDX-License-Identifier: Apache-2.0 */
#include <media/cadence.h>
#include <media/grid.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { FRAME = 1024, RATE = 48000, MS = RATE / 1000 };

static void place(struct ph_grid *grid, int64_t truth, int64_t wanted_dts, int64_t wanted_duration)
{
    int64_t dts;
    int64_t duration;

    ph_grid_place(grid, truth, FRAME, 0, &dts, &duration);
    assert_int_equal(dts, wanted_dts);
    assert_int_equal(duration, wanted_duration);
}

static void exact_timestamps_pass_unchanged(void **state)
{
    struct ph_grid grid;

    (void)state;
    ph_grid_init(&grid, RATE);
    for (int64_t i = 0; i < 1000; i++) {
        place(&grid, 777 + i * FRAME, 777 + i * FRAME, FRAME);
    }
}

static void a_steady_error_is_taken_back_sample_by_sample(void **state)
{
    struct ph_grid grid;
    int64_t dts = 0;
    int64_t duration = 0;

    (void)state;
    ph_grid_init(&grid, RATE);
    for (int64_t i = 0; i < 4000; i++) {
        int64_t last = dts + duration;
        int64_t truth = i * FRAME + (i < 1000 ? 0 : 40 * MS); /* too small for a hole */
        ph_grid_place(&grid, truth, FRAME, 0, &dts, &duration);
        assert_true(i == 0 || dts == last);
        assert_in_range(duration, FRAME - 1, FRAME + 1);
    }
    int64_t left = 3999 * FRAME + 40 * MS - dts;
    assert_in_range(left, 0, MS / 2);
}

static void a_hole_is_kept(void **state)
{
    struct ph_grid grid;

    (void)state;
    ph_grid_init(&grid, RATE);
    place(&grid, 0, 0, FRAME);
    place(&grid, FRAME + 51 * MS, FRAME + 51 * MS, FRAME);
    place(&grid, 2 * FRAME + 51 * MS, 2 * FRAME + 51 * MS, FRAME);
}

/* Where a loss is known, one packet's absence is a hole and less is rounding. */
static void a_small_hole_is_kept_after_a_loss(void **state)
{
    struct ph_grid grid;
    int64_t at = 5 * FRAME;

    (void)state;
    ph_grid_init(&grid, RATE);
    place(&grid, at, at, FRAME);
    ph_grid_expect_hole(&grid);
    at += 2 * FRAME;
    place(&grid, at, at, FRAME);
    at += FRAME;
    ph_grid_expect_hole(&grid);
    place(&grid, at + 1, at, FRAME);
    /* It was said of one packet alone. */
    int64_t dts;
    int64_t duration;
    at += FRAME;
    ph_grid_place(&grid, at + FRAME, FRAME, 0, &dts, &duration);
    assert_int_equal(dts, at);
}

static void overlapping_packets_close_up_in_front_of_the_floor(void **state)
{
    struct ph_grid grid;
    int64_t dts = -1;
    int64_t duration;
    int packets = 0;

    (void)state;
    ph_grid_init(&grid, RATE);
    ph_grid_place(&grid, 200 * MS, FRAME, 0, &dts, &duration);
    for (int64_t truth = 0; truth < 400 * MS; truth += FRAME, packets++) {
        int64_t last = dts;
        ph_grid_place(&grid, truth, FRAME, last + 1, &dts, &duration);
        assert_true(dts > last);
        assert_true(dts >= truth);
    }
    assert_true(dts - (packets - 1) * FRAME <= MS); /* back on the timestamps, to the sample */
}

static void a_reset_takes_the_next_timestamp_as_it_is(void **state)
{
    struct ph_grid grid;

    (void)state;
    ph_grid_init(&grid, RATE);
    place(&grid, 0, 0, FRAME);
    ph_grid_reset(&grid);
    place(&grid, FRAME - 300, FRAME - 300, FRAME);
}

static void the_cadence_is_the_median(void **state)
{
    struct ph_cadence cadence;

    (void)state;
    ph_cadence_init(&cadence, 3000);
    assert_int_equal(ph_cadence_estimate(&cadence), 3000);
    ph_cadence_add(&cadence, 3600);
    assert_int_equal(ph_cadence_estimate(&cadence), 3600);
    for (int i = 0; i < 4; i++) {
        ph_cadence_add(&cadence, 3600);
        ph_cadence_add(&cadence, i % 2 ? 1 : 90000);
    }
    assert_int_equal(ph_cadence_estimate(&cadence), 3600);
    for (int i = 0; i < 5; i++) {
        ph_cadence_add(&cadence, 1800); /* the frame rate doubles: most of the last nine count */
    }
    assert_int_equal(ph_cadence_estimate(&cadence), 1800);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_timestamps_pass_unchanged),
        cmocka_unit_test(a_steady_error_is_taken_back_sample_by_sample),
        cmocka_unit_test(a_hole_is_kept),
        cmocka_unit_test(a_small_hole_is_kept_after_a_loss),
        cmocka_unit_test(overlapping_packets_close_up_in_front_of_the_floor),
        cmocka_unit_test(a_reset_takes_the_next_timestamp_as_it_is),
        cmocka_unit_test(the_cadence_is_the_median),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
