/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random access points, as far as they can be foreseen: publishers repeat their last GOP's length
 * nearly always, so the segmenter plans with it and copes when it was wrong.
 */
#include "gop.h"

void ph_gop_feed(struct ph_gop *gop, ph_usec dts)
{
    gop->length = ph_gop_until(gop, dts);
    gop->last = dts;
    gop->has_last = true;
}

void ph_gop_break(struct ph_gop *gop)
{
    gop->has_last = false;
}

ph_usec ph_gop_until(const struct ph_gop *gop, ph_usec dts)
{
    return gop->has_last && dts > gop->last ? dts - gop->last : gop->length;
}

static ph_usec round_up(ph_usec value, ph_usec unit)
{
    return (value + unit - 1) / unit;
}

struct ph_gop_plan ph_gop_plan(ph_usec length, ph_usec frame, ph_usec part_min, ph_usec part_max)
{
    struct ph_gop_plan none = {0};

    if (frame <= 0 || length <= 0) {
        return none;
    }
    ph_usec frames = (length + frame / 2) / frame;
    ph_usec most = part_max / frame;
    ph_usec least = round_up(part_min, frame);
    if (frames <= most || least > most) {
        return none; /* no part in between, or no number of whole frames fits */
    }
    ph_usec others = round_up(frames, most) - 1;
    ph_usec even = round_up(frames, others + 1);
    ph_usec each = even > least ? even : least;
    return (struct ph_gop_plan){.first = (frames - others * each) * frame, .other = each * frame};
}
