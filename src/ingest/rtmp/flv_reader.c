/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a message's body to what it carries: the step between the chunks and the tracks. Legacy
 * tags are FLV annex E.4; the others Enhanced RTMP v2, "Enhanced Audio" and "Enhanced Video".
 */
#include "flv.h"
#include "flv_codes.h"

#include <stdio.h>

#define NANOSECONDS_MAX 999999

struct codec {
    uint32_t fourcc;
    enum AVCodecID id;
};

static const struct codec video_codecs[] = {
    {PH_FLV_AVC1, AV_CODEC_ID_H264},
    {PH_FLV_HVC1, AV_CODEC_ID_HEVC},
    {PH_FLV_AV01, AV_CODEC_ID_AV1},
    {0, AV_CODEC_ID_NONE},
};

static const struct codec audio_codecs[] = {
    {PH_FLV_MP4A, AV_CODEC_ID_AAC},  {PH_FLV_OPUS, AV_CODEC_ID_OPUS}, {PH_FLV_AC3, AV_CODEC_ID_AC3},
    {PH_FLV_EAC3, AV_CODEC_ID_EAC3}, {PH_FLV_FLAC, AV_CODEC_ID_FLAC}, {PH_FLV_MP3, AV_CODEC_ID_MP3},
    {0, AV_CODEC_ID_NONE},
};

static void set_codec(struct ph_flv_tag *tag, const struct codec *codecs, uint32_t fourcc)
{
    while (codecs->fourcc != 0 && codecs->fourcc != fourcc) {
        codecs++;
    }
    tag->codec_id = codecs->id;
    for (unsigned i = 0; i < 4; i++) {
        char c = (char)(fourcc >> (24 - 8 * i) & 0x7F);
        tag->codec_name[i] = (char)(c >= ' ' && c < 0x7F ? c : '?');
    }
    tag->codec_name[4] = '\0';
}

static void set_data(struct ph_flv_tag *tag, enum ph_flv_what what, struct ph_reader *in)
{
    tag->what = what;
    tag->len = ph_reader_left(in);
    tag->data = ph_read_bytes(in, tag->len);
}

/*
 * ModEx: extensions before the rest of the tag, each with its size and the type of what follows.
 * Only the nanosecond offset means something to us.
 */
static unsigned read_mod_ex(struct ph_flv_tag *tag, struct ph_reader *in, unsigned type)
{
    while (type == PH_FLV_EX_MOD_EX && !in->failed) {
        size_t size = (size_t)ph_read_u8(in) + 1;
        if (size == 256) {
            size = (size_t)ph_read_u16(in) + 1;
        }
        struct ph_reader mod;
        const uint8_t *bytes = ph_read_bytes(in, size);
        ph_reader_init(&mod, bytes, bytes != NULL ? size : 0);
        uint8_t next = ph_read_u8(in);
        if (next >> 4 == 0) {
            uint32_t nanoseconds = ph_read_u24(&mod);
            tag->nanoseconds = nanoseconds <= NANOSECONDS_MAX ? nanoseconds : 0;
        }
        type = next & 0x0F;
    }
    return type;
}

struct body {
    unsigned type; /* the packet type */
    uint32_t fourcc;
    bool is_there; /* false: of multitrack, which has no track 0 here */
    struct ph_reader in;
};

/*
 * Multitrack: the bodies of several tracks in one message. Track 0 is the one that a publisher
 * would send alone; the others are left out.
 */
static struct body read_multitrack(struct ph_reader *in, unsigned multitrack)
{
    struct body body = {.type = multitrack};
    uint8_t kinds = ph_read_u8(in);
    unsigned form = kinds >> 4;

    body.type = kinds & 0x0F;
    if (body.type == multitrack || form > PH_FLV_MANY_CODECS) {
        in->failed = true;
    }
    if (form != PH_FLV_MANY_CODECS) {
        body.fourcc = ph_read_u32(in);
    }
    while (!body.is_there && !in->failed && ph_reader_left(in) > 0) {
        if (form == PH_FLV_MANY_CODECS) {
            body.fourcc = ph_read_u32(in);
        }
        uint8_t track = ph_read_u8(in);
        size_t len = form == PH_FLV_ONE_TRACK ? ph_reader_left(in) : ph_read_u24(in);
        const uint8_t *data = ph_read_bytes(in, len);
        body.is_there = track == 0 && !in->failed;
        ph_reader_init(&body.in, data, data != NULL ? len : 0);
    }
    return body;
}

static struct body read_body(struct ph_reader *in, unsigned type, unsigned multitrack)
{
    if (type == multitrack) {
        return read_multitrack(in, multitrack);
    }
    struct body body = {.type = type, .fourcc = ph_read_u32(in), .is_there = !in->failed};
    body.in = *in;
    return body;
}

static bool has_composition_time(const struct body *body)
{
    return body->type == PH_FLV_EX_CODED_FRAMES &&
           (body->fourcc == PH_FLV_AVC1 || body->fourcc == PH_FLV_HVC1 ||
            body->fourcc == PH_FLV_VVC1);
}

/* What the packet types mean that audio and video share. */
static int interpret(struct ph_flv_tag *tag, struct body *body)
{
    if (!body->is_there) {
        return PH_OK;
    }
    bool is_media = body->type == PH_FLV_EX_SEQUENCE_START ||
                    body->type == PH_FLV_EX_CODED_FRAMES || body->type == PH_FLV_EX_CODED_FRAMES_X;
    if (is_media && tag->codec_id == AV_CODEC_ID_NONE) {
        tag->what = PH_FLV_UNSUPPORTED;
    } else if (body->type == PH_FLV_EX_SEQUENCE_START) {
        set_data(tag, PH_FLV_SEQUENCE_HEADER, &body->in);
    } else if (is_media) {
        if (has_composition_time(body)) {
            tag->cts_ms = ph_read_s24(&body->in);
        }
        set_data(tag, PH_FLV_FRAME, &body->in);
    } else if (body->type == PH_FLV_EX_SEQUENCE_END) {
        tag->what = PH_FLV_SEQUENCE_END;
    }
    return body->in.failed ? PH_EPROTO : PH_OK;
}

static int read_ex_video(struct ph_flv_tag *tag, struct ph_reader *in, uint8_t first)
{
    unsigned frame = first >> 4 & 7;
    unsigned type = read_mod_ex(tag, in, first & 0x0F);

    tag->is_key = frame == PH_FLV_FRAME_KEY;
    if (in->failed || (frame == PH_FLV_FRAME_COMMAND && type != PH_FLV_EX_METADATA)) {
        return in->failed ? PH_EPROTO : PH_OK;
    }
    struct body body = read_body(in, type, PH_FLV_EX_VIDEO_MULTITRACK);
    if (in->failed) {
        return PH_EPROTO;
    }
    set_codec(tag, video_codecs, body.fourcc);
    return interpret(tag, &body);
}

static int read_legacy_video(struct ph_flv_tag *tag, struct ph_reader *in, uint8_t first)
{
    static const enum AVCodecID ids[16] = {
        [PH_FLV_VIDEO_AVC] = AV_CODEC_ID_H264,
        [PH_FLV_VIDEO_HEVC] = AV_CODEC_ID_HEVC,
    };
    unsigned codec = first & 0x0F;

    if (first >> 4 == PH_FLV_FRAME_COMMAND) {
        return PH_OK;
    }
    tag->is_key = first >> 4 == PH_FLV_FRAME_KEY;
    tag->codec_id = ids[codec];
    snprintf(tag->codec_name, sizeof(tag->codec_name), "legacy video codec %u", codec);
    if (tag->codec_id == AV_CODEC_ID_NONE) {
        tag->what = PH_FLV_UNSUPPORTED;
        return PH_OK;
    }
    unsigned type = ph_read_u8(in);
    tag->cts_ms = ph_read_s24(in);
    if (in->failed) {
        return PH_EPROTO;
    }
    if (type == PH_FLV_LEGACY_SEQUENCE_HEADER) {
        set_data(tag, PH_FLV_SEQUENCE_HEADER, in);
    } else if (type == PH_FLV_LEGACY_FRAME) {
        set_data(tag, PH_FLV_FRAME, in);
    } else if (type == PH_FLV_LEGACY_SEQUENCE_END) {
        tag->what = PH_FLV_SEQUENCE_END;
    }
    return PH_OK;
}

int ph_flv_read_video(struct ph_flv_tag *tag, const uint8_t *data, size_t len)
{
    struct ph_reader in;

    *tag = (struct ph_flv_tag){.what = PH_FLV_NONE};
    ph_reader_init(&in, data, len);
    if (len == 0) {
        return PH_OK;
    }
    uint8_t first = ph_read_u8(&in);
    return first & PH_FLV_EX_VIDEO ? read_ex_video(tag, &in, first)
                                   : read_legacy_video(tag, &in, first);
}

static int read_ex_audio(struct ph_flv_tag *tag, struct ph_reader *in, uint8_t first)
{
    unsigned type = read_mod_ex(tag, in, first & 0x0F);
    struct body body = read_body(in, type, PH_FLV_EX_AUDIO_MULTITRACK);

    if (in->failed) {
        return PH_EPROTO;
    }
    set_codec(tag, audio_codecs, body.fourcc);
    /* 3 is for video only, and 4 describes channels that the codecs describe themselves. */
    body.is_there = body.is_there && body.type <= PH_FLV_EX_SEQUENCE_END;
    return interpret(tag, &body);
}

static int read_legacy_audio(struct ph_flv_tag *tag, struct ph_reader *in, uint8_t first)
{
    unsigned codec = first >> 4;

    snprintf(tag->codec_name, sizeof(tag->codec_name), "legacy audio codec %u", codec);
    if (codec == PH_FLV_AUDIO_MP3 || codec == PH_FLV_AUDIO_MP3_8K) {
        tag->codec_id = AV_CODEC_ID_MP3;
        set_data(tag, PH_FLV_FRAME, in);
        return PH_OK;
    }
    if (codec != PH_FLV_AUDIO_AAC) {
        tag->what = PH_FLV_UNSUPPORTED;
        return PH_OK;
    }
    tag->codec_id = AV_CODEC_ID_AAC;
    unsigned type = ph_read_u8(in);
    if (in->failed) {
        return PH_EPROTO;
    }
    if (type == PH_FLV_LEGACY_SEQUENCE_HEADER) {
        set_data(tag, PH_FLV_SEQUENCE_HEADER, in);
    } else if (type == PH_FLV_LEGACY_FRAME) {
        set_data(tag, PH_FLV_FRAME, in);
    }
    return PH_OK;
}

int ph_flv_read_audio(struct ph_flv_tag *tag, const uint8_t *data, size_t len)
{
    struct ph_reader in;

    *tag = (struct ph_flv_tag){.what = PH_FLV_NONE};
    ph_reader_init(&in, data, len);
    if (len == 0) {
        return PH_OK;
    }
    uint8_t first = ph_read_u8(&in);
    tag->is_key = true; /* every audio frame of these codecs can be decoded by itself */
    return first >> 4 == PH_FLV_EX_AUDIO ? read_ex_audio(tag, &in, first)
                                         : read_legacy_audio(tag, &in, first);
}
