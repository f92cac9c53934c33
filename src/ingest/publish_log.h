/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_PUBLISH_LOG_H
#define PHIEN_INGEST_PUBLISH_LOG_H

#include "publisher.h"

/*
 * The lines of the log that tell an operator who was on air, with what, for how long, and why it
 * ended. The home's thread.
 */

/* publish.start, publish.application */
void ph_publish_log_start(const struct ph_publisher *publisher);
void ph_publish_log_application(const struct ph_publisher *publisher);

/* publish.stop, before the channel is told; `detail` may be NULL. */
void ph_publish_log_stop(const struct ph_publisher *publisher, enum ph_close_reason reason,
                         const char *detail);

/* publish.refused */
void ph_publish_log_refused(const struct ph_publisher *publisher, enum ph_close_reason reason);

/* publish.takeover: from the session `from`, whose last media came `silence` ago. */
void ph_publish_log_takeover(const struct ph_publisher *publisher, const char *from,
                             ph_usec silence);

#endif
