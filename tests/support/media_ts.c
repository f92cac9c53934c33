/* SPDX-License-Identifier: Apache-2.0 */
#include "media_ts.h"

#include <phien/core/mem.h>
#include <phien/media/track.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libavformat/avformat.h>
#include <string.h>

uint8_t *media_ts_mux(const struct media_file *file, size_t *len)
{
    AVFormatContext *out = NULL;
    AVPacket *packet = av_packet_alloc();
    uint8_t *bytes = NULL;

    assert_int_equal(avformat_alloc_output_context2(&out, NULL, "mpegts", NULL), 0);
    for (size_t i = PH_TRACK_VIDEO; i <= PH_TRACK_AUDIO; i++) {
        AVStream *stream = avformat_new_stream(out, NULL);
        assert_true(avcodec_parameters_copy(stream->codecpar, file->tracks[i]) >= 0);
        stream->codecpar->codec_tag = 0;
    }
    assert_int_equal(avio_open_dyn_buf(&out->pb), 0);
    assert_true(avformat_write_header(out, NULL) >= 0);
    for (size_t i = 0; i < file->count; i++) {
        assert_int_equal(av_packet_ref(packet, file->packets[i]), 0);
        packet->stream_index -= PH_TRACK_VIDEO;
        av_packet_rescale_ts(packet, (AVRational){1, 1000},
                             out->streams[packet->stream_index]->time_base);
        assert_int_equal(av_interleaved_write_frame(out, packet), 0);
    }
    assert_int_equal(av_write_trailer(out), 0);
    *len = (size_t)avio_close_dyn_buf(out->pb, &bytes);
    uint8_t *copy = ph_alloc(*len);
    memcpy(copy, bytes, *len);
    av_free(bytes);
    av_packet_free(&packet);
    avformat_free_context(out);
    return copy;
}
