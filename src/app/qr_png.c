/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A QR code as PNG, by libavcodec's encoder, which phien links anyway.
 */
#include "qr.h"

#include <libavcodec/avcodec.h>

enum { PIXELS_PER_MODULE = 8 };

static int open_encoder(AVCodecContext **out, unsigned pixels)
{
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_PNG);
    AVCodecContext *encoder = codec != NULL ? avcodec_alloc_context3(codec) : NULL;

    *out = encoder;
    if (encoder == NULL) {
        return AVERROR_ENCODER_NOT_FOUND;
    }
    encoder->width = (int)pixels;
    encoder->height = (int)pixels;
    encoder->pix_fmt = AV_PIX_FMT_GRAY8;
    encoder->time_base = (AVRational){1, 1};
    return avcodec_open2(encoder, codec, NULL);
}

static int draw(const struct ph_qr *qr, AVFrame *frame, unsigned pixels)
{
    frame->width = (int)pixels;
    frame->height = (int)pixels;
    frame->format = AV_PIX_FMT_GRAY8;
    int err = av_frame_get_buffer(frame, 0);
    for (unsigned y = 0; y < pixels && err >= 0; y++) {
        uint8_t *row = frame->data[0] + (ptrdiff_t)y * frame->linesize[0];
        for (unsigned x = 0; x < pixels; x++) {
            bool is_dark = ph_qr_is_dark(qr, x / PIXELS_PER_MODULE, y / PIXELS_PER_MODULE);
            row[x] = is_dark ? 0 : 255;
        }
    }
    return err;
}

int ph_qr_write_png(const struct ph_qr *qr, struct ph_writer *out)
{
    unsigned pixels = ph_qr_size(qr) * PIXELS_PER_MODULE;
    AVCodecContext *encoder = NULL;
    AVFrame *frame = av_frame_alloc();
    AVPacket *packet = av_packet_alloc();
    int err = frame != NULL && packet != NULL ? open_encoder(&encoder, pixels) : AVERROR(ENOMEM);

    if (err >= 0) {
        err = draw(qr, frame, pixels);
    }
    if (err >= 0) {
        err = avcodec_send_frame(encoder, frame);
    }
    if (err >= 0) {
        err = avcodec_receive_packet(encoder, packet);
    }
    if (err >= 0) {
        ph_write_bytes(out, packet->data, (size_t)packet->size);
    }
    av_packet_free(&packet);
    av_frame_free(&frame);
    avcodec_free_context(&encoder);
    return err < 0 ? PH_EMEDIA : PH_OK;
}
