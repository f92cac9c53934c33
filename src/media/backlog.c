/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a channel holds while it waits for the second track or the first key frame.
 */
#include "backlog.h"

#include <phien/core/mem.h>

#include <stdlib.h>

static struct ph_backlog_item *item_at(const struct ph_backlog *backlog, size_t index)
{
    return &backlog->items[(backlog->head + index) % PH_BACKLOG_MAX_PACKETS];
}

void ph_backlog_clear(struct ph_backlog *backlog)
{
    for (size_t i = 0; i < backlog->count; i++) {
        av_packet_free(&item_at(backlog, i)->packet);
    }
    free(backlog->items);
    *backlog = (struct ph_backlog){0};
}

int ph_backlog_push(struct ph_backlog *backlog, const AVPacket *packet, int64_t dts, bool is_start)
{
    PH_ASSERT(backlog->count < PH_BACKLOG_MAX_PACKETS);
    AVPacket *held = av_packet_clone(packet);
    if (held == NULL) {
        return PH_ENOMEM;
    }
    if (backlog->items == NULL) {
        backlog->items = ph_new_array(struct ph_backlog_item, PH_BACKLOG_MAX_PACKETS);
    }
    backlog->count++;
    backlog->bytes += (size_t)held->size;
    *item_at(backlog, backlog->count - 1) = (struct ph_backlog_item){held, dts, is_start};
    return 0;
}

bool ph_backlog_shift(struct ph_backlog *backlog, struct ph_backlog_item *out)
{
    if (backlog->count == 0) {
        return false;
    }
    *out = *item_at(backlog, 0);
    backlog->bytes -= (size_t)out->packet->size;
    backlog->head = (backlog->head + 1) % PH_BACKLOG_MAX_PACKETS;
    backlog->count--;
    return true;
}

bool ph_backlog_is_full(const struct ph_backlog *backlog)
{
    if (backlog->count == 0) {
        return false;
    }
    int64_t span = item_at(backlog, backlog->count - 1)->dts - item_at(backlog, 0)->dts;
    return backlog->bytes >= PH_BACKLOG_MAX_BYTES || backlog->count >= PH_BACKLOG_MAX_PACKETS ||
           span >= PH_BACKLOG_MAX_TICKS;
}

const struct ph_backlog_item *ph_backlog_find_start(const struct ph_backlog *backlog)
{
    for (size_t i = 0; i < backlog->count; i++) {
        if (item_at(backlog, i)->is_start) {
            return item_at(backlog, i);
        }
    }
    return NULL;
}
