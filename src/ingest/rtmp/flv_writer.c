/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From tracks and packets to message bodies, for whoever publishes: the inverse of flv_reader.c.
 */
#include "flv.h"
#include "flv_codes.h"

/* Legacy AAC and MP3 headers say "44.1 kHz, 16 bit, stereo" whatever is true. */
#define LEGACY_AUDIO_FORM 0x0F

struct form {
    enum AVCodecID id;
    bool is_video;
    bool has_cts;
    uint8_t legacy; /* 0: the codec has no legacy form that everybody reads */
    uint32_t fourcc;
};

static const struct form *find_form(enum AVCodecID id)
{
    static const struct form forms[] = {
        {AV_CODEC_ID_H264, true, true, PH_FLV_VIDEO_AVC, PH_FLV_AVC1},
        {AV_CODEC_ID_HEVC, true, true, 0, PH_FLV_HVC1},
        {AV_CODEC_ID_AV1, true, false, 0, PH_FLV_AV01},
        {AV_CODEC_ID_AAC, false, false, PH_FLV_AUDIO_AAC, PH_FLV_MP4A},
        {AV_CODEC_ID_MP3, false, false, PH_FLV_AUDIO_MP3, PH_FLV_MP3},
        {AV_CODEC_ID_OPUS, false, false, 0, PH_FLV_OPUS},
        {AV_CODEC_ID_AC3, false, false, 0, PH_FLV_AC3},
        {AV_CODEC_ID_EAC3, false, false, 0, PH_FLV_EAC3},
        {AV_CODEC_ID_FLAC, false, false, 0, PH_FLV_FLAC},
        {AV_CODEC_ID_NONE, false, false, 0, 0},
    };
    const struct form *form = forms;

    while (form->id != AV_CODEC_ID_NONE && form->id != id) {
        form++;
    }
    return form->id != AV_CODEC_ID_NONE ? form : NULL;
}

static void write_ex_header(struct ph_writer *out, const struct form *form, unsigned frame,
                            unsigned type)
{
    if (form->is_video) {
        ph_write_u8(out, (uint8_t)(PH_FLV_EX_VIDEO | frame << 4 | type));
    } else {
        ph_write_u8(out, (uint8_t)(PH_FLV_EX_AUDIO << 4 | type));
    }
    ph_write_u32(out, form->fourcc);
}

/* `type` is a PH_FLV_LEGACY_… number. */
static void write_legacy_header(struct ph_writer *out, const struct form *form, unsigned frame,
                                unsigned type)
{
    if (form->is_video) {
        ph_write_u8(out, (uint8_t)(frame << 4 | form->legacy));
        ph_write_u8(out, (uint8_t)type);
        return;
    }
    ph_write_u8(out, (uint8_t)(form->legacy << 4 | LEGACY_AUDIO_FORM));
    if (form->id == AV_CODEC_ID_AAC) {
        ph_write_u8(out, (uint8_t)type);
    }
}

static bool is_legacy(const struct form *form, enum ph_flv_dialect dialect)
{
    return form->legacy != 0 && dialect == PH_FLV_LEGACY_WHERE_POSSIBLE;
}

int ph_flv_write_sequence_header(struct ph_writer *out, const AVCodecParameters *par,
                                 enum ph_flv_dialect dialect)
{
    const struct form *form = find_form(par->codec_id);

    if (form == NULL) {
        return PH_EUNSUPPORTED;
    }
    if (par->extradata_size <= 0) {
        return PH_OK;
    }
    if (is_legacy(form, dialect)) {
        write_legacy_header(out, form, PH_FLV_FRAME_KEY, PH_FLV_LEGACY_SEQUENCE_HEADER);
        if (form->is_video) {
            ph_write_u24(out, 0);
        }
    } else {
        write_ex_header(out, form, PH_FLV_FRAME_KEY, PH_FLV_EX_SEQUENCE_START);
    }
    if (form->fourcc == PH_FLV_FLAC) {
        /* FFmpeg keeps the bare STREAMINFO; on the wire stands the start of a FLAC file. */
        ph_write_text(out, "fLaC");
        ph_write_u8(out, 0x80);
        ph_write_u24(out, (uint32_t)par->extradata_size);
    }
    ph_write_bytes(out, par->extradata, (size_t)par->extradata_size);
    return out->failed ? PH_ENOMEM : PH_OK;
}

int ph_flv_write_frame(struct ph_writer *out, const AVCodecParameters *par, const AVPacket *packet,
                       enum ph_flv_dialect dialect)
{
    const struct form *form = find_form(par->codec_id);

    if (form == NULL) {
        return PH_EUNSUPPORTED;
    }
    unsigned frame = packet->flags & AV_PKT_FLAG_KEY ? PH_FLV_FRAME_KEY : PH_FLV_FRAME_INTER;
    uint32_t cts = (uint32_t)(packet->pts - packet->dts) & 0xFFFFFF;
    if (is_legacy(form, dialect)) {
        write_legacy_header(out, form, frame, PH_FLV_LEGACY_FRAME);
        if (form->is_video) {
            ph_write_u24(out, cts);
        }
    } else if (form->has_cts && cts == 0) {
        write_ex_header(out, form, frame, PH_FLV_EX_CODED_FRAMES_X);
    } else {
        write_ex_header(out, form, frame, PH_FLV_EX_CODED_FRAMES);
        if (form->has_cts) {
            ph_write_u24(out, cts);
        }
    }
    ph_write_bytes(out, packet->data, (size_t)packet->size);
    return out->failed ? PH_ENOMEM : PH_OK;
}
