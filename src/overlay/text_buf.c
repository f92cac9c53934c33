/* SPDX-License-Identifier: Apache-2.0 */
#include "text_buf.h"

#include <stdlib.h>
#include <string.h>

static void release(void *opaque, uint8_t *data)
{
    (void)opaque;
    free(data);
}

struct ph_buf *ph_text_buf_wrap(char *text)
{
    PH_ASSERT(text != NULL);
    return ph_buf_wrap((uint8_t *)text, strlen(text), release, NULL);
}
