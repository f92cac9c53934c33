/* SPDX-License-Identifier: Apache-2.0 */
/* What a viewer asks for under /live/CHANNEL/: a path and, behind the first '?', a query. */
#include "delivery/target.h"

#include <phien/core/err.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct ph_target target;

    if (text == NULL) {
        return 0;
    }
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    size_t path_len = strcspn(text, "?");
    const char *query = text[path_len] == '?' ? text + path_len + 1 : "";
    if (ph_target_parse(&target, text, path_len, query, "k3") == PH_OK) {
        PH_ASSERT(target.kind != PH_TARGET_NONE);
        PH_ASSERT(target.rendition != PH_RENDITION_NONE);
        PH_ASSERT(target.msn >= -1 && target.part >= -1);
        PH_ASSERT(target.part < 0 || target.msn >= 0);
    }
    free(text);
    return 0;
}
