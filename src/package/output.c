/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of the packager's line: parts go into windows here, and windows become snapshots.
 */
#include "output.h"

#include <phien/core/mem.h>

#include <string.h>

void ph_output_init(struct ph_output *output, const struct ph_window_params *params,
                    struct ph_stats *stats)
{
    *output = (struct ph_output){.params = *params, .stats = stats};
    output->discontinuity_number = params->first_discontinuity;
}

void ph_output_fini(struct ph_output *output)
{
    ph_snapshot_unref(&output->newest);
    ph_init_unref(&output->init);
    ph_window_destroy(&output->window);
    ph_arena_fini(&output->arena);
}

static void begin_at(struct ph_output *output, int64_t msn, int64_t discontinuity_number,
                     bool is_break)
{
    output->params.first_msn = msn;
    output->params.first_discontinuity = discontinuity_number;
    output->discontinuity_number = discontinuity_number;
    output->is_discontinuity_due = is_break;
}

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void ph_output_go_on(struct ph_output *output, int64_t next_msn, int64_t discontinuity_number,
                     bool is_break)
{
    PH_ASSERT(output->window == NULL);
    begin_at(output, greater(output->params.first_msn, next_msn),
             greater(output->params.first_discontinuity, discontinuity_number), is_break);
}

/* Parts have names of their own, so their numbers go on. */
void ph_output_reset(struct ph_output *output)
{
    ph_snapshot_unref(&output->newest);
    if (output->window != NULL) {
        output->params.first_part = ph_window_next_part(output->window);
    }
    ph_window_destroy(&output->window);
    output->is_discontinuity_due = false;
}

void ph_output_join(struct ph_output *output, const struct ph_output *leader)
{
    ph_output_reset(output);
    begin_at(output, ph_output_msn(leader), leader->discontinuity_number,
             leader->is_discontinuity_due);
}

void ph_output_join_last(struct ph_output *output, const struct ph_output *leader)
{
    ph_output_reset(output);
    begin_at(output, ph_output_msn(leader) - 1,
             leader->discontinuity_number - (leader->is_discontinuity ? 1 : 0),
             leader->is_discontinuity);
}

void ph_output_break(struct ph_output *output)
{
    output->is_discontinuity_due = output->is_discontinuity_due || output->window != NULL;
}

void ph_output_abandon_hint(struct ph_output *output)
{
    if (output->window != NULL && output->part_target > 0) {
        ph_window_skip_part(output->window);
        ph_snapshot_unref(&output->newest);
    }
}

void ph_output_set_init(struct ph_output *output, struct ph_buf *bytes)
{
    const struct ph_init *old = output->init;

    if (old != NULL && old->bytes->len == bytes->len &&
        memcmp(old->bytes->data, bytes->data, bytes->len) == 0) {
        return;
    }
    ph_init_unref(&output->init);
    output->init = ph_init_create(ph_buf_ref(bytes), output->init_number++);
}

static void begin_segment(struct ph_output *output, ph_usec pdt)
{
    if (output->window == NULL) {
        output->window = ph_window_create(&output->params);
        if (output->part_target > 0) {
            ph_window_set_part_target(output->window, output->part_target);
        }
    }
    /* A player that has followed the hint would decode this with the init segment of before. */
    if (output->is_discontinuity_due) {
        ph_output_abandon_hint(output);
    }
    ph_window_open_segment(output->window, pdt, output->is_discontinuity_due, output->init);
    output->discontinuity_number += output->is_discontinuity_due ? 1 : 0;
    output->is_discontinuity = output->is_discontinuity_due;
    output->is_discontinuity_due = false;
}

/* Moves the bytes to where they stay; without memory for that, they stay where they are. */
static struct ph_buf *settle(struct ph_output *output, struct ph_buf *bytes)
{
    struct ph_buf *copy = NULL;

    if (ph_arena_copy(&output->arena, &copy, bytes->data, bytes->len) != PH_OK) {
        return bytes;
    }
    ph_buf_unref(&bytes);
    return copy;
}

void ph_output_add_part(struct ph_output *output, struct ph_buf *bytes, ph_usec pdt,
                        ph_usec duration, bool is_independent)
{
    if (output->window == NULL || !ph_window_has_open_segment(output->window)) {
        begin_segment(output, pdt);
    }
    ph_stats_add(output->stats, PH_STAT_PACKAGED_BYTES, (int64_t)bytes->len);
    if (output->part_target > 0) {
        ph_stats_add(output->stats, PH_STAT_PARTS, 1);
    }
    ph_window_add_part(output->window, settle(output, bytes), duration, is_independent);
    ph_snapshot_unref(&output->newest);
}

void ph_output_close_segment(struct ph_output *output)
{
    if (output->window == NULL || !ph_window_has_open_segment(output->window)) {
        return;
    }
    ph_window_close_segment(output->window);
    ph_stats_add(output->stats, PH_STAT_SEGMENTS, 1);
    ph_snapshot_unref(&output->newest);
}

void ph_output_touch(struct ph_output *output)
{
    ph_snapshot_unref(&output->newest);
}

void ph_output_end(struct ph_output *output)
{
    if (output->window != NULL && !ph_window_is_ended(output->window)) {
        ph_window_end(output->window);
        ph_snapshot_unref(&output->newest);
    }
}

int64_t ph_output_msn(const struct ph_output *output)
{
    return output->window != NULL ? ph_window_msn(output->window) : output->params.first_msn;
}

int64_t ph_output_next_msn(const struct ph_output *output)
{
    bool has_open = output->window != NULL && ph_window_has_open_segment(output->window);

    return ph_output_msn(output) + (has_open ? 1 : 0);
}

int64_t ph_output_next_discontinuity(const struct ph_output *output)
{
    return output->discontinuity_number + (output->is_discontinuity_due ? 1 : 0);
}

size_t ph_output_bytes(const struct ph_output *output)
{
    return output->window != NULL ? ph_window_bytes(output->window) : 0;
}

struct ph_report ph_output_report(const struct ph_output *output)
{
    struct ph_report none = {.rendition = PH_RENDITION_NONE, .last_msn = -1, .last_part = -1};

    return output->window != NULL ? ph_window_report(output->window) : none;
}

ph_usec ph_output_oldest(const struct ph_output *output)
{
    return output->window != NULL ? ph_window_oldest(output->window) : PH_USEC_NEVER;
}

struct ph_snapshot *ph_output_snapshot(struct ph_output *output,
                                       const struct ph_window_beside *beside)
{
    if (output->window == NULL || ph_window_listed(output->window) == 0) {
        return NULL;
    }
    if (output->newest == NULL) {
        struct ph_snapshot *made = ph_window_snapshot(output->window, beside);
        /* Still ours alone. The number goes on where a window before this one stopped. */
        made->number = ++output->snapshot_number;
        output->newest = made;
    }
    return ph_snapshot_ref(output->newest);
}
