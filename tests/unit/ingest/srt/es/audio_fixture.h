/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_AUDIO_FIXTURE_H
#define PHIEN_TESTS_AUDIO_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ingest/srt/es/es.h>
#include <phien/core/bytes.h>
#include <phien/core/mem.h>

#include <inttypes.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libavutil/mathematics.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Audio as encoders make it and as libavformat puts it into a transport stream: its PES packets,
 * and what libavformat's own demuxer and parser read from the same bytes.
 */
enum { SOUND_FRAMES_MAX = 256, SOUND_START = 900000, TS_PACKET_BYTES = 188, TS_AUDIO_PID = 0x100 };

struct sound_conf {
    const char *encoder;
    enum AVCodecID codec_id; /* as the program map has it */
    enum AVSampleFormat format;
    int rate;
    int channels;
    const char *flags; /* of the mpegts muxer */
    int pes_bytes;     /* frames share a PES packet up to this size */
};

static const struct sound_conf sound_confs[] = {
    {"aac", AV_CODEC_ID_AAC, AV_SAMPLE_FMT_FLTP, 48000, 2, "0", 2930},
    {"aac", AV_CODEC_ID_AAC, AV_SAMPLE_FMT_FLTP, 44100, 2, "0", 2930},
    {"aac", AV_CODEC_ID_AAC, AV_SAMPLE_FMT_FLTP, 22050, 1, "0", 0},
    {"aac", AV_CODEC_ID_AAC, AV_SAMPLE_FMT_FLTP, 48000, 6, "0", 1500},
    {"aac", AV_CODEC_ID_AAC_LATM, AV_SAMPLE_FMT_FLTP, 48000, 2, "latm", 2930},
    {"aac", AV_CODEC_ID_AAC_LATM, AV_SAMPLE_FMT_FLTP, 44100, 1, "latm", 0},
    {"libopus", AV_CODEC_ID_OPUS, AV_SAMPLE_FMT_FLT, 48000, 2, "0", 2930},
    {"libopus", AV_CODEC_ID_OPUS, AV_SAMPLE_FMT_FLT, 48000, 1, "0", 0},
    {"ac3", AV_CODEC_ID_AC3, AV_SAMPLE_FMT_FLTP, 48000, 2, "0", 2930},
    {"ac3", AV_CODEC_ID_AC3, AV_SAMPLE_FMT_FLTP, 44100, 6, "0", 2930},
    {"eac3", AV_CODEC_ID_EAC3, AV_SAMPLE_FMT_FLTP, 48000, 6, "0", 2930},
    {"mp2", AV_CODEC_ID_MP3, AV_SAMPLE_FMT_S16, 48000, 2, "0", 2930},
    {"mp2", AV_CODEC_ID_MP3, AV_SAMPLE_FMT_S16, 22050, 1, "0", 700},
    {"libmp3lame", AV_CODEC_ID_MP3, AV_SAMPLE_FMT_FLTP, 44100, 2, "0", 2930},
    {"libmp3lame", AV_CODEC_ID_MP3, AV_SAMPLE_FMT_FLTP, 24000, 1, "0", 300},
};

struct sound_frame {
    uint8_t *data; /* as the encoder made it */
    size_t len;
    int64_t pts; /* 90 kHz */
};

struct sound_pes {
    uint8_t *data; /* with FFmpeg's padding */
    size_t len;
    int64_t pts;
};

struct sound {
    struct sound_conf conf;
    enum AVCodecID codec_id; /* of the frames */
    int frame_samples;
    struct sound_frame frames[SOUND_FRAMES_MAX];
    size_t frame_count;
    struct sound_pes pes[SOUND_FRAMES_MAX];
    size_t pes_count;
    uint8_t *ts;
    size_t ts_len;
};

static inline AVFrame *sound_make_frame(const AVCodecContext *encoder, int samples, int64_t at)
{
    AVFrame *frame = av_frame_alloc();
    bool is_planar = encoder->sample_fmt == AV_SAMPLE_FMT_FLTP;
    int channels = encoder->ch_layout.nb_channels;

    frame->format = encoder->sample_fmt;
    frame->nb_samples = samples;
    frame->sample_rate = encoder->sample_rate;
    frame->pts = at;
    assert_int_equal(av_channel_layout_copy(&frame->ch_layout, &encoder->ch_layout), 0);
    assert_int_equal(av_frame_get_buffer(frame, 0), 0);
    uint32_t noise = (uint32_t)at * 2654435761U + 1;
    for (int i = 0; i < samples * channels; i++) {
        noise = noise * 1664525U + 1013904223U;
        /* Loud and quiet in turn, so that sizes differ. */
        int level = (at / samples) % 5 < 2 ? 12000 : 300;
        int value = (int)(noise >> 16) % level - level / 2;
        if (encoder->sample_fmt == AV_SAMPLE_FMT_S16) {
            ((int16_t *)(void *)frame->data[0])[i] = (int16_t)value;
        } else if (is_planar) {
            ((float *)(void *)frame->extended_data[i % channels])[i / channels] =
                (float)value / 32768;
        } else {
            ((float *)(void *)frame->data[0])[i] = (float)value / 32768;
        }
    }
    return frame;
}

static inline AVCodecContext *sound_open_encoder(const struct sound_conf *conf)
{
    const AVCodec *codec = avcodec_find_encoder_by_name(conf->encoder);
    AVCodecContext *encoder = avcodec_alloc_context3(codec);

    assert_non_null(codec);
    encoder->sample_fmt = conf->format;
    encoder->sample_rate = conf->rate;
    encoder->bit_rate = conf->channels > 2 ? 192000 : 64000;
    encoder->time_base = (AVRational){1, conf->rate};
    encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    av_channel_layout_default(&encoder->ch_layout, conf->channels);
    assert_int_equal(avcodec_open2(encoder, codec, NULL), 0);
    return encoder;
}

static inline AVFormatContext *sound_open_muxer(const struct sound_conf *conf,
                                                const AVCodecContext *encoder)
{
    AVFormatContext *muxer = NULL;
    AVDictionary *options = NULL;
    char pes_bytes[16];

    assert_true(avformat_alloc_output_context2(&muxer, NULL, "mpegts", NULL) >= 0);
    AVStream *stream = avformat_new_stream(muxer, NULL);
    assert_int_equal(avcodec_parameters_from_context(stream->codecpar, encoder), 0);
    stream->time_base = encoder->time_base;
    assert_int_equal(avio_open_dyn_buf(&muxer->pb), 0);
    snprintf(pes_bytes, sizeof(pes_bytes), "%d", conf->pes_bytes);
    av_dict_set(&options, "mpegts_copyts", "1", 0);
    av_dict_set(&options, "mpegts_flags", conf->flags, 0);
    av_dict_set(&options, "pes_payload_size", pes_bytes, 0);
    muxer->max_delay = 700000;
    assert_true(avformat_write_header(muxer, &options) >= 0);
    av_dict_free(&options);
    return muxer;
}

/* Takes what the encoder has: notes it, and muxes it. */
static inline void sound_drain(struct sound *s, AVCodecContext *encoder, AVFormatContext *muxer)
{
    AVPacket *packet = av_packet_alloc();

    while (avcodec_receive_packet(encoder, packet) == 0) {
        struct sound_frame *frame = &s->frames[s->frame_count++];
        assert_true(s->frame_count < SOUND_FRAMES_MAX);
        frame->data = ph_alloc((size_t)packet->size);
        frame->len = (size_t)packet->size;
        memcpy(frame->data, packet->data, frame->len);
        av_packet_rescale_ts(packet, encoder->time_base, muxer->streams[0]->time_base);
        frame->pts = packet->pts;
        packet->stream_index = 0;
        assert_int_equal(av_write_frame(muxer, packet), 0);
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
}

static inline void sound_encode(struct sound *s, int frames)
{
    AVCodecContext *encoder = sound_open_encoder(&s->conf);
    AVFormatContext *muxer = sound_open_muxer(&s->conf, encoder);
    int samples = encoder->frame_size;
    int64_t start = av_rescale(SOUND_START, s->conf.rate, 90000);

    for (int i = 0; i < frames; i++) {
        AVFrame *frame = sound_make_frame(encoder, samples, start + (int64_t)i * samples);
        assert_int_equal(avcodec_send_frame(encoder, frame), 0);
        av_frame_free(&frame);
        sound_drain(s, encoder, muxer);
    }
    assert_int_equal(avcodec_send_frame(encoder, NULL), 0);
    sound_drain(s, encoder, muxer);
    assert_int_equal(av_write_trailer(muxer), 0);
    uint8_t *ts = NULL;
    s->ts_len = (size_t)avio_close_dyn_buf(muxer->pb, &ts);
    s->ts = ts;
    s->frame_samples = samples;
    s->codec_id = encoder->codec_id;
    avformat_free_context(muxer);
    avcodec_free_context(&encoder);
}

static inline int64_t sound_read_time(const uint8_t *p)
{
    return (int64_t)(p[0] >> 1 & 7) << 30 | (int64_t)p[1] << 22 | (int64_t)(p[2] >> 1) << 15 |
           (int64_t)p[3] << 7 | p[4] >> 1;
}

/* The audio's PES packets, cut out without asking what could be wrong: nothing is. */
static inline void sound_cut_pes(struct sound *s)
{
    for (size_t at = 0; at + TS_PACKET_BYTES <= s->ts_len; at += TS_PACKET_BYTES) {
        const uint8_t *p = s->ts + at;
        const uint8_t *end = p + TS_PACKET_BYTES;
        bool is_start = (p[1] & 0x40) != 0;
        if (((p[1] & 0x1f) << 8 | p[2]) != TS_AUDIO_PID || (p[3] & 0x10) == 0) {
            continue;
        }
        p += 4 + ((p[3] & 0x20) != 0 ? 1 + p[4] : 0);
        if (is_start) {
            assert_true(s->pes_count < SOUND_FRAMES_MAX);
            s->pes[s->pes_count].pts = sound_read_time(p + 9);
            s->pes_count++;
            p += 9 + p[8];
        }
        struct sound_pes *pes = &s->pes[s->pes_count - 1];
        size_t len = (size_t)(end - p);
        pes->data = ph_realloc_array(pes->data, pes->len + len + AV_INPUT_BUFFER_PADDING_SIZE, 1);
        memcpy(pes->data + pes->len, p, len);
        pes->len += len;
        memset(pes->data + pes->len, 0, AV_INPUT_BUFFER_PADDING_SIZE);
    }
}

struct sound_bytes {
    const uint8_t *data;
    size_t left;
};

static inline int sound_read_bytes(void *opaque, uint8_t *to, int size)
{
    struct sound_bytes *bytes = opaque;
    size_t len = bytes->left < (size_t)size ? bytes->left : (size_t)size;

    memcpy(to, bytes->data, len);
    bytes->data += len;
    bytes->left -= len;
    return len > 0 ? (int)len : AVERROR_EOF;
}

/* That libavformat's demuxer and libavcodec's parser read the same frames at the same times. */
static inline void sound_check_ts(struct sound *s)
{
    struct sound_bytes bytes = {s->ts, s->ts_len};
    AVFormatContext *demuxer = avformat_alloc_context();
    AVPacket *packet = av_packet_alloc();
    size_t count = 0;
    size_t timed = 0;

    demuxer->pb =
        avio_alloc_context(av_malloc(4096), 4096, 0, &bytes, sound_read_bytes, NULL, NULL);
    assert_int_equal(avformat_open_input(&demuxer, NULL, av_find_input_format("mpegts"), NULL), 0);
    AVIOContext *pb = demuxer->pb;
    assert_true(avformat_find_stream_info(demuxer, NULL) >= 0);
    while (av_read_frame(demuxer, packet) >= 0) {
        assert_true(count < s->frame_count);
        struct sound_frame *frame = &s->frames[count++];
        /* In LATM and ADTS there is more to it, and in LATM at another bit. */
        assert_true((size_t)packet->size >= frame->len);
        if (s->conf.codec_id != AV_CODEC_ID_AAC_LATM) {
            assert_memory_equal(packet->data + packet->size - frame->len, frame->data, frame->len);
        }
        /* It does not know the time of all frames, and adds up the rounding of some. */
        if (packet->pts != AV_NOPTS_VALUE) {
            timed++;
            if (llabs(packet->pts - frame->pts) > 8) {
                fail_msg("%s %d: libavformat has frame %zu at %" PRId64 ", not %" PRId64,
                         s->conf.encoder, s->conf.rate, count - 1, packet->pts, frame->pts);
            }
        }
        av_packet_unref(packet);
    }
    assert_int_equal(count, s->frame_count);
    assert_true(timed >= s->pes_count / 2);
    avformat_close_input(&demuxer);
    av_freep(&pb->buffer);
    avio_context_free(&pb);
    av_packet_free(&packet);
}

static inline void sound_open(struct sound *s, const struct sound_conf *conf, int frames)
{
    *s = (struct sound){.conf = *conf};
    sound_encode(s, frames);
    sound_cut_pes(s);
    sound_check_ts(s);
}

static inline void sound_close(struct sound *s)
{
    for (size_t i = 0; i < s->frame_count; i++) {
        free(s->frames[i].data);
    }
    for (size_t i = 0; i < s->pes_count; i++) {
        free(s->pes[i].data);
    }
    av_free(s->ts);
}

/* An elementary stream, and what came out of it. */
struct ear {
    struct ph_es *es;
    const struct sound *sound; /* what is to come out; NULL: anything */
    size_t next;               /* of its frames */
    size_t packets;
    size_t tracks;
    size_t skipped; /* frames of the sound that did not come out */
    int64_t last_pts;
    int64_t last_end;
    int max_deviation;
    struct ph_track *track;
    AVPacket *last;
};

static inline void ear_on_track(void *arg, struct ph_track *track)
{
    struct ear *ear = arg;

    assert_int_equal(track->kind, PH_TRACK_AUDIO);
    ph_track_unref(&ear->track);
    ear->track = ph_track_ref(track);
    ear->tracks++;
}

/* The packet is the next of the sound's frames, or one after it, to the byte and at its time. */
static inline void ear_compare(struct ear *ear, const AVPacket *packet)
{
    const struct sound *s = ear->sound;

    while (ear->next < s->frame_count &&
           ((size_t)packet->size != s->frames[ear->next].len ||
            memcmp(packet->data, s->frames[ear->next].data, (size_t)packet->size) != 0)) {
        ear->next++;
        ear->skipped++;
    }
    if (ear->next == s->frame_count) {
        fail_msg("%s %d: packet %zu of %d bytes is no frame", s->conf.encoder, s->conf.rate,
                 ear->packets, packet->size);
    }
    int deviation = abs((int)(packet->pts - s->frames[ear->next].pts));
    ear->max_deviation = deviation > ear->max_deviation ? deviation : ear->max_deviation;
    if (deviation > 1) {
        fail_msg("%s %d: frame %zu at %" PRId64 ", not at %" PRId64, s->conf.encoder, s->conf.rate,
                 ear->next, packet->pts, s->frames[ear->next].pts);
    }
    ear->next++;
}

static inline void ear_on_packet(void *arg, const AVPacket *packet)
{
    struct ear *ear = arg;

    assert_non_null(ear->track); /* the track comes first */
    assert_int_equal(packet->stream_index, PH_TRACK_AUDIO);
    assert_int_equal(packet->time_base.den, 90000);
    assert_int_equal(packet->pts, packet->dts);
    assert_true((packet->flags & AV_PKT_FLAG_KEY) != 0);
    assert_true(packet->duration > 0);
    assert_non_null(packet->buf);
    for (int i = 0; i < AV_INPUT_BUFFER_PADDING_SIZE; i++) {
        assert_int_equal(packet->data[packet->size + i], 0);
    }
    if (ear->sound != NULL) {
        ear_compare(ear, packet);
    }
    ear->packets++;
    ear->last_pts = packet->pts;
    ear->last_end = packet->pts + packet->duration;
    av_packet_unref(ear->last);
    assert_int_equal(av_packet_ref(ear->last, packet), 0);
}

static inline void ear_open(struct ear *ear, enum AVCodecID codec_id, const struct sound *sound)
{
    static const struct ph_es_ops ops = {ear_on_track, ear_on_packet};
    struct ph_ts_stream stream = {.pid = TS_AUDIO_PID, .codec_id = codec_id, .opus_channels = -1};

    *ear = (struct ear){.sound = sound, .last = av_packet_alloc()};
    if (sound != NULL && codec_id == AV_CODEC_ID_OPUS) {
        stream.opus_channels = sound->conf.channels;
    }
    assert_int_equal(ph_es_create(&ear->es, &stream, PH_CONF_ON_LOSS_DROP, &ops, ear), PH_OK);
    assert_int_equal(ph_es_kind(ear->es), PH_TRACK_AUDIO);
}

static inline void ear_close(struct ear *ear)
{
    ph_es_destroy(&ear->es);
    ph_track_unref(&ear->track);
    av_packet_free(&ear->last);
}

static inline uint64_t ear_damaged(const struct ear *ear)
{
    struct ph_es_counts counts;

    ph_es_get_counts(ear->es, &counts);
    return counts.damaged;
}

/* Bytes in memory of exactly their size, so that reading past them is seen. */
static inline void ear_feed(struct ear *ear, const uint8_t *data, size_t len, int64_t pts)
{
    uint8_t *copy = ph_alloc(len + AV_INPUT_BUFFER_PADDING_SIZE);

    memcpy(copy, data, len);
    ph_es_feed(ear->es, &(struct ph_es_payload){.data = copy, .len = len, .pts = pts, .dts = pts});
    free(copy);
}

#endif
