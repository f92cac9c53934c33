/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_ACCESS_H
#define PHIEN_INGEST_SRT_ACCESS_H

#include "streamid.h"

#include <phien/core/close_reason.h>
#include <phien/media/registry.h>

/*
 * Who may call: decided in the middle of the handshake, from what the caller says of itself.
 * Looks up in memory only; any thread.
 */
struct ph_srt_verdict {
    enum ph_close_reason refusal;          /* PH_CLOSE_NONE: welcome */
    const char *hint;                      /* what to do about the refusal; NULL when welcome */
    const struct ph_registry_entry *entry; /* welcome, or named without its key; else NULL */
    struct ph_srt_streamid id;
};

/* `handshake_version` is 5 with every SRT since 1.3; 4 knows no stream ids. */
void ph_srt_access_check(struct ph_srt_verdict *out, const struct ph_registry *registry,
                         int handshake_version, const char *streamid);

/* A refusal over a limit, from whoever counts. */
void ph_srt_access_refuse(struct ph_srt_verdict *verdict, enum ph_close_reason refusal,
                          const char *hint);

/*
 * The code that the caller is refused with, of SRT's Access Control: its app may show "1401".
 */
int ph_srt_access_code(const struct ph_srt_verdict *verdict);

#endif
