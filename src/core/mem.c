/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/core/err.h>
#include <phien/core/mem.h>

#include <stdlib.h>
#include <string.h>

void *ph_alloc(size_t size)
{
    void *ptr = calloc(1, size > 0 ? size : 1);

    PH_ASSERT(ptr != NULL);
    return ptr;
}

void *ph_realloc_array(void *ptr, size_t count, size_t size)
{
    void *grown = reallocarray(ptr, count > 0 ? count : 1, size);

    PH_ASSERT(grown != NULL);
    return grown;
}

char *ph_strdup(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(ph_alloc(size), text, size);
}
