/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What viewers see while the publisher is away: the files' pictures over and over, and beside them
 * one frame of silence on its grid of samples. Its packets go where a session's would.
 */
#include <phien/media/slate.h>

#include "slate_file.h"

#include <phien/core/mem.h>

#include <stdlib.h>
#include <string.h>

struct ph_slate {
    struct ph_slate_file portrait;
    struct ph_slate_file landscape;
    struct ph_program *programs[PH_SLATE_FORMS];
};

static const char *const form_names[PH_SLATE_FORMS] = {
    [PH_SLATE_NONE] = "none",
    [PH_SLATE_PORTRAIT] = "portrait",
    [PH_SLATE_PORTRAIT_SILENT] = "portrait-silent",
    [PH_SLATE_LANDSCAPE] = "landscape",
    [PH_SLATE_LANDSCAPE_SILENT] = "landscape-silent",
};

static const struct ph_slate_file *file_of(const struct ph_slate *slate, enum ph_slate_form form)
{
    bool is_portrait = form == PH_SLATE_PORTRAIT || form == PH_SLATE_PORTRAIT_SILENT;

    return is_portrait ? &slate->portrait : &slate->landscape;
}

static bool is_silent(enum ph_slate_form form)
{
    return form == PH_SLATE_PORTRAIT_SILENT || form == PH_SLATE_LANDSCAPE_SILENT;
}

static void create_programs(struct ph_slate *slate)
{
    for (enum ph_slate_form form = PH_SLATE_NONE + 1; form < PH_SLATE_FORMS; form++) {
        const struct ph_slate_file *file = file_of(slate, form);
        slate->programs[form] =
            ph_program_create(file->video, is_silent(form) ? NULL : file->audio);
        slate->programs[form]->is_slate = true;
    }
}

int ph_slate_create(struct ph_slate **out)
{
    struct ph_slate *slate = ph_new(struct ph_slate);

    int err = ph_slate_file_open(&slate->portrait, &ph_slate_portrait);
    if (err == PH_OK) {
        err = ph_slate_file_open(&slate->landscape, &ph_slate_landscape);
    }
    if (err == PH_OK) {
        create_programs(slate);
    } else {
        ph_slate_destroy(&slate);
    }
    *out = slate;
    return err;
}

void ph_slate_destroy(struct ph_slate **slate)
{
    struct ph_slate *s = *slate;

    *slate = NULL;
    if (s == NULL) {
        return;
    }
    for (int form = 0; form < PH_SLATE_FORMS; form++) {
        ph_program_unref(&s->programs[form]);
    }
    ph_slate_file_close(&s->portrait);
    ph_slate_file_close(&s->landscape);
    free(s);
}

enum ph_slate_form ph_slate_form_of(const struct ph_program *program)
{
    if (program == NULL || program->video == NULL ||
        program->video->par->codec_id != AV_CODEC_ID_H264) {
        return PH_SLATE_NONE;
    }
    const AVCodecParameters *video = program->video->par;
    bool is_portrait = video->height > video->width;
    if (program->audio == NULL) {
        return is_portrait ? PH_SLATE_PORTRAIT_SILENT : PH_SLATE_LANDSCAPE_SILENT;
    }
    if (program->audio->par->codec_id != AV_CODEC_ID_AAC) {
        return PH_SLATE_NONE;
    }
    return is_portrait ? PH_SLATE_PORTRAIT : PH_SLATE_LANDSCAPE;
}

const char *ph_slate_form_name(enum ph_slate_form form)
{
    PH_ASSERT(form >= PH_SLATE_NONE && form < PH_SLATE_FORMS);
    return form_names[form];
}

enum ph_slate_form ph_slate_form_named(const char *name)
{
    for (enum ph_slate_form form = PH_SLATE_NONE; form < PH_SLATE_FORMS; form++) {
        if (strcmp(name, form_names[form]) == 0) {
            return form;
        }
    }
    return PH_SLATE_NONE;
}

struct ph_program *ph_slate_program(const struct ph_slate *slate, enum ph_slate_form form)
{
    return slate->programs[form];
}

void ph_slate_player_init(struct ph_slate_player *player, const struct ph_slate *slate,
                          enum ph_slate_form form)
{
    PH_ASSERT(slate->programs[form] != NULL);
    *player = (struct ph_slate_player){.slate = slate, .form = form};
}

static int64_t duration_of(const struct ph_slate_file *file, enum ph_track_kind kind)
{
    return kind == PH_TRACK_VIDEO ? PH_SLATE_PICTURE_TICKS : file->audio->frame_samples;
}

/* When the next packet of a track is due, in the track's own time base. */
static int64_t next_ts(const struct ph_slate_player *player, enum ph_track_kind kind)
{
    return player->next[kind] * duration_of(file_of(player->slate, player->form), kind);
}

/* A picture before the sound of the same time: what comes first has to be a picture. */
static enum ph_track_kind next_kind(const struct ph_slate_player *player)
{
    const struct ph_program *program = player->slate->programs[player->form];

    if (program->audio == NULL) {
        return PH_TRACK_VIDEO;
    }
    return av_compare_ts(next_ts(player, PH_TRACK_AUDIO), program->audio->time_base,
                         next_ts(player, PH_TRACK_VIDEO), program->video->time_base) < 0
               ? PH_TRACK_AUDIO
               : PH_TRACK_VIDEO;
}

ph_usec ph_slate_player_due(const struct ph_slate_player *player)
{
    enum ph_track_kind kind = next_kind(player);
    const struct ph_program *program = player->slate->programs[player->form];

    return av_rescale_q(next_ts(player, kind), ph_program_track(program, kind)->time_base,
                        (AVRational){1, 1000000});
}

int ph_slate_player_next(struct ph_slate_player *player, AVPacket *out)
{
    enum ph_track_kind kind = next_kind(player);
    const struct ph_slate_file *file = file_of(player->slate, player->form);
    int64_t picture = player->next[PH_TRACK_VIDEO] % file->picture_count;

    if (av_packet_ref(out, kind == PH_TRACK_VIDEO ? file->pictures[picture] : file->silence) < 0) {
        return PH_ENOMEM;
    }
    out->stream_index = (int)kind;
    out->time_base = kind == PH_TRACK_VIDEO ? file->video->time_base : file->audio->time_base;
    out->pts = next_ts(player, kind);
    out->dts = out->pts;
    out->duration = duration_of(file, kind);
    out->pos = -1;
    player->next[kind]++;
    return PH_OK;
}
