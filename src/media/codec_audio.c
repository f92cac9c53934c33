/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codec headers of audio: AudioSpecificConfig (ISO/IEC 14496-3 section 1.6.2.1), OpusHead (RFC
 * 7845 section 5.1), FLAC's STREAMINFO (RFC 9639 section 8.2), and the frame headers of MP2, MP3
 * and AC-3, which have nothing else.
 */
#include "codec.h"

#include <phien/core/bytes.h>

#include <stdio.h>
#include <string.h>

static const int aac_rates[] = {96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                22050, 16000, 12000, 11025, 8000,  7350};

/* The limits of what MP4 players take; a time base of 1/rate must also be sane. */
static bool is_plausible(const struct ph_codec_info *info)
{
    return info->sample_rate >= 7350 && info->sample_rate <= 192000 && info->channels >= 1 &&
           info->channels <= 8;
}

static unsigned read_object_type(struct ph_bits *b)
{
    unsigned type = ph_bits_read(b, 5);

    return type == 31 ? 32 + ph_bits_read(b, 6) : type;
}

static int read_sample_rate(struct ph_bits *b)
{
    unsigned index = ph_bits_read(b, 4);

    if (index == 15) {
        return (int)ph_bits_read(b, 24);
    }
    return index < sizeof(aac_rates) / sizeof(aac_rates[0]) ? aac_rates[index] : 0;
}

/* Channel elements of a program_config_element (section 4.4.1.1): a pair counts twice. */
static int read_elements(struct ph_bits *b, unsigned count)
{
    int channels = 0;

    for (unsigned i = 0; i < count; i++) {
        channels += 1 + (int)ph_bits_read(b, 1);
        ph_bits_skip(b, 4);
    }
    return channels;
}

static int read_program_channels(struct ph_bits *b)
{
    ph_bits_skip(b, 4 + 2 + 4);
    unsigned front = ph_bits_read(b, 4);
    unsigned side = ph_bits_read(b, 4);
    unsigned back = ph_bits_read(b, 4);
    unsigned lfe = ph_bits_read(b, 2);
    ph_bits_skip(b, 3 + 4);
    ph_bits_skip(b, ph_bits_read(b, 1) * 4); /* mono mixdown */
    ph_bits_skip(b, ph_bits_read(b, 1) * 4); /* stereo mixdown */
    ph_bits_skip(b, ph_bits_read(b, 1) * 3); /* matrix mixdown */
    return read_elements(b, front) + read_elements(b, side) + read_elements(b, back) + (int)lfe;
}

/* GASpecificConfig (section 4.4.1): frame length, and the channels if the table has none. */
static void read_general_audio(struct ph_bits *b, unsigned config, struct ph_codec_info *out)
{
    static const int channels[] = {0, 1, 2, 3, 4, 5, 6, 8};

    out->frame_samples = ph_bits_read(b, 1) != 0 ? 960 : 1024;
    if (ph_bits_read(b, 1) != 0) {
        ph_bits_skip(b, 14);
    }
    ph_bits_skip(b, 1);
    out->channels = config == 0                    ? read_program_channels(b)
                    : config <= 7                  ? channels[config]
                    : config == 11                 ? 7
                    : config == 12 || config == 14 ? 8
                                                   : 0;
}

static int parse_asc(struct ph_codec_info *out, const uint8_t *data, size_t len)
{
    enum { SBR = 5, PS = 29, LTP = 4 };
    struct ph_bits b;

    ph_bits_init(&b, data, len);
    unsigned type = read_object_type(&b);
    unsigned core = type;
    out->sample_rate = read_sample_rate(&b);
    unsigned config = ph_bits_read(&b, 4);
    if (type == SBR || type == PS) {
        /*
         * The rate that follows is that of the output. Packets are timed at the core's, 1024
         * samples each: it is what libavformat writes and the same time either way.
         */
        (void)read_sample_rate(&b);
        core = read_object_type(&b);
    }
    if (b.failed) {
        return PH_EPROTO;
    }
    if (core < 1 || core > LTP) {
        return PH_EUNSUPPORTED;
    }
    read_general_audio(&b, config, out);
    if (b.failed || !is_plausible(out)) {
        return PH_EPROTO;
    }
    out->profile = (int)type - 1;
    snprintf(out->codecs, sizeof(out->codecs), "mp4a.40.%u", type);
    return 0;
}

static int parse_opus_head(struct ph_codec_info *out, const uint8_t *data, size_t len)
{
    /* 19 bytes is the shortest; a mapping family other than 0 adds a table. */
    if (len < 19 || memcmp(data, "OpusHead", 8) != 0 || data[8] > 15) {
        return PH_EPROTO;
    }
    out->channels = data[9];
    if (data[18] != 0 && len < 21u + data[9]) {
        return PH_EPROTO;
    }
    /* Opus always decodes at 48 kHz; the rate in the header is only that of the source. */
    out->sample_rate = 48000;
    snprintf(out->codecs, sizeof(out->codecs), "Opus");
    return is_plausible(out) ? 0 : PH_EPROTO;
}

static int parse_stream_info(struct ph_codec_info *out, const uint8_t *data, size_t len)
{
    struct ph_bits b;

    ph_bits_init(&b, data, len);
    unsigned smallest = ph_bits_read(&b, 16);
    unsigned largest = ph_bits_read(&b, 16);
    ph_bits_skip(&b, 24 + 24);
    out->sample_rate = (int)ph_bits_read(&b, 20);
    out->channels = (int)ph_bits_read(&b, 3) + 1;
    ph_bits_skip(&b, 5 + 36 + 128);
    out->frame_samples = smallest == largest ? (int)smallest : 0;
    snprintf(out->codecs, sizeof(out->codecs), "fLaC");
    return !b.failed && smallest >= 16 && is_plausible(out) ? 0 : PH_EPROTO;
}

int ph_codec_parse_audio(struct ph_codec_info *out, enum AVCodecID id, const uint8_t *data,
                         size_t len)
{
    switch (id) {
    case AV_CODEC_ID_AAC:
        return parse_asc(out, data, len);
    case AV_CODEC_ID_OPUS:
        return parse_opus_head(out, data, len);
    case AV_CODEC_ID_FLAC:
        return parse_stream_info(out, data, len);
    case AV_CODEC_ID_MP2:
    case AV_CODEC_ID_MP3:
        /*
         * In the sample entry the object type is 0x6b or 0x69, which says MPEG audio of any layer.
         * The string says the layer, by the object types of ISO/IEC 14496-3, as Apple has MP3.
         */
        snprintf(out->codecs, sizeof(out->codecs), "mp4a.40.%d", id == AV_CODEC_ID_MP2 ? 33 : 34);
        out->frame_samples = 1152;
        return 0;
    case AV_CODEC_ID_AC3:
        snprintf(out->codecs, sizeof(out->codecs), "ac-3");
        out->frame_samples = 1536;
        return 0;
    case AV_CODEC_ID_EAC3:
        snprintf(out->codecs, sizeof(out->codecs), "ec-3");
        out->frame_samples = 1536;
        return 0;
    default:
        return PH_EUNSUPPORTED;
    }
}

/* ISO/IEC 11172-3 section 2.4.2.3, with MPEG-2 (LSF) and the unofficial MPEG-2.5. */
static int parse_mpeg_frame(struct ph_codec_info *out, enum AVCodecID id, struct ph_bits *b)
{
    static const int rates[] = {44100, 48000, 32000, 0};

    bool is_synced = ph_bits_read(b, 11) == 0x7ff;
    unsigned version = ph_bits_read(b, 2); /* 3: MPEG-1, 2: MPEG-2, 0: MPEG-2.5 */
    unsigned layer = 4 - ph_bits_read(b, 2);
    ph_bits_skip(b, 1 + 4);
    int rate = rates[ph_bits_read(b, 2)];
    ph_bits_skip(b, 2);
    out->channels = ph_bits_read(b, 2) == 3 ? 1 : 2;
    out->sample_rate = version == 3 ? rate : version == 2 ? rate / 2 : rate / 4;
    out->frame_samples = version == 3 || layer == 2 ? 1152 : 576;
    return is_synced && version != 1 && layer == (id == AV_CODEC_ID_MP2 ? 2 : 3) ? 0 : PH_EPROTO;
}

static const int ac3_rates[] = {48000, 44100, 32000, 0};
static const int ac3_channels[] = {2, 1, 2, 3, 3, 4, 4, 5};

/* ETSI TS 102 366 section 4.3. */
static int parse_ac3_frame(struct ph_codec_info *out, struct ph_bits *b)
{
    bool is_synced = ph_bits_read(b, 16) == 0x0b77;

    ph_bits_skip(b, 16);
    out->sample_rate = ac3_rates[ph_bits_read(b, 2)];
    ph_bits_skip(b, 6);
    unsigned bsid = ph_bits_read(b, 5);
    ph_bits_skip(b, 3);
    unsigned mode = ph_bits_read(b, 3);
    bool has_centre = (mode & 1) != 0 && mode != 1;
    ph_bits_skip(b, (has_centre ? 2 : 0) + ((mode & 4) != 0 ? 2 : 0) + (mode == 2 ? 2 : 0));
    out->channels = ac3_channels[mode] + (int)ph_bits_read(b, 1);
    out->frame_samples = 1536;
    return is_synced && bsid <= 8 ? 0 : PH_EPROTO;
}

/* ETSI TS 102 366 section E.1.3. */
static int parse_eac3_frame(struct ph_codec_info *out, struct ph_bits *b)
{
    static const int blocks[] = {1, 2, 3, 6};

    bool is_synced = ph_bits_read(b, 16) == 0x0b77;
    ph_bits_skip(b, 2 + 3 + 11);
    unsigned rate = ph_bits_read(b, 2);
    unsigned block_code = ph_bits_read(b, 2);
    unsigned mode = ph_bits_read(b, 3);
    out->channels = ac3_channels[mode] + (int)ph_bits_read(b, 1);
    unsigned bsid = ph_bits_read(b, 5);
    /* The fourth rate code halves the rates: then the next two bits are the rate, six blocks. */
    out->sample_rate = rate == 3 ? ac3_rates[block_code] / 2 : ac3_rates[rate];
    out->frame_samples = 256 * (rate == 3 ? 6 : blocks[block_code]);
    return is_synced && bsid > 10 && bsid <= 16 ? 0 : PH_EPROTO;
}

int ph_codec_parse_frame(struct ph_codec_info *out, enum AVCodecID id, const uint8_t *data,
                         size_t len)
{
    struct ph_bits b;
    int err = PH_EUNSUPPORTED;

    ph_bits_init(&b, data, len);
    if (id == AV_CODEC_ID_MP2 || id == AV_CODEC_ID_MP3) {
        err = parse_mpeg_frame(out, id, &b);
    } else if (id == AV_CODEC_ID_AC3) {
        err = parse_ac3_frame(out, &b);
    } else if (id == AV_CODEC_ID_EAC3) {
        err = parse_eac3_frame(out, &b);
    }
    if (err != 0) {
        return err;
    }
    return !b.failed && is_plausible(out) ? 0 : PH_EPROTO;
}

int ph_codec_opus_samples(const uint8_t *data, size_t len)
{
    static const int silk[] = {480, 960, 1920, 2880};
    static const int hybrid[] = {480, 960};
    static const int celt[] = {120, 240, 480, 960};

    if (len < 1) {
        return 0;
    }
    unsigned config = data[0] >> 3;
    unsigned code = data[0] & 3;
    int frame = config < 12   ? silk[config & 3]
                : config < 16 ? hybrid[config & 1]
                              : celt[config & 3];
    if (code == 3 && len < 2) {
        return 0;
    }
    int frames = code == 0 ? 1 : code < 3 ? 2 : data[1] & 63;
    return frame * frames <= 5760 ? frame * frames : 0; /* at most 120 ms */
}
