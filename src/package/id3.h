/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_PACKAGE_ID3_H
#define PHIEN_PACKAGE_ID3_H

#include <phien/core/bytes.h>

/*
 * An ID3v2.4 tag with one TXXX frame (id3.org, "ID3 tag version 2.4.0", 4.2.6), in UTF-8: what
 * players hand to their applications as timed metadata. Sizes are syncsafe, also the frame's.
 * `text` must be free of NUL, which readers take for the end of a value.
 */
void ph_id3_write_txxx(struct ph_writer *out, const char *description, const char *text,
                       size_t len);

#endif
