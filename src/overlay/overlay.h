/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_OVERLAY_PRIVATE_H
#define PHIEN_OVERLAY_OVERLAY_PRIVATE_H

#include <phien/overlay/overlay.h>

#include "desk.h"

/* What a worker's api needs of the whole. Any thread, unless it says otherwise. */
const struct ph_overlay_params *ph_overlay_get_params(const struct ph_overlay *overlay);
struct ph_store *ph_overlay_store(const struct ph_overlay *overlay);

/* Whether no more changes are taken. */
bool ph_overlay_is_draining(const struct ph_overlay *overlay);

/* Sends a change to the channel's home. */
void ph_overlay_post(struct ph_overlay *overlay, const struct ph_registry_entry *entry,
                     struct ph_desk_write *write);

/* The picture that a channel begins with. Before the loops start; borrowed. */
struct ph_picture *ph_overlay_first_picture(const struct ph_overlay *overlay, size_t index);

/* Who takes a worker's pictures. Before the loops start. */
void ph_overlay_attach(struct ph_overlay *overlay, unsigned worker,
                       void (*on_picture)(void *arg, size_t index, struct ph_picture *picture),
                       void *arg);

/* Answers those of the worker's channels who wait for a place. The worker's thread. */
void ph_overlay_flush(struct ph_overlay *overlay, unsigned worker);

#endif
