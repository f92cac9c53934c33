/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets to fMP4: the init segment by libavformat's mp4 muxer, the movie fragments by our own.
 */
#include "cmaf.h"

#include "fragment.h"
#include "muxer.h"

#include <phien/core/mem.h>

#include <stdlib.h>
#include <string.h>

struct ph_cmaf {
    struct ph_fragment fragment;
    struct ph_muxer muxer; /* until the init segment is there */
    struct ph_buf *init;
    bool is_av1;
};

/* Their configuration is found in the first packet. */
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

/* use_editlist: it would shift video with B-frames against the audio. */
static int begin(struct ph_cmaf *cmaf, bool is_delayed)
{
    const char *const options[] = {
        "movflags",
        is_delayed ? "frag_custom+empty_moov+default_base_moof+delay_moov"
                   : "frag_custom+empty_moov+default_base_moof",
        "use_editlist",
        "0",
        NULL,
    };
    int err = ph_muxer_begin(&cmaf->muxer, options);

    if (err == PH_OK && !is_delayed) {
        err = ph_muxer_take(&cmaf->muxer, &cmaf->init);
        PH_ASSERT(err != PH_EAGAIN);
        ph_muxer_fini(&cmaf->muxer);
    }
    return err;
}

int ph_cmaf_create(struct ph_cmaf **out, const struct ph_track *video, const struct ph_track *audio)
{
    struct ph_cmaf *cmaf = ph_new(struct ph_cmaf);

    PH_ASSERT(video != NULL || audio != NULL);
    ph_fragment_init(&cmaf->fragment, video != NULL, audio != NULL);
    cmaf->is_av1 = video != NULL && video->par->codec_id == AV_CODEC_ID_AV1;
    int err = ph_muxer_init(&cmaf->muxer, "mp4");
    if (err == PH_OK) {
        err = add_tracks(cmaf, video, audio);
    }
    if (err == PH_OK) {
        err = begin(cmaf, needs_packet_for_init(audio));
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
    ph_buf_unref(&cmaf->init);
    ph_muxer_fini(&cmaf->muxer);
    ph_fragment_fini(&cmaf->fragment);
    free(cmaf);
}

struct ph_buf *ph_cmaf_init(const struct ph_cmaf *cmaf)
{
    return cmaf->init;
}

/* The muxer writes the init segment alone when it is first flushed; then it is done. */
static int make_init(struct ph_cmaf *cmaf, const AVPacket *audio)
{
    int err = ph_muxer_write(&cmaf->muxer, audio, audio->duration);

    if (err == PH_OK) {
        err = ph_muxer_flush(&cmaf->muxer, &cmaf->init);
    }
    if (err == PH_OK) {
        ph_muxer_fini(&cmaf->muxer);
    }
    return err;
}

/* Temporal delimiters, which the AV1 codec ISO media file format binding (2.4) leaves out. */
static size_t measure_delimiter(const struct ph_cmaf *cmaf, const AVPacket *packet)
{
    static const uint8_t delimiter[] = {0x12, 0x00};

    return cmaf->is_av1 && packet->stream_index == PH_TRACK_VIDEO &&
                   packet->size > (int)sizeof(delimiter) &&
                   memcmp(packet->data, delimiter, sizeof(delimiter)) == 0
               ? sizeof(delimiter)
               : 0;
}

int ph_cmaf_add(struct ph_cmaf *cmaf, const AVPacket *packet)
{
    int err = ph_fragment_add(&cmaf->fragment, packet, measure_delimiter(cmaf, packet));

    if (err == PH_OK && cmaf->init == NULL && packet->stream_index == PH_TRACK_AUDIO) {
        err = make_init(cmaf, packet);
    }
    return err;
}

int ph_cmaf_cut(struct ph_cmaf *cmaf, int64_t video_end, struct ph_buf **part)
{
    /* Without an init segment, samples wait for the next part. */
    return cmaf->init != NULL ? ph_fragment_cut(&cmaf->fragment, video_end, part) : PH_EAGAIN;
}
