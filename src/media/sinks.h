/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_MEDIA_SINKS_H
#define PHIEN_MEDIA_SINKS_H

#include <phien/media/channel.h>

/* Who gets a channel's packets, and that each sees the calls in the order of channel.h. */
struct ph_sink {
    const struct ph_sink_ops *ops;
    void *arg;
    bool is_waiting; /* it came while on air and gets packets from the next start on */
};

struct ph_sinks {
    struct ph_sink items[PH_CHANNEL_SINKS_MAX];
    size_t count;
    struct ph_cue *cues[PH_CUE_KINDS]; /* that hold; NULL: none was ever set */
};

void ph_sinks_fini(struct ph_sinks *sinks);

/* `program` is what is on air now, or NULL. */
void ph_sinks_add(struct ph_sinks *sinks, const struct ph_sink_ops *ops, void *arg,
                  struct ph_program *program, ph_usec wall);
void ph_sinks_remove(struct ph_sinks *sinks, void *arg);

void ph_sinks_program(struct ph_sinks *sinks, struct ph_program *program, ph_usec wall,
                      bool discontinuity);
/* `is_start`: a program could begin with this packet. */
void ph_sinks_packet(struct ph_sinks *sinks, const AVPacket *packet, bool is_start, ph_usec now);
void ph_sinks_pause(struct ph_sinks *sinks, ph_usec now);
void ph_sinks_end(struct ph_sinks *sinks, ph_usec now);

/* Takes a reference of its own, for sinks that come later. */
void ph_sinks_cue(struct ph_sinks *sinks, struct ph_cue *cue);

#endif
