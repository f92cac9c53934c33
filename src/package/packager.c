/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packager as its viewers' side sees it: which renditions are wanted, their snapshots, and
 * who is told of them. How the channel's packets come in is in sink.c.
 */
#include "setup.h"
#include "state.h"

#include <phien/core/mem.h>

#include <stdlib.h>

/* So many segments later than the leader, and a rendition is no longer made. */
enum { BEHIND_SEGMENTS = 2 };

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
    struct ph_window_params cards = ph_setup_window(conf, epoch, wall, PH_RENDITION_CARDS);

    p->channel = channel;
    p->ops = ops;
    p->arg = arg;
    p->stats = stats;
    p->last_dependent_msn = -1;
    p->pictured_msn = -1;
    p->sound.next = AV_NOPTS_VALUE;
    p->sound.start = PH_USEC_NEVER;
    init_fmp4(&p->av, conf, epoch, wall, stats, PH_RENDITION_AV);
    init_fmp4(&p->audio, conf, epoch, wall, stats, PH_RENDITION_AUDIO);
    ph_ts_init(&p->ts, &ts, stats);
    ph_cards_init(&p->cards, &cards, stats);
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
    ph_cues_fini(&p->cues);
    ph_date_ranges_fini(&p->ranges);
    ph_cards_fini(&p->cards);
    ph_ts_fini(&p->ts);
    ph_fmp4_fini(&p->audio);
    ph_fmp4_fini(&p->av);
    ph_interleave_fini(&p->interleave);
    av_packet_free(&p->sound.silence);
    ph_program_unref(&p->program);
    free(p);
}

void ph_packager_go_on(struct ph_packager *p, int64_t next_msn, int64_t next_discontinuity,
                       bool is_break)
{
    /* The others take their first numbers from the one that leads. */
    ph_output_go_on(&p->av.output, next_msn, next_discontinuity, is_break);
}

int64_t ph_packager_next_msn(const struct ph_packager *p)
{
    return ph_output_next_msn(&p->av.output);
}

int64_t ph_packager_next_discontinuity(const struct ph_packager *p)
{
    return ph_output_next_discontinuity(&p->av.output);
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
    case PH_RENDITION_CARDS:
        return &p->cards.output;
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

/*
 * The date of the first segment that any playlist lists. A rendition that has fallen behind does
 * not count: its program went off the air with its tracks, and it would hold all ranges for ever.
 */
static ph_usec oldest_listed(struct ph_packager *p)
{
    int64_t behind = ph_output_msn(&p->av.output) - BEHIND_SEGMENTS;
    ph_usec oldest = PH_USEC_NEVER;

    for (int rendition = PH_RENDITION_AV; rendition < PH_RENDITION_COUNT; rendition++) {
        const struct ph_output *output = output_of(p, (enum ph_rendition)rendition);
        ph_usec its_oldest = ph_output_oldest(output);
        if (ph_output_msn(output) >= behind && its_oldest < oldest) {
            oldest = its_oldest;
        }
    }
    return oldest;
}

/* All playlists list the same ranges, so a change is news of each of them. */
static void update_ranges(struct ph_packager *p)
{
    ph_usec oldest = oldest_listed(p);

    if (oldest != PH_USEC_NEVER) {
        ph_date_ranges_expire(&p->ranges, oldest);
    }
    for (int rendition = PH_RENDITION_AV; p->ranges.is_changed && rendition < PH_RENDITION_COUNT;
         rendition++) {
        ph_output_touch(output_of(p, (enum ph_rendition)rendition));
    }
    p->ranges.is_changed = false;
}

/* Of the others in the multivariant playlist. */
static void report_others(struct ph_packager *p, enum ph_rendition rendition,
                          struct ph_report reports[PH_REPORTS_MAX])
{
    static const enum ph_rendition reported[] = {PH_RENDITION_AV, PH_RENDITION_AUDIO,
                                                 PH_RENDITION_CARDS};
    size_t count = 0;

    for (size_t i = 0; rendition != PH_RENDITION_TS && i < PH_ARRAY_SIZE(reported); i++) {
        if (reported[i] != rendition) {
            reports[count++] = ph_output_report(output_of(p, reported[i]));
        }
    }
}

struct ph_snapshot *ph_packager_snapshot(struct ph_packager *p, enum ph_rendition rendition)
{
    struct ph_output *output = output_of(p, rendition);
    struct ph_window_beside beside = {.ranges = &p->ranges};

    if (output == NULL) {
        return NULL;
    }
    report_others(p, rendition, beside.reports);
    beside.index = rendition == PH_RENDITION_AV ? p->index : NULL;
    beside.part_hold_back = rendition == PH_RENDITION_TS ? 0 : part_hold_back(p);
    return ph_output_snapshot(output, &beside);
}

void ph_packager_publish(struct ph_packager *p)
{
    update_ranges(p);
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
           ph_output_bytes(&p->ts.output) + ph_output_bytes(&p->cards.output);
}
