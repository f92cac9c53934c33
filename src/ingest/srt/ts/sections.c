/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets of the PAT's and the PMT's PID to sections (ISO/IEC 13818-1 §2.4.4.1), which
 * program.c reads. A section that a hole cuts is forgotten: it comes again.
 */
#include "sections.h"

#include <string.h>

#define HEADER_BYTES 3
#define STUFFING 0xff

static size_t section_bytes(const uint8_t *header)
{
    return HEADER_BYTES + (size_t)((header[1] & 0x0f) << 8 | header[2]);
}

/* Moves bytes to the section under way, up to the length that it needs. */
static bool fill(struct ph_ts_sections *sections, struct ph_reader *in, size_t need)
{
    size_t left = ph_reader_left(in);
    size_t len = need - sections->len < left ? need - sections->len : left;

    if (len > 0) {
        memcpy(sections->section + sections->len, ph_read_bytes(in, len), len);
        sections->len += len;
    }
    return sections->len == need;
}

/* What the payload has of the section under way. True if that is all of it. */
static bool go_on(struct ph_ts_sections *sections, struct ph_reader *in)
{
    if (sections->len < HEADER_BYTES && !fill(sections, in, HEADER_BYTES)) {
        return false;
    }
    return fill(sections, in, section_bytes(sections->section));
}

static void finish(struct ph_ts_sections *sections, ph_ts_section_cb on_section, void *arg)
{
    size_t len = sections->len;

    sections->is_open = false;
    sections->len = 0;
    on_section(arg, sections->section, len);
}

/* The rest of a payload from where the pointer field says that a section begins. */
static void begin(struct ph_ts_sections *sections, struct ph_reader *in,
                  ph_ts_section_cb on_section, void *arg)
{
    while (ph_reader_left(in) > 0 && *in->pos != STUFFING) {
        sections->is_open = true;
        sections->len = 0;
        if (!go_on(sections, in)) {
            return;
        }
        finish(sections, on_section, arg);
    }
}

static void read_payload(struct ph_ts_sections *sections, const struct ph_ts_packet *packet,
                         ph_ts_section_cb on_section, void *arg)
{
    struct ph_reader before;
    struct ph_reader in;

    ph_reader_init(&in, packet->payload, packet->len);
    size_t pointer = packet->is_start ? ph_read_u8(&in) : packet->len;
    const uint8_t *begins = ph_read_bytes(&in, pointer);
    if (begins == NULL) {
        sections->is_open = false;
        return;
    }
    ph_reader_init(&before, begins, pointer);
    if (sections->is_open && go_on(sections, &before)) {
        finish(sections, on_section, arg);
    }
    if (packet->is_start) {
        sections->is_open = false;
        begin(sections, &in, on_section, arg);
    }
}

void ph_ts_sections_feed(struct ph_ts_sections *sections, const struct ph_ts_packet *packet,
                         ph_ts_section_cb on_section, void *arg)
{
    bool is_copy = ph_ts_counter_may_repeat(&sections->counter, packet) &&
                   packet->len == sections->last_len &&
                   memcmp(packet->payload, sections->last, packet->len) == 0;
    enum ph_ts_step step = ph_ts_counter_step(&sections->counter, packet, is_copy);

    if (step == PH_TS_STEP_COPY || packet->len == 0) {
        return;
    }
    if (step == PH_TS_STEP_HOLE) {
        sections->holes++;
        sections->is_open = false;
    }
    memcpy(sections->last, packet->payload, packet->len);
    sections->last_len = packet->len;
    read_payload(sections, packet, on_section, arg);
}

void ph_ts_sections_lose(struct ph_ts_sections *sections, size_t packets)
{
    if (ph_ts_counter_lose(&sections->counter, packets)) {
        sections->is_open = false;
    }
}

void ph_ts_sections_reset(struct ph_ts_sections *sections)
{
    sections->counter = (struct ph_ts_counter){0};
    sections->is_open = false;
}
