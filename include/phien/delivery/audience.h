/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_DELIVERY_AUDIENCE_H
#define PHIEN_DELIVERY_AUDIENCE_H

#include <phien/core/bytes.h>
#include <phien/core/clock.h>

#include <stddef.h>
#include <stdint.h>

/*
 * How many watch each channel. HLS has no connections to count: who watches takes a second of
 * media every second, so what was served of a channel in a while, in seconds, by how long that was,
 * is how many took it. What a cache in front serves is not seen.
 *
 * Each worker counts what it serves, and alone writes its figures; relaxed atomics, as in
 * core/stats.h.
 */
struct ph_audience;

struct ph_audience *ph_audience_create(size_t workers, size_t channels, ph_usec now);
void ph_audience_destroy(struct ph_audience **audience);

/* The worker's thread: it has served so much media of the channel (by the registry's index). */
void ph_audience_serve(struct ph_audience *audience, unsigned worker, size_t channel,
                       ph_usec duration);

/* The worker's thread, every few seconds: what was served since makes the worker's figures. */
void ph_audience_sweep(struct ph_audience *audience, unsigned worker, ph_usec now);

/* Any thread. At least one where anything was served lately. */
int64_t ph_audience_viewers(const struct ph_audience *audience, size_t channel);

/* Prometheus text format, labelled {channel="..."}. `names` is by channel. Any thread. */
void ph_audience_format(struct ph_writer *out, const struct ph_audience *audience,
                        const char *const *names);

#endif
