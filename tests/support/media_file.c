/* SPDX-License-Identifier: Apache-2.0 */
#include "media_file.h"

#include <phien/core/mem.h>

#include <libavformat/avformat.h>
#include <stdlib.h>
#include <string.h>

static const AVRational milliseconds = {1, 1000};

static enum ph_track_kind kind_of(const AVCodecParameters *par)
{
    switch (par->codec_type) {
    case AVMEDIA_TYPE_VIDEO:
        return PH_TRACK_VIDEO;
    case AVMEDIA_TYPE_AUDIO:
        return PH_TRACK_AUDIO;
    default:
        return PH_TRACK_NONE;
    }
}

static int choose_tracks(struct media_file *file, AVFormatContext *in, int chosen[PH_TRACK_KINDS])
{
    for (unsigned i = 0; i < in->nb_streams; i++) {
        const AVCodecParameters *par = in->streams[i]->codecpar;
        enum ph_track_kind kind = kind_of(par);
        if (kind == PH_TRACK_NONE || file->tracks[kind] != NULL) {
            continue;
        }
        chosen[kind] = (int)i;
        file->tracks[kind] = avcodec_parameters_alloc();
        if (file->tracks[kind] == NULL || avcodec_parameters_copy(file->tracks[kind], par) < 0) {
            return PH_ENOMEM;
        }
    }
    return PH_OK;
}

static void keep_packet(struct media_file *file, const AVPacket *packet)
{
    if ((file->count & (file->count - 1)) == 0) {
        size_t capacity = file->count > 0 ? 2 * file->count : 1;
        file->packets = ph_realloc_array(file->packets, capacity, sizeof(*file->packets));
    }
    file->packets[file->count] = av_packet_clone(packet);
    PH_ASSERT(file->packets[file->count] != NULL);
    file->count++;
}

static void read_packets(struct media_file *file, AVFormatContext *in,
                         const int chosen[PH_TRACK_KINDS])
{
    AVPacket *packet = av_packet_alloc();

    while (packet != NULL && av_read_frame(in, packet) >= 0) {
        enum ph_track_kind kind = kind_of(in->streams[packet->stream_index]->codecpar);
        if (kind != PH_TRACK_NONE && chosen[kind] == packet->stream_index) {
            av_packet_rescale_ts(packet, in->streams[packet->stream_index]->time_base,
                                 milliseconds);
            packet->time_base = milliseconds;
            packet->stream_index = (int)kind;
            keep_packet(file, packet);
        }
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
}

static int compare_dts(const void *a, const void *b)
{
    const AVPacket *left = *(AVPacket *const *)a;
    const AVPacket *right = *(AVPacket *const *)b;

    if (left->dts != right->dts) {
        return left->dts < right->dts ? -1 : 1;
    }
    return left->stream_index - right->stream_index;
}

static void start_from_zero(struct media_file *file)
{
    qsort(file->packets, file->count, sizeof(*file->packets), compare_dts);
    int64_t first = file->packets[0]->dts;

    for (size_t i = 0; i < file->count; i++) {
        AVPacket *packet = file->packets[i];
        packet->dts -= first;
        packet->pts -= first;
        int64_t end = packet->dts + (packet->duration > 0 ? packet->duration : 1);
        file->length_ms = end > file->length_ms ? end : file->length_ms;
    }
}

int media_file_read(struct media_file *file, const char *path)
{
    AVFormatContext *in = NULL;
    int chosen[PH_TRACK_KINDS] = {-1, -1, -1};

    memset(file, 0, sizeof(*file));
    if (avformat_open_input(&in, path, NULL, NULL) < 0) {
        return PH_EIO;
    }
    int err = avformat_find_stream_info(in, NULL) < 0 ? PH_EMEDIA : PH_OK;
    if (err == PH_OK) {
        err = choose_tracks(file, in, chosen);
    }
    if (err == PH_OK) {
        read_packets(file, in, chosen);
        err = file->count > 0 ? PH_OK : PH_EMEDIA;
    }
    avformat_close_input(&in);
    if (err == PH_OK) {
        start_from_zero(file);
    } else {
        media_file_fini(file);
    }
    return err;
}

void media_file_fini(struct media_file *file)
{
    for (size_t i = 0; i < file->count; i++) {
        av_packet_free(&file->packets[i]);
    }
    for (size_t kind = 0; kind < PH_TRACK_KINDS; kind++) {
        avcodec_parameters_free(&file->tracks[kind]);
    }
    free(file->packets);
    memset(file, 0, sizeof(*file));
}
