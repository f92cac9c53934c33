/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_CORE_TEXT_H
#define PHIEN_CORE_TEXT_H

#include <stddef.h>

/* Texts that a peer chose, on their way to where only valid UTF-8 may go: logs and JSON. */

/* The bytes of the UTF-8 character that `text` begins with; 0 if it begins with none. */
size_t ph_text_utf8_length(const char *text);

/* Copies as many whole characters as fit. A byte that is not UTF-8 becomes "?". */
void ph_text_copy(char *out, size_t size, const char *text);

#endif
