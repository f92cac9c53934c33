/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For players that show captions and know nothing of cards. It costs next to nothing, so it is
 * made whether somebody wants it or not: whoever comes finds it as long as the video.
 */
#include "cards.h"

void ph_cards_init(struct ph_cards *cards, const struct ph_window_params *window,
                   struct ph_stats *stats)
{
    *cards = (struct ph_cards){0};
    ph_output_init(&cards->output, window, stats);
}

void ph_cards_fini(struct ph_cards *cards)
{
    ph_captions_fini(&cards->captions);
    ph_output_fini(&cards->output);
}

void ph_cards_set(struct ph_cards *cards, ph_usec at, const char *caption)
{
    ph_captions_set(&cards->captions, at, caption);
}

/* The leader's segment is closed, and there is no trace of a discontinuity after it yet. */
static void follow_discontinuity(struct ph_cards *cards, const struct ph_output *leader)
{
    if (cards->output.window == NULL) {
        ph_output_join_last(&cards->output, leader);
    } else if (cards->output.discontinuity_number != leader->discontinuity_number) {
        ph_output_break(&cards->output);
    }
}

void ph_cards_end_segment(struct ph_cards *cards, const struct ph_fmp4 *leader)
{
    ph_usec start = leader->closed.start;
    ph_usec duration = leader->closed.duration;

    /* What the leader could not publish would shift all numbers that follow. */
    if (duration == 0) {
        return;
    }
    follow_discontinuity(cards, &leader->output);
    ph_output_add_part(&cards->output,
                       ph_captions_segment(&cards->captions, start, start + duration),
                       leader->closed.pdt, duration, true);
    ph_output_close_segment(&cards->output);
}
