/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Playlists are sent compressed to everybody who takes it, and Apple's authoring rules ask for
 * it. They are packed once for each snapshot, so four times a second for each channel that is
 * watched: what counts is speed.
 */
#include "gzip.h"

#include <string.h>
#include <zlib.h>

struct ph_buf *ph_gzip_pack(const struct ph_buf *text)
{
    /*
     * Playlists consist of the same few lines over and over: the fastest level comes within a
     * few percent of the best. A small window and hash table cost less to set up for each text.
     */
    enum { LEVEL = 1, WINDOW_BITS = 12, GZIP_HEADER = 16, MEMORY_LEVEL = 5 };
    z_stream z;

    memset(&z, 0, sizeof(z));
    int err = deflateInit2(&z, LEVEL, Z_DEFLATED, WINDOW_BITS + GZIP_HEADER, MEMORY_LEVEL,
                           Z_DEFAULT_STRATEGY);
    PH_ASSERT(err == Z_OK);
    struct ph_buf *packed = ph_buf_create(deflateBound(&z, text->len));
    z.next_in = text->data;
    z.avail_in = (uInt)text->len;
    z.next_out = packed->data;
    z.avail_out = (uInt)packed->len;
    err = deflate(&z, Z_FINISH);
    PH_ASSERT(err == Z_STREAM_END);
    packed->len = z.total_out;
    deflateEnd(&z);
    return packed;
}
