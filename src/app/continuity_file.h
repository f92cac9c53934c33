/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_APP_CONTINUITY_FILE_H
#define PHIEN_APP_CONTINUITY_FILE_H

#include <phien/core/err.h>

#include <stddef.h>

/*
 * The state file as a file. Functions that fail say why in `reason`, of PH_CONTINUITY_REASON
 * bytes.
 */
enum { PH_CONTINUITY_REASON = 256, PH_CONTINUITY_FILE_BYTES_MAX = 64 << 20 };

/*
 * Makes the folders that are missing and sees that files can be put in place there, and that no
 * other process of phien does so: until *lock_fd is closed none can. What is in place stays as it
 * is. PH_EIO.
 */
PH_MUST_CHECK int ph_continuity_file_claim(const char *path, int *lock_fd, char *reason);

/*
 * *out (to be freed) and *len: all of it. PH_ENOTFOUND: there is none; PH_EIO; PH_ELIMIT: no state
 * file is that large.
 */
PH_MUST_CHECK int ph_continuity_file_read(const char *path, char **out, size_t *len, char *reason);

/*
 * Puts `text` in place of what is there. When it returns that is on the disk; until then a crash
 * leaves the one or the other, whole. PH_EIO: what was there is still there.
 */
PH_MUST_CHECK int ph_continuity_file_write(const char *path, const char *text, size_t len,
                                           char *reason);

/* Renames what is there to PATH.unreadable, in place of what is called that. PH_EIO. */
PH_MUST_CHECK int ph_continuity_file_put_aside(const char *path, char *reason);

#endif
