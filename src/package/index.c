/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The multivariant playlist (RFC 8216bis section 4.4.6.2): from what the tracks' headers say and
 * what the windows measure. It is the first thing that a player reads, and a wrong CODECS makes
 * it give up, so CODECS lists exactly what is in the segments of sound and picture; plain WebVTT
 * has no name there that all players take.
 */
#include "index.h"

#include <phien/core/bytes.h>

#include <math.h>

#define TEXT_LIMIT_BYTES 4096

/* What is announced before a segment has been measured, and the encoder said nothing credible. */
#define VIDEO_ESTIMATE_BPS 4000000
#define AUDIO_ESTIMATE_BPS 192000
#define CREDIBLE_BPS_MAX 400000000

static int64_t estimate_bps(const struct ph_track *track, int64_t fallback)
{
    if (track == NULL) {
        return 0;
    }
    int64_t told = track->par->bit_rate;
    return told > 0 && told <= CREDIBLE_BPS_MAX ? told : fallback;
}

static struct ph_index_rate known_rate(struct ph_index_rate rate, int64_t estimate)
{
    if (rate.peak_bps <= 0 || rate.average_bps <= 0) {
        return (struct ph_index_rate){.peak_bps = estimate, .average_bps = estimate};
    }
    return rate;
}

/* A tenth more than the highest measured: what comes next may be higher. */
static void write_bandwidth(struct ph_writer *w, struct ph_index_rate rate)
{
    ph_write_format(w, "#EXT-X-STREAM-INF:BANDWIDTH=%lld,AVERAGE-BANDWIDTH=%lld",
                    (long long)rate.peak_bps + rate.peak_bps / 10, (long long)rate.average_bps);
}

static double frame_rate(const struct ph_index *index)
{
    AVRational told = index->program->video->frame_rate;

    return told.num > 0 && told.den > 0 ? av_q2d(told) : index->fps;
}

static void write_video(struct ph_writer *w, const struct ph_index *index)
{
    const AVCodecParameters *par = index->program->video->par;
    double fps = frame_rate(index);

    if (par->width > 0 && par->height > 0) {
        ph_write_format(w, ",RESOLUTION=%dx%d", par->width, par->height);
    }
    if (isfinite(fps) && fps >= 0.001 && fps < 1000) {
        ph_write_format(w, ",FRAME-RATE=%.3f", fps);
    }
}

static void write_codecs(struct ph_writer *w, const struct ph_track *video,
                         const struct ph_track *audio)
{
    ph_write_format(w, ",CODECS=\"%s%s%s\"", video != NULL ? video->codecs : "",
                    video != NULL && audio != NULL ? "," : "", audio != NULL ? audio->codecs : "");
}

/*
 * The card as a caption: shown unless the viewer turns it off, for a card is not a transcript
 * that only some need. Pages that draw the card themselves do turn it off.
 */
static void write_captions(struct ph_writer *w)
{
    ph_write_text(w, "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"cards\",NAME=\"Giỏ hàng\","
                     "DEFAULT=YES,AUTOSELECT=YES,FORCED=NO,LANGUAGE=\"vi\",URI=\"cards.m3u8\"\n");
}

/*
 * The tag of one variant. CLOSED-CAPTIONS=NONE keeps players from offering captions that are not
 * there; it must be on all variants or on none.
 */
static void write_variant(struct ph_writer *w, const struct ph_index *index,
                          struct ph_index_rate rate, bool has_video, const char *uri)
{
    write_bandwidth(w, rate);
    write_codecs(w, has_video ? index->program->video : NULL, index->program->audio);
    if (has_video) {
        write_video(w, index);
    }
    ph_write_format(w, ",SUBTITLES=\"cards\",CLOSED-CAPTIONS=NONE\n%s\n", uri);
}

struct ph_buf *ph_index_format(const struct ph_index *index)
{
    const struct ph_track *video = index->program->video;
    const struct ph_track *audio = index->program->audio;
    int64_t audio_bps = estimate_bps(audio, AUDIO_ESTIMATE_BPS);
    int64_t av_bps = estimate_bps(video, VIDEO_ESTIMATE_BPS) + audio_bps;
    struct ph_writer w;

    ph_writer_init(&w, TEXT_LIMIT_BYTES);
    /* The version counts for this text alone, which needs none; Apple's examples say 6 here. */
    ph_write_text(&w, "#EXTM3U\n#EXT-X-VERSION:6\n");
    if (index->is_independent) {
        ph_write_text(&w, "#EXT-X-INDEPENDENT-SEGMENTS\n");
    }
    write_captions(&w);
    write_variant(&w, index, known_rate(index->av, av_bps), video != NULL, "av.m3u8");
    if (video != NULL && audio != NULL) {
        write_variant(&w, index, known_rate(index->audio, audio_bps), false, "audio.m3u8");
    }
    return ph_writer_take(&w);
}
