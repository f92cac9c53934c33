/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Silence, as an encoder would send it: nothing is encoded here, the packets of each codec are
 * known.
 */
#include <phien/media/silence.h>

#include <phien/core/mem.h>

#include <string.h>

/*
 * ISO/IEC 14496-3 table 4.3: a raw data block of one element with no spectral data at all (max_sfb
 * is 0), then ID_END. What SBR and PS would add may be missing.
 */
static const uint8_t AAC_MONO[] = {0x00, 0x00, 0x00, 0x07};
static const uint8_t AAC_STEREO[] = {0x21, 0x00, 0x00, 0x00, 0x00, 0x1c};

/* RFC 6716 section 3.1: a CELT frame of 20 ms, whose first bit of payload says silence. */
static const uint8_t OPUS_MONO[] = {0xf8, 0xff, 0xfe};
static const uint8_t OPUS_STEREO[] = {0xfc, 0xff, 0xfe};

enum {
    AAC_MAIN = 1,
    AAC_LC = 2,
    AAC_SBR = 5,
    AAC_PS = 29,
    AAC_RATE_ESCAPE = 15,
    AAC_SAMPLES = 1024,
    OPUS_SAMPLES = 960,
    OPUS_HEAD_BYTES = 19,
};

static unsigned bits(const uint8_t *data, unsigned from, unsigned count)
{
    unsigned value = 0;

    for (unsigned i = from; i < from + count; i++) {
        value = value << 1 | (data[i / 8] >> (7 - i % 8) & 1U);
    }
    return value;
}

/* channelConfiguration of an AudioSpecificConfig (ISO/IEC 14496-3 section 1.6.2.1); 0: other. */
static unsigned aac_channels(const AVCodecParameters *par)
{
    uint8_t config[5] = {0};

    if (par->extradata_size < 2) {
        return 0;
    }
    memcpy(config, par->extradata,
           par->extradata_size < 5 ? (size_t)par->extradata_size : sizeof(config));
    unsigned type = bits(config, 0, 5);
    if (type != AAC_MAIN && type != AAC_LC && type != AAC_SBR && type != AAC_PS) {
        return 0;
    }
    return bits(config, bits(config, 5, 4) == AAC_RATE_ESCAPE ? 33 : 9, 4);
}

/* RFC 7845 section 5.1: the count of channels, where mapping family 0 gives no other meaning. */
static unsigned opus_channels(const AVCodecParameters *par)
{
    bool is_plain = par->extradata_size >= OPUS_HEAD_BYTES && par->extradata[18] == 0;

    return is_plain ? par->extradata[9] : 0;
}

static AVPacket *create_packet(const uint8_t *data, size_t len, int64_t duration)
{
    AVPacket *packet = av_packet_alloc();

    if (packet == NULL || av_new_packet(packet, (int)len) < 0) {
        av_packet_free(&packet);
        return NULL;
    }
    memcpy(packet->data, data, len);
    packet->stream_index = PH_TRACK_AUDIO;
    packet->duration = duration;
    packet->flags = AV_PKT_FLAG_KEY;
    return packet;
}

AVPacket *ph_silence_create(const struct ph_track *track)
{
    unsigned channels = 0;

    if (track == NULL) {
        return NULL;
    }
    if (track->par->codec_id == AV_CODEC_ID_AAC) {
        int64_t samples = track->frame_samples > 0 ? track->frame_samples : AAC_SAMPLES;
        channels = aac_channels(track->par);
        return channels == 1   ? create_packet(AAC_MONO, sizeof(AAC_MONO), samples)
               : channels == 2 ? create_packet(AAC_STEREO, sizeof(AAC_STEREO), samples)
                               : NULL;
    }
    channels = track->par->codec_id == AV_CODEC_ID_OPUS ? opus_channels(track->par) : 0;
    return channels == 1   ? create_packet(OPUS_MONO, sizeof(OPUS_MONO), OPUS_SAMPLES)
           : channels == 2 ? create_packet(OPUS_STEREO, sizeof(OPUS_STEREO), OPUS_SAMPLES)
                           : NULL;
}
