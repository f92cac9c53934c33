/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_CORE_SECRET_H
#define PHIEN_CORE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether what a peer said equals a secret, in a time that depends on the length of what the
 * peer said alone. An empty secret equals nothing.
 */
bool ph_secret_equal(const char *secret, const char *said, size_t said_len);

/* Fills `out` with `len` hexadecimal digits from the system's random source and a NUL. */
void ph_secret_random_hex(char *out, size_t len);

#endif
