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

/* Table 2-34 and what is registered beside it: video that cannot be packaged. NULL: none. */
static const char *name_other_video(uint8_t stream_type)
{
    switch (stream_type) {
    case 0x01:
        return "MPEG-1 video";
    case 0x02:
        return "MPEG-2 video";
    case 0x10:
        return "MPEG-4 video";
    case 0x21:
        return "JPEG 2000";
    case 0x33:
        return "VVC";
    case 0x42:
        return "AVS";
    case 0xd1:
        return "Dirac";
    case 0xd2:
        return "AVS2";
    case 0xd4:
        return "AVS3";
    case 0xea:
        return "VC-1";
    default:
        return NULL;
    }
}

static enum ph_track_kind kind_of(const struct ph_ts_stream *map)
{
    if (map->codec_id == AV_CODEC_ID_NONE) {
        return name_other_video(map->stream_type) != NULL ? PH_TRACK_VIDEO : PH_TRACK_NONE;
    }
    return avcodec_get_type(map->codec_id) == AVMEDIA_TYPE_VIDEO ? PH_TRACK_VIDEO : PH_TRACK_AUDIO;
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

/*
 * The text for whoever has to set the encoder: what was looked for, or all if nothing at all can
 * be packaged.
 */
static void describe_refused(struct ph_srt_program *program, const struct ph_ts_stream *streams,
                             size_t count)
{
    bool has_audio = program->streams[PH_TRACK_AUDIO].es != NULL;
    char list[sizeof(program->refused) - sizeof("stream types ")] = "";
    unsigned found = 0;

    for (size_t i = 0; i < count; i++) {
        const char *name = name_other_video(streams[i].stream_type);
        size_t len = strlen(list);
        if (has_audio && kind_of(&streams[i]) != PH_TRACK_VIDEO) {
            continue;
        }
        snprintf(list + len, sizeof(list) - len, "%s0x%02x", found++ > 0 ? ", " : "",
                 streams[i].stream_type);
        len = strlen(list);
        if (name != NULL) {
            snprintf(list + len, sizeof(list) - len, " (%s)", name);
        }
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
