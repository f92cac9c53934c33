/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets to movie fragments. libavformat's mp4 muxer, which writes the init segments, could do it
 * too, but was a third of all that a channel costs, and would rather add up durations than keep
 * the times that it is given.
 */
#include "fragment.h"

#include <phien/core/mem.h>

#include <stdlib.h>
#include <string.h>

enum {
    FIRST_SAMPLES = 16,
    /* Far more than a part may hold. */
    DATA_BYTES_MAX = 256 * 1024 * 1024,
    /* What a buffer may keep for the next part. */
    DATA_BYTES_KEPT = 1024 * 1024,

    BOX_BYTES = 8,
    MFHD_BYTES = 16,
    TFHD_BYTES = 20,
    TFDT_BYTES = 20,
    TRUN_BYTES = 20,

    /* Sections 8.8.7.1 and 8.8.8.1. */
    TFHD_DEFAULT_FLAGS = 0x000020,
    TFHD_DEFAULT_BASE_IS_MOOF = 0x020000,
    TRUN_DATA_OFFSET = 0x001,
    TRUN_DURATION = 0x100,
    TRUN_SIZE = 0x200,
    TRUN_FLAGS = 0x400,
    TRUN_COMPOSITION = 0x800,
};

/* Section 8.8.3.1: depends on no other sample; depends on others and is not a sync sample. */
#define SAMPLE_SYNC 0x02000000U
#define SAMPLE_DEPENDENT 0x01010000U

void ph_fragment_init(struct ph_fragment *fragment, bool has_video, bool has_audio)
{
    *fragment = (struct ph_fragment){0};
    for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
        fragment->runs[kind].last_dts = -1;
        ph_writer_init(&fragment->runs[kind].data, DATA_BYTES_MAX);
    }
    fragment->runs[PH_TRACK_VIDEO].track_id = has_video ? 1 : 0;
    fragment->runs[PH_TRACK_AUDIO].track_id = !has_audio ? 0 : has_video ? 2 : 1;
    fragment->runs[PH_TRACK_AUDIO].is_plain = true;
}

void ph_fragment_fini(struct ph_fragment *fragment)
{
    for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
        free(fragment->runs[kind].samples);
        ph_writer_fini(&fragment->runs[kind].data);
    }
}

static void empty(struct ph_fragment *fragment)
{
    for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
        struct ph_fragment_run *run = &fragment->runs[kind];
        run->count = 0;
        run->data.len = 0;
        if (run->data.failed || run->data.cap > DATA_BYTES_KEPT) {
            ph_writer_fini(&run->data);
            ph_writer_init(&run->data, DATA_BYTES_MAX);
        }
    }
}

/* Differences between times must fit the 32 bits that they get. */
static bool is_placeable(const struct ph_fragment_run *run, const AVPacket *packet)
{
    int64_t step = packet->dts - (run->count > 0 ? run->last_dts : packet->dts);

    return packet->dts >= 0 && packet->dts > run->last_dts && step <= UINT32_MAX &&
           packet->pts >= packet->dts && packet->pts - packet->dts <= INT32_MAX &&
           packet->duration >= 0 && packet->duration <= UINT32_MAX;
}

static void add_sample(struct ph_fragment_run *run, const AVPacket *packet, size_t bytes)
{
    bool is_sync = run->is_plain || (packet->flags & AV_PKT_FLAG_KEY) != 0;

    if (run->count == 0) {
        run->first_dts = packet->dts;
    } else {
        run->samples[run->count - 1].duration = (uint32_t)(packet->dts - run->last_dts);
    }
    if (run->count == run->cap) {
        run->cap = run->cap > 0 ? 2 * run->cap : FIRST_SAMPLES;
        run->samples = ph_realloc_array(run->samples, run->cap, sizeof(*run->samples));
    }
    run->samples[run->count++] = (struct ph_fragment_sample){
        .bytes = (uint32_t)bytes,
        .duration = (uint32_t)packet->duration,
        .composition = (uint32_t)(packet->pts - packet->dts),
        .flags = is_sync ? SAMPLE_SYNC : SAMPLE_DEPENDENT,
    };
    run->last_dts = packet->dts;
}

int ph_fragment_add(struct ph_fragment *fragment, const AVPacket *packet, size_t skip)
{
    int kind = packet->stream_index;

    if (kind <= PH_TRACK_NONE || kind >= PH_TRACK_KINDS || fragment->runs[kind].track_id == 0 ||
        packet->size <= 0 || (size_t)packet->size <= skip) {
        return PH_EINVAL;
    }
    struct ph_fragment_run *run = &fragment->runs[kind];
    size_t bytes = (size_t)packet->size - skip;
    if (!is_placeable(run, packet)) {
        return PH_EINVAL;
    }
    ph_write_bytes(&run->data, packet->data + skip, bytes);
    if (run->data.failed) {
        empty(fragment);
        return PH_ENOMEM;
    }
    add_sample(run, packet, bytes);
    return PH_OK;
}

static size_t measure_trun(const struct ph_fragment_run *run)
{
    return TRUN_BYTES + run->count * (run->is_plain ? 8 : 16);
}

static size_t measure_traf(const struct ph_fragment_run *run)
{
    return run->count > 0 ? BOX_BYTES + TFHD_BYTES + TFDT_BYTES + measure_trun(run) : 0;
}

static void write_box(struct ph_writer *w, size_t size, const char *type)
{
    ph_write_u32(w, (uint32_t)size);
    ph_write_text(w, type);
}

/* `offset`: where the track's first sample lies, from the beginning of the moof on. */
static void write_trun(struct ph_writer *w, const struct ph_fragment_run *run, size_t offset)
{
    uint32_t flags = TRUN_DATA_OFFSET | TRUN_DURATION | TRUN_SIZE;

    write_box(w, measure_trun(run), "trun");
    ph_write_u32(w, run->is_plain ? flags : flags | TRUN_FLAGS | TRUN_COMPOSITION);
    ph_write_u32(w, (uint32_t)run->count);
    ph_write_u32(w, (uint32_t)offset);
    for (size_t i = 0; i < run->count; i++) {
        ph_write_u32(w, run->samples[i].duration);
        ph_write_u32(w, run->samples[i].bytes);
        if (!run->is_plain) {
            ph_write_u32(w, run->samples[i].flags);
            ph_write_u32(w, run->samples[i].composition);
        }
    }
}

static void write_traf(struct ph_writer *w, const struct ph_fragment_run *run, size_t offset)
{
    if (run->count == 0) {
        return;
    }
    write_box(w, measure_traf(run), "traf");
    write_box(w, TFHD_BYTES, "tfhd");
    ph_write_u32(w, TFHD_DEFAULT_BASE_IS_MOOF | TFHD_DEFAULT_FLAGS);
    ph_write_u32(w, run->track_id);
    ph_write_u32(w, run->samples[0].flags);
    write_box(w, TFDT_BYTES, "tfdt");
    ph_write_u32(w, 1U << 24); /* version 1, with a time of 64 bits */
    ph_write_u64(w, (uint64_t)run->first_dts);
    write_trun(w, run, offset);
}

/* The moof, and the head of the mdat behind it. */
static void write_head(struct ph_writer *w, const struct ph_fragment *fragment)
{
    const struct ph_fragment_run *video = &fragment->runs[PH_TRACK_VIDEO];
    const struct ph_fragment_run *audio = &fragment->runs[PH_TRACK_AUDIO];
    size_t size = BOX_BYTES + MFHD_BYTES + measure_traf(video) + measure_traf(audio);
    size_t data_at = size + BOX_BYTES;

    write_box(w, size, "moof");
    write_box(w, MFHD_BYTES, "mfhd");
    ph_write_u32(w, 0);
    ph_write_u32(w, fragment->number);
    write_traf(w, video, data_at);
    write_traf(w, audio, data_at + video->data.len);
    write_box(w, BOX_BYTES + video->data.len + audio->data.len, "mdat");
}

static void append(struct ph_buf *out, size_t at, const struct ph_writer *from)
{
    if (from->len > 0) {
        memcpy(out->data + at, from->data, from->len);
    }
}

static int assemble(struct ph_fragment *fragment, struct ph_buf **out)
{
    const struct ph_writer *video = &fragment->runs[PH_TRACK_VIDEO].data;
    const struct ph_writer *audio = &fragment->runs[PH_TRACK_AUDIO].data;
    struct ph_writer head;

    fragment->number++;
    ph_writer_init(&head, DATA_BYTES_MAX);
    write_head(&head, fragment);
    int err = head.failed ? PH_ENOMEM : ph_buf_try_create(out, head.len + video->len + audio->len);
    if (err == PH_OK) {
        append(*out, 0, &head);
        append(*out, head.len, video);
        append(*out, head.len + video->len, audio);
    }
    ph_writer_fini(&head);
    return err;
}

int ph_fragment_cut(struct ph_fragment *fragment, int64_t video_end, struct ph_buf **out)
{
    struct ph_fragment_run *video = &fragment->runs[PH_TRACK_VIDEO];

    if (video->count == 0 && fragment->runs[PH_TRACK_AUDIO].count == 0) {
        return PH_EAGAIN;
    }
    if (video->count > 0 && video_end != AV_NOPTS_VALUE && video_end > video->last_dts &&
        video_end - video->last_dts <= UINT32_MAX) {
        video->samples[video->count - 1].duration = (uint32_t)(video_end - video->last_dts);
    }
    int err = assemble(fragment, out);
    empty(fragment);
    return err;
}
