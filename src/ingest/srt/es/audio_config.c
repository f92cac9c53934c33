/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part of audio.c: transport streams say what the sound is in each frame, or in the program
 * map. Here it becomes what MP4 has in its sample entry.
 */
#include "audio_config.h"

#include <libavcodec/bsf.h>
#include <string.h>

static int set_config(struct ph_audio_config *out, const uint8_t *data, size_t len)
{
    if (len > sizeof(out->data)) {
        return PH_ELIMIT;
    }
    memcpy(out->data, data, len);
    out->len = len;
    return PH_OK;
}

/* Takes the extradata that the bitstream filter found. */
static int filter_frame(struct ph_audio_config *out, AVBSFContext *filter, AVPacket *packet)
{
    size_t len = 0;

    filter->par_in->codec_id = AV_CODEC_ID_AAC;
    if (av_bsf_init(filter) < 0 || av_bsf_send_packet(filter, packet) < 0 ||
        av_bsf_receive_packet(filter, packet) < 0) {
        return PH_EPROTO;
    }
    const uint8_t *data = av_packet_get_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA, &len);
    return data != NULL ? set_config(out, data, len) : PH_EPROTO;
}

/* Channels that no number stands for are told in the frame, by a program_config_element. */
static int find_program_config(struct ph_audio_config *out, const uint8_t *data, size_t len)
{
    AVBSFContext *filter = NULL;
    AVPacket *packet = av_packet_alloc();
    int err = PH_ENOMEM;

    if (packet != NULL && av_new_packet(packet, (int)len) >= 0 &&
        av_bsf_alloc(av_bsf_get_by_name("aac_adtstoasc"), &filter) >= 0) {
        memcpy(packet->data, data, len);
        err = filter_frame(out, filter, packet);
    }
    av_bsf_free(&filter);
    av_packet_free(&packet);
    return err;
}

int ph_audio_config_adts(struct ph_audio_config *out, const struct ph_audio_frame *frame,
                         const uint8_t *data)
{
    const uint8_t config[2] = {(uint8_t)(frame->config >> 8), (uint8_t)frame->config};
    bool has_channels = (frame->config >> 3 & 15) != 0;

    return has_channels ? set_config(out, config, sizeof(config))
                        : find_program_config(out, data, frame->len);
}

/* RFC 7845 section 5.1; the layouts are those of Vorbis, section 5.1.1.2. */
int ph_audio_config_opus(struct ph_audio_config *out, int channel_config_code)
{
    /* The pre-skip, 312 samples, is what encoders have; transport streams do not tell. */
    static const uint8_t head[19] = {'O',  'p', 'u',  's',  'H', 'e', 'a', 'd', 1, 2,
                                     0x38, 1,   0x80, 0xbb, 0,   0,   0,   0,   0};
    static const struct {
        uint8_t streams;
        uint8_t coupled;
        uint8_t map[8];
    } layouts[] = {
        {2, 1, {0, 2, 1}},          {2, 2, {0, 1, 2, 3}},          {3, 2, {0, 4, 1, 2, 3}},
        {4, 2, {0, 4, 1, 2, 3, 5}}, {4, 3, {0, 4, 1, 2, 3, 5, 6}}, {5, 3, {0, 6, 1, 2, 3, 4, 5, 7}},
    };
    int channels = channel_config_code > 0 ? channel_config_code : 2;

    if (channels > 8) {
        return PH_EUNSUPPORTED;
    }
    memcpy(out->data, head, sizeof(head));
    out->len = sizeof(head);
    out->data[9] = (uint8_t)channels;
    if (channels > 2) {
        out->data[18] = 1;
        out->data[19] = layouts[channels - 3].streams;
        out->data[20] = layouts[channels - 3].coupled;
        memcpy(out->data + 21, layouts[channels - 3].map, (size_t)channels);
        out->len = 21 + (size_t)channels;
    }
    return PH_OK;
}

int ph_audio_config_make_track(struct ph_track **out, enum AVCodecID codec_id,
                               const struct ph_audio_config *config, const AVPacket *packet)
{
    struct ph_track *track = NULL;

    *out = NULL;
    int err = ph_track_create_of(&track, codec_id, config->data, config->len);
    if (err == PH_OK) {
        err = ph_track_refine(out, track, packet);
    }
    ph_track_unref(&track);
    return err;
}
