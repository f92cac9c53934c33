/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said beside the stream, on its way from whoever says it to whoever carries it.
 */
#include <phien/core/err.h>
#include <phien/core/mem.h>
#include <phien/media/cue.h>

#include <stdlib.h>
#include <string.h>

static size_t longest_message(enum ph_cue_kind kind)
{
    return kind == PH_CUE_SHELF ? PH_CUE_SHELF_BYTES_MAX : PH_CUE_CARD_BYTES_MAX;
}

static const char *copy_text(const char *text)
{
    return text != NULL ? ph_strdup(text) : NULL;
}

struct ph_cue *ph_cue_create(enum ph_cue_kind kind, int64_t seq, const char *message,
                             const char *caption, const char *attributes)
{
    struct ph_cue *cue = ph_new(struct ph_cue);

    PH_ASSERT(kind > PH_CUE_NONE && kind < PH_CUE_KINDS);
    atomic_init(&cue->refs, 1);
    cue->kind = kind;
    cue->seq = seq;
    cue->message = ph_strdup(message);
    cue->message_len = strlen(message);
    PH_ASSERT(cue->message_len <= longest_message(kind));
    cue->caption = copy_text(caption);
    cue->attributes = copy_text(attributes);
    return cue;
}

void ph_cue_on_placed(struct ph_cue *cue,
                      void (*on_placed)(void *arg, const struct ph_cue *cue,
                                        const struct ph_cue_place *place),
                      void *arg)
{
    cue->on_placed = on_placed;
    cue->arg = arg;
}

struct ph_cue *ph_cue_ref(struct ph_cue *cue)
{
    atomic_fetch_add_explicit(&cue->refs, 1, memory_order_relaxed);
    return cue;
}

void ph_cue_unref(struct ph_cue **ref)
{
    struct ph_cue *cue = *ref;

    *ref = NULL;
    if (cue == NULL || atomic_fetch_sub_explicit(&cue->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    free((void *)(uintptr_t)cue->message);
    free((void *)(uintptr_t)cue->caption);
    free((void *)(uintptr_t)cue->attributes);
    free(cue);
}

void ph_cue_placed(struct ph_cue *cue, const struct ph_cue_place *place)
{
    if (cue->is_placed) {
        return;
    }
    cue->is_placed = true;
    if (cue->on_placed != NULL) {
        cue->on_placed(cue->arg, cue, place);
    }
}
