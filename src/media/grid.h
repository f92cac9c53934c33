/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_MEDIA_GRID_H
#define PHIEN_MEDIA_GRID_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Puts audio packets back on the sample grid that millisecond timestamps rounded away: positions
 * are counted in samples, and pulled towards the timestamps by at most one sample a packet, so
 * that neither rounding nor two clocks' drift is ever heard or adds up.
 */
struct ph_grid {
    int rate;
    bool is_set;
    int64_t next;   /* where the next packet belongs, in samples */
    double error;   /* smoothed: how far the timestamps are ahead of the grid, in samples */
    int64_t placed; /* packets since the grid was set, as far as smoothing needs to know */
    bool expects_hole;
};

void ph_grid_init(struct ph_grid *grid, int rate);

/* The next packet sets the grid anew. */
void ph_grid_reset(struct ph_grid *grid);

/* Packets are known to be missing before the next one, whose timestamp tells how many. */
void ph_grid_expect_hole(struct ph_grid *grid);

/*
 * Places a packet of `samples` whose timestamp says `truth` (in samples, rounding and all). It
 * comes to lie at `*dts`, not before `floor`; the next one follows after `*duration` unless its
 * timestamp tells of a hole.
 */
void ph_grid_place(struct ph_grid *grid, int64_t truth, int samples, int64_t floor, int64_t *dts,
                   int64_t *duration);

#endif
