/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packager as its viewers' side sees it: which renditions are wanted, their snapshots, and
 * who is told of them. How the channel's packets come in is in sink.c.
 */
#include "setup.h"
#include "state.h"

#include <phien/core/mem.h>

#include <stdlib.h>

static void init_fmp4(struct ph_fmp4 *fmp4, const struct ph_conf *conf, const char *epoch,
                      ph_usec wall, struct ph_stats *stats, enum ph_rendition rendition)
{
    struct ph_segmenter_params segmenter = ph_setup_segmenter(conf, rendition);
    struct ph_window_params window = ph_setup_window(conf, epoch, wall, rendition);

    ph_fmp4_init(fmp4, &segmenter, &window, stats);
}

struct ph_packager *ph_packager_create(const struct ph_conf *conf, const char *channel,
                                       const char *epoch, ph_usec wall, struct ph_stats *stats,
                                       const struct ph_packager_ops *ops, void *arg)
{
    struct ph_packager *p = ph_new(struct ph_packager);
    struct ph_window_params ts = ph_setup_window(conf, epoch, wall, PH_RENDITION_TS);

    p->channel = channel;
    p->ops = ops;
    p->arg = arg;
    p->stats = stats;
    p->last_dependent_msn = -1;
    init_fmp4(&p->av, conf, epoch, wall, stats, PH_RENDITION_AV);
    init_fmp4(&p->audio, conf, epoch, wall, stats, PH_RENDITION_AUDIO);
    ph_ts_init(&p->ts, &ts, stats);
    return p;
}

void ph_packager_destroy(struct ph_packager **ref)
{
    struct ph_packager *p = *ref;

    *ref = NULL;
    if (p == NULL) {
        return;
    }
    ph_buf_unref(&p->index);
    ph_ts_fini(&p->ts);
    ph_fmp4_fini(&p->audio);
    ph_fmp4_fini(&p->av);
    ph_interleave_fini(&p->interleave);
    ph_program_unref(&p->program);
    free(p);
}

static struct ph_output *output_of(struct ph_packager *p, enum ph_rendition rendition)
{
    switch (rendition) {
    case PH_RENDITION_AV:
        return &p->av.output;
    case PH_RENDITION_AUDIO:
        return &p->audio.output;
    case PH_RENDITION_TS:
        return &p->ts.output;
    default:
        return NULL;
    }
}

/*
 * Section 4.4.3.8: all playlists say the same, and at least three times the part target of any.
 * Settled with the first snapshot; audio that is yet to come has no longer parts than configured.
 */
static ph_usec part_hold_back(struct ph_packager *p)
{
    if (p->part_hold_back == 0 && p->av.segmenter.part_target > 0) {
        ph_usec av = p->av.segmenter.part_target;
        ph_usec audio = p->audio.segmenter.part_target;
        ph_usec configured = p->audio.segmenter.params.part;
        audio = audio > 0 ? audio : configured;
        p->part_hold_back = 3 * (av > audio ? av : audio);
    }
    return p->part_hold_back;
}

struct ph_snapshot *ph_packager_snapshot(struct ph_packager *p, enum ph_rendition rendition)
{
    struct ph_output *output = output_of(p, rendition);
    struct ph_report report = {.rendition = PH_RENDITION_NONE};

    if (output == NULL) {
        return NULL;
    }
    if (rendition == PH_RENDITION_AV) {
        report = ph_output_report(&p->audio.output);
    } else if (rendition == PH_RENDITION_AUDIO) {
        report = ph_output_report(&p->av.output);
    }
    return ph_output_snapshot(output, report, rendition == PH_RENDITION_AV ? p->index : NULL,
                              rendition == PH_RENDITION_TS ? 0 : part_hold_back(p));
}

void ph_packager_publish(struct ph_packager *p)
{
    for (int rendition = PH_RENDITION_AV; rendition < PH_RENDITION_COUNT; rendition++) {
        const struct ph_output *output = output_of(p, (enum ph_rendition)rendition);
        if (output == NULL || !output->is_wanted || output->newest != NULL) {
            continue;
        }
        struct ph_snapshot *snapshot = ph_packager_snapshot(p, (enum ph_rendition)rendition);
        if (snapshot != NULL) {
            p->ops->on_snapshot(p->arg, snapshot);
            ph_snapshot_unref(&snapshot);
        }
    }
}

void ph_packager_want(struct ph_packager *p, enum ph_rendition rendition, bool wanted)
{
    struct ph_output *output = output_of(p, rendition);

    if (output == NULL) {
        return;
    }
    if (rendition == PH_RENDITION_TS) {
        ph_ts_want(&p->ts, wanted);
    }
    output->is_wanted = wanted;
}

size_t ph_packager_bytes(const struct ph_packager *p)
{
    return ph_output_bytes(&p->av.output) + ph_output_bytes(&p->audio.output) +
           ph_output_bytes(&p->ts.output);
}
