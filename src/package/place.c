/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where in the stream a cue begins to hold: at the picture that was taken last, and so in the part
 * that this one went into. From here it goes to all its carriers with one time: event messages
 * and ID3 tags for players with code of ours, a date range and a caption for those without.
 */
#include "id3.h"
#include "state.h"

/* The longest message, and what a tag puts around it. */
enum { TAG_BYTES_MAX = PH_CUE_SHELF_BYTES_MAX + 256 };

static int64_t part_under_way(const struct ph_output *output)
{
    struct ph_report newest = ph_output_report(output);

    return newest.last_msn == ph_output_msn(output) ? newest.last_part + 1 : 0;
}

static int carry(struct ph_packager *p, const struct ph_cue *cue, ph_usec at)
{
    struct ph_writer tag;
    int err = PH_ENOMEM;

    ph_writer_init(&tag, TAG_BYTES_MAX);
    ph_id3_write_txxx(&tag, PH_CUE_SCHEME, cue->message, cue->message_len);
    if (!tag.failed) {
        ph_fmp4_add_cue(&p->av, cue, at, tag.data, tag.len);
        ph_fmp4_add_cue(&p->audio, cue, at, tag.data, tag.len);
        err = ph_ts_add_id3(&p->ts, tag.data, tag.len, at);
    }
    ph_writer_fini(&tag);
    return err;
}

static int place(struct ph_packager *p, struct ph_cue *cue, ph_usec at, bool is_new)
{
    const struct ph_cue_place place = {
        .pdt = p->av.wall + at,
        .msn = ph_output_msn(&p->av.output),
        .part = part_under_way(&p->av.output),
    };
    int err = carry(p, cue, at);

    if (is_new && cue->kind == PH_CUE_CARD) {
        ph_date_ranges_set(&p->ranges, cue->seq, place.pdt, cue->attributes);
        ph_cards_set(&p->cards, at, cue->caption);
    }
    ph_cue_placed(cue, &place);
    return err;
}

int ph_packager_place_cues(struct ph_packager *p)
{
    int64_t msn = ph_output_msn(&p->av.output);
    bool is_segment_start = msn != p->pictured_msn;
    ph_usec at = p->av.newest;
    int err = PH_OK;

    p->pictured_msn = msn;
    for (int kind = PH_CUE_CARD; kind < PH_CUE_KINDS; kind++) {
        bool is_new = p->cues.kinds[kind].is_new;
        struct ph_cue *cue = ph_cues_next(&p->cues, (enum ph_cue_kind)kind, at, is_segment_start);
        int cue_err = cue != NULL ? place(p, cue, at, is_new) : PH_OK;
        err = err != PH_OK ? err : cue_err;
    }
    return err;
}
