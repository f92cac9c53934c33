/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_STORE_FILE_H
#define PHIEN_OVERLAY_STORE_FILE_H

#include <phien/core/err.h>

#include <stddef.h>

/*
 * Sees to it that the database's folder (0750) and file (0640) are there and may be written, and
 * that no other process of phien has them: until `*lock_fd` is closed none can. PH_EACCESS,
 * PH_EIO, both with a hint.
 */
PH_MUST_CHECK int ph_store_file_claim(const char *path, int *lock_fd, char *hint, size_t size);

#endif
