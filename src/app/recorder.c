/* SPDX-License-Identifier: Apache-2.0 */
/* A home's side of what outlives the server: looks at its channels and says how far they are. */
#include "recorder.h"

#include <phien/core/mem.h>
#include <phien/net/timer.h>

#include <stdlib.h>

struct ph_recorder {
    const struct ph_shared *shared;
    struct ph_loop *loop;
    struct ph_timer *timer;
    size_t count; /* channels of this home */
    size_t *indices;
    struct ph_feed_record *records;
};

static void note(struct ph_recorder *recorder)
{
    const struct ph_shared *shared = recorder->shared;

    for (size_t i = 0; i < recorder->count; i++) {
        ph_feeds_record(shared->feeds, ph_registry_at(shared->registry, recorder->indices[i]),
                        &recorder->records[i]);
    }
    ph_continuity_note(shared->continuity, recorder->indices, recorder->records, recorder->count);
}

static void on_timer(void *arg)
{
    struct ph_recorder *recorder = arg;

    note(recorder);
    ph_timer_set(recorder->timer, ph_loop_now(recorder->loop) + PH_CONTINUITY_INTERVAL);
}

struct ph_recorder *ph_recorder_create(const struct ph_shared *shared, unsigned worker)
{
    size_t all = ph_registry_count(shared->registry);
    size_t count = 0;

    for (size_t i = 0; i < all; i++) {
        count += ph_registry_at(shared->registry, i)->home == worker;
    }
    if (shared->continuity == NULL || count == 0) {
        return NULL;
    }
    struct ph_recorder *recorder = ph_new(struct ph_recorder);
    recorder->shared = shared;
    recorder->loop = shared->loops[worker];
    recorder->indices = ph_new_array(size_t, count);
    recorder->records = ph_new_array(struct ph_feed_record, count);
    for (size_t i = 0; i < all; i++) {
        if (ph_registry_at(shared->registry, i)->home == worker) {
            recorder->indices[recorder->count++] = i;
        }
    }
    recorder->timer = ph_timer_create(recorder->loop, on_timer, recorder);
    ph_timer_set(recorder->timer, ph_loop_now(recorder->loop)); /* at once: where this run begins */
    return recorder;
}

void ph_recorder_finish(struct ph_recorder *recorder)
{
    if (recorder != NULL) {
        ph_timer_destroy(&recorder->timer);
        note(recorder);
    }
}

void ph_recorder_destroy(struct ph_recorder **ref)
{
    struct ph_recorder *recorder = *ref;

    *ref = NULL;
    if (recorder == NULL) {
        return;
    }
    ph_timer_destroy(&recorder->timer);
    free(recorder->records);
    free(recorder->indices);
    free(recorder);
}
