/* SPDX-License-Identifier: Apache-2.0 */
#include "chunked.h"

#include <stdio.h>

void ph_chunked_fini(struct ph_chunked *chunked)
{
    ph_buf_unref(&chunked->line);
    chunked->len = 0;
}

struct ph_slice ph_chunked_begin(struct ph_chunked *chunked, size_t len)
{
    PH_ASSERT(len > 0);
    if (len != chunked->len) {
        char line[32];
        int line_len = snprintf(line, sizeof(line), "%zx\r\n", len);
        ph_chunked_fini(chunked);
        chunked->line = ph_buf_copy(line, (size_t)line_len);
        chunked->len = len;
    }
    return ph_slice_of(ph_buf_ref(chunked->line));
}

struct ph_slice ph_chunked_end(void)
{
    return ph_slice_static("\r\n", 2);
}

struct ph_slice ph_chunked_last(void)
{
    return ph_slice_static("0\r\n\r\n", 5);
}
