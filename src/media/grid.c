/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audio half of the timeline. A phone's audio clock is up to some 200 ppm off its system
 * clock, which is 0.2 samples a packet of 1024: one sample a packet follows it five times over.
 */
#include "grid.h"

enum {
    SMOOTHING_PACKETS = 64, /* 1.5 s of AAC: rounding averages out to a few samples */
    HOLE_MS = 50,           /* more than this ahead: samples are missing; less may be jitter */
    OVERLAP_MS = 100,       /* more than this behind: the timestamps were set back */
    TOLERANCE_PARTS = 4000, /* of a second that may stay uncorrected: 0.25 ms */
};

void ph_grid_init(struct ph_grid *grid, int rate)
{
    *grid = (struct ph_grid){.rate = rate};
}

void ph_grid_reset(struct ph_grid *grid)
{
    ph_grid_init(grid, grid->rate);
}

void ph_grid_expect_hole(struct ph_grid *grid)
{
    grid->expects_hole = true;
}

static bool is_off_grid(const struct ph_grid *grid, int64_t truth, int samples)
{
    int64_t ahead = truth - grid->next;
    int64_t hole = grid->expects_hole ? samples / 2 : (int64_t)grid->rate * HOLE_MS / 1000;

    return !grid->is_set || ahead > hole || ahead < -(int64_t)grid->rate * OVERLAP_MS / 1000;
}

/* One sample towards the timestamps when they have been off to one side for long enough. */
static int choose_step(struct ph_grid *grid, int64_t truth)
{
    double tolerance = (double)grid->rate / TOLERANCE_PARTS;

    grid->placed += grid->placed < SMOOTHING_PACKETS;
    grid->error += ((double)(truth - grid->next) - grid->error) / (double)grid->placed;
    int step = grid->error > tolerance ? 1 : grid->error < -tolerance ? -1 : 0;
    grid->error -= step;
    return step;
}

void ph_grid_place(struct ph_grid *grid, int64_t truth, int samples, int64_t floor, int64_t *dts,
                   int64_t *duration)
{
    if (is_off_grid(grid, truth, samples)) {
        ph_grid_reset(grid);
        grid->is_set = truth >= floor; /* else the packets close up until it is */
        grid->next = truth;
    }
    grid->expects_hole = false;
    int step = choose_step(grid, truth);
    *dts = grid->next > floor ? grid->next : floor;
    *duration = samples + step > 0 ? samples + step : 1;
    grid->next = *dts + *duration;
}
