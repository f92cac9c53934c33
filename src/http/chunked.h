/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_SRC_HTTP_CHUNKED_H
#define PHIEN_SRC_HTTP_CHUNKED_H

#include <phien/core/buf.h>

/*
 * The chunked transfer coding of what is sent (RFC 9112 section 7.1). What goes to many readers
 * in a row has the same length for all of them, so the line in front of it is written once and
 * shared. Zeroed: nothing was written yet.
 */
struct ph_chunked {
    size_t len; /* of the chunk that `line` announces */
    struct ph_buf *line;
};

void ph_chunked_fini(struct ph_chunked *chunked);

/* What stands in front of a chunk of `len` bytes; not 0, which would end the body. */
struct ph_slice ph_chunked_begin(struct ph_chunked *chunked, size_t len);

/* What stands behind a chunk. */
struct ph_slice ph_chunked_end(void);

/* What ends the body. */
struct ph_slice ph_chunked_last(void);

#endif
