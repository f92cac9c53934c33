/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_RTMP_STATUS_H
#define PHIEN_INGEST_RTMP_STATUS_H

#include <phien/core/close_reason.h>

/* The onStatus that tells an application, and the person who holds it, why a session ends. */
struct ph_rtmp_status {
    const char *level; /* "status" or "error" */
    const char *code;  /* NULL: say nothing, just close */
    const char *description;
};

/*
 * Silence where the application should simply connect again: many stop for good after an error
 * status, and all of them reconnect after a plain close.
 */
struct ph_rtmp_status ph_rtmp_status_for(enum ph_close_reason reason);

#endif
