/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_LINE_H
#define PHIEN_OVERLAY_LINE_H

#include <stdbool.h>
#include <stddef.h>

/* Valid UTF-8 in one line: no control character, nothing that breaks a line. Its code points. */
bool ph_line_is_valid(const char *text, size_t *chars);

#endif
