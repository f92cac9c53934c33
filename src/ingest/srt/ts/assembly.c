/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream's packets to PES packets (ISO/IEC 13818-1 §2.4.3.6), on their way from demux.c to
 * whoever asked for them. This is where the payload is copied, once, and where it is known what was
 * lost.
 */
#include "assembly.h"

#include "pes_header.h"

#include <libavcodec/defs.h>
#include <stdlib.h>
#include <string.h>

/* The first allocation of a buffer, which is doubled as bytes come, and its limit. */
#define FIRST_BYTES 4096
#define BUFFER_BYTES_MAX ((size_t)PH_TS_PES_BYTES_MAX + AV_INPUT_BUFFER_PADDING_SIZE)
/* Of all streams together. */
#define BUFFERED_BYTES_MAX (2 * BUFFER_BYTES_MAX)
#define PAYLOAD_BYTES_MAX (PH_TS_PACKET_BYTES - 4)
/* A larger buffer is given back when its PES packet is over. */
#define KEEP_BYTES ((size_t)1024 * 1024)

void ph_ts_assembly_init(struct ph_ts_assembly *assembly, struct ph_ts_output *output, size_t index)
{
    *assembly = (struct ph_ts_assembly){.output = output, .index = index};
}

static void free_buffer(struct ph_ts_assembly *assembly)
{
    assembly->output->buffered -= assembly->cap;
    free(assembly->data);
    assembly->data = NULL;
    assembly->cap = 0;
}

void ph_ts_assembly_fini(struct ph_ts_assembly *assembly)
{
    free_buffer(assembly);
}

static bool reserve(struct ph_ts_assembly *assembly, size_t len)
{
    size_t need = len + AV_INPUT_BUFFER_PADDING_SIZE;
    size_t cap = assembly->cap == 0 ? FIRST_BYTES : assembly->cap;
    struct ph_ts_output *output = assembly->output;

    if (need <= assembly->cap) {
        return true;
    }
    while (cap < need) {
        cap *= 2;
    }
    cap = cap < BUFFER_BYTES_MAX ? cap : BUFFER_BYTES_MAX;
    if (output->buffered - assembly->cap + cap > BUFFERED_BYTES_MAX) {
        return false;
    }
    uint8_t *grown = realloc(assembly->data, cap);
    if (grown == NULL) {
        return false;
    }
    output->buffered += cap - assembly->cap;
    assembly->data = grown;
    assembly->cap = cap;
    return true;
}

/* The PES packet under way is of no use. */
static void give_up(struct ph_ts_assembly *assembly)
{
    assembly->is_open = false;
    assembly->follows_loss = true;
    assembly->output->counts.damaged_pes++;
}

static void tell(struct ph_ts_assembly *assembly, bool is_damaged)
{
    struct ph_ts_output *output = assembly->output;
    struct ph_ts_pes_header header;

    if (ph_ts_pes_header_read(&header, assembly->data, assembly->len) != PH_OK) {
        give_up(assembly);
        return;
    }
    assembly->is_open = false;
    if (header.is_padding) {
        return;
    }
    if (header.is_scrambled) {
        output->counts.scrambled++;
        assembly->follows_loss = true;
        return;
    }
    output->counts.damaged_pes += is_damaged;
    if (header.len < assembly->len) {
        memset(assembly->data + assembly->len, 0, AV_INPUT_BUFFER_PADDING_SIZE);
        struct ph_ts_pes pes = {
            .stream = assembly->index,
            .pts = header.pts,
            .dts = header.dts,
            .data = assembly->data + header.len,
            .len = assembly->len - header.len,
            .is_damaged = is_damaged,
            .follows_loss = assembly->follows_loss,
        };
        output->ops->on_pes(output->arg, &pes);
        assembly->follows_loss = false;
    }
    assembly->follows_loss = assembly->follows_loss || is_damaged;
}

/* Ends the PES packet under way with what is there of it. */
static void hand_out(struct ph_ts_assembly *assembly, bool is_damaged)
{
    tell(assembly, is_damaged);
    if (assembly->cap > KEEP_BYTES) {
        free_buffer(assembly);
        assembly->tail = assembly->len;
    }
}

void ph_ts_assembly_break(struct ph_ts_assembly *assembly)
{
    if (assembly->is_open) {
        hand_out(assembly, true);
    }
    assembly->follows_loss = true;
}

void ph_ts_assembly_lose(struct ph_ts_assembly *assembly, size_t packets)
{
    if (ph_ts_counter_lose(&assembly->counter, packets)) {
        ph_ts_assembly_break(assembly);
    }
}

void ph_ts_assembly_end(struct ph_ts_assembly *assembly)
{
    if (assembly->is_open) {
        /*
         * One that tells its length was handed out with its last byte, so that has not come. Of
         * others the last bytes are in doubt if something was lost since.
         */
        hand_out(assembly, assembly->is_total_told || assembly->counter.missing > 0);
    }
}

void ph_ts_assembly_flush(struct ph_ts_assembly *assembly)
{
    /*
     * A link that breaks cuts a picture in two, and the next start, which would tell, never comes.
     * But the packet that ends a PES packet is filled up with stuffing: behind one that is full of
     * payload there was more, save for one end in 184 that fits by chance.
     */
    if (assembly->is_open && assembly->last_len == PAYLOAD_BYTES_MAX) {
        ph_ts_assembly_break(assembly);
    }
    ph_ts_assembly_end(assembly);
}

static void begin(struct ph_ts_assembly *assembly)
{
    assembly->is_open = true;
    assembly->is_total_told = false;
    assembly->total = PH_TS_PES_BYTES_MAX;
    assembly->len = 0;
}

/* The length of the whole, once its place in the header is there. */
static int read_total(struct ph_ts_assembly *assembly)
{
    size_t total;
    int err = ph_ts_pes_header_measure(&total, assembly->data);

    if (err == PH_OK && total > 0) {
        assembly->is_total_told = true;
        assembly->total = total;
        assembly->len = assembly->len < total ? assembly->len : total;
    }
    return err;
}

static void append(struct ph_ts_assembly *assembly, const struct ph_ts_packet *packet)
{
    size_t had = assembly->len;
    size_t room = assembly->total - had;
    size_t len = packet->len < room ? packet->len : room;

    if (!reserve(assembly, had + len)) {
        assembly->output->counts.oversize++;
        ph_ts_assembly_break(assembly);
        return;
    }
    memcpy(assembly->data + had, packet->payload, len);
    assembly->len += len;
    if (had < PH_TS_PES_START_BYTES && assembly->len >= PH_TS_PES_START_BYTES &&
        read_total(assembly) != PH_OK) {
        give_up(assembly);
    } else if (assembly->is_total_told && assembly->len == assembly->total) {
        hand_out(assembly, false);
    } else if (packet->len > room) {
        assembly->output->counts.oversize++;
        ph_ts_assembly_break(assembly);
    }
}

/* Whether the payload is that of the packet before, as far as it was kept. */
static bool is_copy(const struct ph_ts_assembly *assembly, const struct ph_ts_packet *packet)
{
    size_t kept = assembly->len - assembly->tail;

    return packet->len == assembly->last_len &&
           (kept == 0 || memcmp(assembly->data + assembly->tail, packet->payload, kept) == 0);
}

/* True when there is payload to be taken. */
static bool check(struct ph_ts_assembly *assembly, const struct ph_ts_packet *packet)
{
    bool does_repeat =
        ph_ts_counter_may_repeat(&assembly->counter, packet) && is_copy(assembly, packet);
    enum ph_ts_step step = ph_ts_counter_step(&assembly->counter, packet, does_repeat);

    if (step == PH_TS_STEP_COPY) {
        return false;
    }
    if (step == PH_TS_STEP_HOLE) {
        assembly->output->counts.continuity_errors++;
        ph_ts_assembly_break(assembly);
    }
    if (packet->is_scrambled && packet->has_payload) {
        assembly->output->counts.scrambled++;
        ph_ts_assembly_break(assembly);
    }
    return packet->has_payload;
}

void ph_ts_assembly_feed(struct ph_ts_assembly *assembly, const struct ph_ts_packet *packet)
{
    if (!check(assembly, packet)) {
        return;
    }
    assembly->last_len = packet->len;
    if (packet->is_start && !packet->is_scrambled) {
        ph_ts_assembly_end(assembly);
        begin(assembly);
    }
    assembly->tail = assembly->len;
    if (assembly->is_open) {
        append(assembly, packet);
    } else {
        /* It belongs to a PES packet whose start is missing, or to none. */
        assembly->follows_loss = true;
    }
}
