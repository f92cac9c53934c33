/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where access units begin and end: from the demultiplexer's payloads to what video.c frames
 * as packets (H.264 7.4.1.2.3, H.265 7.4.2.4.4). Every byte is looked at once, also when an
 * access unit comes in many small payloads.
 */
#include "access_units.h"

#include "annexb.h"

#include <phien/core/mem.h>

#include <stdlib.h>
#include <string.h>

/*
 * PES_packet_length has 16 bits, so encoders that always set it split an access unit that is
 * larger: a payload near the limit (the header takes 3 to 258 bytes of it) may go on in the next.
 */
enum { PES_PAYLOAD_FULL_MIN = 65277, PES_PAYLOAD_FULL_MAX = 65532 };

/* What may wait for its picture: parameter sets and SEI, in a few payloads at most. */
enum { OPENING_MAX_BYTES = 64 * 1024, OPENING_MAX_JOINS = 16 };

static const struct ph_unit_times no_times = {PH_TS_NO_TIME, PH_TS_NO_TIME};

void ph_access_units_init(struct ph_access_units *units, enum AVCodecID codec_id,
                          void (*on_unit)(void *arg, const struct ph_access_unit *unit), void *arg)
{
    *units = (struct ph_access_units){
        .on_unit = on_unit, .arg = arg, .times = no_times, .opening = SIZE_MAX};
    ph_parameter_sets_init(&units->sets, codec_id);
}

void ph_access_units_fini(struct ph_access_units *units)
{
    ph_buf_unref(&units->config);
    free(units->kept);
    ph_parameter_sets_fini(&units->sets);
}

static void add_mark(struct ph_access_units *units, size_t offset,
                     const struct ph_unit_times *times)
{
    if (units->mark_count == PH_ACCESS_UNIT_MARKS_MAX) {
        units->mark_count--;
        memmove(units->marks, units->marks + 1, units->mark_count * sizeof(units->marks[0]));
    }
    units->marks[units->mark_count].offset = offset;
    units->marks[units->mark_count++].times = *times;
}

/* The times of the newest payload that began at `offset` or before, if nobody had them yet. */
static struct ph_unit_times take_mark(struct ph_access_units *units, size_t offset)
{
    struct ph_unit_times times = no_times;
    size_t count = 0;

    while (count < units->mark_count && units->marks[count].offset <= offset) {
        times = units->marks[count++].times;
    }
    units->mark_count -= count;
    memmove(units->marks, units->marks + count, units->mark_count * sizeof(units->marks[0]));
    return times;
}

static void reset_unit(struct ph_access_units *units)
{
    ph_buf_unref(&units->config);
    units->opening = SIZE_MAX;
    units->has_delimiter = false;
    units->has_slice = false;
    units->is_rest = false;
    units->is_paired = false;
    units->joins = 0;
    units->times = no_times;
}

static void clear(struct ph_access_units *units)
{
    reset_unit(units);
    units->nal_count = 0;
    units->mark_count = 0;
    units->kept_len = 0;
    units->is_slice_kept = false;
    units->is_looked_at = false;
}

static void hand_out(struct ph_access_units *units, size_t nal_count)
{
    const struct ph_access_unit unit = {.data = units->view,
                                        .nals = units->nals,
                                        .nal_count = nal_count,
                                        .times = units->times,
                                        .config = units->config,
                                        .head = units->head,
                                        .is_rest = units->is_rest};

    units->on_unit(units->arg, &unit);
}

/* The first `nal_count` NAL units are an access unit, the others begin the next one. */
static void cut(struct ph_access_units *units, size_t nal_count)
{
    hand_out(units, nal_count);
    units->nal_count -= nal_count;
    memmove(units->nals, units->nals + nal_count, units->nal_count * sizeof(units->nals[0]));
    reset_unit(units);
    size_t begin = units->nal_count > 0 ? units->nals[0].offset : units->nal_start;
    units->times = take_mark(units, begin - PH_ANNEXB_START_BYTES);
}

static void begin_picture(struct ph_access_units *units, const struct ph_slice_head *head)
{
    struct ph_buf *config;

    units->has_slice = true;
    units->head = *head;
    if (!head->is_first) {
        units->is_rest = true;
        units->is_holding |= units->nal_count == 0;
    }
    if ((head->is_random_access || !units->has_config) &&
        ph_parameter_sets_format(&units->sets, head->pps_id, &config) == PH_OK) {
        units->has_config = true;
        units->config = config;
    }
}

static void take_slice(struct ph_access_units *units, const uint8_t *nal, size_t len)
{
    enum AVCodecID codec_id = units->sets.codec_id;
    struct ph_slice_head head;

    if (ph_slice_head_parse(&head, codec_id, nal, len) != PH_OK) {
        return;
    }
    const struct ph_sps *sps = ph_parameter_sets_get_sps(&units->sets, head.pps_id);
    if (codec_id == AV_CODEC_ID_H264 && sps != NULL) {
        ph_slice_head_parse_field(&head, sps, nal, len);
    }
    /* Both fields of a frame stay together, as MP4 has them. */
    bool is_second =
        head.is_first && !units->is_paired && ph_slice_head_is_pair(&units->head, &head);
    if (units->has_slice && !is_second && (head.is_first || units->has_delimiter)) {
        cut(units, units->opening != SIZE_MAX ? units->opening : units->nal_count);
    } else if (units->has_slice && is_second) {
        units->is_paired = true;
    }
    if (!units->has_slice) {
        begin_picture(units, &head);
    }
    units->opening = SIZE_MAX;
    units->has_delimiter = false;
}

static void take_nal(struct ph_access_units *units, size_t offset, size_t len)
{
    const uint8_t *nal = units->view + offset;

    if (len == 0) {
        return;
    }
    enum ph_nal_role role = ph_nal_role(units->sets.codec_id, nal, len);
    if (role == PH_NAL_SLICE && !units->is_looked_at) {
        take_slice(units, nal, len);
    } else if (role != PH_NAL_SLICE && role != PH_NAL_NONE) {
        ph_parameter_sets_put(&units->sets, role, nal, len);
        if (units->has_slice && units->opening == SIZE_MAX) {
            units->opening = units->nal_count;
        }
        units->has_delimiter |= units->has_slice && role == PH_NAL_DELIMITER;
    }
    if (units->nal_count == PH_ACCESS_UNIT_NALS_MAX) {
        units->is_rest = true;
        return;
    }
    units->nals[units->nal_count++] = (struct ph_nal_span){(uint32_t)offset, (uint32_t)len};
}

static void take_nal_up_to(struct ph_access_units *units, size_t end)
{
    size_t start = units->nal_start;

    take_nal(units, start, ph_annexb_trim(units->view + start, end - start));
    units->is_looked_at = false;
}

/* A slice tells with its first bytes whether it begins an access unit: no need to have its end. */
static void look_ahead(struct ph_access_units *units)
{
    const uint8_t *nal = units->view + units->nal_start;
    size_t len = units->view_len - units->nal_start;
    bool is_slice = ph_nal_role(units->sets.codec_id, nal, len) == PH_NAL_SLICE;

    if (is_slice && !units->is_looked_at && len >= PH_SLICE_HEAD_BYTES) {
        take_slice(units, nal, len);
        units->is_looked_at = true;
    }
    units->is_slice_kept = units->has_slice || is_slice;
}

static void scan(struct ph_access_units *units)
{
    for (;;) {
        size_t next = ph_annexb_find(units->view, units->view_len, units->scanned);
        if (next == units->view_len) {
            break;
        }
        take_nal_up_to(units, next);
        units->nal_start = next + PH_ANNEXB_START_BYTES;
        units->scanned = units->nal_start;
    }
    /* The last two bytes may be the first of a start code. */
    if (units->view_len - units->scanned > PH_ANNEXB_START_BYTES - 1) {
        units->scanned = units->view_len - (PH_ANNEXB_START_BYTES - 1);
    }
}

static bool append(struct ph_access_units *units, const uint8_t *data, size_t len)
{
    if (len > PH_TS_PES_BYTES_MAX - units->kept_len) {
        return false;
    }
    size_t need = units->kept_len + len;
    if (need > units->kept_cap) {
        size_t cap = need > units->kept_cap * 2 ? need : units->kept_cap * 2;
        uint8_t *grown = realloc(units->kept, cap);
        if (grown == NULL) {
            return false;
        }
        units->kept = grown;
        units->kept_cap = cap;
    }
    memcpy(units->kept + units->kept_len, data, len);
    units->kept_len = need;
    return true;
}

/* Keeps what is under way, together with the NAL unit whose end is not known. */
static void keep(struct ph_access_units *units)
{
    size_t first = units->nal_count > 0 ? units->nals[0].offset : units->nal_start;
    size_t base = first - PH_ANNEXB_START_BYTES;

    if (units->view == units->kept) {
        units->kept_len -= base;
        if (base > 0) {
            memmove(units->kept, units->kept + base, units->kept_len);
        }
    } else if (!append(units, units->view + base, units->view_len - base)) {
        units->is_rest = true;
        hand_out(units, 0);
        clear(units);
        return;
    }
    for (size_t i = 0; i < units->nal_count; i++) {
        units->nals[i].offset -= (uint32_t)base;
    }
    for (size_t i = 0; i < units->mark_count; i++) {
        size_t offset = units->marks[i].offset;
        units->marks[i].offset = offset > base ? offset - base : 0;
    }
    units->nal_start -= base;
    units->scanned -= base;
}

/* The payload's end is taken for the end of its last NAL unit. */
static void finish(struct ph_access_units *units)
{
    take_nal_up_to(units, units->view_len);
    if (units->has_slice && units->opening == SIZE_MAX) {
        hand_out(units, units->nal_count);
        clear(units);
        return;
    }
    if (units->has_slice) {
        cut(units, units->opening);
    }
    /* These wait for their picture; should the last of them go on, it is taken again. */
    if (units->nal_count > 0 && units->nals[units->nal_count - 1].offset == units->nal_start) {
        units->nal_count--;
    }
    units->is_slice_kept = false;
    keep(units);
}

static bool is_zero(const uint8_t *data, size_t len)
{
    return ph_annexb_trim(data, len) == 0;
}

/* A payload that nothing is kept for. False if there is nothing to scan. */
static bool start(struct ph_access_units *units, const struct ph_es_payload *payload)
{
    size_t first = ph_annexb_find(payload->data, payload->len, 0);

    units->view = payload->data;
    units->view_len = payload->len;
    if (is_zero(payload->data, first)) {
        units->times = take_mark(units, 0);
    } else {
        /* The rest of an access unit that was handed out. Its end is the next one's beginning. */
        units->has_slice = true;
        units->is_rest = true;
        units->head = (struct ph_slice_head){0};
        units->is_holding = true;
    }
    if (first == payload->len) {
        if (units->is_rest) {
            hand_out(units, 0);
        }
        clear(units);
        return false;
    }
    units->nal_start = first + PH_ANNEXB_START_BYTES;
    units->scanned = units->nal_start;
    return true;
}

/* Puts the payload behind what is kept. False if there is too much of it. */
static bool join(struct ph_access_units *units, const struct ph_es_payload *payload)
{
    if (!units->is_slice_kept &&
        (units->kept_len > OPENING_MAX_BYTES || ++units->joins > OPENING_MAX_JOINS)) {
        return false;
    }
    if (!append(units, payload->data, payload->len)) {
        return false;
    }
    units->view = units->kept;
    units->view_len = units->kept_len;
    return true;
}

static void note_times(struct ph_access_units *units, const struct ph_es_payload *payload)
{
    struct ph_unit_times times = {payload->pts, payload->dts};
    bool is_opening = units->kept_len > 0 && !units->is_slice_kept;

    if (times.pts == PH_TS_NO_TIME || times.dts == PH_TS_NO_TIME) {
        return;
    }
    if (is_opening && (!units->is_holding || units->times.dts == PH_TS_NO_TIME)) {
        /* Parameter sets in a PES packet of their own: the picture's times count. */
        units->times = times;
    } else {
        add_mark(units, units->kept_len, &times);
    }
}

void ph_access_units_feed(struct ph_access_units *units, const struct ph_es_payload *payload)
{
    bool is_full = payload->len >= PES_PAYLOAD_FULL_MIN && payload->len <= PES_PAYLOAD_FULL_MAX;

    if (payload->len == 0) {
        return;
    }
    note_times(units, payload);
    if (units->kept_len > 0 && !join(units, payload)) {
        units->is_rest = true;
        hand_out(units, 0);
        clear(units);
        note_times(units, payload);
    }
    if (units->kept_len == 0 && !start(units, payload)) {
        return;
    }
    scan(units);
    if (units->is_holding || is_full) {
        look_ahead(units);
        keep(units);
    } else {
        finish(units);
    }
}

void ph_access_units_end(struct ph_access_units *units)
{
    if (units->kept_len > 0) {
        units->view = units->kept;
        units->view_len = units->kept_len;
        take_nal_up_to(units, units->view_len);
        if (units->has_slice) {
            hand_out(units, units->opening != SIZE_MAX ? units->opening : units->nal_count);
        }
    }
    clear(units);
}

bool ph_access_units_drop(struct ph_access_units *units)
{
    bool had_slice = units->kept_len > 0 && units->is_slice_kept;

    clear(units);
    return had_slice;
}

bool ph_access_units_begins(const struct ph_access_units *units, const uint8_t *data, size_t len)
{
    enum AVCodecID codec_id = units->sets.codec_id;
    size_t first = ph_annexb_find(data, len, 0);
    struct ph_slice_head head;

    if (first == len || !is_zero(data, first)) {
        return false;
    }
    const uint8_t *nal = data + first + PH_ANNEXB_START_BYTES;
    size_t nal_len = len - first - PH_ANNEXB_START_BYTES;
    enum ph_nal_role role = ph_nal_role(codec_id, nal, nal_len);
    if (role != PH_NAL_SLICE) {
        return role != PH_NAL_NONE;
    }
    return ph_slice_head_parse(&head, codec_id, nal, nal_len) == PH_OK && head.is_first;
}
