/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the demultiplexer and the elementary streams: which of the program's streams are taken,
 * and what becomes of them when the program map (ISO/IEC 13818-1, 2.4.4.8) changes.
 */
#include "program.h"

#include <phien/core/mem.h>

#include <stdio.h>
#include <string.h>

void ph_srt_program_init(struct ph_srt_program *program, enum ph_conf_on_loss on_loss,
                         const struct ph_es_ops *ops, void *arg)
{
    *program = (struct ph_srt_program){
        .on_loss = on_loss, .ops = ops, .arg = arg, .lacking_since = PH_USEC_NEVER};
}

void ph_srt_program_fini(struct ph_srt_program *program)
{
    for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
        ph_es_destroy(&program->streams[kind].es);
    }
}

/* Table 2-34, for video that has no codec id here. */
static bool is_video_type(uint8_t stream_type)
{
    static const uint8_t types[] = {0x01, 0x02, 0x10, 0x1e, 0x1f, 0x20, 0x21, 0x23, 0x25,
                                    0x26, 0x28, 0x2a, 0x33, 0x42, 0xd1, 0xd2, 0xd4, 0xea};

    return memchr(types, stream_type, sizeof(types)) != NULL;
}

static enum ph_track_kind kind_of(const struct ph_ts_stream *map)
{
    if (map->codec_id == AV_CODEC_ID_NONE) {
        return is_video_type(map->stream_type) ? PH_TRACK_VIDEO : PH_TRACK_NONE;
    }
    switch (avcodec_get_type(map->codec_id)) {
    case AVMEDIA_TYPE_VIDEO:
        return PH_TRACK_VIDEO;
    case AVMEDIA_TYPE_AUDIO:
        return PH_TRACK_AUDIO;
    default:
        return PH_TRACK_NONE;
    }
}

static bool is_same(const struct ph_ts_stream *a, const struct ph_ts_stream *b)
{
    return a->pid == b->pid && a->codec_id == b->codec_id && a->opus_channels == b->opus_channels;
}

/* Whether the stream that is taken is still in the map. */
static bool keep(struct ph_srt_stream *stream, const struct ph_ts_stream *streams, size_t count)
{
    for (size_t i = 0; i < count && stream->es != NULL; i++) {
        if (is_same(&stream->map, &streams[i])) {
            stream->index = i;
            return true;
        }
    }
    return false;
}

static void let_go(struct ph_srt_program *program, enum ph_track_kind kind)
{
    struct ph_srt_stream *stream = &program->streams[kind];

    if (stream->es != NULL) {
        ph_es_flush(stream->es);
        ph_srt_program_get_counts(program, kind, &program->past[kind]);
        ph_es_destroy(&stream->es);
    }
    *stream = (struct ph_srt_stream){0};
}

static void choose(struct ph_srt_program *program, enum ph_track_kind kind,
                   const struct ph_ts_stream *streams, size_t count, ph_usec now)
{
    struct ph_es *es = NULL;

    for (size_t i = 0; i < count; i++) {
        if (kind_of(&streams[i]) == kind &&
            ph_es_create(&es, &streams[i], program->on_loss, program->ops, program->arg) == PH_OK) {
            program->streams[kind] = (struct ph_srt_stream){
                .es = es, .map = streams[i], .index = i, .since = now, .first_pes = PH_USEC_NEVER};
            return;
        }
    }
}

static enum ph_track_kind find_lacking(const struct ph_srt_program *program,
                                       const struct ph_ts_stream *streams, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (kind_of(&streams[i]) == PH_TRACK_VIDEO) {
            return program->streams[PH_TRACK_VIDEO].es == NULL ? PH_TRACK_VIDEO : PH_TRACK_NONE;
        }
    }
    /* A map without any stream is one that something is yet to be added to. */
    return count > 0 && program->streams[PH_TRACK_AUDIO].es == NULL ? PH_TRACK_AUDIO
                                                                    : PH_TRACK_NONE;
}

/* The text for whoever has to set the encoder. */
static void describe_refused(struct ph_srt_program *program, const struct ph_ts_stream *streams,
                             size_t count)
{
    char list[sizeof(program->refused) - sizeof("stream types ")] = "";
    unsigned found = 0;

    for (size_t i = 0; i < count; i++) {
        if (program->lacking == PH_TRACK_VIDEO && kind_of(&streams[i]) != PH_TRACK_VIDEO) {
            continue;
        }
        bool is_known = streams[i].codec_id != AV_CODEC_ID_NONE;
        size_t len = strlen(list);
        snprintf(list + len, sizeof(list) - len, "%s0x%02x%s%s%s", found++ > 0 ? ", " : "",
                 streams[i].stream_type, is_known ? " (" : "",
                 is_known ? avcodec_get_name(streams[i].codec_id) : "", is_known ? ")" : "");
    }
    snprintf(program->refused, sizeof(program->refused), "stream type%s %s", found == 1 ? "" : "s",
             list);
}

void ph_srt_program_take(struct ph_srt_program *program, const struct ph_ts_stream *streams,
                         size_t count, ph_usec now)
{
    program->has_map = true;
    for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
        if (!keep(&program->streams[kind], streams, count)) {
            let_go(program, (enum ph_track_kind)kind);
            choose(program, (enum ph_track_kind)kind, streams, count, now);
        }
    }
    program->lacking = find_lacking(program, streams, count);
    if (program->lacking == PH_TRACK_NONE) {
        program->lacking_since = PH_USEC_NEVER;
        return;
    }
    if (program->lacking_since == PH_USEC_NEVER) {
        program->lacking_since = now;
    }
    describe_refused(program, streams, count);
}

struct ph_srt_stream *ph_srt_program_find(struct ph_srt_program *program, size_t index)
{
    for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
        struct ph_srt_stream *stream = &program->streams[kind];
        if (stream->es != NULL && stream->index == index) {
            return stream;
        }
    }
    return NULL;
}

const struct ph_srt_stream *ph_srt_program_leader(const struct ph_srt_program *program)
{
    for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
        if (program->streams[kind].es != NULL) {
            return &program->streams[kind];
        }
    }
    return NULL;
}

void ph_srt_program_flush(struct ph_srt_program *program)
{
    for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
        if (program->streams[kind].es != NULL) {
            ph_es_flush(program->streams[kind].es);
        }
    }
}

void ph_srt_program_get_counts(const struct ph_srt_program *program, enum ph_track_kind kind,
                               struct ph_es_counts *out)
{
    struct ph_es_counts sum = program->past[kind];
    struct ph_es_counts now = {0};

    if (program->streams[kind].es != NULL) {
        ph_es_get_counts(program->streams[kind].es, &now);
    }
    sum.damaged += now.damaged;
    sum.unusable += now.unusable;
    *out = sum;
}
