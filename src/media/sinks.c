/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The channel's way out.
 */
#include "sinks.h"

#include <string.h>

void ph_sinks_fini(struct ph_sinks *sinks)
{
    for (int kind = 0; kind < PH_CUE_KINDS; kind++) {
        ph_cue_unref(&sinks->cues[kind]);
    }
}

static void tell_cue(const struct ph_sink *sink, struct ph_cue *cue)
{
    if (cue != NULL && sink->ops->on_cue != NULL) {
        sink->ops->on_cue(sink->arg, cue);
    }
}

void ph_sinks_add(struct ph_sinks *sinks, const struct ph_sink_ops *ops, void *arg,
                  struct ph_program *program, ph_usec wall)
{
    PH_ASSERT(sinks->count < PH_CHANNEL_SINKS_MAX);
    sinks->items[sinks->count++] =
        (struct ph_sink){.ops = ops, .arg = arg, .is_waiting = program != NULL};
    if (program != NULL) {
        ops->on_program(arg, program, wall, false);
    }
    for (int kind = 0; kind < PH_CUE_KINDS; kind++) {
        tell_cue(&sinks->items[sinks->count - 1], sinks->cues[kind]);
    }
}

void ph_sinks_remove(struct ph_sinks *sinks, void *arg)
{
    for (size_t i = 0; i < sinks->count; i++) {
        if (sinks->items[i].arg == arg) {
            sinks->count--;
            memmove(&sinks->items[i], &sinks->items[i + 1],
                    (sinks->count - i) * sizeof(sinks->items[0]));
            return;
        }
    }
}

void ph_sinks_program(struct ph_sinks *sinks, struct ph_program *program, ph_usec wall,
                      bool discontinuity)
{
    for (size_t i = 0; i < sinks->count; i++) {
        struct ph_sink *sink = &sinks->items[i];
        sink->is_waiting = false;
        sink->ops->on_program(sink->arg, program, wall, discontinuity);
    }
}

void ph_sinks_packet(struct ph_sinks *sinks, const AVPacket *packet, bool is_start, ph_usec now)
{
    for (size_t i = 0; i < sinks->count; i++) {
        struct ph_sink *sink = &sinks->items[i];
        sink->is_waiting = sink->is_waiting && !is_start;
        if (!sink->is_waiting) {
            sink->ops->on_packet(sink->arg, packet, now);
        }
    }
}

void ph_sinks_pause(struct ph_sinks *sinks, ph_usec now)
{
    for (size_t i = 0; i < sinks->count; i++) {
        sinks->items[i].ops->on_pause(sinks->items[i].arg, now);
    }
}

void ph_sinks_end(struct ph_sinks *sinks, ph_usec now)
{
    for (size_t i = 0; i < sinks->count; i++) {
        sinks->items[i].ops->on_end(sinks->items[i].arg, now);
    }
}

void ph_sinks_cue(struct ph_sinks *sinks, struct ph_cue *cue)
{
    struct ph_cue *last = sinks->cues[cue->kind];

    sinks->cues[cue->kind] = ph_cue_ref(cue);
    ph_cue_unref(&last);
    for (size_t i = 0; i < sinks->count; i++) {
        tell_cue(&sinks->items[i], cue);
    }
}
