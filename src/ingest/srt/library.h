/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_SRT_LIBRARY_H
#define PHIEN_INGEST_SRT_LIBRARY_H

#include <phien/core/err.h>

#include <stdbool.h>
#include <stddef.h>

/*
 * libsrt itself, which is global to the process: started and stopped, its log led into ours, its
 * errors translated.
 */
PH_MUST_CHECK int ph_srt_library_start(void);

/* Waits for libsrt's threads; no callback of it runs afterwards. */
void ph_srt_library_stop(void);

/* The error of the call that failed last on this thread. */
int ph_srt_library_err(void);

/*
 * Why libsrt broke off a handshake that the listen callback had let pass, in its own word:
 * "BADSECRET", "UNSECURE", ... False: it did not say. It tells so nowhere but in its log.
 */
bool ph_srt_library_rejection(int socket, char *out, size_t size);

#endif
