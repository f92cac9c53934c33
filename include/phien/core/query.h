/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_CORE_QUERY_H
#define PHIEN_CORE_QUERY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Percent-decoding (RFC 3986 section 2.1) of `len` bytes into `out` with a NUL. False: it does
 * not fit into `size`, an escape is malformed, or it decodes to a NUL. '+' stays '+'.
 * `out` may be `text`: decoded text is never longer.
 */
bool ph_percent_decode(const char *text, size_t len, char *out, size_t size);

/*
 * The value of the parameter `name` in a query string "a=1&b=2", percent-decoded. The first one
 * counts. False: it is absent, malformed, or longer than the buffer.
 */
bool ph_query_get(const char *query, const char *name, char *out, size_t size);

#endif
