/* SPDX-License-Identifier: Apache-2.0 */
#include "camera.h"

#include <libavutil/mathematics.h>
#include <stdio.h>
#include <string.h>

enum { SERIAL_BYTES = 8, FRAME_BYTES_MAX = 65536 };

static const AVRational microseconds = {1, 1000000};

static void read_file(struct media_file *file, const char *name)
{
    char path[512];

    snprintf(path, sizeof(path), "tests/golden/media/%s", name);
    int err = media_file_read(file, path);
    if (err != PH_OK) {
        fprintf(stderr, "%s: %s\n", path, ph_err_text(err));
    }
    PH_ASSERT(err == PH_OK);
}

static const AVPacket *find(const struct media_file *file, int kind, bool is_key, uint64_t nth)
{
    const AVPacket *found = NULL;
    uint64_t count = 0;

    for (size_t i = 0; i < file->count; i++) {
        const AVPacket *packet = file->packets[i];
        bool is_same = ((packet->flags & AV_PKT_FLAG_KEY) != 0) == is_key;
        if (packet->stream_index == kind && is_same) {
            found = packet;
            if (count++ == nth) {
                return found;
            }
        }
    }
    return found;
}

/* The first ones last as long as any; a file's last packet may not. */
static AVRational sound_of(const struct media_file *file)
{
    const AVCodecParameters *par = file->tracks[PH_TRACK_AUDIO];
    int samples = par->codec_id == AV_CODEC_ID_AC3    ? 1536
                  : par->codec_id == AV_CODEC_ID_OPUS ? 960
                                                      : 1024;

    return (AVRational){samples, par->sample_rate};
}

void camera_open(struct camera *camera, const char *video, const char *audio)
{
    *camera = (struct camera){
        .has_video = video != NULL,
        .has_audio = audio != NULL,
        .fps = {30, 1},
        .gop = 60,
        .since_key = -1,
        .packet = av_packet_alloc(),
    };
    if (video != NULL) {
        read_file(&camera->files[0], video);
        camera->video = &camera->files[0];
        camera->video_par = camera->video->tracks[PH_TRACK_VIDEO];
    }
    if (audio != NULL) {
        read_file(&camera->files[1], audio);
        camera->audio = &camera->files[1];
        camera->audio_par = camera->audio->tracks[PH_TRACK_AUDIO];
        camera->sound = sound_of(camera->audio);
    }
    PH_ASSERT(camera->packet != NULL);
}

void camera_close(struct camera *camera)
{
    av_packet_free(&camera->packet);
    media_file_fini(&camera->files[0]);
    media_file_fini(&camera->files[1]);
}

void camera_restart(struct camera *camera)
{
    camera->frames = 0;
    camera->since_key = -1;
    camera->sounds = 0;
    camera->now_us = 0;
}

static void put_be(uint8_t *out, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        out[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
    }
}

/* Seven bits a byte, so that there is neither a start code nor a zero at the end. */
static void put_serial(uint8_t *out, uint64_t serial)
{
    for (int i = 0; i < SERIAL_BYTES; i++) {
        out[i] = (uint8_t)(0x80 | serial >> 7 * (SERIAL_BYTES - 1 - i));
    }
}

/* An access unit's serial number, as a unit of its own that decoders skip. */
static size_t write_serial_unit(uint8_t *out, enum AVCodecID codec, uint64_t serial)
{
    size_t len = 0;

    if (codec == AV_CODEC_ID_AV1) {
        out[len++] = 0x2a; /* metadata with a size; MP4 muxers drop padding */
        out[len++] = 1 + SERIAL_BYTES;
        out[len++] = 31; /* of a private kind */
    } else {
        size_t head = codec == AV_CODEC_ID_HEVC ? 2 : 1;
        put_be(out, head + SERIAL_BYTES, 4);
        out[4] = codec == AV_CODEC_ID_HEVC ? 38 << 1 : 12; /* filler data */
        out[5] = 1;
        len = 4 + head;
    }
    put_serial(out + len, serial);
    return len + SERIAL_BYTES;
}

static void fill(struct camera *camera, const AVPacket *like, enum AVCodecID codec)
{
    uint8_t unit[32];
    size_t len = 0;
    AVPacket *packet = camera->packet;
    bool is_video = like->stream_index == PH_TRACK_VIDEO;

    if (is_video) {
        len = write_serial_unit(unit, codec, camera->serial);
    }
    av_packet_unref(packet);
    int err = av_new_packet(packet, like->size + (int)len);
    PH_ASSERT(err == 0 && like->size >= (is_video ? 1 : 2 * SERIAL_BYTES));
    memcpy(packet->data, like->data, (size_t)like->size);
    memcpy(packet->data + like->size, unit, len);
    if (!is_video) {
        put_be(packet->data + like->size - SERIAL_BYTES, camera->serial, SERIAL_BYTES);
    }
    camera->serial++;
    packet->stream_index = like->stream_index;
    packet->flags = like->flags & AV_PKT_FLAG_KEY;
    packet->time_base = (AVRational){1, 1000};
}

static int64_t frame_ms(const struct camera *camera, int64_t frame)
{
    return av_rescale(frame, 1000 * (int64_t)camera->fps.den, camera->fps.num);
}

/* How many frames later it is shown: two B-frames between each two others. */
static int64_t delay_of(const struct camera *camera, int64_t since_key)
{
    if (!camera->has_b_frames) {
        return 0;
    }
    return since_key == 0 ? 1 : since_key % 3 == 1 ? 3 : 0;
}

static void give_video(struct camera *camera)
{
    bool is_key = camera->since_key < 0 || camera->since_key >= camera->gop;

    camera->since_key = is_key ? 0 : camera->since_key;
    fill(camera, find(camera->video, PH_TRACK_VIDEO, is_key, is_key ? 0 : camera->serial % 16),
         camera->video_par->codec_id);
    camera->packet->dts = frame_ms(camera, camera->frames);
    camera->packet->pts = frame_ms(camera, camera->frames + delay_of(camera, camera->since_key));
    int64_t moved = camera->offset_ms + (int64_t)(camera->frames * 7919 % (camera->jitter_ms + 1));
    camera->packet->dts += moved;
    camera->packet->pts += moved;
    camera->frames++;
    camera->since_key++;
}

static void give_audio(struct camera *camera)
{
    int64_t ms = av_rescale(camera->sounds, 1000 * (int64_t)camera->sound.num, camera->sound.den);

    fill(camera, find(camera->audio, PH_TRACK_AUDIO, true, camera->serial % 16),
         camera->audio_par->codec_id);
    camera->packet->dts = ms + camera->offset_ms + camera->audio_offset_ms;
    camera->packet->pts = camera->packet->dts;
    camera->sounds++;
}

const AVPacket *camera_next(struct camera *camera)
{
    int64_t video = av_rescale_q(camera->frames, av_inv_q(camera->fps), microseconds);
    int64_t audio = camera->audio_par != NULL
                        ? av_rescale_q(camera->sounds, camera->sound, microseconds)
                        : INT64_MAX;

    /* A track that is off goes on silently, and so is in its place when it comes back. */
    while (!camera->has_audio && camera->audio_par != NULL && audio <= video) {
        audio = av_rescale_q(++camera->sounds, camera->sound, microseconds);
    }
    while (!camera->has_video && video <= audio) {
        video = av_rescale_q(++camera->frames, av_inv_q(camera->fps), microseconds);
        camera->since_key = -1;
    }
    PH_ASSERT(camera->has_video || camera->has_audio);
    bool is_video = camera->has_video && (!camera->has_audio || video <= audio);
    camera->now_us = is_video ? video : audio;
    if (is_video) {
        give_video(camera);
    } else {
        give_audio(camera);
    }
    return camera->packet;
}
