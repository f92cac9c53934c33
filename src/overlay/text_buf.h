/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_OVERLAY_TEXT_BUF_H
#define PHIEN_OVERLAY_TEXT_BUF_H

#include <phien/core/buf.h>

/* Takes over a text of malloc's, never NULL. Its NUL stays behind the bytes. */
struct ph_buf *ph_text_buf_wrap(char *text);

#endif
