/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_TS_WRITER_H
#define PHIEN_TESTS_TS_WRITER_H

#include <phien/core/bytes.h>

#include <string.h>

/*
 * Writes an MPEG transport stream (ISO/IEC 13818-1), with everything in it that tests want to be
 * wrong. Continuity counters count by themselves; `counters[pid]` is that of the PID's next packet
 * with payload.
 */
#define TS_PACKET 188

struct ts_writer {
    struct ph_writer out;
    uint8_t counters[8192];
};

struct ts_packet {
    uint16_t pid;
    bool is_start;
    bool is_erroneous;
    bool is_jump;     /* discontinuity_indicator */
    bool is_copy;     /* does not count on: the counter of the packet before */
    uint8_t scramble; /* transport_scrambling_control */
    const uint8_t *payload;
    size_t len; /* up to 184; the rest is an adaptation field. 0: that alone */
};

/* For the program map; `descriptors` as they are written, or NULL. */
struct ts_entry {
    uint8_t stream_type;
    uint16_t pid;
    const char *descriptors;
    size_t descriptors_len;
};

struct ts_table {
    uint16_t pid; /* of the PMT */
    uint16_t program;
    uint8_t version;
    bool is_next; /* current_next_indicator 0 */
    const struct ts_entry *entries;
    size_t count;
};

#define TS_NO_TIME INT64_MIN

struct ts_pes {
    uint16_t pid;
    uint8_t stream_id; /* 0: 0xe0 */
    int64_t pts;       /* or TS_NO_TIME */
    int64_t dts;       /* or TS_NO_TIME: not written */
    bool is_unbounded; /* PES_packet_length 0 */
    const uint8_t *data;
    size_t len;
};

static inline void ts_writer_init(struct ts_writer *w)
{
    *w = (struct ts_writer){0};
    ph_writer_init(&w->out, SIZE_MAX / 4);
}

static inline void ts_writer_fini(struct ts_writer *w)
{
    ph_writer_fini(&w->out);
}

static inline size_t ts_write_packet(struct ts_writer *w, const struct ts_packet *p)
{
    size_t len = p->len < 184 ? p->len : 184;
    /* A jump needs a flags byte, which needs a length byte. */
    len = p->is_jump && len > 182 ? 182 : len;
    size_t adaptation = 184 - len;
    uint8_t control = (uint8_t)((len > 0 ? 0x10 : 0) | (adaptation > 0 ? 0x20 : 0));
    uint8_t *counter = &w->counters[p->pid];
    uint8_t before = (uint8_t)(*counter + 15) % 16;

    ph_write_u8(&w->out, 0x47);
    ph_write_u16(&w->out, (uint16_t)(p->is_erroneous << 15 | p->is_start << 14 | p->pid));
    ph_write_u8(&w->out, (uint8_t)(p->scramble << 6 | control |
                                   (len > 0 && !p->is_copy ? *counter : before)));
    if (adaptation > 0) {
        ph_write_u8(&w->out, (uint8_t)(adaptation - 1));
    }
    if (adaptation > 1) {
        ph_write_u8(&w->out, p->is_jump ? 0x80 : 0);
    }
    for (size_t i = 2; i < adaptation; i++) {
        ph_write_u8(&w->out, 0xff);
    }
    ph_write_bytes(&w->out, p->payload, len);
    if (len > 0 && !p->is_copy) {
        *counter = (*counter + 1) % 16;
    }
    return len;
}

/* A payload of any length in as many packets as it takes. */
static inline void ts_write_payload(struct ts_writer *w, uint16_t pid, const uint8_t *data,
                                    size_t len)
{
    size_t done = 0;

    while (done < len) {
        struct ts_packet packet = {
            .pid = pid, .is_start = done == 0, .payload = data + done, .len = len - done};
        done += ts_write_packet(w, &packet);
    }
}

/* Annex A, bit by bit. */
static inline uint32_t ts_crc(const uint8_t *data, size_t len)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < 8 * len; i++) {
        uint32_t bit = (data[i / 8] >> (7 - i % 8)) & 1;
        crc = (crc << 1) ^ ((crc >> 31 ^ bit) ? 0x04c11db7 : 0);
    }
    return crc;
}

/* A section of `body`, with header and CRC around it. */
static inline void ts_write_section(struct ph_writer *out, uint8_t table_id, uint16_t id,
                                    uint8_t version, bool is_next, const struct ph_writer *body)
{
    size_t begin = out->len;

    ph_write_u8(out, table_id);
    ph_write_u16(out, (uint16_t)(0xb000 | (body->len + 9)));
    ph_write_u16(out, id);
    ph_write_u8(out, (uint8_t)(0xc0 | version << 1 | !is_next));
    ph_write_u16(out, 0);
    ph_write_bytes(out, body->data, body->len);
    ph_write_u32(out, ts_crc(out->data + begin, out->len - begin));
}

/* Sections as the payload of packets: a pointer field of 0 before, stuffing behind. */
static inline void ts_write_sections(struct ts_writer *w, uint16_t pid, const uint8_t *data,
                                     size_t len)
{
    struct ph_writer payload;

    ph_writer_init(&payload, SIZE_MAX / 4);
    ph_write_u8(&payload, 0);
    ph_write_bytes(&payload, data, len);
    while (payload.len % 184 != 0) {
        ph_write_u8(&payload, 0xff);
    }
    ts_write_payload(w, pid, payload.data, payload.len);
    ph_writer_fini(&payload);
}

static inline void ts_write_pat_section(struct ph_writer *out, const struct ts_table *table)
{
    struct ph_writer body;

    ph_writer_init(&body, SIZE_MAX / 4);
    ph_write_u16(&body, 0); /* the network's table, which is no program */
    ph_write_u16(&body, 0xe010);
    ph_write_u16(&body, table->program);
    ph_write_u16(&body, 0xe000 | table->pid);
    ts_write_section(out, 0, 1, table->version, table->is_next, &body);
    ph_writer_fini(&body);
}

static inline void ts_write_pmt_section(struct ph_writer *out, const struct ts_table *table)
{
    struct ph_writer body;

    ph_writer_init(&body, SIZE_MAX / 4);
    ph_write_u16(&body, 0xe000 | (table->count > 0 ? table->entries[0].pid : 0x1fff));
    ph_write_u16(&body, 0xf000);
    for (size_t i = 0; i < table->count; i++) {
        const struct ts_entry *entry = &table->entries[i];
        ph_write_u8(&body, entry->stream_type);
        ph_write_u16(&body, 0xe000 | entry->pid);
        ph_write_u16(&body, (uint16_t)(0xf000 | entry->descriptors_len));
        ph_write_bytes(&body, entry->descriptors, entry->descriptors_len);
    }
    ts_write_section(out, 2, table->program, table->version, table->is_next, &body);
    ph_writer_fini(&body);
}

static inline void ts_write_pat(struct ts_writer *w, const struct ts_table *table)
{
    struct ph_writer section;

    ph_writer_init(&section, SIZE_MAX / 4);
    ts_write_pat_section(&section, table);
    ts_write_sections(w, 0, section.data, section.len);
    ph_writer_fini(&section);
}

static inline void ts_write_pmt(struct ts_writer *w, const struct ts_table *table)
{
    struct ph_writer section;

    ph_writer_init(&section, SIZE_MAX / 4);
    ts_write_pmt_section(&section, table);
    ts_write_sections(w, table->pid, section.data, section.len);
    ph_writer_fini(&section);
}

static inline void ts_write_tables(struct ts_writer *w, const struct ts_table *table)
{
    ts_write_pat(w, table);
    ts_write_pmt(w, table);
}

static inline void ts_write_time(struct ph_writer *out, uint8_t prefix, int64_t time)
{
    uint64_t bits = (uint64_t)time & 0x1ffffffff;

    ph_write_u8(out, (uint8_t)(prefix << 4 | (bits >> 30) << 1 | 1));
    ph_write_u16(out, (uint16_t)(bits >> 14 | 1));
    ph_write_u16(out, (uint16_t)(bits << 1 | 1));
}

/* A PES packet's bytes, header and payload. */
static inline void ts_write_pes_bytes(struct ph_writer *out, const struct ts_pes *pes)
{
    bool has_pts = pes->pts != TS_NO_TIME;
    bool has_dts = has_pts && pes->dts != TS_NO_TIME;
    uint8_t times = (uint8_t)(5 * has_pts + 5 * has_dts);

    ph_write_u24(out, 1);
    ph_write_u8(out, pes->stream_id != 0 ? pes->stream_id : 0xe0);
    ph_write_u16(out, (uint16_t)(pes->is_unbounded ? 0 : 3 + times + pes->len));
    ph_write_u8(out, 0x80);
    ph_write_u8(out, (uint8_t)(has_pts << 7 | has_dts << 6));
    ph_write_u8(out, times);
    if (has_pts) {
        ts_write_time(out, has_dts ? 3 : 2, pes->pts);
    }
    if (has_dts) {
        ts_write_time(out, 1, pes->dts);
    }
    ph_write_bytes(out, pes->data, pes->len);
}

static inline void ts_write_pes(struct ts_writer *w, const struct ts_pes *pes)
{
    struct ph_writer bytes;

    ph_writer_init(&bytes, SIZE_MAX / 4);
    ts_write_pes_bytes(&bytes, pes);
    ts_write_payload(w, pes->pid, bytes.data, bytes.len);
    ph_writer_fini(&bytes);
}

#endif
