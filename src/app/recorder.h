/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_APP_RECORDER_H
#define PHIEN_APP_RECORDER_H

#include "worker.h"

/* Notes what the channels of one home have to go on with, again and again (see continuity.h). */
struct ph_recorder;

/* Before the loop starts. NULL where nothing is kept, or the worker is no channel's home. */
struct ph_recorder *ph_recorder_create(const struct ph_shared *shared, unsigned worker);

/* The home's thread, once its channels have got the last: notes that. NULL is fine. */
void ph_recorder_finish(struct ph_recorder *recorder);

/* NULL is fine. */
void ph_recorder_destroy(struct ph_recorder **recorder);

#endif
