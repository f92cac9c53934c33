/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tracks and programs: made by a session from a sequence header, refined by the channel with the
 * first key frame, held by whoever packages. What the bytes of headers mean is in codec.h.
 */
#include <phien/media/track.h>

#include "codec.h"

#include <phien/core/mem.h>

#include <libavutil/mem.h>
#include <stdlib.h>
#include <string.h>

enum { EXTRADATA_MAX_BYTES = 64 * 1024, SIDE_MAX_PIXELS = 16384, STREAM_INFO_BYTES = 34 };

/* The one place where FFmpeg's error codes become ours. */
static int from_av_error(int err)
{
    return err >= 0 ? 0 : err == AVERROR(ENOMEM) ? PH_ENOMEM : PH_EMEDIA;
}

static struct ph_track *alloc_track(void)
{
    struct ph_track *track = ph_new(struct ph_track);

    atomic_init(&track->refs, 1);
    return track;
}

struct ph_track *ph_track_ref(struct ph_track *track)
{
    atomic_fetch_add_explicit(&track->refs, 1, memory_order_relaxed);
    return track;
}

void ph_track_unref(struct ph_track **track)
{
    struct ph_track *t = *track;

    *track = NULL;
    if (t != NULL && atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) == 1) {
        avcodec_parameters_free(&t->par);
        free(t);
    }
}

static int copy_parameters(struct ph_track *track, const AVCodecParameters *par)
{
    track->par = avcodec_parameters_alloc();
    if (track->par == NULL) {
        return PH_ENOMEM;
    }
    return from_av_error(avcodec_parameters_copy(track->par, par));
}

static int set_extradata(AVCodecParameters *par, const uint8_t *data, size_t len)
{
    uint8_t *copy = av_mallocz(len + AV_INPUT_BUFFER_PADDING_SIZE);

    if (copy == NULL) {
        return PH_ENOMEM;
    }
    memcpy(copy, data, len);
    av_freep(&par->extradata);
    par->extradata = copy;
    par->extradata_size = (int)len;
    return 0;
}

/*
 * Enhanced RTMP lets OpusHead be absent and sends FLAC's "fLaC" marker and block header, which
 * libavformat wants left out.
 */
static int normalise_extradata(AVCodecParameters *par)
{
    if (par->codec_id == AV_CODEC_ID_OPUS && par->extradata_size == 0) {
        static const uint8_t head[19] = {'O',  'p', 'u',  's',  'H', 'e', 'a', 'd', 1, 2,
                                         0x38, 1,   0x80, 0xbb, 0,   0,   0,   0,   0};
        int err = set_extradata(par, head, sizeof(head));
        if (err == 0 && par->ch_layout.nb_channels == 1) {
            par->extradata[9] = 1;
        }
        return err;
    }
    if (par->codec_id == AV_CODEC_ID_FLAC && par->extradata_size >= 8 + STREAM_INFO_BYTES &&
        memcmp(par->extradata, "fLaC", 4) == 0) {
        return set_extradata(par, par->extradata + 8, STREAM_INFO_BYTES);
    }
    return 0;
}

static void set_audio(struct ph_track *track, const struct ph_codec_info *info)
{
    AVCodecParameters *par = track->par;

    if (info->sample_rate > 0) {
        par->sample_rate = info->sample_rate;
    } else if (par->sample_rate < 7350 || par->sample_rate > 192000) {
        par->sample_rate = 48000; /* headerless: the first frame will tell, see ph_track_refine */
    }
    if (info->channels > 0 && par->ch_layout.nb_channels != info->channels) {
        av_channel_layout_uninit(&par->ch_layout);
        av_channel_layout_default(&par->ch_layout, info->channels);
    } else if (par->ch_layout.nb_channels <= 0) {
        av_channel_layout_default(&par->ch_layout, 2);
    }
    par->frame_size = info->frame_samples;
    track->frame_samples = info->frame_samples;
    track->time_base = (AVRational){1, par->sample_rate};
}

static int describe(struct ph_track *track)
{
    AVCodecParameters *par = track->par;
    struct ph_codec_info info;

    int err = normalise_extradata(par);
    if (err == 0) {
        err = ph_codec_parse(&info, par->codec_id, par->extradata, (size_t)par->extradata_size);
    }
    if (err != 0) {
        return err;
    }
    memcpy(track->codecs, info.codecs, sizeof(track->codecs));
    par->codec_type = avcodec_get_type(par->codec_id);
    par->codec_tag = par->codec_id == AV_CODEC_ID_HEVC ? MKTAG('h', 'v', 'c', '1') : 0;
    if (!ph_codec_is_headerless(par->codec_id)) {
        par->profile = info.profile;
    }
    track->frame_rate = (AVRational){0, 1};
    if (par->codec_type == AVMEDIA_TYPE_VIDEO) {
        track->kind = PH_TRACK_VIDEO;
        track->time_base = (AVRational){1, 90000};
        par->level = info.level;
    } else {
        track->kind = PH_TRACK_AUDIO;
        set_audio(track, &info);
    }
    return 0;
}

int ph_track_create(struct ph_track **out, const AVCodecParameters *par)
{
    *out = NULL;
    if (par->extradata_size < 0 || par->extradata_size > EXTRADATA_MAX_BYTES) {
        return PH_ELIMIT;
    }
    struct ph_track *track = alloc_track();
    int err = copy_parameters(track, par);
    if (err == 0) {
        err = describe(track);
    }
    if (err != 0) {
        ph_track_unref(&track);
        return err;
    }
    *out = track;
    return 0;
}

static AVRational plausible_frame_rate(AVRational rate, enum AVCodecID id)
{
#ifndef AV_CODEC_PROP_FIELDS
    /* Before FFmpeg 6.1 the H.264 parser gives the rate of fields, two of which are a frame. */
    if (id == AV_CODEC_ID_H264) {
        rate = av_mul_q(rate, (AVRational){1, 2});
    }
#else
    (void)id;
#endif
    double fps = rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 0;
    return fps >= 1 && fps <= 240 ? rate : (AVRational){0, 1};
}

/* What a parser found out about the frame it was fed. */
static int take_parsed(struct ph_track *track, const AVCodecParserContext *parser,
                       const AVCodecContext *codec)
{
    AVCodecParameters *par = track->par;
    int width = parser->width > 0 ? parser->width : codec->width;
    int height = parser->height > 0 ? parser->height : codec->height;

    if (width <= 0 || height <= 0 || width > SIDE_MAX_PIXELS || height > SIDE_MAX_PIXELS) {
        return PH_EPROTO;
    }
    par->width = width;
    par->height = height;
    if (par->codec_id != AV_CODEC_ID_AV1) { /* its parser leaves both alone, av1C has them */
        par->profile = codec->profile;
        par->level = codec->level;
    }
    if (parser->format >= 0) {
        par->format = parser->format;
    }
    track->frame_rate = plausible_frame_rate(codec->framerate, par->codec_id);
    return 0;
}

static int refine_video(struct ph_track *track, const AVPacket *key_frame)
{
    AVCodecParserContext *parser = av_parser_init(track->par->codec_id);
    AVCodecContext *codec = avcodec_alloc_context3(NULL);
    uint8_t *parsed;
    int parsed_len;
    int err = parser != NULL && codec != NULL ? 0 : PH_ENOMEM;

    /* What an encoder's metadata said of the size does not count. */
    track->par->width = 0;
    track->par->height = 0;
    if (err == 0) {
        err = from_av_error(avcodec_parameters_to_context(codec, track->par));
    }
    if (err == 0) {
        parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
        av_parser_parse2(parser, codec, &parsed, &parsed_len, key_frame->data, key_frame->size, 0,
                         0, 0);
        err = take_parsed(track, parser, codec);
    }
    avcodec_free_context(&codec);
    av_parser_close(parser);
    return err;
}

static int refine_audio(struct ph_track *track, const AVPacket *frame)
{
    struct ph_codec_info info = {0};

    if (!ph_codec_is_headerless(track->par->codec_id)) {
        return 0;
    }
    int err = ph_codec_parse_frame(&info, track->par->codec_id, frame->data, (size_t)frame->size);
    if (err == 0) {
        set_audio(track, &info);
    }
    return err;
}

int ph_track_create_of(struct ph_track **out, enum AVCodecID codec_id, const uint8_t *extradata,
                       size_t len)
{
    AVCodecParameters *par = avcodec_parameters_alloc();
    int err = par == NULL ? PH_ENOMEM : len > 0 ? set_extradata(par, extradata, len) : PH_OK;

    if (err == PH_OK) {
        par->codec_id = codec_id;
        par->codec_type = avcodec_get_type(codec_id);
        err = ph_track_create(out, par);
    }
    avcodec_parameters_free(&par);
    return err;
}

int ph_track_refine(struct ph_track **out, const struct ph_track *track, const AVPacket *key_frame)
{
    *out = NULL;
    struct ph_track *refined = alloc_track();
    refined->kind = track->kind;
    refined->time_base = track->time_base;
    refined->frame_rate = track->frame_rate;
    refined->frame_samples = track->frame_samples;
    memcpy(refined->codecs, track->codecs, sizeof(refined->codecs));
    int err = key_frame->size > 0 ? copy_parameters(refined, track->par) : PH_EPROTO;
    if (err == 0) {
        err = track->kind == PH_TRACK_VIDEO ? refine_video(refined, key_frame)
                                            : refine_audio(refined, key_frame);
    }
    if (err != 0) {
        ph_track_unref(&refined);
        return err;
    }
    *out = refined;
    return 0;
}

static bool is_same_sound(const struct ph_track *a, const struct ph_track *b)
{
    return a->par->sample_rate == b->par->sample_rate &&
           a->par->ch_layout.nb_channels == b->par->ch_layout.nb_channels &&
           a->frame_samples == b->frame_samples;
}

bool ph_track_equal(const struct ph_track *a, const struct ph_track *b)
{
    if (a == b) {
        return true;
    }
    if (a == NULL || b == NULL || a->par->codec_id != b->par->codec_id) {
        return false;
    }
    if (ph_codec_is_headerless(a->par->codec_id)) {
        return is_same_sound(a, b);
    }
    return a->par->extradata_size == b->par->extradata_size &&
           (a->par->extradata_size == 0 ||
            memcmp(a->par->extradata, b->par->extradata, (size_t)a->par->extradata_size) == 0);
}

const char *ph_track_codec_name(const struct ph_track *track)
{
    return track != NULL ? avcodec_get_name(track->par->codec_id) : "none";
}

bool ph_track_is_random_access(const struct ph_track *track, const AVPacket *packet)
{
    const AVCodecParameters *par = track->par;

    if (packet->size <= 0) {
        return false;
    }
    switch (par->codec_id) {
    case AV_CODEC_ID_H264:
        return ph_codec_is_random_access(par->codec_id, (par->extradata[4] & 3u) + 1, packet->data,
                                         (size_t)packet->size);
    case AV_CODEC_ID_HEVC:
        return ph_codec_is_random_access(par->codec_id, (par->extradata[21] & 3u) + 1, packet->data,
                                         (size_t)packet->size);
    default:
        /* Every frame of the audio codecs that we take stands alone. */
        return track->kind == PH_TRACK_AUDIO || (packet->flags & AV_PKT_FLAG_KEY) != 0;
    }
}

int ph_track_samples(const struct ph_track *track, const AVPacket *packet)
{
    if (track->par->codec_id == AV_CODEC_ID_OPUS) {
        return ph_codec_opus_samples(packet->data, (size_t)packet->size);
    }
    return track->frame_samples;
}

struct ph_program *ph_program_create(struct ph_track *video, struct ph_track *audio)
{
    struct ph_program *program = ph_new(struct ph_program);

    PH_ASSERT(video != NULL || audio != NULL);
    atomic_init(&program->refs, 1);
    program->video = video != NULL ? ph_track_ref(video) : NULL;
    program->audio = audio != NULL ? ph_track_ref(audio) : NULL;
    return program;
}

struct ph_program *ph_program_ref(struct ph_program *program)
{
    atomic_fetch_add_explicit(&program->refs, 1, memory_order_relaxed);
    return program;
}

void ph_program_unref(struct ph_program **program)
{
    struct ph_program *p = *program;

    *program = NULL;
    if (p != NULL && atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) == 1) {
        ph_track_unref(&p->video);
        ph_track_unref(&p->audio);
        free(p);
    }
}

bool ph_program_equal(const struct ph_program *a, const struct ph_program *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    return ph_track_equal(a->video, b->video) && ph_track_equal(a->audio, b->audio);
}
