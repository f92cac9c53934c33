/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_APP_DESCRIBE_H
#define PHIEN_APP_DESCRIBE_H

#include "quality.h"
#include "worker.h"

#include <jansson.h>

/* A channel as JSON. The thread of its home; the caller owns what is returned. */

/* For operators: all that is known. */
json_t *ph_describe_channel(const struct ph_shared *shared, const struct ph_registry_entry *entry);

/* For whoever sells there: is it on air, how good is the link, how many watch. */
json_t *ph_describe_status(const struct ph_shared *shared, const struct ph_registry_entry *entry);

/* What the channel's quality is judged by. */
void ph_describe_quality_sample(const struct ph_shared *shared,
                                const struct ph_registry_entry *entry,
                                struct ph_quality_sample *out);

#endif
