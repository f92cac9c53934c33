/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codec headers from any bytes: which codec (1 byte), the length of the header (1 byte), the
 * header, and a packet of that codec.
 */
#include "media/codec.h"

#include <phien/media/track.h>

#include <libavutil/mem.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const enum AVCodecID ids[] = {
    AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_CODEC_ID_AV1, AV_CODEC_ID_AAC,  AV_CODEC_ID_OPUS,
    AV_CODEC_ID_FLAC, AV_CODEC_ID_MP3,  AV_CODEC_ID_AC3, AV_CODEC_ID_EAC3, AV_CODEC_ID_MP2,
};

static void check_track(const struct ph_track *track)
{
    PH_ASSERT(strlen(track->codecs) > 0);
    PH_ASSERT(track->time_base.num == 1 && track->time_base.den >= 7350);
    if (track->kind == PH_TRACK_AUDIO) {
        PH_ASSERT(track->par->sample_rate == track->time_base.den);
        PH_ASSERT(track->par->ch_layout.nb_channels > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    enum AVCodecID id = ids[data[0] % (sizeof(ids) / sizeof(ids[0]))];
    size_t header = data[1] < size - 2 ? data[1] : size - 2;
    AVCodecParameters *par = avcodec_parameters_alloc();
    AVPacket *packet = av_packet_alloc();
    struct ph_track *track = NULL;

    PH_ASSERT(par != NULL && packet != NULL);
    par->codec_id = id;
    par->extradata = av_mallocz(header + AV_INPUT_BUFFER_PADDING_SIZE);
    par->extradata_size = (int)header;
    memcpy(par->extradata, data + 2, header);
    PH_ASSERT(av_new_packet(packet, (int)(size - 2 - header)) == 0);
    memcpy(packet->data, data + 2 + header, (size_t)packet->size);
    if (ph_track_create(&track, par) == 0) {
        struct ph_track *refined = NULL;
        check_track(track);
        bool is_start = ph_track_is_random_access(track, packet);
        /* libavcodec's parsers are not what is tested here. */
        if (track->kind == PH_TRACK_AUDIO && is_start &&
            ph_track_refine(&refined, track, packet) == 0) {
            check_track(refined);
        }
        ph_track_unref(&refined);
    }
    int samples = ph_codec_opus_samples(packet->data, (size_t)packet->size);
    PH_ASSERT(samples >= 0 && samples <= 5760);
    ph_track_unref(&track);
    av_packet_free(&packet);
    avcodec_parameters_free(&par);
    return 0;
}
