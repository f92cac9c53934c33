/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets to movie fragments, by libavformat's mp4 muxer. What is set here was found by measuring
 * (FFmpeg 5.1); each of these settings, left out, loses the timeline in a way that no test but
 * one of tfdt against dts shows.
 */
#include "cmaf.h"

#include "muxer.h"
#include "samples.h"

#include <phien/core/mem.h>

#include <stdlib.h>
#include <string.h>

enum { MAX_BOXES = 256 << 10 };

struct ph_cmaf {
    struct ph_muxer muxer;
    struct ph_buf *init;
    struct ph_samples samples;        /* of the open part */
    AVPacket *packet;                 /* one of them, for the muxer */
    struct ph_writer boxes;           /* before the open part's fragment */
    bool has_samples[PH_TRACK_KINDS]; /* the muxer, for the open part */
    enum ph_track_kind newest_kind;   /* of those, _NONE if there are none */
    int64_t newest_dts;
    bool is_next_free; /* the next part may begin before this one's declared end */
    bool is_delayed;   /* the init segment needs a packet of the audio */
    bool has_audio_sample;
};

/*
 * frag_custom: fragments end where we say. skip_trailer: no index of all fragments is collected.
 * frag_discont, for every fragment: tfdt is the first packet's dts; without it the muxer writes
 * the sum of the durations so far, which drifts, and both tracks start at 0.
 * use_editlist=0: else an edit list is wanted that frag_discont prevents, and video comes late.
 */
#define MOVFLAGS "frag_custom+empty_moov+default_base_moof+skip_trailer+frag_discont"

static bool needs_packet_for_init(const struct ph_track *track)
{
    return track != NULL &&
           (track->par->codec_id == AV_CODEC_ID_AC3 || track->par->codec_id == AV_CODEC_ID_EAC3);
}

static int add_tracks(struct ph_cmaf *cmaf, const struct ph_track *video,
                      const struct ph_track *audio)
{
    int err = PH_OK;

    if (video != NULL) {
        /* hvc1, not hev1: Apple plays no other (HLS authoring specification 1.10). */
        bool is_hevc = video->par->codec_id == AV_CODEC_ID_HEVC;
        uint32_t tag = is_hevc ? MKTAG('h', 'v', 'c', '1') : 0;
        err = ph_muxer_add_track(&cmaf->muxer, video, tag);
    }
    if (err == PH_OK && audio != NULL) {
        err = ph_muxer_add_track(&cmaf->muxer, audio, 0);
    }
    return err;
}

static int begin(struct ph_cmaf *cmaf)
{
    const char *const options[] = {"movflags", cmaf->is_delayed ? MOVFLAGS "+delay_moov" : MOVFLAGS,
                                   "use_editlist", "0", NULL};
    int err = ph_muxer_begin(&cmaf->muxer, options);

    if (err == PH_OK && !cmaf->is_delayed) {
        err = ph_muxer_take(&cmaf->muxer, &cmaf->init);
        PH_ASSERT(err != PH_EAGAIN);
    }
    return err;
}

int ph_cmaf_create(struct ph_cmaf **out, const struct ph_track *video, const struct ph_track *audio)
{
    struct ph_cmaf *cmaf = ph_new(struct ph_cmaf);

    PH_ASSERT(video != NULL || audio != NULL);
    cmaf->is_delayed = needs_packet_for_init(audio);
    ph_samples_init(&cmaf->samples);
    ph_writer_init(&cmaf->boxes, MAX_BOXES);
    cmaf->packet = av_packet_alloc();
    int err = cmaf->packet != NULL ? ph_muxer_init(&cmaf->muxer, "mp4") : PH_ENOMEM;
    if (err == PH_OK) {
        err = add_tracks(cmaf, video, audio);
    }
    if (err == PH_OK) {
        err = begin(cmaf);
    }
    if (err != PH_OK) {
        ph_cmaf_destroy(&cmaf);
        return err;
    }
    *out = cmaf;
    return PH_OK;
}

void ph_cmaf_destroy(struct ph_cmaf **ref)
{
    struct ph_cmaf *cmaf = *ref;

    *ref = NULL;
    if (cmaf == NULL) {
        return;
    }
    av_packet_free(&cmaf->packet);
    ph_samples_fini(&cmaf->samples);
    ph_writer_fini(&cmaf->boxes);
    ph_buf_unref(&cmaf->init);
    ph_muxer_fini(&cmaf->muxer);
    free(cmaf);
}

struct ph_buf *ph_cmaf_init(const struct ph_cmaf *cmaf)
{
    return cmaf->init;
}

/*
 * A fragment's first packet may come before the declared end of the fragment before, which was
 * only foreseen. The muxer then moves it and loses its pts, unless frag_discont is in force for
 * its track already: setting it just before the packet is too late. So it is set with a packet of
 * the fragment before, and not with a track's first one there, which would use it up.
 */
static int write_sample(struct ph_cmaf *cmaf, const AVPacket *packet, int64_t duration)
{
    enum ph_track_kind kind = (enum ph_track_kind)packet->stream_index;
    bool is_first = !cmaf->has_samples[kind];

    if (!is_first && !cmaf->is_next_free) {
        ph_muxer_set(&cmaf->muxer, "movflags", "+frag_discont");
    }
    int err = ph_muxer_write(&cmaf->muxer, packet, duration);
    if (err == PH_OK) {
        cmaf->is_next_free = !is_first;
        cmaf->has_samples[kind] = true;
        cmaf->newest_kind = kind;
        cmaf->newest_dts = packet->dts;
    }
    return err;
}

/* In a part too small for that, a packet without bytes does it, which the muxer throws away. */
static int free_next(struct ph_cmaf *cmaf)
{
    if (cmaf->is_next_free) {
        return PH_OK;
    }
    ph_muxer_set(&cmaf->muxer, "movflags", "+frag_discont");
    return ph_muxer_write_nothing(&cmaf->muxer, cmaf->newest_kind, cmaf->newest_dts + 1);
}

static int write_samples(struct ph_cmaf *cmaf)
{
    struct ph_samples_cursor at = {0};
    int err = PH_OK;

    while (ph_samples_next(&cmaf->samples, &at, cmaf->packet)) {
        int sample_err = write_sample(cmaf, cmaf->packet, cmaf->packet->duration);
        err = err != PH_OK ? err : sample_err;
    }
    ph_samples_clear(&cmaf->samples);
    return err;
}

int ph_cmaf_add(struct ph_cmaf *cmaf, const AVPacket *packet)
{
    int err = ph_samples_add(&cmaf->samples, packet);

    if (err == PH_OK) {
        cmaf->has_audio_sample |= packet->stream_index == PH_TRACK_AUDIO;
    }
    return err;
}

void ph_cmaf_add_box(struct ph_cmaf *cmaf, const void *box, size_t len)
{
    if (len <= MAX_BOXES - cmaf->boxes.len) {
        ph_write_bytes(&cmaf->boxes, box, len);
    }
}

/* The muxer writes a fragment only when flushed, so what is written before stands before it. */
static void write_boxes(struct ph_cmaf *cmaf)
{
    if (cmaf->boxes.len > 0) {
        ph_muxer_insert(&cmaf->muxer, cmaf->boxes.data, cmaf->boxes.len);
    }
    ph_writer_fini(&cmaf->boxes);
}

/* With delay_moov the first flush writes the init segment alone. */
static int take_delayed_init(struct ph_cmaf *cmaf)
{
    return cmaf->init == NULL ? ph_muxer_flush(&cmaf->muxer, &cmaf->init) : PH_OK;
}

int ph_cmaf_cut(struct ph_cmaf *cmaf, int64_t video_end, struct ph_buf **part)
{
    ph_samples_end_video(&cmaf->samples, video_end);
    /* Without a packet to read the configuration from, samples wait for the next part. */
    if (cmaf->samples.count == 0 || (cmaf->is_delayed && !cmaf->has_audio_sample)) {
        return PH_EAGAIN;
    }
    int write_err = write_samples(cmaf);
    if (cmaf->newest_kind == PH_TRACK_NONE) {
        return write_err;
    }
    int err = take_delayed_init(cmaf);
    if (err == PH_OK) {
        err = free_next(cmaf);
    }
    if (err == PH_OK) {
        write_boxes(cmaf);
        err = ph_muxer_flush(&cmaf->muxer, part);
        memset(cmaf->has_samples, 0, sizeof(cmaf->has_samples));
        cmaf->newest_kind = PH_TRACK_NONE;
    }
    return err != PH_OK ? err : write_err;
}
